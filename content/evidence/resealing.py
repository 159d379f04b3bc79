"""Photographs are sealed anew by the key that seals now, as new files: one at a time, while others open them."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from content.evidence.errors import EvidenceUnknown
from content.evidence.service import evidence_place, new_file_key
from content.ports import ObjectStorage
from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows
from kit.encryption import FieldCipher

LEFT_ALONE = timedelta(minutes=10)
"""After which a file that was begun is nobody's any more; a request to the storage takes seconds."""


@dataclass(frozen=True)
class EvidenceResealing:
    """Moves photographs to the key that seals. What a killed run began is swept away and begun again."""

    storage: ObjectStorage
    cipher: FieldCipher
    clock: Clock = utc_now

    async def reseal(self, limit: int) -> int:
        """Seal up to so many photographs anew; answers how many. Raises StorageUnavailable and, for a file that does
        not open or is not the one that was taken, whatever the cipher raises or :class:`EvidenceUnknown`.
        """
        await self._sweep()
        for done in range(limit):
            claimed = await row(
                "UPDATE evidence SET spare_key = $2, spare_since = $3 WHERE id = (SELECT id FROM evidence"
                " WHERE sealed_by <> $1 AND stored_at IS NOT NULL AND forgotten_at IS NULL AND spare_key IS NULL"
                " ORDER BY id LIMIT 1"
                " FOR UPDATE SKIP LOCKED) RETURNING number, stored_key, spare_key, sha256",
                self.cipher.writing_key,
                new_file_key(),
                self.clock(),
            )
            if claimed is None:
                return done
            await self._move(claimed)
        return limit

    async def _move(self, claimed: Row) -> None:
        """Write the new file, make it the photograph's, let the old one go: each a step that can be the last."""
        number, old, new = claimed["number"], claimed["stored_key"], claimed["spare_key"]
        sealed = await self.storage.get(old)
        if sealed is None:
            raise EvidenceUnknown(evidence=number)
        picture = await asyncio.to_thread(self.cipher.unseal, sealed, evidence_place(number))
        if sha256(picture).hexdigest() != claimed["sha256"]:
            raise EvidenceUnknown(evidence=number)
        again = await asyncio.to_thread(self.cipher.seal, picture, evidence_place(number))
        await self.storage.put(new, again, "application/octet-stream")
        moved = await execute(
            "UPDATE evidence SET stored_key = $3, spare_key = $2, sealed_by = $4"
            " WHERE number = $1 AND stored_key = $2 AND spare_key = $3 AND forgotten_at IS NULL",
            number,
            old,
            new,
            self.cipher.writing_key,
        )
        await self._drop(number, old if moved else new)

    async def _sweep(self) -> None:
        for each in await rows(
            "SELECT number, spare_key FROM evidence WHERE spare_since < $1 ORDER BY id LIMIT 100",
            self.clock() - LEFT_ALONE,
        ):
            await self._drop(each["number"], each["spare_key"])

    async def _drop(self, number: str, spare: str) -> None:
        await self.storage.delete([spare])
        await execute(
            "UPDATE evidence SET spare_key = NULL, spare_since = NULL WHERE number = $1 AND spare_key = $2"
            " AND stored_key <> $2",
            number,
            spare,
        )
