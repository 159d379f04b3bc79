"""The wire of the office's view."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import DaySpan, Input, View
from console_api.poverty_alleviation.schemas import Cursor, Document, Limit, Number, Township
from poverty_alleviation.office.alarms import AlarmCard
from poverty_alleviation.office.models import AlarmState
from poverty_alleviation.office.rollups import Audience, Dimension
from poverty_alleviation.queries import Figure

Quarter = Annotated[str, msgspec.Meta(max_length=7)]
Crop = Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=r"^[a-z0-9_]+$(?!\n)")]
Fen = Annotated[int, msgspec.Meta(ge=1, le=10**12)]


class RollUpQuery(DaySpan, kw_only=True):
    """By what, and of which span; ``until`` is the first day not wanted."""

    by: Dimension
    township: Township | None = None


class GuardedRollUpQuery(Input):
    """By what, of which quarter (``2026-Q4``), of which township's villages, and for whom."""

    by: Dimension
    quarter: Quarter
    township: Township | None = None
    audience: Audience = Audience.COUNTY


class CellQuery(DaySpan, kw_only=True):
    """Which cell's figure is taken apart, in which span."""

    by: Dimension
    key: Annotated[str, msgspec.Meta(max_length=40)]
    figure: Figure
    cursor: Cursor | None = None
    limit: Limit = 100


class YearQuery(Input):
    """Which year."""

    year: Annotated[int, msgspec.Meta(ge=2000, le=2100)]


class DayQuery(Input):
    """On which day; today in China when none is given."""

    day: date | None = None


class ThresholdInput(Input):
    """A threshold from a day on."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[a-z_]+$(?!\n)")]
    value: Annotated[int, msgspec.Meta(ge=1, le=10**12)]
    valid_from: date
    source: Document


class LineInput(Input):
    """A line of a year in fen for a person; ``is_verified``: the document is at hand."""

    year: Annotated[int, msgspec.Meta(ge=2000, le=2100)]
    area: Annotated[str, msgspec.Meta(pattern=r"^(CN|[0-9]{2,12})$(?!\n)")]
    kind: Annotated[str, msgspec.Meta(pattern=r"^(national|exit|monitoring)$(?!\n)")]
    fen: Fen
    source: Document
    is_verified: bool = False


class CostRateInput(Input):
    """What part of the income from a kind of crop is its cost, from a day on."""

    crop: Crop
    basis_points: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    valid_from: date
    source: Document


class ProductCropInput(Input):
    """Which kind of crop a product counts as."""

    product: Number
    crop: Crop


class MarketPriceInput(Input):
    """What a product's raw goods cost on the market from a day on, in fen per kilogram."""

    product: Number
    fen_per_kg: Fen
    valid_from: date
    source: Document


class AlarmsQuery(Input):
    """Which alarms."""

    state: AlarmState | None = None
    rule: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class AlarmsView(View):
    """A page of the work list, newest first."""

    alarms: list[AlarmCard]
    next_cursor: str | None


class AlarmStepInput(Input):
    """One step: what it comes to and why; ``assignee`` when somebody else is to look after it (``staff:<number>``)."""

    state: Literal["assigned", "explained", "confirmed", "closed"]
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    assignee: Annotated[str, msgspec.Meta(pattern=r"^staff:[0-9A-Z]{1,40}$(?!\n)")] | None = None


class AlarmLookView(View):
    """How many alarms are new."""

    raised: int
