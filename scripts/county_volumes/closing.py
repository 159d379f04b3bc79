"""Months that are over are signed, as a real office would have: by its poverty officer and by a county officer."""

from datetime import datetime

from kit.database import rows
from ledger.errors import PeriodNotReady
from ledger.models import PeriodState, Signatory
from ledger.periods import period_cards
from ledger.service import period_of
from poverty_alleviation.month_close import MonthClose

SIGNERS = {"poverty": Signatory.POVERTY_OFFICE, "county": Signatory.OPERATOR}
"""Which account of the demo county signs for whom (decision 0040)."""


async def sign_months(close: MonthClose, now: datetime) -> list[str]:
    """Close every month of the books that was over at a moment, oldest first; answers what keeps one from it.

    Every fact must be delivered. A month that does not agree stays open, and so do those after it.
    """
    signers = await rows("SELECT login, number, name FROM staff_account WHERE login = ANY($1)", list(SIGNERS))
    for month in reversed(await period_cards()):
        if month.period >= period_of(now) or month.state is PeriodState.CLOSED:
            continue
        try:
            found = await close.begin(month.period, f"staff:{signers[0]['number']}")
        except PeriodNotReady as refused:
            return [f"{month.period} does not agree: {refused.facts['open']}"]
        for each in signers:
            signatory, by = SIGNERS[each["login"]], f"staff:{each['number']}"
            await close.sign(month.period, found.digest, signatory, by, each["name"])
    return []
