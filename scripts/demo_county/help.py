"""Who helps the demo county's households and how, and two workshops with their wages.

Everybody is synthetic and every paper is called DEMO (domain reference 6.4). Wages are paid to households from which
the story of ``scripts/story`` buys nothing, so that they stand beside its figures and not in them.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from kit.clock import china_day, utc_now
from poverty_alleviation.help.measures import Fit, MeasureDraft, Measures
from poverty_alleviation.help.models import NeedState
from poverty_alleviation.help.needs import NeedDraft, Needs
from poverty_alleviation.help.responsible import HelperDraft, Helpers
from poverty_alleviation.help.visits import VisitDraft, Visits
from poverty_alleviation.help.workshops import WorkshopDraft, Workshops
from poverty_alleviation.households import Households
from poverty_alleviation.income.agreements import AgreementDraft, Agreements, WorkedMonth
from poverty_alleviation.income.models import AgreementKind
from poverty_alleviation.income.sheets import IncomeSheets, Payment
from poverty_alleviation.register.members import Members
from scripts.demo_county.households import BY, SECOND, SINCE, Farmer

HELPERS = 4
KINDS = ("industry", "employment", "finance")
"""What is done against want of capital, which every household of the register has."""
TOWNSHIP = "533124102"
IN_WORKSHOPS = (0, 0, 0, 1, None, None)
"""In which workshop the registered households of the township work, in their order: few in the second."""


async def enter_help(households: Households, farmers: Sequence[Farmer]) -> None:
    """For every registered household a helper, a visit, a measure, and what it asked for; a third of that is met."""
    helpers, visits = Helpers(households.cipher, households.access_logs), Visits()
    measures, needs = Measures(), Needs()
    codes = [
        await helpers.enter(
            HelperDraft(name=f"示例帮扶{n:02d}", phone=f"1000001{n:04d}", unit=f"示例单位{n:02d}", post="示例干部"), BY
        )
        for n in range(1, HELPERS + 1)
    ]
    for kind in KINDS:
        await measures.rule(Fit(measure=kind, risk="capital", fits=True, source="DEMO-措施目录"), BY)
    for serial, household in enumerate(_registered(farmers), 1):
        helper, day = codes[serial % HELPERS], date(2020, 9, serial)
        await helpers.assign(household, helper, SINCE, f"DEMO-结对-{serial:03d}", BY)
        seen = VisitDraft(
            visited_on=day, seen="示例：住房与饮水安全", document=f"DEMO-走访-{serial:03d}", helper=helper
        )
        visit = await visits.record(household, seen, BY)
        kind = KINDS[serial % len(KINDS)]
        done = MeasureDraft(
            kind=kind, about="示例措施", document=f"DEMO-措施-{serial:03d}", valid_from=day, risk="capital",
            funds_fen=50_000, funds_source="DEMO-衔接资金",
        )  # fmt: skip
        measure = await measures.record(household, done, BY)
        asked = NeedDraft(kind=kind, said="示例：想扩大种植", raised_on=day, visit=visit)
        need = await needs.record(household, asked, BY)
        for state in (NeedState.ANSWERED, NeedState.MET)[: serial % 3]:
            await needs.move(need, state, "示例：已安排", BY, measure)


async def enter_work(households: Households, farmers: Sequence[Farmer], operator: str) -> None:
    """Two workshops of a company, who works there or elsewhere for it, and last month's wages, by two accounts."""
    members, agreements = Members(households.cipher, households.access_logs), Agreements()
    workshops = [
        await Workshops().register(
            WorkshopDraft(
                name=f"陇把示例帮扶车间{serial}", site=f"S{TOWNSHIP}", operator=operator, asset=f"示例旧校舍{serial}",
                lease_document=f"DEMO-租约-{serial}", document=f"DEMO-车间-{serial}", valid_from=SINCE,
            ),
            BY,
        )
        for serial in (1, 2)
    ]  # fmt: skip
    ended = china_day(utc_now()).replace(day=1)
    month = (ended - timedelta(days=1)).isoformat()[:7]
    wages = []
    there = _registered(farmers, TOWNSHIP)
    for serial, (household, place) in enumerate(zip(there, IN_WORKSHOPS, strict=True), 1):
        head = next(each.code for each in await members.cards(household) if each.relation == "head")
        work = AgreementDraft(
            kind=AgreementKind.EMPLOYMENT, household=household, payer=operator, about="缫丝与分拣", member=head,
            workshop=None if place is None else workshops[place], document=f"DEMO-务工-{serial:02d}", valid_from=SINCE,
        )  # fmt: skip
        number = await agreements.enter(work, BY)
        worked = WorkedMonth(period=month, half_days=40 + serial, pieces=0, document=f"DEMO-考勤-{serial:02d}")
        await agreements.note_work(number, worked, BY)
        wages.append((number, 150_000 + 1_000 * serial))
    paid = Payment(payer=operator, period=month, document="DEMO-工资表-1", slip="DEMO-银行回单-1", paid_on=ended)
    sheets = IncomeSheets()
    await sheets.decide(await sheets.propose_wages(paid, wages, BY), SECOND, "DEMO-审核", is_approved=True)


def _registered(farmers: Sequence[Farmer], township: str = "") -> list[str]:
    return [
        farmer.household
        for farmer in farmers
        if farmer.registered and farmer.household and farmer.township.startswith(township)
    ]
