"""Writes the evidence of a session, holds it against its manifest again, and deletes it when its day has come."""

import asyncio
import os
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows
from live.evidence.parts import RECORDING, sha256_of, write_parts, wrong_parts
from live.media.keys import LiveKeys
from live.replays.files import digest_of
from live.replays.jobs import Archive

SETTLED = timedelta(hours=1)
"""So long after the end the orders of a room are paid or closed."""
CLAIM = timedelta(minutes=30)
BASIS = "《网络交易监督管理办法》第二十条：直播视频自直播结束之日起保存不少于三年；《直播电商监督管理办法》"
"""Live reference 5. Operators who must keep it longer set OWN_DATA_LIVE_RETENTION_DAYS or place a hold."""

_DUE = """
INSERT INTO live_evidence_bundle AS b (session_id, state, attempts, claimed_until, basis)
SELECT s.id, 'sealing', 1, $2, $3 FROM live_session s JOIN live_recording r ON r.session_id = s.id
  LEFT JOIN live_evidence_bundle o ON o.session_id = s.id
 WHERE r.archive_state IN ('made', 'failed') AND s.ended_at < $4
   AND (o.id IS NULL OR o.state = 'sealing' AND o.claimed_until < $1)
 ORDER BY o.claimed_until NULLS FIRST, s.ended_at LIMIT 1
ON CONFLICT (session_id) DO UPDATE SET attempts = b.attempts + 1, claimed_until = excluded.claimed_until
 WHERE b.state = 'sealing' AND b.claimed_until < $1
RETURNING id, session_id, attempts"""
_SESSION = (
    "SELECT s.id, s.number, s.stream, s.ended_at, r.archive_state = 'made' AS is_made, r.sha256, r.file_bytes"
    " FROM live_session s JOIN live_recording r ON r.session_id = s.id WHERE s.id = $1"
)


@dataclass(frozen=True)
class Evidence:
    """Bundles in ``directory``, a folder each; ``kept`` is counted from the end of the session."""

    directory: Path
    archive: Archive
    keys: LiveKeys
    kept: timedelta
    clock: Clock = utc_now

    def part_file(self, bundle: Row, name: str) -> Path:
        """Where a part is that the manifest names; ``bundle`` has ``folder`` and ``number``."""
        if name == RECORDING:
            return self.archive.recording_file(bundle["number"])
        return self.directory / str(bundle["folder"]) / name

    async def seal_due(self) -> int:
        """Write the evidence of one session that is over; answers how many were sealed.

        Each attempt has a folder of its own, and the row that is written last says which counts: a worker that was
        killed, or overtaken, leaves a folder that nothing names.
        """
        now = self.clock()
        claimed = await row(_DUE, now, now + CLAIM, BASIS, now - SETTLED)
        if claimed is None:
            return 0
        session = await row(_SESSION, claimed["session_id"])
        assert session is not None
        name = f"{session['number']}-{claimed['attempts']}"
        folder = self.directory / name
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        await write_parts(session, self.keys, self.archive.hls_directory / session["stream"], folder)
        manifest = await self._manifest(session, folder)
        sealed = await execute(
            "UPDATE live_evidence_bundle SET state = 'sealed', claimed_until = NULL, sealed_at = $3, kept_until = $4,"
            " folder = $5, manifest = $6, manifest_sha256 = $7 WHERE id = $1 AND attempts = $2 AND state = 'sealing'",
            claimed["id"],
            claimed["attempts"],
            now,
            session["ended_at"] + self.kept,
            name,
            manifest,
            sha256_of(manifest),
        )
        if not sealed:
            await asyncio.to_thread(shutil.rmtree, folder)
        return sealed

    async def _manifest(self, session: Row, folder: Path) -> str:
        parts: list[dict[str, Any]] = []
        for name in sorted(os.listdir(folder)):
            digest, size = await asyncio.to_thread(digest_of, folder / name)
            parts.append({"name": name, "bytes": size, "sha256": digest})
        if session["is_made"]:
            parts.append({"name": RECORDING, "bytes": session["file_bytes"], "sha256": session["sha256"]})
        told = {
            "session": session["number"],
            "ended_at": session["ended_at"],
            "kept_until": session["ended_at"] + self.kept,
            "basis": BASIS,
            "parts": parts,
        }
        return msgspec.json.encode(told).decode()

    async def check_asked(self) -> int:
        """Hold one bundle against its manifest that somebody has asked about; answers how many."""
        asked = await row(
            "SELECT c.id, b.folder, b.manifest, b.manifest_sha256, s.number, s.stream FROM live_evidence_check c"
            " JOIN live_evidence_bundle b ON b.id = c.bundle_id JOIN live_session s ON s.id = b.session_id"
            " WHERE c.checked_at IS NULL ORDER BY c.id LIMIT 1"
        )
        if asked is None:
            return 0
        wrong = ["manifest"] if sha256_of(asked["manifest"]) != asked["manifest_sha256"] else []
        wrong += await asyncio.to_thread(
            wrong_parts,
            msgspec.json.decode(asked["manifest"]),
            lambda name: self.part_file(asked, name),
            self.archive.hls_directory / asked["stream"],
        )
        return await execute(
            "UPDATE live_evidence_check SET checked_at = $2, wrong = $3::jsonb WHERE id = $1 AND checked_at IS NULL",
            asked["id"],
            self.clock(),
            msgspec.json.encode(wrong).decode(),
        )

    async def delete_due(self) -> int:
        """Delete evidence and pictures of sessions whose day has come and that nobody holds; answers how many.

        The step is committed before the first file goes, so one that was killed half way is ended by the next.
        """
        await execute(
            "UPDATE live_evidence_bundle b SET state = 'deleting' WHERE b.state = 'sealed' AND b.kept_until <= $1"
            " AND NOT EXISTS (SELECT FROM live_evidence_hold h WHERE h.session_id = b.session_id"
            " AND h.released_at IS NULL)",
            self.clock(),
        )
        found = await rows(
            "SELECT b.id, b.folder, s.number, s.stream FROM live_evidence_bundle b JOIN live_session s"
            " ON s.id = b.session_id WHERE b.state = 'deleting' ORDER BY b.id LIMIT 20"
        )
        for each in found:
            await asyncio.to_thread(self._delete_files, each)
            await execute(
                "UPDATE live_evidence_bundle SET state = 'deleted', deleted_at = $2 WHERE id = $1"
                " AND state = 'deleting'",
                each["id"],
                self.clock(),
            )
        return len(found)

    def _delete_files(self, bundle: Row) -> None:
        number = bundle["number"]
        for folder in (self.directory / bundle["folder"], self.archive.hls_directory / bundle["stream"]):
            if folder.exists():
                shutil.rmtree(folder)
        self.archive.recording_file(number).unlink(missing_ok=True)
        self.archive.cover_file(number).unlink(missing_ok=True)
        for clip in self.archive.archive_directory.glob(f"{number}-*.mp4"):
            clip.unlink()
