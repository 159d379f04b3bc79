"""A JSON object that names a member twice is refused: readers differ in which of the two they believe (RFC 8259, 4).

msgspec keeps the last one and says nothing. Whether it dropped any is told by counting: a member of an object is the
only place where ``":`` stands in JSON without white space and escapes, so the text has as many of them as what was
read from it, written again, unless something was dropped. Only then, or where a text has an escape, is the body read
pair by pair (decision 0007 says what it costs).
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from api_kit.errors import MemberTwice

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def refuse_doubled(raw: bytes) -> None:
    """Raises :class:`MemberTwice` with the place of the first one. ``raw`` was read by msgspec before."""
    if b"\\" not in raw and _members(msgspec.json.format(raw, indent=-1)) == _members(_encode(_decode(raw))):
        return
    place = next(_doubled(_by_pairs.decode(raw.decode()), ""), None)
    if place is not None:
        raise MemberTwice(errors=[{"pointer": f"#{place}", "detail": "given more than once"}])


def _members(compact: bytes) -> int:
    return compact.count(b'":')


class _Pairs(list[tuple[str, Any]]):
    """An object as it stands in the text."""


# Numbers stay as they are written: this reader has limits of its own for them.
_by_pairs = json.JSONDecoder(object_pairs_hook=_Pairs, parse_int=str, parse_float=str)


def _doubled(value: Any, place: str) -> Iterator[str]:
    """JSON pointers (RFC 6901) of members that their object has named before, in the order of the text."""
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, inner in value:
            at = f"{place}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in seen:
                yield at
            seen.add(name)
            yield from _doubled(inner, at)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _doubled(inner, f"{place}/{index}")
