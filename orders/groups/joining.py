"""A seat in a group: taken when the order is placed, counted when it is paid."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from kit.database import Row, row, scalar
from kit.numbers import public_number
from orders.errors import GroupAlone, GroupClosed, GroupPlaceDiffers, GroupUnknown
from orders.groups.models import GroupState
from orders.quotes import CheckoutLine
from products.group_offers import MAX_BUYERS, GroupOffer, running_offer

MAX_ORDERS = 2 * MAX_BUYERS
"""Orders of one group that are not closed."""

SEAT_HELD_FOR = timedelta(minutes=3)
"""Who joins at the last minute has this long to pay, and no longer: all others wait for the end of the group."""


class Seat(msgspec.Struct, frozen=True):
    """A place in a group, for an order that is to be paid by ``paid_by`` at the latest; ``group`` is a row."""

    group: int
    paid_by: datetime


class GroupWish(msgspec.Struct, frozen=True):
    """Under which group offer one buys; ``group`` names the group to join, without it one is opened.

    A pick-up place has one group at a time, so opening there is joining it.
    """

    offer: str
    group: str | None = None


async def offer_wished(wish: GroupWish | None, lines: Sequence[CheckoutLine], now: datetime) -> GroupOffer | None:
    """The offer of a wish, while it runs. Raises GroupAlone unless its SKU is all that is bought, OfferOver."""
    if wish is None:
        return None
    offer = await running_offer(wish.offer, now)
    if [line.sku for line in lines] != [offer.sku]:
        raise GroupAlone(sku=offer.sku)
    return offer


async def take_seat(wish: GroupWish, offer: GroupOffer, site: str | None, now: datetime) -> Seat:
    """A seat in the group that is joined or opened, which is held open until the caller's transaction ends.

    ``site`` is where the buyer fetches, '' for a parcel. Raises GroupPlaceDiffers, GroupUnknown and GroupClosed.
    """
    if site not in (offer.sites or [""]):
        raise GroupPlaceDiffers(sites=offer.sites)
    if wish.group is not None:
        held = await row(
            "SELECT * FROM buying_group WHERE number = $1 AND offer = $2 FOR KEY SHARE", wish.group, offer.offer
        )
        if held is None:
            raise GroupUnknown()
        if held["site"] != site:
            raise GroupPlaceDiffers(sites=[held["site"]] if held["site"] else [])
    else:
        held = (site and await _gathering(offer, site, now)) or await _opened(offer, site, now)
    if held["state"] not in (GroupState.OPEN, GroupState.FORMED) or held["closes_at"] <= now:
        raise GroupClosed()
    taken = await scalar("SELECT count(*) FROM customer_order WHERE group_id = $1 AND state <> 'closed'", held["id"])
    if taken >= MAX_ORDERS:
        raise GroupClosed()
    return Seat(int(held["id"]), max(held["closes_at"], now + SEAT_HELD_FOR))


async def _gathering(offer: GroupOffer, site: str, now: datetime) -> Row | None:
    return await row(
        "SELECT * FROM buying_group WHERE offer = $1 AND site = $2 AND state IN ('open', 'formed') AND closes_at > $3"
        " ORDER BY id DESC LIMIT 1 FOR KEY SHARE",
        offer.offer,
        site,
        now,
    )


async def _opened(offer: GroupOffer, site: str, now: datetime) -> Row:
    """A new group, or the one that somebody has opened at the same place at the same time. Raises GroupClosed."""
    closes_at = min(now + timedelta(seconds=offer.form_within_s), offer.ends_at)
    held = await row(
        "INSERT INTO buying_group (number, offer, merchant, site, state, min_buyers, min_pieces, opened_at, closes_at)"
        " VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING *",
        public_number(now, "G"),
        offer.offer,
        offer.merchant,
        site,
        offer.min_buyers,
        offer.min_pieces,
        now,
        closes_at,
    ) or await _gathering(offer, site, now)
    if held is None:
        raise GroupClosed()  # the last group of this place is being judged
    return held
