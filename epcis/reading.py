"""Reading a file that a stranger wrote: what two readers of JSON may understand differently is refused."""

import json
import re
from typing import Any, NoReturn

from epcis.findings import Finding, finding

MAX_DEPTH = 24
MAX_TEXT_CHARS = 2000
MAX_NUMBER = 2**53
"""Whole numbers up to here are the same in every reader."""
SMALLEST_NUMBER = 1e-15
_BAD_TEXT = re.compile("[\0\ud800-\udfff]")


class Unreadable(Exception):
    """The file cannot be read; ``fault`` says why."""

    def __init__(self, fault: Finding) -> None:
        super().__init__(fault.code)
        self.fault = fault


def read_json(raw: bytes) -> Any:
    """The value in a file. Raises :class:`Unreadable`.

    Refused: what is not UTF-8, members given twice, NaN, Infinity, numbers that overflow or lose digits, U+0000 and
    halves of surrogate pairs, texts beyond 2,000 characters and more than 24 levels.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(finding("not_utf8", told=f"byte {error.start}")) from None
    try:
        value = json.loads(
            text, object_pairs_hook=_members, parse_constant=_constant, parse_float=_real, parse_int=_whole
        )
    except json.JSONDecodeError as error:
        raise Unreadable(finding("not_json", told=f"{error.lineno}:{error.colno}")) from None
    except RecursionError:
        raise Unreadable(finding("too_deep")) from None
    _walk(value)
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Unreadable(finding("member_twice", told=twice))
    return found


def _constant(word: str) -> NoReturn:
    raise Unreadable(finding("number_wrong", told=word))


def _real(digits: str) -> float:
    number = float(digits)
    if len(digits) > 40 or (number and not SMALLEST_NUMBER <= abs(number) <= MAX_NUMBER):
        raise Unreadable(finding("number_wrong", told=digits))
    return number


def _whole(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_NUMBER:
        raise Unreadable(finding("number_wrong", told=digits))
    return int(digits)


def _walk(value: Any) -> None:
    """Level by level, so that no nesting costs stack."""
    level, depth = [value], 0
    while level:
        if depth > MAX_DEPTH:
            raise Unreadable(finding("too_deep"))
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                for name in each:
                    _text(name)
                below.extend(each.values())
            elif isinstance(each, list):
                below.extend(each)
            elif isinstance(each, str):
                _text(each)
        level, depth = below, depth + 1


def _text(text: str) -> None:
    if len(text) > MAX_TEXT_CHARS:
        raise Unreadable(finding("text_long", told=text))
    if _BAD_TEXT.search(text):
        raise Unreadable(finding("character_wrong", told=ascii(text)))
