"""Two canonical exports, line by line: what only one of them has, and what they say differently."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEY = ("period", "source_type", "source_id", "rule", "step")


def differences(books: Path, rebuilt: Path) -> Iterator[str]:
    """One line for each journal that is not the same, in the order of the exports, which are read once."""
    with books.open("rb") as one, rebuilt.open("rb") as other:
        left, right = next(one, b""), next(other, b"")
        while left or right:
            if left == right:
                left, right = next(one, b""), next(other, b"")
                continue
            here, there = _read(left), _read(right)
            if there is None or (here is not None and _key(here) < _key(there)):
                yield f"{_name(here)}: 账上有，事实推不出 / in the books, follows from no fact"
                left = next(one, b"")
            elif here is None or _key(there) < _key(here):
                yield f"{_name(there)}: 事实推得出，账上没有 / follows from the facts, not in the books"
                right = next(other, b"")
            else:
                yield f"{_name(here)}: {'; '.join(_unlike(here, there))}"
                left, right = next(one, b""), next(other, b"")


def _read(line: bytes) -> Any:
    return json.loads(line) if line else None


def _key(journal: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(journal[name] for name in KEY)


def _name(journal: dict[str, Any]) -> str:
    return " ".join(str(each) for each in _key(journal) if each != "")


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
