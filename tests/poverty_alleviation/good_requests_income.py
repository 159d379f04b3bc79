"""Requests about agreements and income of a period that succeed."""

import secrets
from datetime import date
from typing import Any

import msgspec

from kit.clock import china_day, utc_now
from kit.database import scalar, transaction
from ledger.chart import ATTRIBUTED_SALES, SALES_CONTRA, State
from ledger.service import Entry, JournalDraft, Journals
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from poverty_alleviation.income.agreements import AgreementDraft, Agreements, WorkedMonth
from poverty_alleviation.income.sheets import IncomeSheets, Payment
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, bought, good, mall_of
from tests.poverty_alleviation.good_requests import AT, CONFIRMED, DECISION, RULE, concluded, household
from tests.products.shelf import TOWNSHIP

OTHER = "staff:other"


def today() -> date:
    return china_day(utc_now())


def this_month() -> str:
    return today().isoformat()[:7]


async def agreement(owner: Owner, **said: Any) -> dict[str, object]:
    """Of a new household with the merchant: a share, unless told otherwise."""
    code = await household(owner)
    usual = {"kind": "share", "shares": 3} if "kind" not in said else {}
    return {
        "household": code, "payer": owner.house.merchant, "about": "示例", "document": "示例协议 1 号",
        "valid_from": f"{this_month()}-01", **usual, **said,
    }  # fmt: skip


async def employment(owner: Owner) -> dict[str, object]:
    """An adult's work."""
    body = await agreement(owner, kind="employment")
    adult = {
        "name": "示例成员", "birth_year": 1980, "relation": "spouse", "valid_from": "2020-01-01", "document": "示例",
    }  # fmt: skip
    at = f"{AT}/households/{body['household']}/members"
    return body | {"member": (await owner.ask("poverty_officer", "POST", at, adult))["code"]}


async def entered(owner: Owner, body: dict[str, object]) -> str:
    """Put down by somebody of the office; answers the number."""
    return str((await owner.ask("poverty_officer", "POST", f"{AT}/agreements", body))["number"])


async def worked_under(number: str) -> str:
    """An employment in this month, put down by somebody else; answers its number."""
    done = WorkedMonth(period=this_month(), half_days=9, pieces=0, document="示例考勤表")
    await Agreements().note_work(number, done, OTHER)
    return number


def paid(owner: Owner, **more: object) -> dict[str, object]:
    """By the merchant, for this month, today."""
    return {
        "payer": owner.house.merchant, "period": this_month(), "document": "示例决议 1 号", "slip": "示例回单",
        "paid_on": today().isoformat(), **more,
    }  # fmt: skip


@good("console.enter_agreement")
async def enter(owner: Owner) -> GoodRequest:
    return GoodRequest(body=await employment(owner))


@good("console.end_agreement")
async def end(owner: Owner) -> GoodRequest:
    number = await entered(owner, await agreement(owner))
    return GoodRequest(names={"number": number}, body={"valid_until": "2099-12-31"})


@good("console.note_attendance")
async def attend(owner: Owner) -> GoodRequest:
    number = await entered(owner, await employment(owner))
    body = {"period": this_month(), "half_days": 9, "document": "示例考勤表 1 号"}
    return GoodRequest(names={"number": number}, body=body)


@good("console.propose_wages")
async def wages(owner: Owner) -> GoodRequest:
    work = {"employment": await worked_under(await entered(owner, await employment(owner))), "amount_fen": 120_000}
    return GoodRequest(body=paid(owner, wages=[work]))


@good("console.propose_dividends")
async def dividends(owner: Owner) -> GoodRequest:
    """Of a site of its own: whoever holds shares in another may have been paid in this month."""
    payer = f"S{secrets.token_hex(4)}"
    await Places().enter_site(payer, "示例点", SiteKind.SERVICE, SiteLevel.STATION, TOWNSHIP, SiteState.OPERATING)
    await entered(owner, await agreement(owner, payer=payer, kind="share", shares=3))
    body = paid(owner, payer=payer, as_of=today().isoformat(), amount_fen=100_000)
    return GoodRequest(body=body)


@good("console.propose_rents")
async def rents(owner: Owner) -> GoodRequest:
    lease = await entered(owner, await agreement(owner, kind="lease", rent_fen=30_000, every_months=1))
    return GoodRequest(body=paid(owner, leases=[lease]))


@good("console.propose_returns")
async def returns(owner: Owner) -> GoodRequest:
    """On sales that were attributed to a household in a month long ago."""
    back = {
        "kind": "margin_return", "rate": 300, "recognition": "period_paid", "category": "transfer",
        "valid_from": "2020-01-01",
    }  # fmt: skip
    await concluded(owner, RULE | back)
    rule = await scalar("SELECT code || '-1' FROM benefit_rule ORDER BY id DESC LIMIT 1")
    order, merchant = await bought(owner, "paid"), owner.house.merchant
    await mall_of(owner.house).deliver()
    entries = [
        Entry(ATTRIBUTED_SALES, await household(owner), -10_000, State.EARNED, subject=order.line),
        Entry(SALES_CONTRA, merchant, 10_000, subject=order.line),
    ]
    async with transaction():
        then = utc_now().replace(year=2022, month=3)
        await Journals().post(JournalDraft("test.sale", f"{rule}", then, entries, booked_at=utc_now()))
    return GoodRequest(body=paid(owner, period="2022-03", rule=rule))


async def a_sheet(owner: Owner) -> str:
    """Wages, with all that they rest on written by somebody else, so that the officer may approve them."""
    draft = msgspec.convert(await employment(owner), AgreementDraft)
    number = await worked_under(await Agreements().enter(draft, OTHER))
    payment = Payment(
        payer=owner.house.merchant, period=this_month(), document="示例工资表", slip="示例回单", paid_on=today()
    )
    return await IncomeSheets().propose_wages(payment, [(number, 120_000)], OTHER)


@good("console.show_income_sheet", "console.decide_income_sheet")
async def a_waiting_sheet(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_sheet(owner)}, body=DECISION)


@good("console.confirm_income_line")
async def confirm_line(owner: Owner) -> GoodRequest:
    number = await a_sheet(owner)
    await IncomeSheets().decide(number, "staff:third", "", is_approved=True)
    body = CONFIRMED | {"confirmed_at": utc_now().isoformat()}
    return GoodRequest(names={"number": f"{number}-1"}, body=body)
