"""Quarters and the months that make them up."""

import re
from datetime import date

from kit.database import rows
from kit.errors import Invalid
from poverty_alleviation.statements.errors import QuarterNotClosed

_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")


class QuarterInvalid(Invalid):
    """A quarter is written ``2026-Q4``."""

    code = "quarter_invalid"
    title = "季度应写作 2026-Q4"
    title_en = "A quarter is written 2026-Q4"


def quarter_span(quarter: str) -> tuple[date, date]:
    """The first day of a quarter and the first day after it. Raises :class:`QuarterInvalid`."""
    found = _QUARTER.fullmatch(quarter)
    if found is None or not 2000 <= int(found[1]) <= 2100:
        raise QuarterInvalid()
    year, number = int(found[1]), int(found[2])
    after = date(year + 1, 1, 1) if number == 4 else date(year, number * 3 + 1, 1)
    return date(year, number * 3 - 2, 1), after


def months_of(quarter: str) -> list[str]:
    """``2026-Q4`` -> 2026-10, 2026-11, 2026-12. Raises :class:`QuarterInvalid`."""
    first, _ = quarter_span(quarter)
    return [f"{first.year}-{first.month + each:02}" for each in range(3)]


async def closed_months(quarter: str, day: date) -> dict[str, str]:
    """The root of each month of a quarter that has journals, all of them closed.

    Raises :class:`QuarterInvalid`, :class:`QuarterNotClosed` with the months that are ``open`` on ``day``.
    """
    _, after = quarter_span(quarter)
    months = months_of(quarter)
    if day < after:
        raise QuarterNotClosed(open=months)
    found = await rows(
        "SELECT m.period, p.root, EXISTS (SELECT 1 FROM ledger_journal j WHERE j.period = m.period) AS used"
        " FROM unnest($1::text[]) AS m(period)"
        " LEFT JOIN ledger_period p ON p.period = m.period AND p.state = 'closed' ORDER BY 1",
        months,
    )
    open_months = [each["period"] for each in found if each["used"] and each["root"] is None]
    if open_months:
        raise QuarterNotClosed(open=open_months)
    return {each["period"]: each["root"] for each in found if each["root"] is not None}


async def is_closed(quarter: str, day: date) -> bool:
    """Whether nothing of a quarter can move any more. Raises :class:`QuarterInvalid`."""
    try:
        await closed_months(quarter, day)
    except QuarterNotClosed:
        return False
    return True


def quarter_name(quarter: str) -> str:
    """``2026年第4季度``."""
    first, _ = quarter_span(quarter)
    return f"{first.year}年第{(first.month + 2) // 3}季度"
