"""Placing a trade: stock is held, prices are copied, a payment is opened, all in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from content.texts import Texts
from kit.clock import Clock, china_day, utc_now
from kit.database import joined
from kit.encryption import FieldCipher
from kit.numbers import public_number
from kit.outbox import announce
from logistics.addresses import AddressBook
from logistics.freight import freight_terms
from orders.bookings import with_booking
from orders.errors import GroupSoldOut, GuestNeeded, NotOnSale, RoomSoldOut
from orders.events import OrderPlaced
from orders.gifts import Gift, keep_gifts
from orders.groups.joining import GroupWish, offer_wished, take_seat
from orders.placements import CouponShare, Delivery, PlacedLine, PlacedOrder, PlacedTrade, insert_trade, paid_by
from orders.quotes import HOSTED, CheckoutLine, Expectation, Quote, QuotedLine, QuotedOrder, check_lines, quote_of
from payments.bundles import PaymentPart
from payments.service import Payments
from places.queries import pickup_point
from products.calendars import Booking, Calendars
from products.errors import SoldOut
from products.group_offers import GroupOffer
from products.queries import SkuOffer, sku_offers
from products.stock import Stock
from products.terms import merged_terms
from promotions.coupons import Coupons, CouponTerms, DiscountedLine, coupon_terms
from referrals.service import code_in
from referrals.shares import ReferralShares, ReferredLine, shares_of


@dataclass(frozen=True)
class Checkout:
    """Turns what is wanted into a trade with an order for each merchant."""

    stock: Stock
    payments: Payments
    coupons: Coupons
    addresses: AddressBook
    cipher: FieldCipher
    clock: Clock = utc_now

    async def delivery(self, consumer: str, number: str) -> Delivery:
        """An address of the consumer's book as a delivery. Raises AddressUnknown."""
        kept = await self.addresses.resolve(consumer, number)
        return Delivery(kept.recipient, kept.phone, kept.region, f"{kept.region_name} {kept.street}".strip())

    async def fetching(self, site: str, recipient: str, phone: str) -> Delivery:
        """The buyer fetches the goods at a station. Raises SiteNotOpen."""
        point = await pickup_point(site)
        return Delivery(recipient, phone, point.township[:6], f"自提：{point.township_name} {point.name}", point)

    async def quote(
        self,
        consumer: str,
        lines: Sequence[CheckoutLine],
        coupons: Sequence[str],
        region: str | None,
        wish: GroupWish | None = None,
    ) -> Quote:
        """What the lines cost now, sent to ``region`` or, without one, fetched; with a ``wish`` bought in a group.

        Raises as :meth:`place` does, but for stock, which it does not look at.
        """
        check_lines(lines)
        group = await offer_wished(wish, lines, self.clock())
        offers, booking = await with_booking(lines, await self._offers(lines, group), china_day(self.clock()))
        return await self._quote(lines, offers, await coupon_terms(consumer, coupons, self.clock()), region, booking)

    async def place(
        self,
        consumer: str,
        payer_openid: str,
        lines: Sequence[CheckoutLine],
        coupons: Sequence[str],
        delivery: Delivery,
        expected: Expectation,
        wish: GroupWish | None = None,
        gifts: Mapping[str, Gift] | None = None,
        placed_from: str = "",
    ) -> PlacedTrade:
        """Place one trade, with an order for each merchant, and one payment of them all; with a ``wish`` in a group.

        ``gifts`` are by merchant and cost up to three statements each; GiftForNobody is raised for another one's.
        ``placed_from`` tells a device, as well as it can be told; only its keyed hash is kept.

        Prices are the server's, read now and copied; ``expected`` is only compared. The statements do not grow with
        lines or merchants. Joins an open transaction, which must then roll back on an error. Raises CartEmpty,
        SkuRepeated, QuantityInvalid, NotOnSale, AmountTooLarge, QuoteChanged, RegionNotServed, CouponNotUsable,
        CouponsNotStackable, BookedAlone, DatesInvalid, DayNotFree, GuestNeeded, SoldOut, RoomSoldOut, BrandQuotaUsed,
        and the refusals of payments: PayeeNotReady, CombinationNotOffered, CombinationTooLarge; in a group those of
        :mod:`orders.groups.joining`, and GroupSoldOut.
        """
        check_lines(lines)
        group = await offer_wished(wish, lines, self.clock())
        offers, booking = await with_booking(lines, await self._offers(lines, group), china_day(self.clock()))
        if delivery.is_guest == (booking is None):
            raise GuestNeeded()
        terms = await coupon_terms(consumer, coupons, self.clock())
        quote = await self._quote(lines, offers, terms, delivery.destination, booking)
        expected.check(quote)
        sources = {
            line.sku: (line.source, line.source_offset_ms)
            for line in lines
            if line.source and line.seller in (None, offers[line.sku].merchant)
        }
        copies = _Copies(offers, sources, {each.coupon: each for each in terms}, self.payments.gateway.needs_sub_mchid)
        trade = _compose(quote, copies, self.clock())
        promised = await shares_of(consumer, _referred(trade), self.clock()) if copies.shares else []
        trade = _to_share(trade, {share.order_number for share in promised})
        async with joined():
            seat = await take_seat(wish, group, delivery.place, trade.placed_at) if wish and group else None
            if seat:
                trade = paid_by(trade, seat.paid_by)
            await insert_trade(
                trade,
                consumer,
                delivery,
                group=seat.group if seat else None,
                channel=self.payments.gateway.channel,
                actor=f"consumer:{consumer}",
                cipher=self.cipher,
                placed_from=placed_from,
            )
            await ReferralShares(self.clock).keep(promised)
            if terms:
                await self.coupons.hold(consumer, coupons, trade.number, _discounted(trade))
            await self.payments.open(trade.number, payer_openid, trade.expires_at, _parts(trade))
            await keep_gifts(Texts(self.clock), trade, gifts or {}, payer_openid)
            await announce(*(OrderPlaced(order=o.number, merchant=o.merchant, source=o.source) for o in trade.orders))
            # Last, because everybody queues behind the lock of a hot SKU until this commits (commerce reference 4).
            await self._take(trade, consumer, offers, booking, group)
        return trade

    async def _take(
        self,
        trade: PlacedTrade,
        consumer: str,
        offers: Mapping[str, SkuOffer],
        booking: Booking | None,
        group: GroupOffer | None,
    ) -> None:
        """Hold the days of a booking, or the pieces of every line."""
        if booking is not None:
            (line,) = trade.orders[0].lines
            await Calendars(self.clock).reserve(line.order, line.sku, booking, line.quantity)
            return
        try:
            await self.stock.reserve(
                {order.number: {line.sku: line.quantity for line in order.lines} for order in trade.orders},
                trade.expires_at,
                {sku: offer.offer for sku, offer in offers.items() if offer.offer is not None},
                consumer,
                {sku: offer.brand_quota for sku, offer in offers.items() if offer.brand_quota is not None},
            )
        except SoldOut as lacking:
            # The SKU itself may be there, so nobody else shall hear that it is sold out.
            if group is not None:
                raise GroupSoldOut(left=lacking.facts["left"]) from None
            sku, left = str(lacking.facts["sku"]), lacking.facts["left"]
            if source := offers[sku].offer_source:
                raise RoomSoldOut(sku=sku, left=left, source=source) from None
            seen_at = next(line.source for order in trade.orders for line in order.lines if line.sku == sku)
            if seen_at is None:
                raise
            raise SoldOut(sku=sku, left=left, source=seen_at) from None

    async def _offers(self, lines: Sequence[CheckoutLine], group: GroupOffer | None) -> Mapping[str, SkuOffer]:
        sources = {line.sku: line.source for line in lines}
        offers = await sku_offers(sources, self.clock(), group.offer if group else None, sources)
        missing = sorted(line.sku for line in lines if line.sku not in offers or not offers[line.sku].listed)
        if missing:
            raise NotOnSale(skus=missing)
        return offers

    async def _quote(
        self,
        lines: Sequence[CheckoutLine],
        offers: Mapping[str, SkuOffer],
        coupons: Sequence[CouponTerms],
        region: str | None,
        booking: Booking | None,
    ) -> Quote:
        self.payments.check_payees({offer.merchant: offer.sub_mchid for offer in offers.values()})
        sent = [offer.freight_template for offer in offers.values()] if region is not None else []
        freight = await freight_terms(sent, self.clock())
        return quote_of(lines, offers, coupons, freight, region, booking)


