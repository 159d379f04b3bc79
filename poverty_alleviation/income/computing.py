"""What a sheet pays to whom: amounts that follow from agreements, resolutions and the books, to the fen."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from kit.database import row, rows
from kit.money import split_fen
from poverty_alleviation.allocation import BASIS_POINTS, IncomeCategory
from poverty_alleviation.income.errors import SheetInvalid
from poverty_alleviation.income.models import AgreementKind
from poverty_alleviation.month_figures import first_day, last_day

_AGREEMENTS = (
    "SELECT a.number, a.agreed_from, a.shares, a.rent_fen, a.every_months, h.code AS household"
    " FROM household_agreement a JOIN household h ON h.id = a.household_id WHERE a.kind = $1 AND a.payer = $2"
)


class IncomePart(msgspec.Struct, frozen=True, kw_only=True):
    """What a household is paid for one agreement, or by one rule (``reference``); ``weight`` as in ``IncomeLine``."""

    household: str
    reference: str
    weight: int
    amount_fen: int


class ReturnRule(msgspec.Struct, frozen=True):
    """A rule for a return on a month's sales, as it stood on the month's last day."""

    version: str
    rate: int
    product: str | None
    category: IncomeCategory


async def wages(payer: str, period: str, paid_fen: Sequence[tuple[str, int]]) -> list[IncomePart]:
    """What was paid by employment. Each is named once, is in force in the month and has work on record then.

    Raises :class:`SheetInvalid` (agreement, attendance).
    """
    by_number = dict(paid_fen)
    if len(by_number) < len(paid_fen):
        raise SheetInvalid(reason="agreement")
    found = await rows(
        f"{_AGREEMENTS} AND a.number = ANY($3::text[])"
        " AND daterange(a.valid_from, a.valid_until) && daterange($4::date, $5::date, '[]') ORDER BY h.code, a.number",
        AgreementKind.EMPLOYMENT,
        payer,
        list(by_number),
        first_day(period),
        last_day(period),
    )
    _all_found(found, list(by_number))
    worked = {
        each["number"]: each["half_days"] + each["pieces"]
        for each in await rows(
            "SELECT DISTINCT ON (a.id) a.number, t.half_days, t.pieces FROM attendance t"
            " JOIN household_agreement a ON a.id = t.agreement_id WHERE t.period = $1 AND a.number = ANY($2::text[])"
            " ORDER BY a.id, t.id DESC",
            period,
            list(by_number),
        )
    }
    if idle := [each["number"] for each in found if not worked.get(each["number"])]:
        raise SheetInvalid(reason="attendance", references=idle)
    return [_part(each, worked[each["number"]], by_number[each["number"]]) for each in found]


async def dividends(payer: str, as_of: date, total_fen: int) -> list[IncomePart]:
    """A resolution's sum over the shares held on a day: largest remainder, ties by household and agreement. Who gets
    no fen is left out.

    Raises :class:`SheetInvalid` (agreement) when nobody holds any.
    """
    found = await rows(
        f"{_AGREEMENTS} AND daterange(a.valid_from, a.valid_until) @> $3::date ORDER BY h.code, a.number",
        AgreementKind.SHARE,
        payer,
        as_of,
    )
    if not found:
        raise SheetInvalid(reason="agreement")
    parts = split_fen(total_fen, [each["shares"] for each in found])
    return [_part(each, each["shares"], part) for each, part in zip(found, parts, strict=True) if part]


async def rents(payer: str, period: str, numbers: Sequence[str]) -> list[IncomePart]:
    """The agreed rents of leases, each due in the month. Raises :class:`SheetInvalid` (agreement, due).

    What is due in the month in which a lease goes over to another household is due to the one that let it first.
    """
    found = await rows(
        f"{_AGREEMENTS} AND a.number = ANY($3::text[])"
        " AND daterange(a.valid_from, a.valid_until) && daterange($4::date, $5::date, '[]')"
        " AND (a.valid_from = a.agreed_from OR a.valid_from <= $4::date) ORDER BY h.code, a.number",
        AgreementKind.LEASE,
        payer,
        list(numbers),
        first_day(period),
        last_day(period),
    )
    _all_found(found, numbers)
    if early := [each["number"] for each in found if _months(each["agreed_from"], period) % each["every_months"]]:
        raise SheetInvalid(reason="due", references=early)
    return [_part(each, 0, each["rent_fen"]) for each in found]


async def return_rule(payer: str, version: str, period: str) -> ReturnRule:
    """The approved rule of this merchant's contracts. Raises :class:`SheetInvalid` (rule)."""
    found = await row(
        "SELECT r.code || '-' || r.version AS version, r.rate, r.product, r.category FROM benefit_rule r"
        " JOIN benefit_contract c ON c.id = r.contract_id WHERE c.merchant = $1 AND r.kind = 'margin_return'"
        " AND r.code || '-' || r.version = $2 AND r.state = 'approved' AND c.state IN ('approved', 'ended')"
        " AND daterange(r.valid_from, r.valid_until) @> $3::date"
        " AND daterange(c.valid_from, c.valid_until) @> $3::date",
        payer,
        version,
        last_day(period),
    )
    if found is None:
        raise SheetInvalid(reason="rule", references=[version])
    return msgspec.convert(found, ReturnRule)


async def returns(payer: str, rule: ReturnRule, period: str) -> list[IncomePart]:
    """A part of what the sales attributed to households came to in a month, net of refunds, by those sales.

    The pool is a floor; largest remainder, ties by household. A household whose refunds outweigh its sales gets
    nothing and lessens nobody's.
    """
    found = await rows(
        "SELECT a.owner AS household, -sum(p.amount_fen)::bigint AS fen FROM ledger_journal j"
        " JOIN ledger_posting p ON p.journal_id = j.id JOIN ledger_account a ON a.id = p.account_id"
        " JOIN line_basis b ON b.line = p.subject WHERE j.period = $1 AND a.code = '9101' AND a.state = 'earned'"
        " AND b.merchant = $2 AND ($3::text IS NULL OR b.product = $3) GROUP BY 1 HAVING sum(p.amount_fen) < 0"
        " ORDER BY 1",
        period,
        payer,
        rule.product,
    )
    pool = sum(each["fen"] for each in found) * rule.rate // BASIS_POINTS
    parts = split_fen(pool, [each["fen"] for each in found]) if pool else [0] * len(found)
    return [
        IncomePart(household=each["household"], reference=rule.version, weight=each["fen"], amount_fen=part)
        for each, part in zip(found, parts, strict=True)
        if part
    ]


def _all_found(found: Sequence[dict[str, Any]], numbers: Sequence[str]) -> None:
    if missing := sorted(set(numbers) - {each["number"] for each in found}):
        raise SheetInvalid(reason="agreement", references=missing)


def _part(agreement: dict[str, Any], weight: int, amount_fen: int) -> IncomePart:
    return IncomePart(
        household=agreement["household"], reference=agreement["number"], weight=weight, amount_fen=amount_fen
    )


def _months(since: date, period: str) -> int:
    """How many months lie between the month of a day and a month."""
    year, month = map(int, period.split("-"))
    return (year - since.year) * 12 + month - since.month
