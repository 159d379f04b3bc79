"""The wire of plots, crops and norms of yield."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from console_api.traceability.schemas import Cursor, Limit, Number
from traceability.plots.queries import CropCard, PlotCard, YieldAboveNorm
from traceability.plots.service import MAX_AREA_MU_MILLI, MAX_NORM_GRAM, MAX_TREES

CropCode = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,24}$(?!\n)")]
NormGram = Annotated[int, msgspec.Meta(ge=1, le=MAX_NORM_GRAM)]


class CropInput(Input):
    """A crop's name."""

    code: CropCode
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]


class YieldNormInput(Input):
    """The most of a crop that is plausible in a year, gram by mu, and by tree where trees are counted."""

    crop: CropCode
    max_gram_per_mu: NormGram
    effective_from: date
    source_document: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PLAIN)]
    max_gram_per_tree: NormGram | None = None


class PlotInput(Input):
    """A supplier's land under one crop; ``village`` is a division code, ``area_mu_milli`` thousandths of a mu."""

    supplier: Number
    village: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}$(?!\n)")]
    crop: CropCode
    area_mu_milli: Annotated[int, msgspec.Meta(ge=1, le=MAX_AREA_MU_MILLI)]
    valid_from: date
    trees: Annotated[int, msgspec.Meta(ge=1, le=MAX_TREES)] | None = None


class PlotEndInput(Input):
    """The last day, in China, on which a plot is its supplier's."""

    valid_until: date


class PlotsQuery(Input):
    """Which plots."""

    supplier: Number | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class YearQuery(Input):
    """Of which year's harvest."""

    year: Annotated[int, msgspec.Meta(ge=2000, le=2100)]


class PlotEnteredView(View):
    """The number of a plot that was entered."""

    plot: str


class PlotsView(View):
    """A page of plots, oldest first."""

    plots: list[PlotCard]
    next_cursor: str | None


class CropsView(View):
    """All crops with the norms of today."""

    crops: list[CropCard]


class YieldsAboveNormView(View):
    """Plots of which more was delivered than is plausible, the worst first."""

    yields: list[YieldAboveNorm]
