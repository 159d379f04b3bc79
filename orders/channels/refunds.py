"""Refunds that other channels have paid: counted on the lines from their stored shares, never more than was paid."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, rows, transaction
from kit.numbers import public_number
from kit.outbox import announce
from orders.cases.money import follow_refund
from orders.cases.rules import share_fen
from orders.channels.files import FileReport, Findings, ImportedFile, RefundRow, Source, hold, keep_file, known_file
from orders.channels.models import FileKind
from orders.events import ChannelRefunded
from products.stock import Stock

NOT_KNOWN = "没有导入过该外部订单"


@dataclass(frozen=True)
class _Counted:
    """One row as it is to be counted, with its line as it stands."""

    told: RefundRow
    content: bytes
    line: Row
    amount_fen: int


@dataclass(frozen=True)
class ChannelRefunds:
    """Takes in files of refunds of other channels."""

    stock: Stock
    clock: Clock = utc_now

    async def check(self, source: Source, told: Sequence[RefundRow]) -> FileReport:
        """What a file would come to; nothing is kept."""
        async with transaction():
            found = Findings()
            await self._judge(source, told, found)
            return found.report()

    async def take(self, source: Source, told: Sequence[RefundRow]) -> ImportedFile:
        """Take in a file whole, or nothing of it; what is known is passed over. Raises ChannelFileRefused."""
        async with transaction():
            await hold(source)
            before = await known_file(source, FileKind.REFUNDS)
            if before is not None:
                return before
            found = Findings()
            counted = await self._judge(source, told, found)
            found.refuse_if_wrong()
            file, kept = await keep_file(source, FileKind.REFUNDS, told, found, self.clock)
            # Stock is locked by the refunds of orders that are only paid, in whatever order these come.
            await self.stock.lock(sorted({each.line["sku"] for each in counted}))
            by_refund: dict[tuple[str, str], list[_Counted]] = {}
            for each in counted:
                by_refund.setdefault((each.told.refund, each.line["order"]), []).append(each)
            for several in by_refund.values():
                await self._record(source, file, several)
        return kept

    async def _judge(self, source: Source, told: Sequence[RefundRow], found: Findings) -> list[_Counted]:
        lines = await _lines(source, [each.external for each in told])
        known = await _known(source, [each.refund for each in told])
        orders = {external for external, _ in lines}
        seen: set[tuple[str, int]] = set()
        counted = []
        for each in told:
            line = lines.get((each.external, each.sku))
            if line is None:
                missing = each.external not in orders
                found.add(each.row, *(("external", NOT_KNOWN) if missing else ("sku", "该订单没有这个规格")))
                continue
            key, content = (each.refund, line["id"]), _content(each)
            if key in known:
                if known[key] == content:
                    found.known += 1
                else:
                    found.add(each.row, "refund", "该外部退款已导入过，内容与这次不同")
                continue
            if key in seen:
                found.add(each.row, "refund", "同一退款中规格重复出现")
                continue
            seen.add(key)
            amount_fen = self._amount(each, line, found)
            if amount_fen is not None:
                counted.append(_Counted(each, content, line, amount_fen))
        found.recorded = len(counted)
        return counted

    def _amount(self, told: RefundRow, line: Row, found: Findings) -> int | None:
        """What a row takes of its line, which then has so much less left; None when it may not."""
        pieces, goods, freight = line["pieces_left"], line["goods_left"], line["freight_left"]
        if told.quantity > pieces:
            found.add(told.row, "quantity", f"只剩 {pieces} 件可退")
            return None
        share = share_fen(goods, told.quantity, pieces) if told.quantity else 0
        amount_fen = share if told.amount_fen is None else told.amount_fen
        if amount_fen > goods:
            found.add(told.row, "amount_fen", f"超过可退的 {goods / 100:.2f} 元")
        elif told.freight_fen > freight:
            found.add(told.row, "freight_fen", f"超过可退的运费 {freight / 100:.2f} 元")
        elif amount_fen + told.freight_fen == 0:
            found.add(told.row, "amount_fen", "退款金额为 0")
        elif told.quantity and told.quantity == pieces and amount_fen < goods:
            detail = f"退完全部件数应退 {goods / 100:.2f} 元；只退部分金额请把件数写 0"
            found.add(told.row, "amount_fen", detail)
        elif not line["paid_at"] <= told.refunded_at <= self.clock():
            found.add(told.row, "refunded_at", "退款时间早于付款，或在将来")
        else:
            line["pieces_left"] -= told.quantity
            line["goods_left"] -= amount_fen
            line["freight_left"] -= told.freight_fen
            return amount_fen
        return None

    async def _record(self, source: Source, file: int, several: Sequence[_Counted]) -> None:
        now = self.clock()
        number, order = public_number(now, "X"), several[0].line
        occurred_at = max(each.told.refunded_at for each in several)
        counted = [await self._count(source, file, number, each) for each in several]
        refund = {key: order[key] for key in ("order", "order_id", "merchant")} | {"number": number}
        [held] = await rows(
            "SELECT state AS order_state, delivery_kind FROM customer_order WHERE id = $1", order["order_id"]
        )
        refund |= held
        await announce(
            ChannelRefunded(
                order=order["order"],
                refund=number,
                channel=source.channel.value,
                amount_fen=sum(each.amount_fen + each.told.freight_fen for each in several),
                occurred_at=occurred_at,
            )
        )
        await follow_refund(refund, counted, self.stock, occurred_at=occurred_at, now=now)

    async def _count(self, source: Source, file: int, number: str, each: _Counted) -> Row:
        counted = await rows(
            "WITH kept AS (INSERT INTO channel_refund (line_id, file_id, number, merchant, channel, external_number,"
            " content, quantity, amount_fen, freight_fen, refunded_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING line_id, quantity, amount_fen,"
            " freight_fen)"
            " UPDATE order_line l SET refunded_quantity = l.refunded_quantity + k.quantity,"
            " refunded_fen = l.refunded_fen + k.amount_fen,"
            " refunded_freight_fen = l.refunded_freight_fen + k.freight_fen, refund_steps = l.refund_steps + 1"
            " FROM kept k WHERE l.id = k.line_id RETURNING l.reference, l.sku, l.source, l.source_offset_ms,"
            " l.quantity, l.net_fen, l.refunded_quantity, l.refunded_fen, l.refund_steps, k.quantity AS pieces,"
            " k.amount_fen, k.freight_fen",
            each.line["id"],
            file,
            number,
            source.merchant,
            source.channel.value,
            each.told.refund,
            each.content,
            each.told.quantity,
            each.amount_fen,
            each.told.freight_fen,
            each.told.refunded_at,
        )
        return counted[0]


def _content(told: RefundRow) -> bytes:
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(told, row=0))).digest()


async def _known(source: Source, refunds: Sequence[str]) -> Mapping[tuple[str, int], bytes]:
    found = await rows(
        "SELECT external_number, line_id, content FROM channel_refund WHERE merchant = $1 AND channel = $2"
        " AND external_number = ANY($3::text[])",
        source.merchant,
        source.channel.value,
        sorted(set(refunds)),
    )
    return {(each["external_number"], each["line_id"]): bytes(each["content"]) for each in found}


async def _lines(source: Source, externals: Sequence[str]) -> dict[tuple[str, str], Row]:
    """What is left of each line of some orders, which stay locked, by external number and SKU."""
    held = await rows(
        "SELECT o.id FROM channel_order c JOIN customer_order o ON o.id = c.order_id WHERE c.merchant = $1"
        ' AND c.channel = $2 AND c.external_number = ANY($3::text[]) ORDER BY o.number COLLATE "C" FOR UPDATE OF o',
        source.merchant,
        source.channel.value,
        sorted(set(externals)),
    )
    found = await rows(
        'SELECT c.external_number, o.number AS "order", o.id AS order_id, o.merchant, o.paid_at, l.id, l.sku,'
        " l.quantity - l.refunded_quantity AS pieces_left, l.net_fen - l.refunded_fen AS goods_left,"
        " l.freight_fen - l.refunded_freight_fen AS freight_left FROM channel_order c"
        " JOIN customer_order o ON o.id = c.order_id JOIN order_line l ON l.order_id = o.id WHERE o.id = ANY($1)",
        [each["id"] for each in held],
    )
    return {(each["external_number"], each["sku"]): each for each in found}
