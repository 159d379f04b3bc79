"""The wire of group offers."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from console_api.offers.schemas import OfferInput
from kit.paging import MAX_PAGE
from orders.groups.queries import GroupView
from products.group_offers import LONGEST_S, MAX_BUYERS, MAX_SITES, SHORTEST_S, GroupOffer

Site = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,24}$(?!\n)")]


class GroupOfferInput(OfferInput, kw_only=True):
    """What a group offer promises; nothing of it can be changed. A group is formed when both minimums are paid for.

    ``sites`` are pick-up places, each with a group of its own; without any the goods are sent.
    """

    min_buyers: Annotated[int, msgspec.Meta(ge=1, le=MAX_BUYERS)] = 1
    min_pieces: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    form_within_s: Annotated[int, msgspec.Meta(ge=SHORTEST_S, le=LONGEST_S)]
    sites: Annotated[tuple[Site, ...], msgspec.Meta(max_length=MAX_SITES)] = ()


class EndInput(Input):
    """Why a group offer ends before its time; buyers read it."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class PageQuery(Input):
    """A page of a list."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class GroupOffersView(View):
    """Group offers, newest first; ``next_cursor`` is null at the end."""

    offers: list[GroupOffer]
    next_cursor: str | None


class GroupOfferView(View):
    """One group offer and its groups, newest first; ``next_cursor`` is null at the end."""

    offer: GroupOffer
    groups: list[GroupView]
    next_cursor: str | None
