"""Re-keying: what is sealed by another key than the one that seals is sealed anew, while everybody works on.

One walk for each table, in the order of row ids; how far it has come is committed with each batch, so a killed worker
costs one batch. A walk belongs to whoever holds its row: workers take different tables. Rows that somebody else holds
are passed by and found by the count at the end, after which a walk that left some begins again (decision 0062).
"""

from dataclasses import dataclass
from time import monotonic
from typing import Any

import structlog

from content.evidence.resealing import EvidenceResealing
from integrations.field_encryption.cipher import KeyRing
from kit.clock import utc_now
from kit.database import Row, execute, row, rows, transaction
from kit.encryption import FieldUnreadable
from poverty_alleviation.vault import household_rights
from server.field_keys import EVIDENCE, sealed_per_key, writing_now
from server.sealed_fields import SEALED_TABLES, SealedTable

log = structlog.get_logger("resealing")

RUN_S = 20.0
"""How long one run works on before it lets other jobs have the worker."""
PHOTOGRAPHS = 20
_BY_NAME = {table.table: table for table in SEALED_TABLES}


@dataclass(frozen=True)
class Resealing:
    """Moves everything to the key that seals. Safe to run in many workers at once."""

    ring: KeyRing
    evidence: EvidenceResealing

    async def run(self, for_s: float = RUN_S) -> int:
        """Go on for a while; answers how many rows and files were sealed anew.

        A process whose ring seals by an older key than another process has started with leaves it to that one.
        """
        key = self.ring.writing_key
        if key != await writing_now() or not await _others_in_use(key):
            return 0
        await self._open_walks(key)
        until, total = monotonic() + for_s, 0
        while (moved := await self.step(key)) is not None:
            total += moved
            if monotonic() > until:
                return total
        while moved := await self.evidence.reseal(PHOTOGRAPHS):
            total += moved
            if monotonic() > until:
                return total
        await _look_what_is_left(key)
        return total

    async def step(self, key: str) -> int | None:
        """One batch of one table that nobody else is at; answers how many rows it moved, None when all is walked."""
        async with transaction():
            walk = await row(
                "SELECT id, table_name, last_id FROM field_walk WHERE key = $1 AND done_at IS NULL"
                " ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED",
                key,
            )
            if walk is None:
                return None
            table = _BY_NAME[walk["table_name"]]
            if not table.is_household:
                return await self._batch(table, walk, key)
            async with household_rights():
                return await self._batch(table, walk, key)

    async def _batch(self, table: SealedTable, walk: Row, key: str) -> int:
        other = " OR ".join(f"(t.{c} <> '' AND sealed_by(t.{c}) <> $2)" for c in table.columns)
        found = await rows(
            f"SELECT t.id, {table.named}, {', '.join(f't.{c}' for c in table.columns)} FROM {table.table} t"
            f" WHERE t.id > $1 AND ({other}) ORDER BY t.id LIMIT $3 FOR NO KEY UPDATE OF t SKIP LOCKED",
            walk["last_id"],
            key,
            table.batch,
        )
        moved = [again for each in found if (again := self._resealed(table, each)) is not None]
        if len(moved) < len(found):
            log.error("sealed_fields_unreadable", cause=table.table, count=len(found) - len(moved))
        if moved:
            taken = ", ".join(f"{c} = v.{c}" for c in table.columns)
            arrays = ", ".join(f"${n}::bytea[]" for n in range(2, len(table.columns) + 2))
            await execute(
                f"UPDATE {table.table} t SET {taken} FROM unnest($1::bigint[], {arrays}) AS v"
                f" (id, {', '.join(table.columns)}) WHERE t.id = v.id",
                *(list(column) for column in zip(*moved, strict=True)),
            )
        await execute(
            "UPDATE field_walk SET last_id = $2, moved = moved + $3, unreadable = unreadable + $4, done_at = $5"
            " WHERE id = $1",
            walk["id"],
            found[-1]["id"] if found else walk["last_id"],
            len(moved),
            len(found) - len(moved),
            None if found else utc_now(),
        )
        return len(moved)

    def _resealed(self, table: SealedTable, found: Row) -> list[Any] | None:
        """The row's id and columns under the key that seals, or None for one that no key of the ring opens."""
        again: list[Any] = [found["id"]]
        try:
            for column, place in table.columns.items():
                sealed, aad = found[column], place(found)
                again.append(self.ring.seal(self.ring.unseal(bytes(sealed), aad), aad) if sealed else sealed)
        except FieldUnreadable:
            return None
        return again

    async def _open_walks(self, key: str) -> None:
        await rows(
            "INSERT INTO field_walk (key, table_name, last_id, moved, unreadable)"
            " SELECT $1, name, 0, 0, 0 FROM unnest($2::text[]) AS name ON CONFLICT (key, table_name) DO NOTHING"
            " RETURNING id",
            key,
            [table.table for table in SEALED_TABLES],
        )


async def _others_in_use(key: str) -> bool:
    return bool(await row("SELECT 1 FROM field_key WHERE name NOT IN ('', $1) AND emptied_at IS NULL LIMIT 1", key))


async def _look_what_is_left(key: str) -> None:
    """Note which keys seal nothing any more; walks begin again over tables where they do.

    What cannot be read does not begin a walk again: it keeps its key from being retired until somebody sees to it.
    """
    counts = await sealed_per_key()
    stuck = {
        each["table_name"]: each["unreadable"]
        for each in await rows("SELECT table_name, unreadable FROM field_walk WHERE key = $1", key)
    }
    left: dict[str, int] = {}
    for name, tables in counts.items():
        if name != key:
            for table, count in tables.items():
                left[table] = left.get(table, 0) + count
    again = [table for table, count in left.items() if table != EVIDENCE and count > stuck.get(table, 0)]
    async with transaction():
        await execute(
            "UPDATE field_walk SET last_id = 0, unreadable = 0, done_at = NULL"
            " WHERE key = $1 AND table_name = ANY($2::text[])",
            key,
            again,
        )
        await execute(
            "UPDATE field_key SET emptied_at = $2 WHERE name NOT IN ('', $1) AND emptied_at IS NULL"
            " AND name <> ALL($3::text[])",
            key,
            utc_now(),
            list(counts),
        )
