"""Requests about complaints that succeed."""

from county.disclosure.service import Disclosure
from county.funds.service import Funds
from kit.clock import china_day, utc_now
from kit.database import scalar
from tests.county.belongings import FUND_PAYMENT, OBJECTION, OTHER, an_item
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, bought, good, mall_of


@good("miniapp.complain")
async def complain(owner: Owner) -> GoodRequest:
    order = await bought(owner, "received")
    return GoodRequest(body={"problem": "quality", "detail": "收到的红糖受潮结块", "order": order.number})


async def officer() -> str:
    """The staff number of the house's county officer."""
    return str(await scalar("SELECT number FROM staff_account WHERE login = 'county_officer'"))


@good("console.assign_complaint")
async def assign(owner: Owner) -> GoodRequest:
    body = {"problem": "quality", "detail": "收到的红糖受潮结块", "merchant": owner.house.merchant}
    number = (await owner.ask("consumer", "POST", "/v1/miniapp/complaints", body))["number"]
    return GoodRequest(names={"number": number}, body={"owner": await officer()})


@good("console.take_down_product")
async def take_down(owner: Owner) -> GoodRequest:
    product, _ = await mall_of(owner.house).another_product()
    body = {"problem": "quality", "detail": "收到的红糖受潮结块", "product": product}
    number = (await owner.ask("consumer", "POST", "/v1/miniapp/complaints", body))["number"]
    return GoodRequest(names={"number": number}, body={"reason": "示例原因"})


@good("console.read_service_entry")
async def entry(owner: Owner) -> GoodRequest:
    order = (await bought(owner)).number
    opened = await owner.ask("consumer", "GET", f"/v1/miniapp/orders/{order}/service-entry")
    return GoodRequest(query={"entry": opened["entry"]})


def named(owner: Owner, kind: str) -> str:
    """The number of the fund, line or payment among the belongings."""
    return owner.found.by_pattern[f"/v1/console/{kind}/"]["number"]


@good("console.add_fund_line")
async def add_line(owner: Owner) -> GoodRequest:
    body = {"name": f"示例科目 {utc_now().isoformat()}", "scope": "示例", "standard": "示例", "procedure": "示例"}
    return GoodRequest(names={"number": named(owner, "funds")}, body=body)


@good("console.propose_fund_change")
async def propose_change(owner: Owner) -> GoodRequest:
    moves = [{"line": named(owner, "fund-lines"), "delta_fen": 1}]
    return GoodRequest(names={"number": named(owner, "funds")}, body={"moves": moves, "document": "示例追加文件"})


@good("console.decide_fund_change")
async def decide_change(owner: Owner) -> GoodRequest:
    change = await Funds().propose_change(named(owner, "funds"), {named(owner, "fund-lines"): 1}, "示例追加", OTHER)
    return GoodRequest(names={"number": change}, body={"is_approved": True})


async def a_fund_payment(owner: Owner) -> str:
    """Proposed by somebody else."""
    return await Funds().propose_payment(named(owner, "fund-lines"), FUND_PAYMENT, OTHER)


@good("console.decide_fund_payment")
async def decide_payment(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_fund_payment(owner)}, body={"is_approved": True})


@good("console.propose_fund_reversal")
async def reverse_payment(owner: Owner) -> GoodRequest:
    number = await a_fund_payment(owner)
    await Funds().decide_payment(number, "staff:third", "", is_approved=True)
    return GoodRequest(names={"number": number}, body={"evidence": "示例撤回依据"})


@good("console.import_fund_bank_payments")
async def bank_payments(owner: Owner) -> GoodRequest:
    paid = {
        "reference": f"示例流水 {utc_now().isoformat()}", "line": named(owner, "fund-lines"), "payee": "示例单位",
        "amount_fen": 1, "paid_on": china_day(utc_now()).isoformat(),
    }  # fmt: skip
    return GoodRequest(body={"payments": [paid]})


@good("console.enter_meeting_rhythm")
async def meeting_rhythm(owner: Owner) -> GoodRequest:
    count = await scalar("SELECT count(*) FROM meeting_rhythm")
    since = china_day(utc_now()).replace(year=2030 + count).isoformat()
    body = {"kind": "review", "every_months": 6, "valid_from": since, "source": "示例方案"}
    return GoodRequest(body=body)


@good("console.record_meeting")
async def meeting(owner: Owner) -> GoodRequest:
    body = {
        "kind": "inspection", "held_on": "2020-07-10", "convener": "示例单位", "summary": "示例情况",
        "minutes": "示例纪要",
    }  # fmt: skip
    return GoodRequest(body=body)


@good("console.enter_disclosure")
async def publish(owner: Owner) -> GoodRequest:
    body = {
        "kind": "funds", "medium": "portal", "title": "示例公开", "proof": "示例佐证", "published_on": "2020-07-01",
    }  # fmt: skip
    return GoodRequest(body=body)


@good("console.withdraw_disclosure")
async def withdraw(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await an_item()}, body={"reason": "示例理由"})


@good("console.receive_disclosure_complaint")
async def receive(owner: Owner) -> GoodRequest:
    body = {"kind": "report", "about": "示例内容", "document": "示例来件", "received_on": "2020-07-02"}
    return GoodRequest(body=body)


@good("console.end_disclosure_complaint")
async def end_complaint(owner: Owner) -> GoodRequest:
    number = await Disclosure().receive(OBJECTION, OTHER)
    return GoodRequest(names={"number": number}, body={"state": "answered", "answer": "示例答复"})
