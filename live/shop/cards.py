"""Products as a room shows them, read from the catalogue at this moment."""

from collections.abc import Sequence

import msgspec

from products.queries import SkuOffer, sku_offers


class Card(msgspec.Struct, frozen=True):
    """One SKU on the shelf. The sale itself is priced by checkout, never by what a card says."""

    code: str
    product: str
    merchant: str
    title: str
    spec: str
    image: str
    price_fen: int
    stock: int
    marks: tuple[str, ...]


def _card(offer: SkuOffer) -> Card:
    return Card(
        offer.sku,
        offer.product,
        offer.merchant,
        offer.title,
        offer.spec,
        offer.image,
        offer.unit_price_fen,
        offer.available,
        offer.marks,
    )


async def cards_of(codes: Sequence[str]) -> dict[str, Card]:
    """The cards of those SKU codes that are on sale now; the others are absent. One query, none for no
    codes.
    """
    if not codes:
        return {}
    return {code: _card(offer) for code, offer in (await sku_offers(codes)).items() if offer.listed}
