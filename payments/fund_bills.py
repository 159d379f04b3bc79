"""Fund-flow bills: every movement of an account, matched with payments, refunds and fees, and the balance followed.

Trade bills say what was sold; these say what the account really got. A movement that fits nothing of ours, and a
balance that does not follow from the day before, are differences for a person.
"""

import logging
from dataclasses import dataclass
from datetime import date, timedelta

from kit.clock import Clock, utc_now
from kit.database import execute, rows, scalar, transaction
from payments.bills import LOOK_BACK_DAYS
from payments.ports import BillInvalid, FundBill, GatewayError, PaymentGateway

log = logging.getLogger(__name__)

COMPARED_DAYS = 90

# Why a line fits nothing of ours, or NULL. What the channel calls its businesses stands in wechat reference 2.4; money
# that the merchant takes out to its own bank has no counterpart here and is none. The names of the two lines of a split
# are unconfirmed; one that is called otherwise is a difference for a person.
_DIFFERENCE = """
CASE l.business
WHEN '交易' THEN (SELECT CASE WHEN p.id IS NULL THEN 'unknown_payment'
        WHEN COALESCE(p.sub_mchid, $2) <> b.account THEN 'other_account'
        WHEN p.captured_fen <> l.amount_fen THEN 'amount' END
   FROM (SELECT 1) one LEFT JOIN payment p ON p.transaction_id = l.transaction_id)
WHEN '扣除交易手续费' THEN (SELECT CASE WHEN t.id IS NULL THEN 'fee_not_in_trade_bill'
        WHEN t.fee_fen <> -l.amount_fen THEN 'fee' END
   FROM (SELECT 1) one LEFT JOIN payment_bill_line t ON t.transaction_id = l.transaction_id AND t.kind = 'capture'
   ORDER BY t.id DESC LIMIT 1)
WHEN '退款' THEN (SELECT CASE WHEN r.id IS NULL THEN 'unknown_refund'
        WHEN r.amount_fen <> -l.amount_fen THEN 'amount' END
   FROM (SELECT 1) one LEFT JOIN payment_refund r ON r.refund_id = l.voucher)
WHEN '退还交易手续费' THEN (SELECT CASE WHEN t.id IS NULL THEN 'fee_not_in_trade_bill'
        WHEN -t.fee_fen <> l.amount_fen THEN 'fee' END
   FROM (SELECT 1) one LEFT JOIN payment_refund r ON r.refund_id = l.voucher
   LEFT JOIN payment_bill_line t ON t.refund_number = r.number AND t.kind = 'refund' ORDER BY t.id DESC LIMIT 1)
WHEN '退款关闭' THEN (SELECT CASE WHEN r.id IS NULL THEN 'unknown_refund'
        WHEN r.state <> 'closed' THEN 'refund_not_closed' END
   FROM (SELECT 1) one LEFT JOIN payment_refund r ON r.refund_id = l.voucher)
WHEN '分账' THEN (SELECT CASE WHEN s.id IS NULL THEN 'unknown_split'
        WHEN s.amount_fen <> l.amount_fen * CASE WHEN b.account = $2 THEN 1 ELSE -1 END THEN 'amount' END
   FROM (SELECT 1) one LEFT JOIN payment p ON p.transaction_id = l.transaction_id
   LEFT JOIN payment_split s ON s.payment_id = p.id AND s.state = 'split')
WHEN '分账回退' THEN (SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM payment p JOIN payment_split s ON s.payment_id = p.id
        JOIN payment_split_return r ON r.split_id = s.id WHERE p.transaction_id = l.transaction_id
        AND r.state = 'returned' AND r.amount_fen = l.amount_fen * CASE WHEN b.account = $2 THEN -1 ELSE 1 END)
        THEN 'unknown_split_return' END)
WHEN '提现' THEN NULL
ELSE 'unknown_business' END
"""


