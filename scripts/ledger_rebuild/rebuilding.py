"""The rebuilding: inputs are read where the books are, booked again in the scratch database, and both are exported."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ledger.export import canonical_pieces
from ledger.inputs import Mark, NotedInput, inputs_between, mark
from poverty_alleviation.replay.books import Replay
from poverty_alleviation.replay.records import records_of
from scripts.ledger_rebuild.scratch import Scratch

CHUNK = 2_000


class NotReplayed(Exception):
    """An input cannot be booked again."""


class Canonical(NamedTuple):
    """A canonical export as a file."""

    path: Path
    journals: int
    sha256: str


class Rebuilt(NamedTuple):
    """What came of it. ``inputs`` by kind."""

    inputs: dict[str, int]
    books: Canonical
    rebuilt: Canonical

    @property
    def is_same(self) -> bool:
        """Whether both exports are the same bytes."""
        return self.books.sha256 == self.rebuilt.sha256


async def rebuild(scratch: Scratch, folder: Path, said: Callable[[int], None] = lambda line: None) -> Rebuilt:
    """Rebuild the books that Tortoise is connected to in a migrated database without rows.

    Writes both exports into a folder, and says how many inputs are booked. Inputs and journals are those up to one
    moment, so the books may go on meanwhile. Raises :class:`NotReplayed`.
    """
    until = await mark()
    replay = Replay()
    await scratch.do(replay.prepare)
    await _replay(scratch, replay, until, said)
    books = await _export(folder / "books.jsonl", until.journal)
    rebuilt = await scratch.do(_export_all, folder / "rebuilt.jsonl")
    return Rebuilt(dict(sorted(replay.counts.items())), books, rebuilt)


async def _replay(scratch: Scratch, replay: Replay, until: Mark, said: Callable[[int], None]) -> None:
    after = 0
    while inputs := await inputs_between(after, until.input, CHUNK):
        records = await records_of(inputs)
        try:
            await scratch.do(replay.book, inputs, records)
        except Exception as error:
            raise NotReplayed(f"{_span(inputs)}: {type(error).__name__}: {error}") from error
        after = inputs[-1].id
        said(replay.counts.total())


def _span(inputs: list[NotedInput]) -> str:
    return f"{inputs[0].id}–{inputs[-1].id}"


async def _export_all(path: Path) -> Canonical:
    return await _export(path, (await mark()).journal)


async def _export(path: Path, last: int) -> Canonical:
    journals, digest = 0, sha256()
    with path.open("wb") as file:
        async for piece in canonical_pieces(last):
            journals += piece.count(b"\n")
            digest.update(piece)
            file.write(piece)
    return Canonical(path, journals, digest.hexdigest())
