"""The channel's bills: imported whole, compared line by line, settled once per line.

A line that matches a capture or a refund of ours becomes a settlement and the fact ``PaymentSettled``;
every other line keeps the reason why not, and what we captured and the bill does not know is listed by
``queries``.
"""

import logging
from dataclasses import dataclass
from datetime import date, timedelta

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.outbox import announce
from payments.events import PaymentSettled
from payments.models import CAPTURED_STATES, RefundRowState
from payments.ports import BillInvalid, BillLineKind, GatewayError, PaymentGateway, TradeBill

log = logging.getLogger(__name__)

LOOK_BACK_DAYS = 7


@dataclass(frozen=True)
class Bills:
    """The use cases of a bill."""

    gateway: PaymentGateway
    clock: Clock = utc_now

    async def missing_days(self, newest: date) -> list[date]:
        """The days up to ``newest``, a week back at most and none before the first payment, without a bill.

        Days on which nothing happened here count too: a bill may know what we missed, or a refund of ours that the
        channel took on after midnight.
        """
        oldest = newest - timedelta(days=LOOK_BACK_DAYS - 1)
        found = await rows(
            "SELECT d.day FROM (SELECT $1::date + n AS day FROM generate_series(0, $2::date - $1::date) AS n) AS d"
            " WHERE NOT EXISTS (SELECT 1 FROM payment_bill b WHERE b.day = d.day AND b.channel = $3)"
            " AND d.day >= (SELECT (p.created_at AT TIME ZONE 'Asia/Shanghai')::date FROM payment p"
            "   ORDER BY p.id LIMIT 1) ORDER BY 1",
            oldest,
            newest,
            self.gateway.channel,
        )
        return [each["day"] for each in found]

    async def import_day(self, day: date) -> int:
        """Fetch, keep and compare the bill of a day in China; answers how many lines settled. Repeatable.

        Must not run inside a transaction. A bill that cannot be had or does not add up is logged and left
        for later.
        """
        try:
            bill = await self.gateway.trade_bill(day)
        except (GatewayError, BillInvalid) as error:
            log.error("bill_not_imported", extra={"day": day.isoformat(), "cause": str(error)})
            return 0
        if bill is None:
            log.info("no_bill", extra={"day": day.isoformat()})
            return 0
        await self._keep(bill)
        return await self._compare(day)

    async def _keep(self, bill: TradeBill) -> None:
        """Store the bill and its lines in two statements; a newer version of the day adds what is new."""
        async with transaction():
            bill_id = await scalar(
                "INSERT INTO payment_bill AS b (channel, day, sha1, line_count, imported_at)"
                " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (channel, day)"
                " DO UPDATE SET sha1 = $3, line_count = $4, imported_at = $5 RETURNING id",
                self.gateway.channel,
                bill.day,
                bill.sha1,
                len(bill.rows),
                self.clock(),
            )
            await execute(
                "INSERT INTO payment_bill_line (bill_id, kind, traded_at, mchid, sub_mchid, transaction_id,"
                " payment_number, refund_number, gross_fen, fee_fen, difference) SELECT $1, l.*, 'not_compared'"
                " FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],"
                " $8::text[], $9::bigint[], $10::bigint[]) AS l"
                " ON CONFLICT (bill_id, kind, transaction_id, refund_number) DO NOTHING",
                bill_id,
                [line.kind.value for line in bill.rows],
                [line.traded_at for line in bill.rows],
                [line.mchid for line in bill.rows],
                [line.sub_mchid for line in bill.rows],
                [line.transaction_id for line in bill.rows],
                [line.number for line in bill.rows],
                [line.refund_number or "" for line in bill.rows],
                [line.gross_fen for line in bill.rows],
                [line.fee_fen for line in bill.rows],
            )

    async def compare_again(self) -> int:
        """Compare all lines that did not match so far, each in a transaction of its own; answers how many settled.

        Must not run inside a transaction: it would keep every payment it has looked at locked until its end.
        """
        settled = 0
        for each in await rows(
            "SELECT DISTINCT b.day FROM payment_bill b JOIN payment_bill_line l ON l.bill_id = b.id"
            " WHERE l.difference IS NOT NULL AND b.day >= $1 ORDER BY b.day",
            self.clock().date() - timedelta(days=90),
        ):
            settled += await self._compare(each["day"])
        return settled

    async def _compare(self, day: date) -> int:
        settled = 0
        open_lines = await rows(
            "SELECT l.*, b.day FROM payment_bill_line l JOIN payment_bill b ON b.id = l.bill_id"
            " WHERE b.day = $1 AND b.channel = $2 AND l.difference IS NOT NULL ORDER BY l.id",
            day,
            self.gateway.channel,
        )
        for line in open_lines:
            async with transaction():
                settled += await self._compare_line(line)
        return settled

    async def _compare_line(self, line: Row) -> int:
        """Settle the line or write down why not; answers 1 or 0."""
        payment = await row("SELECT * FROM payment WHERE number = $1 FOR UPDATE", line["payment_number"])
        refund = None
        if payment is not None and line["kind"] == BillLineKind.REFUND:
            refund = await row(
                "SELECT * FROM payment_refund WHERE number = $1 AND payment_id = $2",
                line["refund_number"],
                payment["id"],
            )
        difference = self._difference(line, payment, refund)
        if difference == "not_captured" and payment is not None:
            # The channel has money that we wait for, or gave up: its own word is asked for at once.
            await execute(
                "UPDATE payment SET next_query_at = $2 WHERE id = $1 AND state IN ('pending', 'held', 'closed')",
                payment["id"],
                self.clock(),
            )
        changed = await execute(
            "UPDATE payment_bill_line SET difference = $2 WHERE id = $1 AND difference IS NOT NULL",
            line["id"],
            difference,
        )
        if difference is not None or payment is None or not changed:
            return 0
        await self._settle(line, payment, refund)
        return 1

    def _difference(self, line: Row, payment: Row | None, refund: Row | None) -> str | None:
        """Why the line does not match, or None when it does."""
        if payment is None:
            return "unknown_payment"
        if (line["mchid"], line["sub_mchid"]) != (self.gateway.mchid, payment["sub_mchid"]):
            return "other_payee"
        if payment["state"] not in CAPTURED_STATES:
            return "not_captured"
        if line["transaction_id"] != payment["transaction_id"]:
            return "other_transaction"
        if line["kind"] == BillLineKind.CAPTURE:
            return None if line["gross_fen"] == payment["captured_fen"] else "amount"
        if refund is None:
            return "unknown_refund"
        if line["gross_fen"] != refund["amount_fen"]:
            return "amount"
        # The bill lists a refund when it is accepted and never corrects the line (wechat reference 2.4).
        return None if refund["state"] == RefundRowState.SUCCEEDED else "refund_unfinished"

    async def _settle(self, line: Row, payment: Row, refund: Row | None) -> None:
        sign = -1 if refund is not None else 1
        await execute(
            "INSERT INTO payment_settlement (line_id, payment_id, refund_id, gross_fen, fee_fen, settled_at)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            line["id"],
            payment["id"],
            refund["id"] if refund else None,
            sign * line["gross_fen"],
            line["fee_fen"],
            self.clock(),
        )
        await announce(
            PaymentSettled(
                reference=payment["reference"],
                number=payment["number"],
                refund_reference=refund["reference"] if refund else None,
                payee=payment["payee"],
                channel=payment["channel"],
                gross_fen=sign * line["gross_fen"],
                fee_fen=line["fee_fen"],
                transaction_id=payment["transaction_id"],
                day=line["day"],
                occurred_at=line["traded_at"],
            )
        )
