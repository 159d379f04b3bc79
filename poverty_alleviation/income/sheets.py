"""Sheets by which income of a period is paid: written by one account, decided by another, posted line by line.

Each line is a journal of its own, so that a household confirms its own and a correction takes back one of them
(decision 0060).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, rows, transaction
from kit.numbers import public_number
from ledger.chart import DIVIDENDS_PAID, HOUSEHOLD, RENTS_PAID, RETURNS_PAID, SUPPLIER, WAGES_PAID, State
from ledger.errors import SecondPersonNeeded
from ledger.inputs import Input
from ledger.service import Entry, JournalDraft, Journals, hold_source
from poverty_alleviation.allocation import IncomeCategory
from poverty_alleviation.income.computing import IncomePart, dividends, rents, return_rule, returns, wages
from poverty_alleviation.income.errors import PaidForBefore, SheetDecided, SheetInvalid, SheetOutdated, SheetUnknown
from poverty_alleviation.income.models import SHEET_TRANSITIONS, IncomeLine, IncomeSheet, IncomeSheetState, SheetKind
from poverty_alleviation.lineage.descent import standing_in
from poverty_alleviation.month_figures import first_day, last_day
from poverty_alleviation.payouts import PERIOD_INCOME
from poverty_alleviation.terms import assisted_households
from poverty_alleviation.vault import household_rights

MAX_LINES = 500
SHEET = "poverty_alleviation.income_sheet"
OWN_CASH = {
    SheetKind.WAGE: WAGES_PAID,
    SheetKind.DIVIDEND: DIVIDENDS_PAID,
    SheetKind.RENT: RENTS_PAID,
    SheetKind.RETURN: RETURNS_PAID,
}
"""The account of the payer's own money, by what a sheet pays: neither 1101 nor 1102 moves."""


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """Who has paid for which month (``2026-11``), on which day, by which paper and which slip of the bank."""

    payer: str
    period: str
    document: str
    slip: str
    paid_on: date


@dataclass(frozen=True)
class IncomeSheets:
    """Wages, dividends, rents and returns that were paid. ``by`` is the account held to it."""

    journals: Journals = field(default_factory=Journals)
    clock: Clock = utc_now

    @household_rights()
    async def propose_wages(self, payment: Payment, paid_fen: Sequence[tuple[str, int]], by: str) -> str:
        """Wages by employment in fen; answers the sheet's number. Nothing is posted.

        Raises :class:`SheetInvalid` and :class:`PaidForBefore`, as the other three.
        """
        due = await wages(payment.payer, payment.period, paid_fen)
        return await self._keep(SheetKind.WAGE, payment, due, IncomeCategory.WAGE, by)

    @household_rights()
    async def propose_dividends(self, payment: Payment, as_of: date, total_fen: int, by: str) -> str:
        """A resolution's sum over the shares held on the day that it names; the paper is the resolution."""
        if as_of > payment.paid_on:
            raise SheetInvalid(reason="as_of")
        due = await dividends(payment.payer, as_of, total_fen)
        return await self._keep(SheetKind.DIVIDEND, payment, due, IncomeCategory.PROPERTY, by, as_of=as_of)

    @household_rights()
    async def propose_rents(self, payment: Payment, leases: Sequence[str], by: str) -> str:
        """The rents that some leases agree on and that are due in the month."""
        due = await rents(payment.payer, payment.period, leases)
        return await self._keep(SheetKind.RENT, payment, due, IncomeCategory.PROPERTY, by)

    @household_rights()
    async def propose_returns(self, payment: Payment, rule: str, by: str) -> str:
        """What a rule gives back of a month's sales once the month is over; the rule says of which category it is."""
        if last_day(payment.period) >= china_day(self.clock()):
            raise SheetInvalid(reason="period")
        found = await return_rule(payment.payer, rule, payment.period)
        due = await returns(payment.payer, found, payment.period)
        return await self._keep(SheetKind.RETURN, payment, due, found.category, by, rule=rule)

    @household_rights()
    async def decide(self, number: str, by: str, note: str, *, is_approved: bool) -> None:
        """Approve a sheet, which posts it, or refuse it. The same decision by the same account changes nothing.

        Who wrote it, or put on record an agreement or the work that it rests on, may only refuse it. Raises
        :class:`SheetUnknown`, :class:`SheetDecided`, ``SecondPersonNeeded``, :class:`SheetOutdated`.
        """
        to = IncomeSheetState.APPROVED if is_approved else IncomeSheetState.REFUSED
        async with transaction():
            found = await row("SELECT * FROM income_sheet WHERE number = $1 FOR UPDATE", number)
            if found is None:
                raise SheetUnknown(sheet=number)
            if (found["state"], found["decided_by"]) == (to, by):
                return
            if to not in SHEET_TRANSITIONS[IncomeSheetState(found["state"])]:
                raise SheetDecided(state=found["state"])
            if is_approved:
                await self._post(found, by)
            await execute(
                "UPDATE income_sheet SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5"
                " WHERE number = $1 AND state = 'proposed'",
                number,
                str(to),
                by,
                self.clock(),
                note,
            )

    async def _keep(
        self,
        kind: SheetKind,
        payment: Payment,
        due: Sequence[IncomePart],
        category: IncomeCategory,
        by: str,
        *,
        rule: str = "",
        as_of: date | None = None,
    ) -> str:
        if not due or len(due) > MAX_LINES or any(each.amount_fen <= 0 for each in due):
            raise SheetInvalid(reason="nothing" if not due else "lines")
        if not first_day(payment.period) <= payment.paid_on <= china_day(self.clock()):
            raise SheetInvalid(reason="paid_on")
        number = public_number(self.clock(), "I")
        async with transaction():
            # Whoever pays for the same month at once waits here, and then finds this one.
            await hold_source(PERIOD_INCOME, f"{kind}:{payment.payer}:{payment.period}")
            if before := await _paid_for(kind, payment.period, due):
                raise PaidForBefore(references=before)
            sheet = await IncomeSheet.create(
                number=number,
                kind=kind,
                state=IncomeSheetState.PROPOSED,
                category=category,
                rule=rule,
                as_of=as_of,
                total_fen=sum(each.amount_fen for each in due),
                made_by=by,
                made_at=self.clock(),
                **msgspec.structs.asdict(payment),
            )
            ids = await _household_ids(due)
            await IncomeLine.bulk_create(
                [
                    IncomeLine(
                        number=f"{number}-{place}",
                        sheet=sheet,
                        household_id=ids[each.household],
                        reference=each.reference,
                        weight=each.weight,
                        amount_fen=each.amount_fen,
                    )
                    for place, each in enumerate(due, 1)
                ]
            )
        return number

    async def _post(self, sheet: dict[str, Any], by: str) -> None:
        lines = await rows(
            "SELECT l.number, l.reference, l.weight, l.amount_fen, h.code AS household, a.recorded_by AS agreed,"
            " (SELECT t.recorded_by FROM attendance t WHERE t.agreement_id = a.id AND t.period = $2"
            " ORDER BY t.id DESC LIMIT 1) AS attended"
            " FROM income_line l JOIN household h ON h.id = l.household_id"
            " LEFT JOIN household_agreement a ON a.number = l.reference WHERE l.sheet_id = $1 ORDER BY l.id",
            sheet["id"],
            sheet["period"],
        )
        if by in {sheet["made_by"], *(each[who] for each in lines for who in ("agreed", "attended"))}:
            raise SecondPersonNeeded()
        stored = [msgspec.convert(each, IncomePart) for each in lines]
        if await _computed_anew(sheet, stored) != stored:
            raise SheetOutdated(sheet=sheet["number"])
        await self.book(sheet, lines)

    async def book(self, sheet: Row, lines: Sequence[Row]) -> None:
        """Post the lines of a sheet that was approved, each with its household's code."""
        (booked_at,) = await self.journals.note(Input(SHEET, sheet["number"]))
        # Outside its status a household is a party like others (domain reference 2.6); one that has merged meanwhile is
        # paid as the one it merged into.
        stands_in = await standing_in((each["household"] for each in lines), sheet["paid_on"])
        assisted = await assisted_households(stands_in.values(), sheet["paid_on"])
        day = sheet["paid_on"]
        for line in lines:
            number, household = line["number"], stands_in[line["household"]]
            is_tagged = household in assisted
            await self.journals.post(
                JournalDraft(
                    source_type=PERIOD_INCOME,
                    source_id=number,
                    occurred_at=datetime(day.year, day.month, day.day, 4, tzinfo=UTC),
                    booked_at=booked_at,
                    entries=[
                        Entry(OWN_CASH[SheetKind(sheet["kind"])], sheet["payer"], line["amount_fen"], subject=number),
                        Entry(
                            code=HOUSEHOLD if is_tagged else SUPPLIER,
                            owner=household if is_tagged else line["reference"],
                            amount_fen=-line["amount_fen"],
                            state=State.PAID,
                            category=sheet["category"],
                            subject=number,
                            rule=sheet["rule"],
                            contribution=line["reference"],
                        ),
                    ],
                    note=sheet["slip"],
                )
            )


