"""The wire of sending orders."""

from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from api_kit.spreadsheets import Column, matching
from orders.gifts import GiftSlip
from orders.shipments import Pick

_LINE = r"^[^\x00-\x1f\x7f]*$(?!\n)"

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Pieces = Annotated[int, msgspec.Meta(ge=1, le=999)]
CarrierCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{2,16}$(?!\n)")]
WaybillNumber = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{6,40}$(?!\n)")]
PicksOfOrder = Annotated[dict[Line, Pieces], msgspec.Meta(min_length=1, max_length=50)]


class ParcelInput(Input, kw_only=True):
    """A parcel: pieces by line, by order. Several orders must be of one buyer and go to one address."""

    orders: Annotated[dict[Line, PicksOfOrder], msgspec.Meta(min_length=1, max_length=20)]
    carrier: CarrierCode
    waybill: WaybillNumber | None = None


class ParcelNumberView(View):
    """The number of a new parcel."""

    number: str


class WaybillInput(Input):
    """The carrier's code and the waybill number."""

    carrier: CarrierCode
    waybill: WaybillNumber


class LabelView(View):
    """An electronic waybill: its number, and the address of its picture."""

    waybill: str
    url: str


class ParcelsQuery(Input):
    """Which parcels to list."""

    state: (
        Literal["created", "handed_over", "in_transit", "delivered", "signed", "returned", "lost", "cancelled"] | None
    ) = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class PickListQuery(Input):
    """Which paid orders to pick for: up to 100 numbers separated by commas, or all."""

    orders: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{1,32}(,[0-9A-Z]{1,32}){0,99}$(?!\n)")] | None = None


class PickListView(View):
    """What to take from the shelf, by SKU, and what is printed for orders that are gifts, by order."""

    picks: list[Pick]
    gifts: dict[str, GiftSlip]


class ShortageInput(Input):
    """Pieces that are not there, and what the buyer reads."""

    quantity: Pieces
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=_LINE)]


class ShortageView(View):
    """The after-sales case that refunds the pieces."""

    case: str


class ImportedView(View):
    """How many orders the file names; all of them are sent now."""

    orders: int


WAYBILL_COLUMNS = (
    Column("order", "订单号", matching("[0-9A-Z]{1,32}")),
    Column("carrier", "承运商", matching("[A-Z0-9]{2,16}")),
    Column("waybill", "运单号", matching("[A-Za-z0-9-]{6,40}")),
)
