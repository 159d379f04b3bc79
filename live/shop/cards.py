"""Products as a room shows them, read from the catalogue at this moment."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import msgspec

from kit.clock import utc_now
from orders.quotes import HOSTED
from products.price_evidence import price_evidence_at
from products.queries import SkuOffer, sku_offers


class RunningOffer(msgspec.Struct, frozen=True):
    """Until when the card's price holds, by the server's time, and how many one buyer may have."""

    ends_at: datetime
    limit_per_buyer: int | None
    of_the_room: bool


class Card(msgspec.Struct, frozen=True):
    """One SKU on the shelf. The sale itself is priced by checkout, never by what a card says.

    While its ``offer`` runs, price and stock are the offer's, and ``list_price_fen`` the SKU's own; then they return.
    It is None beside a lower price, the room's or the mall's, before which the SKU's own had not stood for a week:
    nothing may be compared then.
    """

    code: str
    product: str
    merchant: str
    title: str
    spec: str
    image: str
    price_fen: int
    list_price_fen: int | None
    stock: int
    offer: RunningOffer | None
    marks: tuple[str, ...]


def _card(offer: SkuOffer, is_proved: bool) -> Card:
    running = None
    if offer.offer_ends_at is not None:
        running = RunningOffer(offer.offer_ends_at, offer.limit_per_buyer, offer.offer_source is not None)
    return Card(
        offer.sku,
        offer.product,
        offer.merchant,
        offer.title,
        offer.spec,
        offer.image,
        offer.unit_price_fen,
        offer.list_price_fen if is_proved else None,
        offer.available,
        running,
        offer.marks,
    )


async def cards_of(
    codes: Sequence[str], number: str, now: datetime | None = None, unproved: Collection[str] = ()
) -> dict[str, Card]:
    """The cards of those SKU codes that are on sale in a room now; the others are absent. One query, none for no
    codes, two while a flash price of the mall runs.

    Beside the room's price of what is ``unproved`` stands no list price.
    """
    if not codes:
        return {}
    here = dict.fromkeys(codes, HOSTED + number)
    offers = await sku_offers(codes, now or utc_now(), None, here)
    hidden = {*unproved, *await _unproved_in_the_mall(offers.values())}
    return {
        code: _card(offer, offer.offer is None or code not in hidden) for code, offer in offers.items() if offer.listed
    }


async def _unproved_in_the_mall(offers: Iterable[SkuOffer]) -> list[str]:
    """What the mall itself sells below a list price that had not stood when that began."""
    began = {o.sku: o.offer_starts_at for o in offers if o.offer_starts_at is not None and o.offer_source is None}
    if not began:
        return []
    return [code for code, price in (await price_evidence_at(began)).items() if not price.has_stood]