@dataclass(frozen=True)
class _Copies:
    """What is copied beside the quote, by SKU code and by coupon; the same for all orders of a trade.

    ``sources`` has the lines that were seen somewhere, each with its place there. ``shares``: the channel can split
    payments at all (partner mode); without that no commission is taken.
    """

    offers: Mapping[str, SkuOffer]
    sources: Mapping[str, tuple[str, int | None]]
    coupons: Mapping[str, CouponTerms]
    shares: bool


def _compose(quote: Quote, copies: _Copies, now: datetime) -> PlacedTrade:
    """Numbers and copies for a quote; everything of a trade is to be paid by the earliest moment of its goods."""
    number = public_number(now, "T")
    expires_at = now + timedelta(seconds=min(offer.payment_window_s for offer in copies.offers.values()))
    return PlacedTrade(
        number=number,
        amount_fen=quote.amount_fen,
        placed_at=now,
        expires_at=expires_at,
        orders=tuple(_order(number, order, copies, now, expires_at) for order in quote.orders),
    )


def _order(trade: str, quoted: QuotedOrder, copies: _Copies, now: datetime, expires_at: datetime) -> PlacedOrder:
    number = public_number(now)
    lines = tuple(_line(number, i + 1, line, copies) for i, line in enumerate(quoted.lines))
    rooms = {line.source for line in lines}
    commission_bp = copies.offers[quoted.lines[0].sku].commission_bp if copies.shares else 0
    return PlacedOrder(
        number=number,
        trade=trade,
        merchant=quoted.merchant,
        sub_mchid=copies.offers[quoted.lines[0].sku].sub_mchid,
        source=rooms.pop() if len(rooms) == 1 else None,
        amount_fen=quoted.amount_fen,
        goods_fen=quoted.goods_fen,
        discount_fen=quoted.discount_fen,
        freight_fen=quoted.freight_fen,
        commission_bp=commission_bp,
        to_share=commission_bp > 0,
        after_sales_window_s=max(copies.offers[line.sku].after_sales_window_s for line in quoted.lines),
        after_sales_terms=merged_terms(copies.offers[line.sku].after_sales_terms for line in quoted.lines),
        placed_at=now,
        expires_at=expires_at,
        lines=lines,
    )


