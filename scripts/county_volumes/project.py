"""The county's project: its fund, its meetings, and stations that are all used (domain reference 6.4).

How the fund is split is in no text at hand (domain reference 7): the lines and their amounts are examples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from county.disclosure.models import DisclosureComplaintKind, DisclosureComplaintState, DisclosureKind, Medium
from county.disclosure.service import ComplaintDraft, Disclosure, ItemDraft
from county.funds.service import BankPayment, Funds, LineDraft, PaymentDraft
from county.meetings.models import MeetingKind
from county.meetings.service import Matter, MeetingDraft, Meetings, Rhythm
from kit.clock import china_day
from places.queries import station_places
from scripts.county_volumes.people import Seller
from scripts.county_volumes.plan import BY, MONTHS
from scripts.demo_county.households import SECOND
from traceability.models import IntakeMode
from traceability.service import Intakes, Reach, Weighing

FUND_FEN = 1_350_000_000
LINES = (
    ("示例科目：农村流通基础设施", 400_000_000),
    ("示例科目：农村电商公共服务体系", 200_000_000),
    ("示例科目：人才培训孵化", 250_000_000),
    ("示例科目：农村电商供应链体系", 450_000_000),
    ("示例科目：项目监督审核", 50_000_000),
)
STATIONS, COMPLAINTS = 50, 4
LEADERS_MEETINGS, MONTHLY_KINDS = 2, (MeetingKind.JOINT_DEPUTIES, MeetingKind.INSPECTION)
PROJECT = {
    "fund_fen": FUND_FEN,
    "meetings": LEADERS_MEETINGS + MONTHS * len(MONTHLY_KINDS),
    "stations_used": STATIONS,
    "disclosure_items": len(DisclosureKind),
    "disclosure_complaints": COMPLAINTS,
}
"""What there is afterwards."""

_PLAN = "陇川县电子商务进农村综合示范项目实施方案（2020年6月11日）"


@dataclass(frozen=True)
class Project:
    """Everything as of the present."""

    now: datetime

    def clock(self) -> datetime:
        """Everything is entered at one moment."""
        return self.now

    async def enter(self, sellers: Sequence[Seller]) -> None:
        """All of it."""
        await self._fund()
        await self._meetings()
        await self._disclosure()
        await self._weigh_everywhere(sellers)

    async def _fund(self) -> None:
        """Arranged by one, approved by another; a fifth of each line is approved, and half of that paid."""
        funds = Funds(self.clock)
        fund = await funds.enter("示例专项资金", FUND_FEN, "DEMO-资金下达文件", BY)
        moves = {}
        for name, budget_fen in LINES:
            draft = LineDraft(name=name, scope="示例支持范围", standard="示例支持标准", procedure="示例拨付程序")
            moves[await funds.add_line(fund, draft, BY)] = budget_fen
        await funds.decide_change(
            await funds.propose_change(fund, moves, "DEMO-资金安排表", BY), SECOND, "", is_approved=True
        )
        for serial, (line, budget_fen) in enumerate(moves.items(), 1):
            for part in range(2):
                draft_fen = budget_fen // 10
                payment = await funds.propose_payment(
                    line,
                    PaymentDraft(
                        payee="示例承办企业",
                        amount_fen=draft_fen,
                        purpose=f"示例进度款{part + 1}",
                        clause="DEMO-资金管理办法第五条",
                        evidence=f"DEMO-验收单-{serial}-{part + 1}",
                    ),
                    BY,
                )
                await funds.decide_payment(payment, SECOND, "", is_approved=True)
            paid = BankPayment(
                reference=f"DEMO-流水-{serial}", line=line, payee="示例承办企业", amount_fen=draft_fen,
                paid_on=china_day(self.now), payment=payment,
            )  # fmt: skip
            await funds.import_bank_payments([paid], BY)

    async def _meetings(self) -> None:
        """What the plan makes due (domain reference G02, E01), held on the tenth, or today in the present month."""
        today = china_day(self.now)
        months = [_month_before(today, back) for back in reversed(range(MONTHS))]
        halves = [each for each in [_month_before(today, back) for back in range(MONTHS)] if each.month in (1, 7)]
        meetings = Meetings(self.clock)
        for kind, every_months, firsts in (
            (MeetingKind.JOINT_LEADERS, 6, sorted(halves)),
            *((kind, 1, months) for kind in MONTHLY_KINDS),
        ):
            await meetings.enter_rhythm(
                Rhythm(kind=kind, every_months=every_months, valid_from=firsts[0], source=_PLAN), BY
            )
            for serial, first in enumerate(firsts, 1):
                await meetings.record(
                    MeetingDraft(
                        kind=kind,
                        held_on=min(first + timedelta(days=9), today),
                        convener="示例召集单位",
                        summary="听取示例项目建设情况。",
                        matters=[Matter("示例困难", "示例解决方案", "示例责任单位")],
                        minutes=f"DEMO-纪要-{kind}-{serial:02d}",
                    ),
                    BY,
                )

    async def _disclosure(self) -> None:
        """Something of every kind, and complaints that were all answered in time."""
        earlier = self.now - timedelta(days=60)
        disclosure, day = Disclosure(lambda: earlier), china_day(earlier)
        for serial, kind in enumerate(DisclosureKind, 1):
            draft = ItemDraft(
                kind=kind, medium=Medium.PORTAL, title=f"示例公开事项 {serial}", proof=f"DEMO-公开-{serial}",
                published_on=day, objections_until=day + timedelta(days=7),
            )  # fmt: skip
            await disclosure.publish(draft, BY)
        for serial in range(1, COMPLAINTS + 1):
            said = ComplaintDraft(
                kind=DisclosureComplaintKind.COMPLAINT,
                about="示例：资金安排公开不及时",
                document=f"DEMO-来件-{serial}",
                received_on=day,
            )
            number = await disclosure.receive(said, BY)
            await disclosure.end(number, DisclosureComplaintState.ANSWERED, "示例答复", BY)

    async def _weigh_everywhere(self, sellers: Sequence[Seller]) -> None:
        """Some goods at each station within the last ten days; they wait there for a lot."""
        keeper = {township: (one, name) for one in sellers for name, township, _ in one.suppliers}
        for serial, place in enumerate(await station_places()):
            township = place.division[:9]
            seller, supplier = keeper[township]
            weighing = Weighing(
                client_id=f"demo-station-{place.division}", supplier=supplier, merchant=seller.merchant,
                product=seller.product, mass_gram=10_000 + 100 * serial, grade="一级", unit_price_fen=900,
                mode=IntakeMode.CONSIGNMENT, weighed_at=self.now - timedelta(days=serial % 10, minutes=serial + 1),
                site=next(site for site in place.sites if site.startswith("S")),
            )  # fmt: skip
            await Intakes(self.clock).accept(Reach(caller=BY, township=township), weighing)


def _month_before(day: date, back: int) -> date:
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)
