"""The wire of prices in a room."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View


class RoomPriceInput(Input, kw_only=True):
    """A price below the SKU's own, in this room alone, from now on for ``seconds``; ``pieces`` are set aside."""

    price_fen: Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
    pieces: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    seconds: Annotated[int, msgspec.Meta(ge=10, le=43_200)]
    limit_per_buyer: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None


class MorePieces(Input):
    """Further pieces, and why they come."""

    pieces: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=30, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]


class RoomPriceView(View):
    """The number of the offer that sells it, and the list price when that is shown beside it.

    None when something was asked or sold below it within the week before: then no other price is shown.
    """

    offer: str
    compared_fen: int | None


class NewStockView(View):
    """What can be had at the SKU's own price now."""

    available: int
