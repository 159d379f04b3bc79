"""The wire of poor villages and of how many villages the sites reach."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from places.villages import Coverage


class PoorVillageInput(Input):
    """From which day on, and by which paper."""

    valid_from: date
    document: Annotated[str, msgspec.Meta(min_length=2, max_length=120, pattern=PLAIN)]


class PoorVillageEndInput(Input):
    """The first day on which it is none any more."""

    valid_until: date


class CoverageQuery(Input):
    """On which day villages count as poor; today in China when none is given."""

    day: date | None = None


class CoverageView(View):
    """By township, and at the end with an empty code the whole county."""

    coverage: list[Coverage]
