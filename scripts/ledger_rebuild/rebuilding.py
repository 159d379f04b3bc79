"""The rebuilding: inputs are read where the books are, booked again in the scratch database, and both are exported."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from kit.database import transaction
from ledger.export import canonical_pieces
from ledger.inputs import Mark, NotedInput, inputs_between, mark
from ledger.kept import seal_pieces, sealed_heads, sealed_journals, sealer_rests, total_pieces
from ledger.service import Sealer
from poverty_alleviation.replay.books import Replay
from poverty_alleviation.replay.kept import (
    KeptMonth,
    kept_months,
    last_told,
    month_pieces,
    months_again,
    told_pieces,
)
from poverty_alleviation.replay.records import Records, records_of
from scripts.ledger_rebuild.scratch import Scratch

CHUNK = 2_000
SEALED_AT_ONCE = 50_000
"""Journals sealed by one statement. Many stand on few accounts, so most of their totals are written once."""


class NotReplayed(Exception):
    """An input cannot be booked again."""


class Canonical(NamedTuple):
    """A canonical export as a file."""

    path: Path
    lines: int
    sha256: str


class Pair(NamedTuple):
    """One export of the books, and the same of what was rebuilt."""

    books: Canonical
    rebuilt: Canonical

    @property
    def is_same(self) -> bool:
        """Whether both are the same bytes."""
        return self.books.sha256 == self.rebuilt.sha256


class Rebuilt(NamedTuple):
    """What came of it. ``inputs`` by kind; ``exports`` by what they hold: journals, money that payments told, seals,
    stored totals, closed months."""

    inputs: dict[str, int]
    exports: dict[str, Pair]

    @property
    def is_same(self) -> bool:
        """Whether all exports are the same bytes."""
        return all(each.is_same for each in self.exports.values())


class _Standing(NamedTuple):
    """The books at one moment: how far they go, and what stood beside the journals."""

    until: Mark
    last_told: int
    heads: Mapping[str, int]
    totals: Canonical
    months: list[KeptMonth]


async def rebuild(scratch: Scratch, folder: Path, said: Callable[[int], None] = lambda line: None) -> Rebuilt:
    """Rebuild the books that Tortoise is connected to in a migrated database without rows.

    Writes the exports into a folder, and says how many inputs are booked. Inputs and what follows from them are those
    up to one moment, so the books may go on meanwhile. Raises :class:`NotReplayed`.
    """
    books = await _standing(folder)
    # The books are read while the scratch database writes: neither waits for the other.
    exporting = asyncio.create_task(_export_books(folder, books))
    try:
        replay = Replay()
        await scratch.do(replay.prepare)
        await _replay(scratch, replay, books.until, said)
        # The canonical export names no seals, so the journals are exported while they are sealed.
        journals, _ = await asyncio.gather(scratch.do(_export_journals, folder), _seal_again(scratch, books.heads))
        again = {"journals": journals, **await scratch.do(_export_rest, folder, books.months)}
        exports = await exporting
    finally:
        exporting.cancel()
    return Rebuilt(
        dict(sorted(replay.counts.items())), {name: Pair(export, again[name]) for name, export in exports.items()}
    )


async def _export_books(folder: Path, books: _Standing) -> dict[str, Canonical]:
    return {
        "journals": await _export(folder / "books.jsonl", canonical_pieces(books.until.journal)),
        "money": await _export(folder / "books-money.jsonl", told_pieces(books.last_told)),
        "seals": await _export(folder / "books-seals.jsonl", seal_pieces(books.heads)),
        "totals": books.totals,
        "months": await _export(folder / "books-months.jsonl", month_pieces(books.months)),
    }


async def _standing(folder: Path) -> _Standing:
    """What is kept is read before the mark, up to which are the inputs that it follows from."""
    months = await kept_months()
    async with sealer_rests():
        heads = await sealed_heads()
        totals = await _export(folder / "books-totals.jsonl", total_pieces())
    async with transaction():
        until = await mark()
        return _Standing(until, await last_told(), heads, totals, months)


async def _replay(scratch: Scratch, replay: Replay, until: Mark, said: Callable[[int], None]) -> None:
    """While some inputs are booked, the next ones are read."""

    async def read(after: int) -> tuple[list[NotedInput], Records]:
        inputs = await inputs_between(after, until.input, CHUNK)
        return inputs, await records_of(inputs)

    inputs, records = await read(0)
    while inputs:
        reading = asyncio.create_task(read(inputs[-1].id))
        try:
            await scratch.do(replay.book, inputs, records)
        except Exception as error:
            reading.cancel()
            raise NotReplayed(f"{_span(inputs)}: {type(error).__name__}: {error}") from error
        said(replay.counts.total())
        inputs, records = await reading


def _span(inputs: list[NotedInput]) -> str:
    return f"{inputs[0].id}–{inputs[-1].id}"


async def _seal_again(scratch: Scratch, heads: Mapping[str, int]) -> None:
    async for sealed in sealed_journals(heads, SEALED_AT_ONCE):
        await scratch.do(_seal, [(e["source_type"], e["source_id"], e["rule"], e["step"]) for e in sealed])


async def _seal(sources: list[tuple[str, str, str, int]]) -> None:
    if sources:
        await Sealer().seal_in_order(sources)


async def _export_journals(folder: Path) -> Canonical:
    return await _export(folder / "rebuilt.jsonl", canonical_pieces((await mark()).journal))


async def _export_rest(folder: Path, months: list[KeptMonth]) -> dict[str, Canonical]:
    """The other exports where the books were rebuilt, which nobody else writes to."""
    return {
        "money": await _export(folder / "rebuilt-money.jsonl", told_pieces(await last_told())),
        "seals": await _export(folder / "rebuilt-seals.jsonl", seal_pieces(await sealed_heads())),
        "totals": await _export(folder / "rebuilt-totals.jsonl", total_pieces()),
        "months": await _export(folder / "rebuilt-months.jsonl", month_pieces(await months_again(months))),
    }


async def _export(path: Path, pieces: AsyncIterator[bytes]) -> Canonical:
    lines, digest = 0, sha256()
    with path.open("wb") as file:
        async for piece in pieces:
            lines += piece.count(b"\n")
            digest.update(piece)
            file.write(piece)
    return Canonical(path, lines, digest.hexdigest())
