"""The wire: what a door takes in and what it shows."""

from datetime import date

import msgspec

PLAIN = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$(?!\n)"
"""One line that says something: no control characters, and not spaces alone (a paper that nobody named is none)."""


class Input(msgspec.Struct, forbid_unknown_fields=True):
    """A request body or query. A member that nobody asked for is an error, never ignored."""


class DaySpan(Input):
    """From the day ``since`` to the day before ``until``, in China; without them since ever."""

    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise ValueError("until is the first day after the span, so later than since - at `$.until`")


class View(msgspec.Struct):
    """A part of an answer."""


class Problem(View):
    """An RFC 9457 problem. Facts of the error stand beside these members."""

    type: str
    title: str
    status: int
    code: str
    request_id: str
    detail: str | None = None
    errors: list["ProblemAt"] | None = None


class ProblemAt(View):
    """What is wrong with one member: ``pointer`` is an RFC 6901 fragment into the body, or ``?name`` in the query."""

    pointer: str
    detail: str
