"""Files that are made one at a time by whichever worker comes: rows that wait, are claimed, made or given up."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kit.database import Row, execute, row

CLAIM = timedelta(minutes=15)
RETRY = timedelta(minutes=2)
MAX_ATTEMPTS = 8
_PIECE = 1024 * 1024


@dataclass(frozen=True)
class FileQueue:
    """The rows of one ``table``. The claim is a committed row, so two workers never make one file; a killed worker's
    claim runs out. One file is made at a time, so that the files of a table never take every slot of the workers.
    """

    table: str

    async def claim(self, now: datetime) -> Row | None:
        """The row whose turn it is, None when nothing is due."""
        # Not "making" for ever: what has killed its worker so often would kill the next one too.
        await execute(
            f"UPDATE {self.table} SET archive_state = 'failed' WHERE archive_state = 'making'"
            " AND next_attempt_at <= $1 AND attempts >= $2",
            now,
            MAX_ATTEMPTS,
        )
        return await row(
            f"UPDATE {self.table} SET archive_state = 'making', attempts = attempts + 1, next_attempt_at = $2"
            f" WHERE id = (SELECT id FROM {self.table} WHERE archive_state IN ('waiting', 'making')"
            "  AND next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
            f" AND NOT EXISTS (SELECT 1 FROM {self.table}"
            "  WHERE archive_state = 'making' AND next_attempt_at > $1) RETURNING *",
            now,
            now + CLAIM,
        )

    async def put_off(self, claimed: Row, now: datetime) -> None:
        """It could not be made this time."""
        await execute(
            f"UPDATE {self.table} SET archive_state = $2, next_attempt_at = $3 WHERE id = $1 AND attempts = $4",
            claimed["id"],
            "failed" if claimed["attempts"] >= MAX_ATTEMPTS else "waiting",
            now + RETRY,
            claimed["attempts"],
        )

    async def settle(self, claimed: Row, made: Path) -> None:
        """The file is there; unless another worker has taken the claim over."""
        digest, size = await asyncio.to_thread(digest_of, made)
        await execute(
            f"UPDATE {self.table} SET archive_state = 'made', sha256 = $2, file_bytes = $3"
            " WHERE id = $1 AND attempts = $4",
            claimed["id"],
            digest,
            size,
            claimed["attempts"],
        )


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file. Blocks; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


async def pieces_of(path: Path) -> AsyncIterator[bytes]:
    """A file piece by piece, read on threads."""
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
