"""Two exports of one kind, line by line: what only one of them has, and what they say differently."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.ledger_rebuild.rebuilding import Pair

KEYS = {
    "journals": ("period", "source_type", "source_id", "rule", "step"),
    "money": ("period", "kind", "source_id"),
    "seals": ("period", "seq"),
    "totals": ("period", "code", "owner", "state", "category"),
    "months": ("period", "figure"),
}
"""What names a line of each export, in whose order its lines stand."""


def all_differences(exports: Mapping[str, Pair]) -> Iterator[str]:
    """Those of every export. Of the seals of a month the first alone: all that follow are unlike with it."""
    for name, pair in exports.items():
        if pair.is_same:
            continue
        told: set[str] = set()
        for period, line in _differences(KEYS[name], pair.books.path, pair.rebuilt.path):
            if name != "seals" or period not in told:
                yield line if name == "journals" else f"{name} {line}"
            told.add(period)


def _differences(key: tuple[str, ...], books: Path, rebuilt: Path) -> Iterator[tuple[str, str]]:
    """The month and one line for each line that is not the same, in the order of the exports, which are read once."""

    def place(document: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(document[name] for name in key)

    def told(document: dict[str, Any], what: str) -> tuple[str, str]:
        return document["period"], f"{' '.join(str(each) for each in place(document) if each != '')}: {what}"

    with books.open("rb") as one, rebuilt.open("rb") as other:
        left, right = next(one, b""), next(other, b"")
        while left or right:
            if left == right:
                left, right = next(one, b""), next(other, b"")
                continue
            here, there = _read(left), _read(right)
            if there is None or (here is not None and place(here) < place(there)):
                yield told(here, "账上有，事实推不出 / in the books, follows from no fact")
                left = next(one, b"")
            elif here is None or place(there) < place(here):
                yield told(there, "事实推得出，账上没有 / follows from the facts, not in the books")
                right = next(other, b"")
            else:
                yield told(here, "; ".join(_unlike(here, there)))
                left, right = next(one, b""), next(other, b"")


def _read(line: bytes) -> Any:
    return json.loads(line) if line else None


def _unlike(here: dict[str, Any], there: dict[str, Any]) -> Iterator[str]:
    for name in sorted(here):
        if here[name] == there[name]:
            continue
        if name != "postings":
            yield f"{name} 账上 / books {here[name]!r}, 事实 / facts {there[name]!r}"
            continue
        for posting in here[name]:
            if posting not in there[name]:
                yield f"账上分录 / posting of the books {_posting(posting)}"
        for posting in there[name]:
            if posting not in here[name]:
                yield f"事实分录 / posting of the facts {_posting(posting)}"


def _posting(posting: list[str | int]) -> str:
    return " ".join(str(each) for each in posting[1:] if each != "")
