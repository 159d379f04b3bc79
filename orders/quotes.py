"""Quotes: the one computation of what a checkout costs, for showing it and for charging it.

Prices are the server's; the client's amount is only compared (commerce reference R5). Every share is settled to the
fen here and stored on its line, so refunds only ever subtract what is stored (commerce reference 3).
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from logistics.freight import FreightItem, FreightQuote, FreightTerms, freight_of
from orders.errors import AmountTooLarge, CartEmpty, QuoteChanged, SkuRepeated
from products.calendars import Booking
from products.drafts import ReturnPolicy
from products.queries import SkuOffer
from products.stock import check_quantity
from promotions.coupons import CouponTerms, PricedLine, discounts_of
from promotions.errors import CouponNotUsable

MAX_AMOUNT_FEN = 100_000_000
"""One payment of WeChat Pay stays below a million yuan; a larger order is a matter for a contract."""


HOSTED = "live:"
"""How the sources begin at which a host sells; at others nobody earns a host's commission."""


class CheckoutLine(msgspec.Struct, frozen=True):
    """What is wanted: a SKU, how many pieces (1 to 10,000), and the verified ``source`` in which it was seen.

    ``seller`` is the merchant whose goods that source shows, None anybody's: for another's goods it counts for nothing.
    ``source_offset_ms`` is the place in what that source shows, opaque here: in a live room, ms of its pictures.

    ``confirmed`` is the buyer's tick that these goods are not simply returned; without it the law's seven days hold
    (domain reference 5). A stay is booked from ``check_in`` to ``check_out``, a visit for ``check_in`` alone.
    """

    sku: str
    quantity: int
    source: str | None = None
    confirmed: bool = False
    check_in: date | None = None
    check_out: date | None = None
    seller: str | None = None
    source_offset_ms: int | None = None


class QuotedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line, in fen: ``net_fen`` = ``gross_fen`` - ``discount_fen`` is the goods, freight comes on top.

    ``discounts`` are the shares by coupon, ``freight_terms`` the version that freight was charged by; a pre-sale is
    sent from the day ``ships_from`` on. ``booking`` has the days of a booked service, and how it is given up.
    """

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
    freight_terms: str
    return_policy: str
    needs_confirmation: bool
    confirmed: bool
    ships_from: date | None
    booking: Booking | None


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
    coupons: Sequence[CouponTerms],
    freight: Mapping[str, FreightTerms],
    region: str | None,
    booking: Booking | None = None,
) -> Quote:
    """Price the lines. Pure. Merchants and lines stay in the order of the request; without a ``region`` nothing is
    sent, so there is no freight. A ``booking`` is that of the one line of its trade.

    Coupons come off first (the stack rule is ``promotions``'); each merchant's goods travel together, and what counts
    towards free sending is what the goods cost after coupons (decision 0020). Raises AmountTooLarge, CouponNotUsable
    for a coupon that takes nothing off, CouponsNotStackable, RegionInvalid and RegionNotServed.
    """
    priced = [
        PricedLine(line.sku, offers[line.sku].merchant, offers[line.sku].product, _gross(line, offers))
        for line in lines
    ]
    discounts = discounts_of(coupons, priced)
    for terms in coupons:
        if not any(off.get(terms.coupon) for off in discounts.values()):
            raise CouponNotUsable(coupon=terms.coupon, reason="nothing_off")
    by_merchant: dict[str, list[CheckoutLine]] = {}
    for line in lines:
        by_merchant.setdefault(offers[line.sku].merchant, []).append(line)
    orders = tuple(_order(found, offers, discounts, freight, region, booking) for found in by_merchant.values())
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


def _gross(line: CheckoutLine, offers: Mapping[str, SkuOffer]) -> int:
    return offers[line.sku].unit_price_fen * line.quantity


def _order(
    lines: Sequence[CheckoutLine],
    offers: Mapping[str, SkuOffer],
    discounts: Mapping[str, Mapping[str, int]],
    terms: Mapping[str, FreightTerms],
    region: str | None,
    booking: Booking | None,
) -> QuotedOrder:
    shares = {line.sku: dict(discounts[line.sku]) for line in lines}
    items = [_item(line, offers, shares[line.sku]) for line in lines]
    freight = FreightQuote(0, dict.fromkeys(shares, 0), {}) if region is None else freight_of(items, terms, region)
    goods = sum(_gross(line, offers) for line in lines)
    if freight.fen == 0 and goods == sum(sum(share.values()) for share in shares.values()):
        _leave_one_fen(shares)
    quoted = tuple(_line(line, offers[line.sku], shares[line.sku], freight, booking) for line in lines)
    discount = sum(line.discount_fen for line in quoted)
    offer = offers[lines[0].sku]
    return QuotedOrder(
        merchant=offer.merchant,
        merchant_name=offer.merchant_name,
        goods_fen=goods,
        discount_fen=discount,
        freight_fen=freight.fen,
        amount_fen=goods - discount + freight.fen,
        lines=quoted,
    )


def _item(line: CheckoutLine, offers: Mapping[str, SkuOffer], discounts: Mapping[str, int]) -> FreightItem:
    return FreightItem(
        reference=line.sku,
        template=offers[line.sku].freight_template,
        quantity=line.quantity,
        mass_gram=offers[line.sku].mass_gram,
        goods_fen=_gross(line, offers) - sum(discounts.values()),
    )


def _leave_one_fen(shares: Mapping[str, dict[str, int]]) -> None:
    """WeChat Pay takes no payment of nothing: an order costs one fen at least, and a coupon takes that much less."""
    sku, coupon = max((sku, coupon) for sku, share in shares.items() for coupon, fen in share.items() if fen)
    shares[sku][coupon] -= 1


def _line(
    line: CheckoutLine,
    offer: SkuOffer,
    discounts: Mapping[str, int],
    freight: FreightQuote,
    booking: Booking | None,
) -> QuotedLine:
    gross_fen, discount_fen = offer.unit_price_fen * line.quantity, sum(discounts.values())
    holds = line.confirmed or not offer.needs_confirmation
    return QuotedLine(
        sku=offer.sku,
        product=offer.product,
        title=offer.title,
        spec=offer.spec,
        image=offer.image,
        quantity=line.quantity,
        unit_price_fen=offer.unit_price_fen,
        gross_fen=gross_fen,
        discounts={coupon: fen for coupon, fen in discounts.items() if fen},
        discount_fen=discount_fen,
        net_fen=gross_fen - discount_fen,
        freight_fen=freight.shares[line.sku],
        freight_terms=freight.terms.get(line.sku, ""),
        return_policy=offer.return_policy if holds else ReturnPolicy.SEVEN_DAYS,
        needs_confirmation=offer.needs_confirmation,
        confirmed=line.confirmed and offer.needs_confirmation,
        ships_from=offer.ships_from,
        booking=booking,
    )


def _digest(orders: Sequence[QuotedOrder]) -> str:
    """128 bits of a hash over what money, the day of shipment and giving up depend on, in any order of the lines."""
    terms = sorted(
        (
            line.sku,
            line.quantity,
            line.unit_price_fen,
            line.freight_fen,
            sorted(line.discounts.items()),
            str(line.ships_from),
            line.booking,
        )
        for order in orders
        for line in order.lines
    )
    return hashlib.sha256(msgspec.json.encode(terms)).hexdigest()[:32]
