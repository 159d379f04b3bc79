"""How a part of the settings reads its members from the environment that it is given."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec


class Bounds(NamedTuple):
    """The least and the most that a variable may be, both included, and why."""

    name: str
    value: float
    least: float
    most: float
    why: str = ""


def out_of_bounds(bounds: Iterable[Bounds]) -> Iterator[str]:
    """One sentence for every value that is not within its bounds."""
    for name, value, least, most, why in bounds:
        if not least <= value <= most:
            yield f"{name} must be between {least} and {most}{why}"


def several(text: str) -> list[str]:
    """What stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def named(
    env: Mapping[str, str], shape: type[msgspec.Struct], names: Mapping[str, str], prefix: str = ""
) -> dict[str, object]:
    """The members of a struct that the environment names, by ``PREFIX_MEMBER`` or by a name of their own."""
    found: dict[str, object] = {}
    for member in shape.__struct_fields__:
        name = names.get(member, prefix + member.upper())
        if name in env:
            found[member] = env[name]
    return found
