"""A smallest valid value for any type of the wire: a request is refused for whose it is and not for its body."""

import re
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any

import hypothesis
import msgspec
from hypothesis import Phase, strategies
from msgspec import inspect as wire

from kit.clock import china_day, utc_now

# The first text that fits, and no search for a simpler one.
_FIRST = hypothesis.settings(phases=(Phase.generate,), max_examples=2000, database=None)


def example(kind: Any) -> Any:
    """The smallest value that ``kind`` accepts, as JSON would carry it."""
    return _example(wire.type_info(kind))


def _example(kind: wire.Type) -> Any:
    match kind:
        case wire.StructType():
            return {f.encode_name: _example(f.type) for f in kind.fields if f.required}
        case wire.StrType():
            return _text(kind.min_length or 0, kind.max_length or 200, kind.pattern)
        case wire.IntType():
            return max(kind.ge if kind.ge is not None else 1, 0 if kind.gt is None else kind.gt + 1)
        case wire.BoolType():
            return True
        case wire.DateType():
            return china_day(utc_now()).isoformat()  # days that are over are refused
        case wire.DateTimeType():
            return datetime(2026, 11, 26, tzinfo=UTC).isoformat()
        case wire.LiteralType():
            return kind.values[0]
        case wire.EnumType():
            return next(iter(kind.cls)).value
        case wire.ListType() | wire.VarTupleType() | wire.SetType() | wire.FrozenSetType():
            return [_example(kind.item_type)] * (kind.min_length or 0)
        case wire.DictType():
            return {}
        case wire.UnionType():
            return None if kind.includes_none else _example(kind.types[0])
        case wire.Metadata():
            return _example(kind.type)
        case _:
            raise TypeError(f"no example for {kind}")


@cache
def _text(least: int, most: int, pattern: str | None) -> str:
    if pattern is None:
        return "示" * max(1, least)
    fitting = strategies.from_regex(re.compile(pattern, re.ASCII))
    return hypothesis.find(fitting, lambda text: least <= len(text) <= most, settings=_FIRST, random=Random(0))


def body_of(shape: type[msgspec.Struct] | None) -> bytes:
    """The smallest body of an endpoint."""
    return msgspec.json.encode(example(shape)) if shape is not None else b"{}"
