"""The wire of buying together."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from orders.groups.queries import GroupView
from products.group_offers import GroupOffer


class GroupOffersQuery(Input):
    """The offers of one pick-up place, of one product, or all of them."""

    site: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,24}$(?!\n)")] | None = None
    product: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None


class GroupOffersView(View):
    """Group offers that run now, the one that ends first leading."""

    offers: list[GroupOffer]


class GroupOfferView(View):
    """One group offer and the groups that one can join."""

    offer: GroupOffer
    groups: list[GroupView]
