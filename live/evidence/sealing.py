"""Writes the evidence of a session, holds it against its manifest again, and deletes it when its day has come."""

import asyncio
import logging
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows
from live.evidence.errors import ColdStorageUnavailable, EvidencePartUnknown
from live.evidence.models import IS_AWAY
from live.evidence.parts import RECORDING, SEGMENTS, sha256_of, write_parts, wrong_parts
from live.evidence.stored import PICTURES, listed, look_at, names_of, object_key
from live.media.keys import LiveKeys
from live.ports import ColdStorage, ManifestSigner
from live.replays.files import digest_of, pieces_of
from live.replays.jobs import Archive
from live.replays.packing import packed

log = logging.getLogger("longchuan.live")

SETTLED = timedelta(hours=1)
"""So long after the end the orders of a room are paid or closed."""
CLAIM = timedelta(minutes=30)
FOLDER_MODE = 0o750
"""Who hands evidence out may be another user of the worker's group; nobody else reads it."""
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
    """Bundles in ``directory``, a folder each; ``kept`` is counted from the end of the session.

    ``cold`` is where old ones lie (``live.evidence.cold``), None where all stay here.
    """

    directory: Path
    archive: Archive
    keys: LiveKeys
    kept: timedelta
    signer: ManifestSigner
    clock: Clock = utc_now
    cold: ColdStorage | None = None

    def part_file(self, bundle: Row, name: str) -> Path:
        """Where a part is that the manifest names; ``bundle`` has ``folder`` and ``number``."""
        if name == RECORDING:
            return self.archive.recording_file(bundle["number"])
        return self.directory / str(bundle["folder"]) / name

    def stream_folder(self, bundle: Row) -> Path:
        """Where the pictures are; ``bundle`` has ``stream``."""
        return self.archive.hls_directory / str(bundle["stream"])

    async def pictures(self, bundle: Row) -> dict[str, str]:
        """The SHA-256 of each kept file of the stream by its name, from the list on the volume. Raises OSError."""
        return listed(await asyncio.to_thread(self.part_file(bundle, SEGMENTS).read_text, encoding="ascii"))

    async def here(self, bundle: Row, name: str) -> AsyncIterator[bytes]:
        """A part on the volume, or the pictures as one tar; ``bundle`` has ``folder``, ``number`` and ``stream``."""
        if name != PICTURES:
            return pieces_of(self.part_file(bundle, name))
        folder = self.stream_folder(bundle)
        return packed([(each, folder / each) for each in await self.pictures(bundle)])

    async def cold_pieces(self, number: str, name: str) -> AsyncIterator[bytes]:
        """A part in the storage. Raises ``ColdStorageUnavailable``, ``EvidencePartUnknown`` when it is lost."""
        if self.cold is None:
            raise ColdStorageUnavailable()
        pieces = await self.cold.read(object_key(number, name))
        if pieces is None:
            raise EvidencePartUnknown(number=number, part=name)
        return pieces

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
        folder.mkdir(mode=FOLDER_MODE, parents=True)
        await write_parts(session, self.keys, self.archive.hls_directory / session["stream"], folder)
        manifest = await self._manifest(session, folder)
        sealed = await execute(
            "UPDATE live_evidence_bundle SET state = 'sealed', claimed_until = NULL, sealed_at = $3, kept_until = $4,"
            " folder = $5, manifest = $6, manifest_sha256 = $7, signature = $8, public_key = $9"
            " WHERE id = $1 AND attempts = $2 AND state = 'sealing'",
            claimed["id"],
            claimed["attempts"],
            now,
            session["ended_at"] + self.kept,
            name,
            manifest,
            sha256_of(manifest),
            self.signer.sign(manifest.encode()),
            self.signer.public_key,
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
        """Hold one bundle against its manifest that somebody has asked about; answers how many were.

        What lies in the cold storage is read there, one object in one run.
        """
        asked = await row(
            "SELECT c.id, c.looked::text AS looked, b.folder, b.manifest, b.manifest_sha256, b.signature, b.public_key,"
            " s.number, s.stream,"
            f" {IS_AWAY} AS is_away FROM live_evidence_check c"
            " JOIN live_evidence_bundle b ON b.id = c.bundle_id JOIN live_session s ON s.id = b.session_id"
            " WHERE c.checked_at IS NULL ORDER BY c.id LIMIT 1"
        )
        if asked is None:
            return 0
        wrong = await (self._look_on(asked) if asked["is_away"] else self._look(asked))
        if wrong is None:
            return 0
        if sha256_of(asked["manifest"]) != asked["manifest_sha256"]:
            wrong = ["manifest", *wrong]
        if not self.signer.holds(asked["manifest"].encode(), asked["signature"], asked["public_key"]):
            wrong = ["signature", *wrong]
        return await execute(
            "UPDATE live_evidence_check SET checked_at = $2, wrong = $3::jsonb WHERE id = $1 AND checked_at IS NULL",
            asked["id"],
            self.clock(),
            msgspec.json.encode(wrong).decode(),
        )

    async def _look(self, asked: Row) -> list[str] | None:
        """What is wrong on the volume; None when it was given up meanwhile."""
        wrong = await asyncio.to_thread(
            wrong_parts,
            msgspec.json.decode(asked["manifest"]),
            lambda name: self.part_file(asked, name),
            self.stream_folder(asked),
        )
        moved = await row(f"SELECT 1 AS one FROM live_session s WHERE s.number = $1 AND {IS_AWAY}", asked["number"])
        return None if wrong and moved else wrong

    async def _look_on(self, asked: Row) -> list[str] | None:
        """Look at the next object in the storage; what is wrong once all were seen. Raises ColdStorageUnavailable."""
        if self.cold is None:
            raise ColdStorageUnavailable()
        looked = msgspec.json.decode(asked["looked"] or '{"seen":[],"wrong":[]}', type=dict[str, list[str]])
        waiting = [name for name in names_of(asked["manifest"]) if name not in looked["seen"]]
        looked["seen"].append(waiting[0])
        looked["wrong"] += await look_at(self.cold, asked, waiting[0])
        if not waiting[1:]:
            return looked["wrong"]
        await execute(
            "UPDATE live_evidence_check SET looked = $2::jsonb WHERE id = $1 AND checked_at IS NULL",
            asked["id"],
            msgspec.json.encode(looked).decode(),
        )
        return None

    async def delete_due(self) -> int:
        """Delete evidence and pictures of sessions whose day has come and that nobody holds; answers how many.

        The step is committed before the first file goes, so one that was killed half way is ended by the next. One
        that is just being moved, or that the storage does not let go, waits.
        """
        await execute(
            "UPDATE live_evidence_bundle b SET state = 'deleting' WHERE b.state = 'sealed' AND b.kept_until <= $1"
            " AND NOT EXISTS (SELECT FROM live_evidence_hold h WHERE h.session_id = b.session_id"
            " AND h.released_at IS NULL)"
            " AND NOT EXISTS (SELECT FROM live_evidence_copy c WHERE c.session_id = b.session_id"
            " AND c.claimed_until > $1)",
            self.clock(),
        )
        found = await rows(
            "SELECT b.id, b.folder, b.manifest, s.number, s.stream,"
            " EXISTS (SELECT FROM live_evidence_copy c WHERE c.session_id = s.id) AS is_copied"
            " FROM live_evidence_bundle b JOIN live_session s ON s.id = b.session_id"
            " WHERE b.state = 'deleting' ORDER BY b.id LIMIT 20"
        )
        return sum([await self._delete(each) for each in found])

    async def _delete(self, bundle: Row) -> int:
        await execute(
            "DELETE FROM live_clip_file f USING live_session s WHERE s.id = f.session_id AND s.number = $1",
            bundle["number"],
        )
        await asyncio.to_thread(self._delete_files, bundle)
        if bundle["is_copied"]:
            try:
                if self.cold is None:
                    raise ColdStorageUnavailable()
                await self.cold.delete([object_key(bundle["number"], name) for name in names_of(bundle["manifest"])])
            except ColdStorageUnavailable as error:
                log.warning("evidence of %s stays in the cold storage for now: %s", bundle["number"], error)
                return 0
        return await execute(
            "UPDATE live_evidence_bundle SET state = 'deleted', deleted_at = $2 WHERE id = $1 AND state = 'deleting'",
            bundle["id"],
            self.clock(),
        )

    def drop_files(self, bundle: Row) -> None:
        """What lies on the volume of a bundle and its pictures; cover and clips are no evidence. Blocks."""
        for folder in (self.directory / bundle["folder"], self.stream_folder(bundle)):
            if folder.exists():
                shutil.rmtree(folder)
        self.archive.recording_file(bundle["number"]).unlink(missing_ok=True)

    def _delete_files(self, bundle: Row) -> None:
        self.drop_files(bundle)
        self.archive.cover_file(bundle["number"]).unlink(missing_ok=True)
        for clip in self.archive.archive_directory.glob(f"{bundle['number']}-*.mp4"):
            clip.unlink()
