"""The wire of parcels at stations."""

from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from orders.pickups import ParcelWaiting


class PickupsQuery(Input):
    """Which parcels: those to be fetched, or those that go back to their merchants."""

    state: Literal["ready", "lapsed"] = "ready"


class PickupsView(View):
    """The parcels at the keeper's stations, those due first; the first hundred."""

    parcels: list[ParcelWaiting]


class RedemptionInput(Input):
    """The parcel in hand, and the eight digits that its buyer shows."""

    order: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,32}$(?!\n)")]
    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8}$(?!\n)")]
