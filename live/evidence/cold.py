"""The cold tier: old evidence and its pictures lie in an object storage, and on the volume when somebody needs them.

One object is moved in one run, so a run is short and a killed one costs one object. At any moment one copy is whole:
the volume's until every object has been read back, the storage's from then on. Retention and holds are the bundle's and
do not ask where it lies. What is read back is held against the manifest, never against what the storage says of it.
"""

import asyncio
import contextlib
import hashlib
import shutil
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from kit.database import Row, execute, row
from live.evidence.errors import ColdStorageUnavailable
from live.evidence.models import CopyState
from live.evidence.parts import wrong_parts
from live.evidence.sealing import FOLDER_MODE, Evidence
from live.evidence.stored import (
    MANIFEST,
    PICTURES,
    SIGNATURE,
    look_at,
    manifest_parts,
    names_of,
    object_key,
    record_of,
)
from live.media.space import Space
from live.ports import ColdStorage
from live.replays.packing import PackedFileChanged, unpacked

CLAIM = timedelta(minutes=15)
"""Longer than any run may take (``server.celery_app``)."""
RETRY, FAULTY = timedelta(minutes=5), timedelta(days=1)
WARM = timedelta(days=30)
"""So long what was fetched back stays on the volume."""
LAST_DAYS = timedelta(days=30)
"""What is deleted within these is not moved any more."""

_DUE = """
INSERT INTO live_evidence_copy (session_id, state, stored, next_attempt_at)
SELECT b.session_id, 'copying', '[]', $1 FROM live_evidence_bundle b
 WHERE b.state = 'sealed' AND b.sealed_at <= $2 AND b.kept_until > $3
   AND NOT EXISTS (SELECT FROM live_evidence_copy c WHERE c.session_id = b.session_id)
 ORDER BY b.sealed_at LIMIT 1 ON CONFLICT (session_id) DO NOTHING"""
_CLAIMED = """
UPDATE live_evidence_copy SET claimed_until = $2 WHERE id = (
 SELECT c.id FROM live_evidence_copy c
   JOIN live_evidence_bundle b ON b.session_id = c.session_id AND b.state = 'sealed'
  WHERE c.next_attempt_at <= $1
    AND (c.state IN ('copying', 'copied', 'restoring') OR c.state = 'restored' AND c.restored_at <= $3)
  ORDER BY c.state = 'restoring' DESC, c.next_attempt_at LIMIT 1 FOR UPDATE OF c SKIP LOCKED)
   AND NOT EXISTS (SELECT FROM live_evidence_copy WHERE claimed_until > $1)
RETURNING id, session_id, state, stored::text AS stored, claimed_until"""
_BUNDLE = (
    "SELECT s.number, s.stream, b.folder, b.manifest, b.signature, b.public_key FROM live_session s"
    " JOIN live_evidence_bundle b ON b.session_id = s.id WHERE s.id = $1 AND b.state = 'sealed'"
)


class Stored(msgspec.Struct):
    """One object: ``is_verified`` once it was read back, ``is_here`` when it is on the volume again."""

    name: str
    bytes: int
    sha256: str
    is_verified: bool = False
    is_here: bool = False


class _NotMoved(Exception):
    """Why a step was not taken; it is tried again after a pause."""

    def __init__(self, fault: str, pause: timedelta = FAULTY) -> None:
        super().__init__(fault)
        self.pause = pause


