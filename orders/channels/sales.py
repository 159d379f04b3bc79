"""Orders sold elsewhere become ordinary paid orders: stock is taken, lines are copied, the books are told."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, rows, transaction
from kit.encryption import FieldCipher
from kit.numbers import public_number
from kit.outbox import announce
from logistics.regions import region_in
from orders.channels.files import (
    FileReport,
    Findings,
    ImportedFile,
    SaleRow,
    Source,
    hold,
    keep_file,
    known_file,
)
from orders.channels.models import FileKind
from orders.events import ChannelPaid
from orders.life import OrderLife
from orders.placements import CouponShare, Delivery, PlacedLine, PlacedOrder, PlacedTrade, insert_trade
from orders.quotes import MAX_AMOUNT_FEN
from places.queries import counties
from products import quotas
from products.drafts import ReturnPolicy
from products.queries import SkuOffer, sku_offers
from products.stock import Stock
from products.terms import merged_terms

OLDEST = timedelta(days=366)
"""An order that was paid longer ago belongs to books that are closed."""

_OF_ORDER = ("paid_at", "recipient", "phone", "address", "region")
BY_MERCHANT_BP = 10_000


@dataclass(frozen=True)
class _Sale:
    """One order of the file that is not known yet. ``region`` is '' when nobody knows it."""

    external: str
    region: str
    content: bytes
    lines: Sequence[SaleRow]


@dataclass(frozen=True)
class ChannelSales:
    """Takes in files of orders of other channels."""

    stock: Stock
    life: OrderLife
    cipher: FieldCipher
    clock: Clock = utc_now

    async def check(self, source: Source, told: Sequence[SaleRow]) -> FileReport:
        """What a file would come to; nothing is kept."""
        async with transaction():
            found = Findings()
            await self._judge(source, told, found)
            return found.report()

    async def take(self, source: Source, told: Sequence[SaleRow]) -> ImportedFile:
        """Take in a file whole, or nothing of it. Joins an open transaction.

        The same bytes answer what they came to the first time, and an order that is known with the same content is
        passed over. Raises ChannelFileRefused with every row that is wrong.
        """
        async with transaction():
            await hold(source)
            before = await known_file(source, FileKind.ORDERS)
            if before is not None:
                return before
            found = Findings()
            sales, offers = await self._judge(source, told, found)
            found.refuse_if_wrong()
            file, kept = await keep_file(source, FileKind.ORDERS, told, found, self.clock)
            for sale in sales:
                await self._record(source, file, sale, offers)
        return kept

    async def _judge(
        self, source: Source, told: Sequence[SaleRow], found: Findings
    ) -> tuple[list[_Sale], Mapping[str, SkuOffer]]:
        by_order: dict[str, list[SaleRow]] = {}
        for line in told:
            by_order.setdefault(line.external, []).append(line)
        known = {
            each["external_number"]: bytes(each["content"])
            for each in await rows(
                "SELECT external_number, content FROM channel_order WHERE merchant = $1 AND channel = $2"
                " AND external_number = ANY($3::text[])",
                source.merchant,
                source.channel.value,
                list(by_order),
            )
        }
        now = self.clock()
        offers = await sku_offers(sorted({line.sku for line in told}), now)
        left = await self.stock.lock(sorted({line.sku for line in told}))
        sales, known_counties = [], {} if all(line.region for line in told) else await counties()
        for external, lines in by_order.items():
            content = self._content(source, lines)
            if external in known:
                if known[external] == content:
                    found.known += 1
                else:
                    found.add(lines[0].row, "external", "该外部订单已导入过，内容与这次不同")
                continue
            _check_order(lines, now, found)
            for line in lines:
                _check_line(line, source, offers, left, found)
            region = lines[0].region or region_in(lines[0].address, known_counties) or ""
            if not region:
                found.warn(lines[0].row, "region", "地址中认不出唯一的县级地区，订单将没有地区代码")
            sales.append(_Sale(external, region, content, lines))
        found.recorded = len(sales)
        return sales, offers

    def _content(self, source: Source, lines: Sequence[SaleRow]) -> bytes:
        """A keyed hash: whoever reads the table cannot try phone numbers on it."""
        plain = sorted(msgspec.json.encode(msgspec.structs.replace(line, row=0)).decode() for line in lines)
        place = f"channel_order|content|{source.merchant}"
        return self.cipher.blind_index(place, hashlib.sha256("\n".join(plain).encode()).hexdigest())

    async def _record(self, source: Source, file: int, sale: _Sale, offers: Mapping[str, SkuOffer]) -> None:
        first, now = sale.lines[0], self.clock()
        offers = await self._within_quotas(sale, offers)
        trade = _placed(source, sale.lines, offers, now)
        (order,) = trade.orders
        delivery = Delivery(first.recipient, first.phone, sale.region, first.address)
        await insert_trade(
            trade,
            f"channel:{source.channel.value}",
            delivery,
            channel=source.channel.value,
            actor=source.actor,
            cipher=self.cipher,
        )
        await execute(
            "INSERT INTO channel_order (order_id, file_id, merchant, channel, external_number, content)"
            " SELECT id, $2, $3, $4, $5, $6 FROM customer_order WHERE number = $1",
            order.number,
            file,
            source.merchant,
            source.channel.value,
            sale.external,
            sale.content,
        )
        await announce(
            ChannelPaid(
                order=order.number,
                channel=source.channel.value,
                amount_fen=sum(line.paid_fen + line.freight_fen for line in sale.lines),
                occurred_at=first.paid_at,
            )
        )
        await self.stock.reserve(
            {order.number: {line.sku: line.quantity for line in sale.lines}},
            now,
            brand_quotas={line.sku: quota for line in sale.lines if (quota := offers[line.sku].brand_quota)},
        )
        await self.life.mark_paid(order.number, first.paid_at)

    async def _within_quotas(self, sale: _Sale, offers: Mapping[str, SkuOffer]) -> Mapping[str, SkuOffer]:
        """What is sold elsewhere is sold: beyond the year's quota its line does not carry the brand."""
        named = {line.sku: quota for line in sale.lines if (quota := offers[line.sku].brand_quota)}
        if not named:
            return offers
        left = dict(await quotas.lock(sorted(set(named.values())), self.clock()))
        kept = dict(offers)
        for line in sale.lines:
            if line.sku in named:
                left[named[line.sku]] -= line.quantity
                if left[named[line.sku]] < 0:
                    left[named[line.sku]] += line.quantity
                    kept[line.sku] = offers[line.sku].unbranded()
        return kept


