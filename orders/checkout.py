"""Placing an order: stock is held, prices are copied, a payment is opened, all in one transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, joined
from kit.encryption import FieldCipher
from kit.money import split_fen
from kit.numbers import public_number
from kit.outbox import announce
from orders.errors import AmountTooLarge, CartEmpty, NotOnSale, SeveralMerchants, SkuRepeated
from orders.events import OrderPlaced
from payments.service import Payments
from products.queries import SkuOffer, sku_offers
from products.stock import Stock, check_quantity
from products.terms import merged_terms

MAX_AMOUNT_FEN = 100_000_000
"""One payment of WeChat Pay stays below a million yuan; a larger order is a matter for a contract."""


class Delivery(msgspec.Struct, frozen=True):
    """Where the goods go. Kept encrypted."""

    recipient: str
    phone: str
    address: str


class CheckoutLine(msgspec.Struct, frozen=True):
    """What is wanted: a SKU and how many pieces (1 to 999)."""

    sku: str
    quantity: int


class PlacedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it was placed."""

    reference: str
    sku: str
    product: str
    title: str
    spec: str
    image: str
    marks: tuple[str, ...]
    unit_price_fen: int
    quantity: int
    gross_fen: int
    discount_fen: int
    net_fen: int
    host_commission_bp: int
    mass_gram: int
    return_policy: str


class PlacedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it was placed."""

    number: str
    merchant: str
    amount_fen: int
    goods_fen: int
    discount_fen: int
    freight_fen: int
    placed_at: datetime
    expires_at: datetime
    lines: tuple[PlacedLine, ...]


def sealed_place(number: str) -> str:
    """What the ciphertext of an order's delivery address is bound to."""
    return f"customer_order|delivery|{number}"


