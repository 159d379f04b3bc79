"""The wire of suppliers, intakes and lots."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec

from api_kit.schemas import PLAIN, Input, View
from traceability.models import IntakeMode, LotUnit, SupplierKind
from traceability.queries import IntakeCard, LotCard, LotPart, SupplierCard

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PLAIN)]
Number = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9-]+$(?!\n)")]
Township = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{9}$(?!\n)")]
Gram = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
Fen = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
BatchNo = Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Cursor = Annotated[str, msgspec.Meta(max_length=200)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=100)]


class SupplierInput(Input):
    """Somebody who delivers. A keeper enters those of the own township alone."""

    name: Text
    kind: SupplierKind
    township: Township


class SupplierEnteredView(View):
    """The number of a supplier that was entered."""

    supplier: str


class IntakeInput(Input):
    """One delivery. ``client_id`` is the device's own id of it; the same id again gives the same intake.

    ``unit_price_fen`` is per kilogram. ``evidence`` names the voucher of goods paid at the scale. ``mass_gram`` is net:
    ``gross_gram`` less ``tare_gram`` where both are told. ``harvested_on`` is a day in China; goods of a ``plot`` have
    one. ``site`` is the station's code, empty in the field.
    """

    client_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$(?!\n)")]
    supplier: Number
    merchant: Number
    product: Number
    mass_gram: Gram
    grade: Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=PLAIN)]
    unit_price_fen: Fen
    mode: IntakeMode
    weighed_at: Moment
    evidence: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")] = ""
    site: Annotated[str, msgspec.Meta(max_length=24, pattern=r"^[A-Za-z0-9-]*$(?!\n)")] = ""
    plot: Number | None = None
    harvested_on: date | None = None
    gross_gram: Gram | None = None
    tare_gram: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] | None = None


class OfflineIntake(Input):
    """One row of a batch, as :class:`IntakeInput`. What is wrong with it is said for this row and holds up no other."""

    client_id: Annotated[str, msgspec.Meta(max_length=200)]
    supplier: str
    merchant: str
    product: str
    mass_gram: int
    grade: str
    unit_price_fen: int
    mode: str
    weighed_at: str
    evidence: str = ""
    site: str = ""
    plot: str | None = None
    harvested_on: str | None = None
    gross_gram: int | None = None
    tare_gram: int | None = None


class IntakeBatchInput(Input):
    """Deliveries that a device has written down while it was offline."""

    rows: Annotated[list[OfflineIntake], msgspec.Meta(min_length=1, max_length=200)]


class IntakeRowView(View):
    """What became of a row: the intake, or the code of the refusal with its title and its facts."""

    client_id: str
    intake: IntakeCard | None = None
    code: str | None = None
    title: str | None = None
    facts: dict[str, Any] = {}


class IntakeBatchView(View):
    """An answer for every row, in their order."""

    rows: list[IntakeRowView]


class LotInput(Input):
    """A lot of some intakes; ``input_gram`` is what it weighs in all.

    A lot of packed goods of one size has ``unit`` piece and the mass of one piece. Days are days in China; the batch
    numbers are the producer's own.
    """

    product: Number
    input_gram: Gram
    intakes: Annotated[list[Number], msgspec.Meta(min_length=1, max_length=500)]
    kind: Literal["intake", "packed"] = "intake"
    unit: LotUnit = LotUnit.GRAM
    piece_gram: Gram | None = None
    harvest_from: date | None = None
    harvest_until: date | None = None
    best_before: date | None = None
    in_batch_no: BatchNo = ""
    out_batch_no: BatchNo = ""


class ContributionsInput(Input):
    """More intakes for an open lot."""

    intakes: Annotated[list[Number], msgspec.Meta(min_length=1, max_length=500)]


class PageQuery(Input):
    """Which page of a list."""

    cursor: Cursor | None = None
    limit: Limit = 20


class LotsQuery(Input):
    """Which lots."""

    product: Number | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class SuppliersView(View):
    """A page of suppliers."""

    suppliers: list[SupplierCard]
    next_cursor: str | None


class IntakesView(View):
    """A page of intakes, newest first."""

    intakes: list[IntakeCard]
    next_cursor: str | None


class LotsView(View):
    """A page of lots, newest first."""

    lots: list[LotCard]
    next_cursor: str | None


class LotView(View):
    """One lot and who gave what to it."""

    lot: LotCard
    contributions: list[LotPart]
