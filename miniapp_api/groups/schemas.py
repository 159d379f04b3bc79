"""The wire of buying together."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from kit.paging import MAX_PAGE
from orders.groups.queries import GroupView
from products.group_offers import GroupOffer


class GroupOffersQuery(Input):
    """A page of the offers of one pick-up place, of one product, or of all."""

    site: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,24}$(?!\n)")] | None = None
    product: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class GroupOffersView(View):
    """Group offers that run now, the one that ends first leading; ``next_cursor`` is null at the end."""

    offers: list[GroupOffer]
    next_cursor: str | None


class GroupsQuery(Input):
    """A page of an offer's groups."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class GroupOfferView(View):
    """One group offer and the groups that one can join, the fullest leading; ``next_cursor`` is null at the end."""

    offer: GroupOffer
    groups: list[GroupView]
    next_cursor: str | None