def _check_order(lines: Sequence[SaleRow], now: datetime, found: Findings) -> None:
    first, seen = lines[0], set()
    for line in lines:
        if line.sku in seen:
            found.add(line.row, "sku", "同一订单内规格重复出现")
        seen.add(line.sku)
        for name in _OF_ORDER:
            if getattr(line, name) != getattr(first, name):
                found.add(line.row, name, "与该订单的第一行不一致")
    if not now - OLDEST <= first.paid_at <= now:
        found.add(first.row, "paid_at", "付款时间在将来，或早于一年")
    amount = sum(line.paid_fen + line.freight_fen for line in lines)
    if not 0 < amount < MAX_AMOUNT_FEN:
        found.add(first.row, "paid_fen", "订单金额应大于 0 且小于一百万元")


def _check_line(
    line: SaleRow, source: Source, offers: Mapping[str, SkuOffer], left: dict[str, int], found: Findings
) -> None:
    offer = offers.get(line.sku)
    if offer is None or offer.merchant != source.merchant:
        found.add(line.row, "sku", "没有该规格，或不属于该商户")
        return
    left[line.sku] -= line.quantity
    if left[line.sku] < 0:
        found.add(line.row, "quantity", f"库存不足，只剩 {max(0, left[line.sku] + line.quantity)} 件")
        left[line.sku] += line.quantity


def _placed(source: Source, sold: Sequence[SaleRow], offers: Mapping[str, SkuOffer], now: datetime) -> PlacedTrade:
    number = public_number(now)
    lines = tuple(_line(number, i + 1, line, offers[line.sku], source) for i, line in enumerate(sold))
    goods, discount = sum(line.gross_fen for line in lines), sum(line.discount_fen for line in lines)
    freight = sum(line.freight_fen for line in lines)
    order = PlacedOrder(
        number=number,
        trade=public_number(now, "T"),
        merchant=source.merchant,
        sub_mchid=None,
        source=None,
        amount_fen=goods - discount + freight,
        goods_fen=goods,
        discount_fen=discount,
        freight_fen=freight,
        commission_bp=0,
        to_share=False,
        after_sales_window_s=max(offers[line.sku].after_sales_window_s for line in sold),
        after_sales_terms=merged_terms(offers[line.sku].after_sales_terms for line in sold),
        placed_at=sold[0].paid_at,
        expires_at=now,
        lines=lines,
    )
    return PlacedTrade(
        number=order.trade,
        amount_fen=order.amount_fen,
        placed_at=order.placed_at,
        expires_at=now,
        orders=(order,),
    )


def _line(order: str, position: int, sold: SaleRow, offer: SkuOffer, source: Source) -> PlacedLine:
    """The line as it was sold. What does not divide by the pieces is rounded up, and the rest stands as discount."""
    unit_fen = -(-(sold.paid_fen + sold.discount_fen) // sold.quantity)
    gross_fen = unit_fen * sold.quantity
    discount_fen = gross_fen - sold.paid_fen
    by_channel = f"channel:{source.channel.value}"
    return PlacedLine(
        order=order,
        reference=f"{order}-{position}",
        position=position,
        sku=sold.sku,
        product=offer.product,
        source=None,
        source_offset_ms=None,
        title=offer.title,
        spec=offer.spec,
        image=offer.image,
        marks=offer.marks,
        unit_price_fen=unit_fen,
        quantity=sold.quantity,
        gross_fen=gross_fen,
        discount_fen=discount_fen,
        discounts=[CouponShare(by_channel, by_channel, discount_fen, BY_MERCHANT_BP)] if discount_fen else [],
        net_fen=sold.paid_fen,
        freight_fen=sold.freight_fen,
        freight_terms="",
        host_commission_bp=0,
        mass_gram=offer.mass_gram,
        # Nobody has told this house of a tick that was set elsewhere.
        return_policy=ReturnPolicy.SEVEN_DAYS if offer.needs_confirmation else offer.return_policy,
        confirmed=False,
        ships_from=offer.ships_from,
        booking=None,
    )
