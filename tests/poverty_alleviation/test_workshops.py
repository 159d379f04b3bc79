"""Workshops: where idle houses are put to use; who works there is counted, and kept back while it is few."""

from datetime import date
from typing import Any

import pytest
from tortoise.exceptions import BaseORMException

from accounts.service import AccessLogs
from kit.database import execute
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from poverty_alleviation.errors import SpanOverlaps
from poverty_alleviation.help.errors import OperatorUnknown, SiteUnknown, WorkshopUnknown
from poverty_alleviation.help.workshops import WorkshopCard, WorkshopDraft, Workshops, workshops
from poverty_alleviation.income.agreements import WorkedMonth
from poverty_alleviation.income.errors import AgreementInvalid
from poverty_alleviation.income.models import AgreementKind
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.register.members import MemberDraft, Members
from poverty_alleviation.register.models import Relation
from tests.poverty_alleviation.conftest import OFFICER, County, closed_quarter
from tests.poverty_alleviation.test_period_income import LATER, agreed, agreements, approved, payment, sheets
from tests.products.shelf import VILLAGE
from tests.superuser import as_superuser

SITE, SINCE, QUARTER, TODAY = "S-车间", date(2026, 1, 1), "2026-Q4", date(2026, 12, 31)


async def registered(county: County, **changes: Any) -> str:
    """A workshop of the merchant in the village's site."""
    await Places().enter_site(SITE, "示例点", SiteKind.SERVICE, SiteLevel.POINT, VILLAGE, SiteState.OPERATING)
    return await another(county, **changes)


async def another(county: County, **changes: Any) -> str:
    said: dict[str, Any] = {
        "name": "示例帮扶车间", "site": SITE, "operator": county.merchant, "asset": "示例旧校舍",
        "lease_document": "示例租约 3 号", "document": "示例批复 1 号", "valid_from": SINCE,
    }  # fmt: skip
    return await Workshops(county.clock).register(WorkshopDraft(**(said | changes)), OFFICER)


async def hired(county: County, household: str, workshop: str | None, since: date = SINCE) -> str:
    """An adult more of the household works for the merchant; answers the employment's number."""
    members = Members(county.registry.cipher, AccessLogs(county.clock), county.clock)
    who = MemberDraft(name="示例成员", birth_year=1980, relation=Relation.CHILD)
    member = await members.enter(f"示例{household}", who, date(2020, 1, 1), "示例户口簿", OFFICER)
    number = await agreed(
        county, household, kind=AgreementKind.EMPLOYMENT, member=member, workshop=workshop, valid_from=since
    )
    worked = WorkedMonth(period="2026-11", half_days=20, pieces=0, document="示例考勤表1号")
    await agreements(county).note_work(number, worked, OFFICER)
    return number


async def more_households(county: County, *names: str) -> None:
    for name in names:
        await county.enter_supplier(name)
        await county.register(name)


async def shown(quarter: str = QUARTER, day: date = TODAY) -> dict[str, tuple[int | None, int | None]]:
    found, _ = await workshops(quarter, day, None, 100)
    return {each.number: (each.registered_workers, each.wages_paid_fen) for each in found}


async def test_workers_and_wages_come_from_employments_and_books_and_few_are_kept_back(county: County) -> None:
    """Three households in the first workshop, one in the second, three more in none.

    The second alone would be told by subtracting the shown ones from all wages, so the smaller of the others goes too.
    Fails when small cells are kept back alone, without what subtraction tells: tried.
    """
    await more_households(county, "H3", "H4", "H5", "H6", "H7")
    county.now = LATER
    first = await registered(county)
    second = await another(county, name="示例二车间")
    jobs = {name: await hired(county, name, first) for name in ("H1", "H2", "H3")}
    jobs["H1b"] = await hired(county, "H1", first)
    assert await shown() == {first: (4, None), second: (0, None)}, "what is paid in a quarter that goes on is not told"
    jobs["H4"] = await hired(county, "H4", second)
    assert await shown() == {first: (None, None), second: (None, None)}, "four of five are known by the fifth"
    jobs |= {name: await hired(county, name, None) for name in ("H5", "H6", "H7")}
    assert await shown() == {first: (4, None), second: (None, None)}
    paid = [(job, 100_000 + serial) for serial, job in enumerate(jobs.values())]
    await approved(county, await sheets(county).propose_wages(payment(county), paid, OFFICER))
    assert await shown() == {first: (4, None), second: (None, None)}, "the next sheet's sum would be the difference"
    async with closed_quarter(county) as day:
        assert await shown(day=day) == {first: (4, 400_006), second: (None, None)}
    assert await shown("2026-Q3", date(2026, 10, 1)) == {first: (4, 0), second: (None, 0)}
    await county.registry.decide("示例H3", AssistanceStatus.EXITED_STABLE, date(2026, 12, 2), "示例文件7号", OFFICER)
    await agreements(county).end(jobs["H1b"], date(2026, 12, 2), OFFICER)
    assert (await shown())[first] == (None, None), "two households are too few"


async def test_who_works_in_a_workshop_works_for_its_operator_while_it_stands(county: County) -> None:
    workshop = await registered(county, valid_until=date(2026, 6, 1))
    await hired(county, "H1", workshop, date(2026, 5, 31))
    for since in (date(2026, 6, 1), date(2025, 12, 31)):
        with pytest.raises(WorkshopUnknown):
            await hired(county, "H2", workshop, since)
    other = await another(county, operator=SITE)
    for number in (other, "F404"):
        with pytest.raises(WorkshopUnknown):
            await hired(county, "H2", number)
    with pytest.raises(AgreementInvalid):
        await agreed(county, "H1", kind=AgreementKind.SHARE, shares=1, workshop=workshop)


async def test_a_workshop_stands_in_a_site_is_run_by_somebody_and_ends_once(county: County) -> None:
    workshop = await registered(county)
    for said, refusal in (
        ({"site": "S-404"}, SiteUnknown),
        ({"operator": "M404"}, OperatorUnknown),
        ({"valid_until": SINCE}, SpanOverlaps),
    ):
        with pytest.raises(refusal):
            await another(county, **said)
    desk = Workshops(county.clock)
    for day in (SINCE, date(2026, 7, 1), date(2026, 8, 1)):
        if day == date(2026, 7, 1):
            await desk.end(workshop, day, OFFICER)
            continue
        with pytest.raises(WorkshopUnknown):
            await desk.end(workshop, day, OFFICER)
    ((card,), following) = await workshops(QUARTER, TODAY, None, 1)
    assert isinstance(card, WorkshopCard)
    assert (card.valid_until, card.registered_workers, following) == (date(2026, 7, 1), 0, None)
    for attack in ("UPDATE workshop SET asset = 'x'", "UPDATE workshop SET valid_until = NULL", "DELETE FROM workshop"):
        with pytest.raises(BaseORMException):
            await execute(attack)
        with pytest.raises(Exception, match=r"only be ended|kept|append-only"):
            await as_superuser(attack)
