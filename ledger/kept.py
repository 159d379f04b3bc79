"""What is kept beside the journals and follows from them, seals and totals, as lines that a rebuild compares."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec

from kit.database import Row, execute, rows, transaction

BATCH = 2_000


@asynccontextmanager
async def sealer_rests() -> AsyncIterator[None]:
    """Nobody seals in the block, so that totals are those of the journals up to the heads."""
    async with transaction():
        await execute("SELECT pg_advisory_xact_lock(hashtextextended('ledger.sealer', 0))")
        yield


async def sealed_heads() -> dict[str, int]:
    """How far each month is sealed: the number of its last journal, by month."""
    found = await rows("SELECT period, max(seq) AS seq FROM ledger_journal WHERE seq IS NOT NULL GROUP BY 1 ORDER BY 1")
    return {each["period"]: each["seq"] for each in found}


async def sealed_journals(heads: Mapping[str, int], batch: int = BATCH) -> AsyncIterator[list[Row]]:
    """What the sealed journals up to these heads are made by, with their hashes, month by month in their order."""
    for period, last in heads.items():
        for first in range(1, last + 1, batch):
            yield await rows(
                "SELECT period, seq, hash, source_type, source_id, rule, step FROM ledger_journal"
                " WHERE period = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq",
                period,
                first,
                min(first + batch - 1, last),
            )


async def seal_pieces(heads: Mapping[str, int]) -> AsyncIterator[bytes]:
    """Number and hash of every sealed journal up to these heads, a line of JSON each."""
    async for sealed in sealed_journals(heads):
        yield as_lines([{name: each[name] for name in ("period", "seq", "hash")} for each in sealed])


async def total_pieces() -> AsyncIterator[bytes]:
    """Every stored total, a line of JSON each, by month ('' for all of them) and account."""
    for month in await rows("SELECT DISTINCT period FROM ledger_total ORDER BY 1"):
        yield as_lines(
            await rows(
                "SELECT t.period, a.code, a.owner, a.state, a.category, t.debit_fen, t.credit_fen,"
                " t.postings AS posting_count FROM ledger_total t JOIN ledger_account a ON a.id = t.account_id"
                " WHERE t.period = $1"
                ' ORDER BY a.code, a.owner COLLATE "C", a.state COLLATE "C", a.category COLLATE "C"',
                month["period"],
            )
        )


def as_lines(documents: list[Row]) -> bytes:
    """Lines of JSON whose members stand in the order of their names."""
    return b"".join(msgspec.json.encode(each, order="sorted") + b"\n" for each in documents)