@dataclass(frozen=True)
class ColdTier:
    """Moves what was sealed ``after`` so long; without a storage nothing."""

    evidence: Evidence
    space: Space
    after: timedelta

    async def move_due(self) -> int:
        """Take one step of one copy, one at a time: an object goes there, is read back, or comes here.

        What somebody waits for goes first. Answers how many steps. Raises ``ColdStorageUnavailable`` and OSError.
        """
        cold, now = self.evidence.cold, self.evidence.clock()
        if cold is None:
            return 0
        await execute(_DUE, now, now - self.after, now + LAST_DAYS)
        claimed = await row(_CLAIMED, now, now + CLAIM, now - WARM)
        if claimed is None:
            return 0
        claimed["stored"] = msgspec.json.decode(claimed["stored"], type=list[Stored])
        bundle = await row(_BUNDLE, claimed["session_id"])
        if bundle is None:  # its day has just come
            return 0
        try:
            await self._step(cold, claimed, bundle)
        except _NotMoved as fault:
            await self._put_off(claimed, fault.pause, str(fault))
        except (ColdStorageUnavailable, PackedFileChanged, tarfile.TarError, OSError) as error:
            await self._put_off(claimed, RETRY, type(error).__name__)
            raise
        return 1

    async def _step(self, cold: ColdStorage, claimed: Row, bundle: Row) -> None:
        stored: list[Stored] = claimed["stored"]
        match CopyState(claimed["state"]):
            case CopyState.COPYING:
                to = await self._copy(cold, stored, bundle)
            case CopyState.COPIED:
                await asyncio.to_thread(self.evidence.drop_files, bundle)
                to = CopyState.COLD
                for each in stored:
                    each.is_here = False
            case CopyState.RESTORING:
                to = await self._restore(cold, stored, bundle)
            case _:  # what was fetched back goes again, once the copy there was read anew
                to = CopyState.COPYING
                for each in stored:
                    each.is_verified = False
        await self._note(claimed, to)

    async def _copy(self, cold: ColdStorage, stored: list[Stored], bundle: Row) -> CopyState:
        if not stored:
            await self._demand_whole(bundle)
        there = {each.name for each in stored}
        missing = [name for name in names_of(bundle["manifest"]) if name not in there]
        unread = [each for each in stored if not each.is_verified]
        if missing:
            stored.append(await self._put(cold, bundle, missing[0]))
        elif unread:
            unread[0].is_verified = not await look_at(cold, bundle, unread[0].name)
            if not unread[0].is_verified:  # it is put anew
                stored.remove(unread[0])
        else:
            return CopyState.COPIED
        return CopyState.COPYING

    async def _demand_whole(self, bundle: Row) -> None:
        """What is not as it was sealed stays where it is, to be looked into."""
        manifest, folder = msgspec.json.decode(bundle["manifest"]), self.evidence.stream_folder(bundle)
        wrong = await asyncio.to_thread(wrong_parts, manifest, lambda n: self.evidence.part_file(bundle, n), folder)
        if wrong:
            raise _NotMoved(f"not as it was sealed: {', '.join(wrong)}")

    async def _put(self, cold: ColdStorage, bundle: Row, name: str) -> Stored:
        entry, digest = Stored(name, 0, ""), hashlib.sha256()

        async def counted() -> AsyncIterator[bytes]:
            async for piece in self._pieces(bundle, name):
                await asyncio.to_thread(digest.update, piece)
                entry.bytes += len(piece)
                yield piece

        await cold.put(object_key(bundle["number"], name), counted())
        entry.sha256 = digest.hexdigest()
        return entry

    async def _pieces(self, bundle: Row, name: str) -> AsyncIterator[bytes]:
        if name in (MANIFEST, SIGNATURE):
            yield record_of(bundle, name)
            return
        async for piece in await self.evidence.here(bundle, name):
            yield piece

    async def _restore(self, cold: ColdStorage, stored: list[Stored], bundle: Row) -> CopyState:
        waiting = [each for each in stored if not each.is_here]
        if not waiting:
            return CopyState.RESTORED
        if await self.space.is_full():
            raise _NotMoved("no room on the volume", RETRY)
        entry = min(waiting, key=lambda each: each.name == PICTURES)  # its list is here before it
        if entry.name not in (MANIFEST, SIGNATURE):
            pieces = await cold.read(object_key(bundle["number"], entry.name))
            if pieces is None:
                raise _NotMoved(f"not in the storage: {entry.name}")
            await (self._unpack(pieces, bundle) if entry.name == PICTURES else self._write(pieces, bundle, entry.name))
        entry.is_here = True
        return CopyState.RESTORING

    async def _write(self, pieces: AsyncIterator[bytes], bundle: Row, name: str) -> None:
        target = self.evidence.part_file(bundle, name)
        draft = target.with_name(f".{target.name}.new")
        target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with draft.open("wb") as file:
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece)
                await asyncio.to_thread(digest.update, piece)
                size += len(piece)
        if (digest.hexdigest(), size) != manifest_parts(bundle["manifest"])[name]:
            draft.unlink()
            raise _NotMoved(f"not as it was sealed: {name}")
        draft.replace(target)

    async def _unpack(self, pieces: AsyncIterator[bytes], bundle: Row) -> None:
        """The folder of the stream, whole or not at all."""
        target, expected = self.evidence.stream_folder(bundle), await self.evidence.pictures(bundle)
        draft, digests = target.with_name(f".{target.name}.new"), dict[str, Any]()
        await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
        draft.mkdir(parents=True)
        with contextlib.ExitStack() as opened:
            async for name, piece in unpacked(pieces):
                if name not in expected:
                    raise _NotMoved(f"not as it was sealed: {name}")
                if name not in digests:
                    digests[name] = hashlib.sha256()
                    opened.close()
                    file = opened.enter_context((draft / name).open("wb"))
                digests[name].update(piece)
                await asyncio.to_thread(file.write, piece)
        if {name: digest.hexdigest() for name, digest in digests.items()} != expected:
            raise _NotMoved(f"not as it was sealed: {PICTURES}")
        await asyncio.to_thread(shutil.rmtree, target, ignore_errors=True)
        draft.replace(target)

    async def _note(self, claimed: Row, to: CopyState) -> None:
        """Keep how far it has come and give the claim back; nothing where another worker has taken it over."""
        await execute(
            "UPDATE live_evidence_copy SET state = $2::text, stored = $3::jsonb, fault = NULL, next_attempt_at = $4,"
            " claimed_until = NULL, copied_at = CASE $2::text WHEN 'copied' THEN $4 ELSE copied_at END,"
            " restored_at = CASE $2::text WHEN 'restored' THEN $4 ELSE restored_at END"
            " WHERE id = $1 AND claimed_until = $5",
            claimed["id"],
            to.value,
            msgspec.json.encode(claimed["stored"]).decode(),
            self.evidence.clock(),
            claimed["claimed_until"],
        )

    async def _put_off(self, claimed: Row, pause: timedelta, fault: str) -> None:
        await execute(
            "UPDATE live_evidence_copy SET fault = $2, next_attempt_at = $3, claimed_until = NULL"
            " WHERE id = $1 AND claimed_until = $4",
            claimed["id"],
            fault[:200],
            self.evidence.clock() + pause,
            claimed["claimed_until"],
        )
