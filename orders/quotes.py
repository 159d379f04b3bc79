"""Quotes: the one computation of what a checkout costs, for showing it and for charging it.

Prices are the server's; the client's amount is only compared (commerce reference R5). Every share is settled to the
fen here and stored on its line, so refunds only ever subtract what is stored (commerce reference 3).
"""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from orders.errors import AmountTooLarge, CartEmpty, QuoteChanged, SkuRepeated
from products.queries import SkuOffer
from products.stock import check_quantity

MAX_AMOUNT_FEN = 100_000_000
"""One payment of WeChat Pay stays below a million yuan; a larger order is a matter for a contract."""


class CheckoutLine(msgspec.Struct, frozen=True):
    """What is wanted: a SKU, how many pieces (1 to 10,000), and the verified ``source`` in which it was seen."""

    sku: str
    quantity: int
    source: str | None = None


class QuotedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line, in fen: ``net_fen`` = ``gross_fen`` - ``discount_fen`` is the goods, freight comes on top."""

    sku: str
    product: str
    title: str
    spec: str
    image: str
    quantity: int
    unit_price_fen: int
    gross_fen: int
    discounts: dict[str, int]
    discount_fen: int
    net_fen: int
    freight_fen: int


class QuotedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What one merchant's part of the checkout costs, in fen."""

    merchant: str
    merchant_name: str
    goods_fen: int
    discount_fen: int
    freight_fen: int
    amount_fen: int
    lines: tuple[QuotedLine, ...]


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What the checkout costs, in fen. Two quotes with one ``digest`` cost the same, line by line."""

    digest: str
    goods_fen: int
    discount_fen: int
    freight_fen: int
    amount_fen: int
    orders: tuple[QuotedOrder, ...]


class Expectation(msgspec.Struct, frozen=True):
    """What the client has shown to its person: an amount, or the digest of a whole quote."""

    amount_fen: int | None = None
    digest: str | None = None

    def check(self, quote: Quote) -> None:
        """Raises :class:`QuoteChanged` with the new quote when anything that was expected is different."""
        if self.amount_fen not in (None, quote.amount_fen) or self.digest not in (None, quote.digest):
            raise QuoteChanged(quote=msgspec.to_builtins(quote))


def check_lines(lines: Sequence[CheckoutLine]) -> None:
    """Raises CartEmpty, SkuRepeated, QuantityInvalid."""
    if not lines:
        raise CartEmpty()
    if len({line.sku for line in lines}) != len(lines):
        raise SkuRepeated()
    for line in lines:
        check_quantity(line.quantity)


def quote_of(
    lines: Sequence[CheckoutLine],
    offers: Mapping[str, SkuOffer],
    discounts: Mapping[str, Mapping[str, int]],
    freight: Mapping[str, int],
) -> Quote:
    """Price the lines. Pure. ``discounts`` are fen by coupon and ``freight`` is fen, both by SKU code.

    Merchants and lines stay in the order of the request. Raises AmountTooLarge.
    """
    by_merchant: dict[str, list[QuotedLine]] = {}
    for line in lines:
        offer = offers[line.sku]
        quoted = _line(line, offer, discounts.get(line.sku, {}), freight.get(line.sku, 0))
        by_merchant.setdefault(offer.merchant, []).append(quoted)
    orders = tuple(_order(offers[found[0].sku], found) for found in by_merchant.values())
    amount_fen = sum(order.amount_fen for order in orders)
    if amount_fen > MAX_AMOUNT_FEN:
        raise AmountTooLarge(limit_fen=MAX_AMOUNT_FEN)
    return Quote(
        digest=_digest(orders),
        goods_fen=sum(order.goods_fen for order in orders),
        discount_fen=sum(order.discount_fen for order in orders),
        freight_fen=sum(order.freight_fen for order in orders),
        amount_fen=amount_fen,
        orders=orders,
    )


def _line(line: CheckoutLine, offer: SkuOffer, discounts: Mapping[str, int], freight_fen: int) -> QuotedLine:
    gross_fen, discount_fen = offer.unit_price_fen * line.quantity, sum(discounts.values())
    return QuotedLine(
        sku=offer.sku,
        product=offer.product,
        title=offer.title,
        spec=offer.spec,
        image=offer.image,
        quantity=line.quantity,
        unit_price_fen=offer.unit_price_fen,
        gross_fen=gross_fen,
        discounts=dict(discounts),
        discount_fen=discount_fen,
        net_fen=gross_fen - discount_fen,
        freight_fen=freight_fen,
    )


def _order(offer: SkuOffer, lines: Sequence[QuotedLine]) -> QuotedOrder:
    goods, discount = sum(line.gross_fen for line in lines), sum(line.discount_fen for line in lines)
    freight = sum(line.freight_fen for line in lines)
    return QuotedOrder(
        merchant=offer.merchant,
        merchant_name=offer.merchant_name,
        goods_fen=goods,
        discount_fen=discount,
        freight_fen=freight,
        amount_fen=goods - discount + freight,
        lines=tuple(lines),
    )


def _digest(orders: Sequence[QuotedOrder]) -> str:
    """128 bits of a hash over everything that money depends on, whatever the order of the lines."""
    terms = sorted(
        (line.sku, line.quantity, line.unit_price_fen, line.freight_fen, sorted(line.discounts.items()))
        for order in orders
        for line in order.lines
    )
    return hashlib.sha256(msgspec.json.encode(terms)).hexdigest()[:32]
