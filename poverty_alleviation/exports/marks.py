"""What an export says of itself: a notice that everybody sees, and in it a mark that nobody does.

The mark is a number of 48 bits in characters without width. It stands in the notice of every row, so a copied row
still says by whose download it came out. A file is kept with :data:`UNMARKED` in its place until it is answered.
"""

import re
import secrets
from datetime import datetime

from kit.clock import CHINA

BITS = 48
_ZERO, _ONE = "\u200b", "\u200c"
UNMARKED = "\u2060" * BITS
_MARK = re.compile(f"[{_ZERO}{_ONE}]{{{BITS}}}")


def notice(number: str, asked_by: str, made_at: datetime) -> str:
    """Which export it is, who has it and since when, with room for a mark."""
    when = made_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    return f"{number} {asked_by} {when} 内部资料 禁止转发{UNMARKED}"


def new_mark() -> int:
    """A mark that nobody guesses."""
    return secrets.randbits(BITS)


def written_mark(mark: int) -> str:
    """A mark as it stands in a file."""
    return "".join(_ONE if mark >> place & 1 else _ZERO for place in reversed(range(BITS)))


def marks_in(text: str) -> set[int]:
    """Every mark in a text."""
    return {int("".join("1" if each == _ONE else "0" for each in found), 2) for found in _MARK.findall(text)}
