"""What households are paid in the year: what they earned of sales, month by month, and a dividend in every quarter.

Merchants keep a reserve. One refund comes after its household was paid, for short weight: the reserve bears it, and it
is claimed back (decision 0063).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from kit.clock import CHINA, china_day
from kit.database import row
from ledger.chart import HOUSEHOLD
from ledger.queries import posted
from orders.channels.files import RefundRow, Source
from orders.channels.models import SalesChannel
from orders.channels.refunds import ChannelRefunds
from poverty_alleviation.bases import lines_as_they_stand
from poverty_alleviation.income.agreements import AgreementDraft, Agreements
from poverty_alleviation.income.models import AgreementKind
from poverty_alleviation.income.sheets import IncomeSheets, Payment
from poverty_alleviation.payouts import Payouts, due
from poverty_alleviation.reserves.clawbacks import Clawbacks
from poverty_alleviation.reserves.models import ClawbackFault
from poverty_alleviation.reserves.terms import Reserves
from poverty_alleviation.targets import overpaid
from poverty_alleviation.vault import household_rights
from products.stock import Stock
from scripts.county_volumes.people import Seller
from scripts.county_volumes.plan import BY
from scripts.demo_county.households import HOLD_DAYS, RESERVE_BP, SECOND, SINCE

SHARES = 20
"""Of the first household of a merchant; each further one has one share more, so that no two are paid the same."""
DIVIDEND_FEN = 20_000
"""For each household of a merchant and quarter."""
# The oldest line of which a household was paid its part and nothing has gone back.
_PAID_LINE = """
SELECT p.subject AS line, a.owner AS household, j.occurred_at AS paid_at, c.merchant, c.external_number AS external,
       l.sku
  FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id AND a.code = '2101' AND a.state = 'paid'
  JOIN ledger_journal j ON j.id = p.journal_id
  JOIN order_line l ON l.reference = p.subject JOIN channel_order c ON c.order_id = l.order_id
 WHERE NOT EXISTS (SELECT 1 FROM channel_refund r WHERE r.line_id = l.id)
 ORDER BY c.external_number, a.owner LIMIT 1
"""


@dataclass(frozen=True)
class Incomes:
    """The services through which households are paid, and the present."""

    stock: Stock
    now: datetime
    payouts: Payouts = field(default_factory=Payouts)

    async def agree(self, sellers: Sequence[Seller], begun: datetime) -> None:
        """What merchants hold back from the first day on, and the shares that their households have."""
        reserves = Reserves(clock=lambda: begun - timedelta(days=1))
        for seller in sellers:
            document = f"DEMO-准备金-V{seller.serial + 1:02d}"
            await reserves.enter(seller.merchant, RESERVE_BP, HOLD_DAYS, china_day(begun), document, BY)
            for place, household in enumerate(seller.households):
                draft = AgreementDraft(
                    kind=AgreementKind.SHARE, household=household, payer=seller.merchant, about="示例入股",
                    document=f"DEMO-入股-V{seller.serial + 1:02d}-{place + 1}", valid_from=SINCE, shares=SHARES + place,
                )  # fmt: skip
                await Agreements().enter(draft, BY)

    async def pay(self, day: date) -> None:
        """Everything that is earned, to each household by a slip of its own; every second one signs for it."""
        for serial, each in enumerate(await due(), 1):
            called = f"{day:%Y%m%d}-{serial:03d}"
            slip = f"DEMO-回单-{called}"
            number = await self.payouts.record(each.household, each.merchant, each.amount_fen, slip, day, BY)
            if serial % 2:
                signed_at = datetime.combine(day, time(4), UTC)
                await self.payouts.confirm("payout", number, "signed_statement", f"DEMO-签字-{called}", signed_at, BY)

    async def share(self, sellers: Sequence[Seller], begun: datetime) -> None:
        """A dividend of every merchant in each quarter since the beginning, by two accounts."""
        sheets = IncomeSheets()
        for day in pay_days(china_day(begun), china_day(self.now)):
            for seller in sellers:
                called = f"{day:%Y%m}-V{seller.serial + 1:02d}"
                paid = Payment(
                    payer=seller.merchant, period=f"{day:%Y-%m}", document=f"DEMO-分红决议-{called}",
                    slip=f"DEMO-分红回单-{called}", paid_on=day,
                )  # fmt: skip
                total_fen = DIVIDEND_FEN * len(seller.households)
                sheet = await sheets.propose_dividends(paid, day, total_fen, BY)
                await sheets.decide(sheet, SECOND, "DEMO-审核", is_approved=True)

    async def refund_late(self) -> tuple[str, str]:
        """One piece of a line goes back after its household was paid; answers the line and the household.

        On the same day, at its end: in a later month it would be a refund after the close, which is an alarm.
        """
        found = await row(_PAID_LINE)
        assert found is not None
        ended = datetime.combine(china_day(found["paid_at"]), time(23, 59), CHINA)
        told = RefundRow(
            row=2, external=found["external"], refund=f"{found['external']}L", sku=found["sku"], quantity=1,
            amount_fen=None, freight_fen=0, refunded_at=min(ended, self.now),
        )  # fmt: skip
        digest = hashlib.sha256(b"late refund").digest()
        await ChannelRefunds(self.stock).take(Source(found["merchant"], SalesChannel.DOUYIN, digest, BY), [told])
        return found["line"], found["household"]

    @household_rights()
    async def claim_back(self, line: str, household: str) -> None:
        """What the reserve bore for the household on the line, found at fault by one and approved by another."""
        (basis,) = await lines_as_they_stand([line])
        borne = overpaid(basis, await posted([line]))
        amount_fen = sum(fen for place, fen in borne.items() if (place.code, place.owner) == (HOUSEHOLD, household))
        claims = Clawbacks()
        number = await claims.propose(line, household, amount_fen, ClawbackFault.SHORT_WEIGHT, "DEMO-复秤记录-1", BY)
        await claims.decide(number, SECOND, "DEMO-审核", is_approved=True)


def pay_days(first: date, last: date) -> list[date]:
    """In each quarter from a day to another one the fifteenth of its second month, or the day next to it there is."""
    quarters = range(first.year * 4 + (first.month - 1) // 3, last.year * 4 + (last.month - 1) // 3 + 1)
    return [min(max(date(each // 4, each % 4 * 3 + 2, 15), first), last) for each in quarters]