def _line(order: str, position: int, quoted: QuotedLine, copies: _Copies) -> PlacedLine:
    offer = copies.offers[quoted.sku]
    source, source_offset_ms = copies.sources.get(quoted.sku, (None, None))
    return PlacedLine(
        order=order,
        reference=f"{order}-{position}",
        position=position,
        sku=quoted.sku,
        product=quoted.product,
        source=source,
        source_offset_ms=source_offset_ms,
        title=quoted.title,
        spec=quoted.spec,
        image=quoted.image,
        marks=offer.marks,
        unit_price_fen=quoted.unit_price_fen,
        quantity=quoted.quantity,
        gross_fen=quoted.gross_fen,
        discount_fen=quoted.discount_fen,
        discounts=[
            CouponShare(coupon, copies.coupons[coupon].campaign, fen, copies.coupons[coupon].merchant_bears_bp)
            for coupon, fen in sorted(quoted.discounts.items())
        ],
        net_fen=quoted.net_fen,
        freight_fen=quoted.freight_fen,
        freight_terms=quoted.freight_terms,
        # A host earns only on what is bought in a live room; what a referrer has brought is the referrer's, and what a
        # scanned code or the shop window has sold is nobody's.
        host_commission_bp=offer.host_commission_bp if source and source.startswith(HOSTED) else 0,
        mass_gram=offer.mass_gram,
        return_policy=quoted.return_policy,
        confirmed=quoted.confirmed,
        ships_from=quoted.ships_from,
        booking=quoted.booking,
    )


def _to_share(trade: PlacedTrade, orders: Collection[str]) -> PlacedTrade:
    """The trade, with some more of its orders to be split."""
    more = tuple(replace(order, to_share=order.to_share or order.number in orders) for order in trade.orders)
    return replace(trade, orders=more)


def _referred(trade: PlacedTrade) -> list[ReferredLine]:
    """The lines that were bought through a referrer."""
    return [
        ReferredLine(
            code=code,
            order=order.number,
            line=line.reference,
            merchant=order.merchant,
            product=line.product,
            net_fen=line.net_fen,
        )
        for order in trade.orders
        for line in order.lines
        if (code := code_in(line.source))
    ]


def _parts(trade: PlacedTrade) -> list[PaymentPart]:
    """What is paid for each order."""
    return [
        PaymentPart(
            reference=order.number,
            payee=order.merchant,
            sub_mchid=order.sub_mchid,
            amount_fen=order.amount_fen,
            description=order.lines[0].title,
            to_share=order.to_share,
        )
        for order in trade.orders
    ]


def _discounted(trade: PlacedTrade) -> list[DiscountedLine]:
    """The lines as the coupons' room keeps them."""
    return [
        DiscountedLine(line.reference, line.gross_fen, {each.coupon: each.fen for each in line.discounts})
        for order in trade.orders
        for line in order.lines
    ]