async def _computed_anew(sheet: dict[str, Any], stored: Sequence[IncomePart]) -> list[IncomePart]:
    """What the sheet would pay as agreements, work and books stand now."""
    payer, period, kind = sheet["payer"], sheet["period"], SheetKind(sheet["kind"])
    if kind is SheetKind.WAGE:
        return await wages(payer, period, [(each.reference, each.amount_fen) for each in stored])
    if kind is SheetKind.DIVIDEND:
        return await dividends(payer, sheet["as_of"], sheet["total_fen"])
    if kind is SheetKind.RENT:
        return await rents(payer, period, [each.reference for each in stored])
    return await returns(payer, await return_rule(payer, sheet["rule"], period), period)


async def _household_ids(due: Sequence[IncomePart]) -> dict[str, int]:
    codes = sorted({each.household for each in due})
    return {r["code"]: r["id"] for r in await rows("SELECT id, code FROM household WHERE code = ANY($1)", codes)}


async def _paid_for(kind: SheetKind, period: str, due: Sequence[IncomePart]) -> list[str]:
    """References that another sheet pays for the month, unless a correction has taken that back."""
    found = await rows(
        "SELECT DISTINCT l.reference FROM income_line l JOIN income_sheet s ON s.id = l.sheet_id"
        " JOIN household h ON h.id = l.household_id"
        " JOIN unnest($3::text[], $4::text[]) AS w (household, reference)"
        " ON (w.household, w.reference) = (h.code, l.reference)"
        " WHERE s.kind = $1 AND s.period = $2 AND s.state <> 'refused' AND NOT EXISTS (SELECT 1 FROM ledger_journal j"
        " JOIN ledger_journal r ON r.reverses_id = j.id WHERE j.source_type = $5 AND j.source_id = l.number)"
        " ORDER BY 1 LIMIT 20",
        str(kind),
        period,
        [each.household for each in due],
        [each.reference for each in due],
        PERIOD_INCOME,
    )
    return [each["reference"] for each in found]
