"""The wire of an order's parcels."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from logistics.queries import Shipment


class ShipmentsView(View):
    """The parcels of an order in the order in which they were handed over."""

    shipments: list[Shipment]


class OrderAddress(Input):
    """The number of an address in the consumer's book."""

    address: Annotated[str, msgspec.Meta(min_length=1, max_length=24)]