@dataclass(frozen=True)
class FundBills:
    """The use cases of fund-flow bills. ``account`` is a merchant number, the provider's own included."""

    gateway: PaymentGateway
    clock: Clock = utc_now

    async def missing(self, newest: date) -> list[tuple[date, str]]:
        """Days up to ``newest``, a week back at most, and accounts that took money in by then, without a bill.

        Shares arrive at our own account, which takes in nothing else in partner mode.
        """
        found = await rows(
            "SELECT d.day, a.account FROM (SELECT $1::date + n AS day"
            "   FROM generate_series(0, $2::date - $1::date) AS n) AS d,"
            " (SELECT COALESCE(sub_mchid, $3) AS account,"
            "   min((captured_at AT TIME ZONE 'Asia/Shanghai')::date) AS begun"
            "   FROM payment WHERE captured_fen > 0 GROUP BY 1"
            "   UNION SELECT $3, min((finished_at AT TIME ZONE 'Asia/Shanghai')::date) FROM payment_split"
            "   WHERE state = 'split' AND NOT EXISTS (SELECT 1 FROM payment WHERE captured_fen > 0"
            "     AND sub_mchid IS NULL)) AS a"
            " WHERE d.day >= a.begun AND NOT EXISTS (SELECT 1 FROM payment_fund_bill b WHERE b.day = d.day"
            "   AND b.account = a.account AND b.channel = $4) ORDER BY 1, 2 LIMIT 500",
            newest - timedelta(days=LOOK_BACK_DAYS - 1),
            newest,
            self.gateway.mchid,
            self.gateway.channel,
        )
        return [(each["day"], each["account"]) for each in found]

    async def import_day(self, day: date, account: str) -> int:
        """Fetch, keep and compare the bill of an account and a day in China; answers how many lines it has.

        Must not run inside a transaction; repeatable. A bill that cannot be had or does not add up is logged and left
        for later; a day without any movement is kept as an empty bill.
        """
        sub_mchid = None if account == self.gateway.mchid else account
        try:
            bill = await self.gateway.fund_bill(day, sub_mchid)
        except (GatewayError, BillInvalid) as error:
            log.error("fund_bill_not_imported", extra={"day": day.isoformat(), "cause": str(error)})
            return 0
        await self._keep(bill or FundBill(day=day, account=account, sha1="", rows=()))
        await self.compare()
        return len(bill.rows) if bill else 0

    async def _keep(self, bill: FundBill) -> None:
        """Store a bill and its lines in two statements; a newer version of the day adds what is new."""
        opening = bill.rows[0].balance_fen - bill.rows[0].amount_fen if bill.rows else None
        async with transaction():
            bill_id = await scalar(
                "INSERT INTO payment_fund_bill AS b (channel, account, day, sha1, line_count, opening_fen, closing_fen,"
                " imported_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (channel, account, day) DO UPDATE"
                " SET sha1 = $4, line_count = $5, opening_fen = $6, closing_fen = $7, imported_at = $8 RETURNING id",
                self.gateway.channel,
                bill.account,
                bill.day,
                bill.sha1,
                len(bill.rows),
                opening,
                bill.rows[-1].balance_fen if bill.rows else None,
                self.clock(),
            )
            await execute(
                "INSERT INTO payment_fund_line (bill_id, flow_number, booked_at, transaction_id, business, amount_fen,"
                " balance_fen, remark, voucher, difference) SELECT $1, l.*, 'not_compared' FROM unnest($2::text[],"
                " $3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::text[]) AS l"
                " ON CONFLICT (bill_id, flow_number) DO NOTHING",
                bill_id,
                [row.flow_number for row in bill.rows],
                [row.booked_at for row in bill.rows],
                [row.transaction_id for row in bill.rows],
                [row.business[:40] for row in bill.rows],
                [row.amount_fen for row in bill.rows],
                [row.balance_fen for row in bill.rows],
                [row.remark[:200] for row in bill.rows],
                [row.voucher for row in bill.rows],
            )

    async def compare(self) -> int:
        """Judge every line that fits nothing so far, in one statement; answers how many fit now."""
        judged = await rows(
            f"UPDATE payment_fund_line f SET difference = j.difference FROM (SELECT l.id, {_DIFFERENCE} AS difference"
            " FROM payment_fund_line l JOIN payment_fund_bill b ON b.id = l.bill_id WHERE l.difference IS NOT NULL"
            "   AND b.channel = $1 AND b.day >= $3) AS j"
            " WHERE f.id = j.id AND f.difference IS DISTINCT FROM j.difference RETURNING f.difference",
            self.gateway.channel,
            self.gateway.mchid,
            self.clock().date() - timedelta(days=COMPARED_DAYS),
        )
        return sum(each["difference"] is None for each in judged)
