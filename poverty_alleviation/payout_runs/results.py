"""What became of each line at the bank: paid with a voucher, or failed and due again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, rows, scalar, transaction
from ledger.inputs import Input
from ledger.service import JournalDraft
from poverty_alleviation.bases import held_lines
from poverty_alleviation.corrections.plans import to_targets
from poverty_alleviation.payout_runs.errors import BankResultRefused, PayoutRunStands
from poverty_alleviation.payout_runs.models import LINE_TRANSITIONS, LineState, PayoutWay, RunState
from poverty_alleviation.payout_runs.service import end_line, held_payout_line, held_run
from poverty_alleviation.payouts import Payouts
from poverty_alleviation.vault import household_rights

LATE_DIFFERENCE = "poverty_alleviation.payout_difference"


class BankResult(msgspec.Struct, frozen=True, kw_only=True):
    """The bank's word on one line. Paid: ``voucher`` and ``paid_on``; not paid: ``reason``. ``row``: of the file."""

    position: int
    amount_fen: int
    is_paid: bool
    voucher: str = ""
    paid_on: date | None = None
    reason: str = ""
    row: int = 0


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """How many lines of a file were recorded as paid and as failed; those that said so before are not counted."""

    paid: int
    failed: int


@dataclass(frozen=True)
class BankResults:
    """A result holds for ever; the same one again changes nothing."""

    payouts: Payouts = field(default_factory=Payouts)
    clock: Clock = utc_now

    @household_rights()
    async def record(
        self, number: str, results: Sequence[BankResult], by: str, way: PayoutWay = PayoutWay.BANK
    ) -> Recorded:
        """Record the results of a run that goes this ``way``: all of them, or none when one does not fit.

        What WeChat transfers nobody records by hand. The last one ends the run. Raises PayoutRunUnknown,
        :class:`PayoutRunStands`, :class:`BankResultRefused` with ``problems``.
        """
        async with transaction():
            run = await held_run(number)
            if run["way"] != way or run["state"] not in (RunState.EXPORTED, RunState.PAID):
                raise PayoutRunStands(state=run["state"])
            lines = await self._lines(run["id"])
            fresh = self._fresh(lines, results, china_day(run["decided_at"]))
            # Every line of every part at once and in order, so that two files never wait for each other.
            subjects = await rows(
                "SELECT DISTINCT order_line FROM payout_part WHERE line_id = ANY($1) ORDER BY 1",
                [lines[each.position]["id"] for each in fresh],
            )
            await held_lines([each["order_line"] for each in subjects])
            for each in fresh:
                await self._end(run, each, by)
            if not await scalar("SELECT 1 FROM payout_line WHERE run_id = $1 AND state = 'ready' LIMIT 1", run["id"]):
                await execute(
                    "UPDATE payout_run SET state = 'paid', finished_at = $2 WHERE id = $1 AND state = 'exported'",
                    run["id"],
                    self.clock(),
                )
        return Recorded(paid=sum(each.is_paid for each in fresh), failed=sum(not each.is_paid for each in fresh))

    async def _lines(self, run_id: int) -> dict[int, dict[str, Any]]:
        found = await rows(
            "SELECT l.id, l.position, l.state, l.amount_fen, l.reason, p.bank_voucher, p.paid_on FROM payout_line l"
            " LEFT JOIN payout p ON p.number = l.payout WHERE l.run_id = $1",
            run_id,
        )
        return {each["position"]: each for each in found}

    def _fresh(
        self, lines: dict[int, dict[str, Any]], results: Sequence[BankResult], approved_on: date
    ) -> list[BankResult]:
        """The results that nobody has recorded yet, by position."""
        fresh: dict[int, BankResult] = {}
        problems: list[dict[str, object]] = []
        for each in results:
            problem = self._problem(lines.get(each.position), each, approved_on)
            if each.position in fresh:
                problem = "同一明细出现两次"
            if problem == "":
                fresh[each.position] = each
            elif problem is not None:
                problems.append({"row": each.row, "position": each.position, "detail": problem})
        if problems:
            raise BankResultRefused(problems=problems[:200])
        return [fresh[position] for position in sorted(fresh)]

    def _problem(self, line: dict[str, Any] | None, said: BankResult, approved_on: date) -> str | None:
        """Why a result does not fit its line, '' when it is new and fits, None when it is on record already.

        No bank has paid before the list was approved: another year is a slip of the pen, and would date the income.
        """
        if line is None or line["amount_fen"] != said.amount_fen:
            return "明细不存在或金额不符"
        today = china_day(self.clock())
        if said.is_paid and (not said.voucher or said.paid_on is None or not approved_on <= said.paid_on <= today):
            return "付款成功须有回单号，付款日期不早于批准当日、不晚于今天"
        if line["state"] == LineState.READY:
            return ""
        if said.is_paid and line["state"] == LineState.PAID:
            same = (line["bank_voucher"], line["paid_on"]) == (said.voucher, said.paid_on)
            return None if same else "该明细已登记为付款成功，回单不同"
        return None if not said.is_paid and line["state"] == LineState.FAILED else "该明细已有其他结果"

    async def _end(self, run: dict[str, Any], said: BankResult, by: str) -> None:
        line = await held_payout_line(run["id"], said.position)
        to = LineState.PAID if said.is_paid else LineState.FAILED
        assert to in LINE_TRANSITIONS[LineState(line["state"])]
        if not said.is_paid:
            await end_line(line["id"], to, said.reason, self.clock())
            return
        assert said.paid_on
        parts = await rows(
            "SELECT order_line AS subject, category, rule, contribution, amount_fen FROM payout_part"
            " WHERE line_id = $1 ORDER BY id",
            line["id"],
        )
        payout = await self.payouts.record_parts(
            line["household"], run["merchant"], parts, said.voucher, said.paid_on, by
        )
        await end_line(line["id"], to, "", self.clock(), payout)
        await self.book_difference(payout, sorted({part["subject"] for part in parts}))

    async def book_difference(self, payout: str, lines: Sequence[str]) -> None:
        """What was refunded while the bank was paying, the merchant's reserve bears like any refund after a payout."""
        entries = await to_targets(await held_lines(lines), [])
        if entries:
            noted = Input(LATE_DIFFERENCE, payout, msgspec.json.encode({"lines": lines}).decode())
            (now,) = await self.payouts.journals.note(noted)
            draft = JournalDraft(LATE_DIFFERENCE, payout, now, entries, note=payout, booked_at=now)
            await self.payouts.journals.post(draft)
