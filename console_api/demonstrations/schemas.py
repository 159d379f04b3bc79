"""The wire of demonstrations."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from console_api.poverty_alleviation.schemas import Code, Document
from poverty_alleviation.help.demonstrations import DemonstrationCard
from poverty_alleviation.help.models import DemonstrationKind


class DemonstrationInput(Input):
    """A merchant or a household to be named, by criteria and a paper."""

    kind: DemonstrationKind
    named: Code
    criteria: Annotated[str, msgspec.Meta(min_length=2, max_length=300, pattern=PLAIN)]
    document: Document
    valid_from: date
    valid_until: date | None = None


class DemonstrationProposed(View):
    """Its number alone: the answer is kept under its Idempotency-Key, outside the register."""

    number: str


class DemonstrationEndInput(Input):
    """The first day on which it is none any more."""

    valid_until: date


class DemonstrationsQuery(Input):
    """On which day they are counted; today in China when none is given."""

    day: date | None = None


class DemonstrationsView(View):
    """All of them, newest first, and how many of each kind there are on the day."""

    demonstrations: list[DemonstrationCard]
    counts: dict[str, int]
