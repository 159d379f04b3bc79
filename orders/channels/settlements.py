"""What other channels have paid out: it clears their account in the books, and what does not fit is listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

import msgspec

from kit.clock import CHINA, Clock, china_day, utc_now
from kit.database import execute, rows, transaction
from kit.numbers import public_number
from kit.outbox import announce
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from orders.channels.files import (
    FileReport,
    Findings,
    ImportedFile,
    SettlementRow,
    Source,
    hold,
    keep_file,
    known_file,
)
from orders.channels.models import FileKind, SalesChannel
from orders.channels.refunds import NOT_KNOWN
from orders.channels.sales import OLDEST
from orders.events import ChannelSettled


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """An order whose channel has not paid out exactly what it owes, in fen.

    ``due_fen`` is what was paid less what went back, ``settled_fen`` what was paid out with the fees,
    ``difference_fen`` what is still to come; negative when too much was paid out.
    """

    order: str
    external: str
    due_fen: int
    settled_fen: int
    fee_fen: int
    difference_fen: int


class ChannelStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's orders of one channel against its payouts. Money in fen; ``next`` is the following page."""

    order_count: int
    due_fen: int
    settled_fen: int
    fee_fen: int
    difference_fen: int
    differences: list[Difference]
    next: str | None


@dataclass(frozen=True)
class ChannelSettlements:
    """Takes in files of payouts of other channels."""

    clock: Clock = utc_now

    async def check(self, source: Source, told: Sequence[SettlementRow]) -> FileReport:
        """What a file would come to; nothing is kept."""
        async with transaction():
            found = Findings()
            await self._judge(source, told, found)
            return found.report()

    async def take(self, source: Source, told: Sequence[SettlementRow]) -> ImportedFile:
        """Take in a file whole, or nothing of it; what is known is passed over. Raises ChannelFileRefused.

        A payout that is not what the channel owes is taken in all the same, because it has happened, and stands in
        :func:`channel_standing`.
        """
        async with transaction():
            await hold(source)
            before = await known_file(source, FileKind.SETTLEMENTS)
            if before is not None:
                return before
            found = Findings()
            settled = await self._judge(source, told, found)
            found.refuse_if_wrong()
            file, kept = await keep_file(source, FileKind.SETTLEMENTS, told, found, self.clock)
            for each, order_id, order in settled:
                await self._record(source, file, each, order_id, order)
        return kept

    async def _judge(
        self, source: Source, told: Sequence[SettlementRow], found: Findings
    ) -> list[tuple[SettlementRow, int, str]]:
        orders = {
            each["external_number"]: each
            for each in await rows(
                "SELECT c.external_number, o.id, o.number, jsonb_object_agg(s.day, jsonb_build_array(s.paid_out_fen,"
                " s.fee_fen)) FILTER (WHERE s.id IS NOT NULL)::text AS days FROM channel_order c"
                " JOIN customer_order o ON o.id = c.order_id LEFT JOIN channel_settlement s ON s.order_id = o.id"
                " WHERE c.merchant = $1 AND c.channel = $2 AND c.external_number = ANY($3::text[]) GROUP BY 1, 2, 3",
                source.merchant,
                source.channel.value,
                sorted({each.external for each in told}),
            )
        }
        days = {name: msgspec.json.decode(order["days"] or "{}") for name, order in orders.items()}
        today, settled = china_day(self.clock()), []
        for each in told:
            order = orders.get(each.external)
            if order is None:
                found.add(each.row, "external", NOT_KNOWN)
                continue
            known, amounts = days[each.external].get(each.day.isoformat()), [each.paid_out_fen, each.fee_fen]
            if known == amounts:
                found.known += 1
            elif known is not None:
                found.add(each.row, "day", "该订单当日的结算已登记，金额与这次不同")
            elif not any(amounts):
                found.add(each.row, "paid_out_fen", "到账金额与手续费都为 0")
            elif not today - OLDEST <= each.day <= today:
                found.add(each.row, "day", "结算日期在将来，或早于一年")
            else:
                days[each.external][each.day.isoformat()] = amounts
                settled.append((each, order["id"], order["number"]))
        found.recorded = len(settled)
        return settled

    async def _record(self, source: Source, file: int, told: SettlementRow, order_id: int, order: str) -> None:
        number = public_number(self.clock(), "S")
        await execute(
            "INSERT INTO channel_settlement (order_id, file_id, number, day, paid_out_fen, fee_fen)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            order_id,
            file,
            number,
            told.day,
            told.paid_out_fen,
            told.fee_fen,
        )
        await announce(
            ChannelSettled(
                order=order,
                merchant=source.merchant,
                settlement=number,
                channel=source.channel.value,
                gross_fen=told.paid_out_fen + told.fee_fen,
                fee_fen=told.fee_fen,
                day=told.day,
                occurred_at=datetime.combine(told.day, time(), CHINA),
            )
        )


_BY_ORDER = """
WITH by_order AS (
    SELECT o.id, o.number, c.external_number,
           o.amount_fen - (SELECT sum(l.refunded_fen + l.refunded_freight_fen)
                             FROM order_line l WHERE l.order_id = o.id) AS due,
           COALESCE(s.settled, 0) AS settled, COALESCE(s.fee, 0) AS fee
      FROM channel_order c JOIN customer_order o ON o.id = c.order_id
      LEFT JOIN LATERAL (SELECT sum(paid_out_fen + fee_fen) AS settled, sum(fee_fen) AS fee
                           FROM channel_settlement WHERE order_id = o.id) s ON true
     WHERE c.merchant = $1 AND c.channel = $2)
"""


async def channel_standing(merchant: str, channel: SalesChannel, cursor: str | None, limit: int) -> ChannelStanding:
    """Sums over all orders of a merchant's channel, and the orders that are off, newest first. Two statements."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    (sums,) = await rows(
        f"{_BY_ORDER} SELECT count(*) AS order_count, COALESCE(sum(due), 0)::bigint AS due_fen,"
        " COALESCE(sum(settled), 0)::bigint AS settled_fen, COALESCE(sum(fee), 0)::bigint AS fee_fen,"
        " COALESCE(sum(due - settled), 0)::bigint AS difference_fen FROM by_order",
        merchant,
        channel.value,
    )
    found = await rows(
        f'{_BY_ORDER} SELECT id, number AS "order", external_number AS external, due::bigint AS due_fen,'
        " settled::bigint AS settled_fen, fee::bigint AS fee_fen, (due - settled)::bigint AS difference_fen"
        " FROM by_order WHERE due <> settled AND id < $3 ORDER BY id DESC LIMIT $4",
        merchant,
        channel.value,
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return ChannelStanding(
        **sums, differences=[msgspec.convert(each, Difference) for each in found[:limit]], next=following
    )


async def channel_files(
    merchant: str, channel: SalesChannel, cursor: str | None, limit: int
) -> tuple[list[ImportedFile], str | None]:
    """The files that were taken in of a merchant's channel, newest first. One statement."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(
        "SELECT id, number, channel, kind, row_count, recorded, known, without_region, imported_by,"
        " imported_at FROM channel_import"
        " WHERE merchant = $1 AND channel = $2 AND id < $3 ORDER BY id DESC LIMIT $4",
        merchant,
        channel.value,
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(each, ImportedFile) for each in found[:limit]], following
