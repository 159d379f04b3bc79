"""The wire of recipes and runs."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from console_api.traceability.schemas import BatchNo, Gram, Number
from traceability.models import LotUnit
from traceability.processing.queries import RecipeCard, RunCard


class RecipeInput(Input):
    """How a product is made: of which products, and how much of their mass comes out at most, in basis points."""

    product: Number
    inputs: Annotated[list[Number], msgspec.Meta(min_length=1, max_length=50)]
    max_yield_bp: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    document: Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PLAIN)]


class RunInput(Input):
    """A finished run: gram taken by lot, gram that came out, and what is written on the new lot."""

    recipe: Number
    inputs: Annotated[dict[Number, Gram], msgspec.Meta(min_length=1, max_length=50)]
    output_gram: Gram
    finished_at: Annotated[datetime, msgspec.Meta(tz=True)]
    unit: LotUnit = LotUnit.GRAM
    piece_gram: Gram | None = None
    best_before: date | None = None
    in_batch_no: BatchNo = ""
    out_batch_no: BatchNo = ""


class ProcessingQuery(Input):
    """Which page of a list."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class RecipeWrittenView(View):
    """The number of a recipe that was written down."""

    recipe: str


class RecipesView(View):
    """A page of recipes, newest first."""

    recipes: list[RecipeCard]
    next_cursor: str | None


class RunsView(View):
    """A page of runs, newest first."""

    runs: list[RunCard]
    next_cursor: str | None