@dataclass(frozen=True)
class Checkout:
    """Turns a cart into an order."""

    stock: Stock
    payments: Payments
    cipher: FieldCipher
    clock: Clock = utc_now

    async def place(
        self,
        consumer: str,
        payer_openid: str,
        lines: Sequence[CheckoutLine],
        delivery: Delivery,
        source: str | None,
    ) -> PlacedOrder:
        """Place one order with one merchant.

        ``source`` is an opaque attribution that the door has verified. Prices are the server's, read now and copied.
        Joins an open transaction, which must then roll back on an error. Raises CartEmpty, SkuRepeated,
        QuantityInvalid, NotOnSale, SeveralMerchants, AmountTooLarge, and SoldOut of the stock.
        """
        offers = await self._offers(lines)
        payee = next(iter(offers.values()))
        merchant = payee.merchant
        now = self.clock()
        order = self._compose(public_number(now), merchant, lines, offers, source, now)
        async with joined():
            await self._insert(order, consumer, source, delivery, offers)
            await self.payments.open(
                reference=order.number,
                payee=merchant,
                sub_mchid=payee.sub_mchid,
                payer_openid=payer_openid,
                amount_fen=order.amount_fen,
                description=order.lines[0].title,
                expires_at=order.expires_at,
            )
            await announce(OrderPlaced(order=order.number, merchant=merchant, source=source))
            # Last, because everybody queues behind the lock of a hot SKU until this commits (commerce reference 4).
            await self.stock.reserve(order.number, {line.sku: line.quantity for line in lines}, order.expires_at)
        return order

    async def _offers(self, lines: Sequence[CheckoutLine]) -> Mapping[str, SkuOffer]:
        if not lines:
            raise CartEmpty()
        skus = [line.sku for line in lines]
        if len(set(skus)) != len(skus):
            raise SkuRepeated()
        for line in lines:
            check_quantity(line.quantity)
        offers = await sku_offers(skus)
        missing = sorted(sku for sku in skus if sku not in offers or not offers[sku].listed)
        if missing:
            raise NotOnSale(skus=missing)
        if len({offer.merchant for offer in offers.values()}) > 1:
            raise SeveralMerchants(merchants=sorted({offer.merchant for offer in offers.values()}))
        return offers

    def _compose(
        self,
        number: str,
        merchant: str,
        lines: Sequence[CheckoutLine],
        offers: Mapping[str, SkuOffer],
        source: str | None,
        now: datetime,
    ) -> PlacedOrder:
        gross = [offers[line.sku].unit_price_fen * line.quantity for line in lines]
        discounts = split_fen(0, gross)
        placed = tuple(
            _placed_line(f"{number}-{i + 1}", line.quantity, offers[line.sku], discount, source)
            for i, (line, discount) in enumerate(zip(lines, discounts, strict=True))
        )
        goods, discount_fen = sum(gross), sum(discounts)
        if goods > MAX_AMOUNT_FEN:
            raise AmountTooLarge(limit_fen=MAX_AMOUNT_FEN)
        window_s = min(offer.payment_window_s for offer in offers.values())
        return PlacedOrder(
            number=number,
            merchant=merchant,
            amount_fen=goods - discount_fen,
            goods_fen=goods,
            discount_fen=discount_fen,
            freight_fen=0,
            placed_at=now,
            expires_at=now + timedelta(seconds=window_s),
            lines=placed,
        )

    async def _insert(
        self,
        order: PlacedOrder,
        consumer: str,
        source: str | None,
        delivery: Delivery,
        offers: Mapping[str, SkuOffer],
    ) -> None:
        sealed = self.cipher.encrypt(msgspec.json.encode(delivery).decode(), sealed_place(order.number))
        lines = [{**msgspec.to_builtins(line), "position": i + 1} for i, line in enumerate(order.lines)]
        await execute(
            "WITH placed AS (INSERT INTO customer_order (number, consumer, merchant, state, channel, source, goods_fen,"
            " discount_fen, freight_fen, amount_fen, delivery, after_sales_window_s, placed_at, expires_at,"
            " after_sales_terms)"
            " VALUES ($1, $2, $3, 'pending_payment', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $16::jsonb)"
            " RETURNING id),"
            " event AS (INSERT INTO order_event (order_id, state, actor, happened_at)"
            " SELECT id, 'pending_payment', $15, $12 FROM placed)"
            " INSERT INTO order_line (order_id, reference, position, sku, product, title, spec, image, marks,"
            " unit_price_fen, quantity, gross_fen, discount_fen, net_fen, host_commission_bp, mass_gram,"
            " return_policy, refunded_quantity, refunded_fen, refunded_freight_fen, refund_steps)"
            " SELECT placed.id, l.reference, l.position, l.sku, l.product, l.title, l.spec, l.image, l.marks,"
            " l.unit_price_fen, l.quantity, l.gross_fen, l.discount_fen, l.net_fen, l.host_commission_bp,"
            " l.mass_gram, l.return_policy, 0, 0, 0, 0"
            " FROM placed, jsonb_to_recordset($14::jsonb) AS l (reference text, position smallint, sku text,"
            " product text, title text, spec text, image text, marks jsonb, unit_price_fen bigint, quantity int,"
            " gross_fen bigint, discount_fen bigint, net_fen bigint, host_commission_bp int, mass_gram int,"
            " return_policy text)",
            order.number,
            consumer,
            order.merchant,
            self.payments.gateway.channel,
            source,
            order.goods_fen,
            order.discount_fen,
            order.freight_fen,
            order.amount_fen,
            sealed,
            max(offer.after_sales_window_s for offer in offers.values()),
            order.placed_at,
            order.expires_at,
            json.dumps(lines, ensure_ascii=False),
            f"consumer:{consumer}",
            msgspec.json.encode(merged_terms(offer.after_sales_terms for offer in offers.values())).decode(),
        )


def _placed_line(reference: str, quantity: int, offer: SkuOffer, discount_fen: int, source: str | None) -> PlacedLine:
    gross = offer.unit_price_fen * quantity
    return PlacedLine(
        reference=reference,
        sku=offer.sku,
        product=offer.product,
        title=offer.title,
        spec=offer.spec,
        image=offer.image,
        marks=tuple(offer.marks),
        unit_price_fen=offer.unit_price_fen,
        quantity=quantity,
        gross_fen=gross,
        discount_fen=discount_fen,
        net_fen=gross - discount_fen,
        # A host earns only on what is bought through a source; an order from the shop window has none.
        host_commission_bp=offer.host_commission_bp if source else 0,
        mass_gram=offer.mass_gram,
        return_policy=offer.return_policy,
    )
