"""One household with words that stand nowhere else, and a whole life of its goods.

What its supplier brings is weighed, put into a lot, packed, shipped, given back in part, labelled, sold from a page and
in a live session's basket; its income is earned, paid out and confirmed. Every word of it is synthetic.
"""

import base64
import json
from dataclasses import dataclass
from urllib.parse import quote

from kit.clock import china_day, utc_now
from kit.database import execute
from places.service import Places
from poverty_alleviation.income.sheets import IncomeSheets
from poverty_alleviation.lineage.service import HouseholdChanges
from poverty_alleviation.payouts import due
from tests.county.belongings import a_post, a_waiting_share
from tests.doors.belongings import Owner
from tests.doors.good_requests import bought, form_with_file, mall_of
from tests.doors.house import idempotency_key
from tests.poverty_alleviation.good_requests import AT, RULE, concluded
from tests.poverty_alleviation.good_requests_of_imports import INCOME
from tests.poverty_alleviation.good_requests_stories import paper, with_person
from tests.poverty_alleviation.lists import person, text
from tests.products.shelf import TOWNSHIP
from tests.traceability.good_requests import delivery

CODE, VILLAGE = "示例金丝雀户甲七", "533124101977"
# The unassigned area 999999 (domain reference 6.4); no other person of the tests has this number or this phone.
ID_NUMBER, PHONE, NAME = "999999196003038414", "10000007731", "鸣金丝雀示例户主"
SON, SON_ID, SON_PHONE, HEALTH = "鸣金丝雀示例之子", "99999919851111841X", "10000007732", "金丝雀示例病况"
BANK, ACCOUNT = "金丝雀示例银行", "6277310000007731"
MEMBER_PAPER, YEAR_PAPER = "金丝雀户籍示例文件", "金丝雀年度示例文件"
INCOME_PAPER, LIST_PAPER, LIST_NUMBER = "金丝雀收入示例文件", "金丝雀名册示例文件", "5331249777"
NO_MATCH = "金丝雀匹配示例理由"
STATUS_PAPER, LINK_PAPER = "金丝雀认定示例文件", "金丝雀关联示例文件"
HELPER, HELPER_PHONE, HELP_PAPER = "鸣金丝雀示例干部", "10000007733", "金丝雀示例结对文件"
SEEN, ASKED, TOLD = "金丝雀示例所见", "金丝雀示例所求", "金丝雀示例办理"
MEASURE_PAPER, MEASURE_FUND = "金丝雀示例措施文件", "金丝雀示例资金"
VOUCHER, VISIT = "金丝雀示例回单", "金丝雀示例走访"
OBJECTION, REPLY, VERDICT = "金丝雀示例异议", "金丝雀示例答复", "金丝雀示例结论"
HOLD_PAPER = "金丝雀示例保全函"
STORY_PAPER = "金丝雀故事示例同意书"
AGREEMENT_PAPER, WORK_PAPER = "金丝雀务工示例协议", "金丝雀考勤示例表"
CHANGE_PAPER = "金丝雀户主变更示例文件"
WAGE_PAPER, WAGE_SLIP = "金丝雀工资示例表", "金丝雀工资示例回单"

WORDS = {
    "name": (NAME, SON, HELPER),
    "id_number": (ID_NUMBER, SON_ID),
    "phone": (PHONE, SON_PHONE, HELPER_PHONE),
    "health": (HEALTH,),
    "account": (ACCOUNT,),
    "member": (BANK, MEMBER_PAPER),
    "year": (YEAR_PAPER,),
    "year_income": (INCOME_PAPER,),
    "list": (LIST_PAPER, LIST_NUMBER),
    "code": (CODE,),
    "village": (VILLAGE,),
    "lineage": (CHANGE_PAPER,),
    "status": (STATUS_PAPER,),
    "link": (LINK_PAPER,),
    "match": (NO_MATCH,),
    "retention": (HOLD_PAPER,),
    "agreement": (AGREEMENT_PAPER, WORK_PAPER),
    "income": (VOUCHER, VISIT, WAGE_PAPER, WAGE_SLIP),
    "story": (STORY_PAPER,),
    "help": (HELP_PAPER, MEASURE_PAPER, MEASURE_FUND),
    "word": (OBJECTION, REPLY, VERDICT, SEEN, ASKED, TOLD),
}
"""What of it belongs to which class of fields."""


@dataclass(frozen=True)
class Canary:
    """The names under which strangers may meet its goods."""

    supplier: str
    intake: str
    lot: str
    order: str
    line: str
    trade: str
    label: str
    contract: str
    payout: str
    member: str
    account: str
    agreement: str
    sheet: str
    helper: str
    change: str
    story: str


async def live(owner: Owner) -> Canary:
    """The household's life; the house's database is connected."""
    mall = mall_of(owner.house)
    await Places().enter_division(VILLAGE, "金丝雀谷示例村")
    new = {
        "code": CODE, "name": NAME, "id_number": ID_NUMBER, "phone": PHONE, "township": TOWNSHIP, "village": VILLAGE,
    }  # fmt: skip
    await owner.ask("poverty_officer", "POST", f"{AT}/households", new)
    status = {"status": "registered", "valid_from": "2020-01-01", "document": STATUS_PAPER}
    await owner.ask("poverty_officer", "POST", f"{AT}/households/{CODE}/statuses", status)
    member, account = await _family(owner)
    await _listed(owner)
    helper = await _helped(owner)
    per_kilogram = {"mechanism": "consignment", "kind": "per_unit", "rate": 1200, "scope": "all_suppliers"}
    contract = await concluded(owner, RULE | per_kilogram, code=CODE)
    body = await delivery(owner, "merchant_clerk")
    await _sought(owner, str(body["supplier"]))
    link = {"supplier": body["supplier"], "valid_from": "2020-01-01", "document": LINK_PAPER}
    await owner.ask("poverty_officer", "POST", f"{AT}/households/{CODE}/supplier-links", link)
    intake = (await owner.ask("merchant_clerk", "POST", "/v1/console/intakes", body))["number"]
    lot = await mall.lots.make(mall.merchant, mall.product, 10_000, [intake], "staff:clerk")
    await mall.lots.seal(mall.merchant, lot, "staff:clerk")
    labels = {"sku": owner.house.sku}
    made = await owner.ask("merchant_clerk", "POST", f"/v1/console/lots/{lot}/labels", labels)
    order = await bought(owner, "paid")
    await mall.fulfilment.pack(mall.merchant, order.number, {order.line: {lot: 2}}, "staff:clerk")
    await mall.fulfilment.ship(mall.merchant, order.number, "SF", "SF0000007731", "staff:clerk")
    await mall.life.receive(order.consumer, order.number)
    await mall.deliver()
    await mall.refund(order.placed, 0, 1)
    await mall.deliver()
    await execute("UPDATE customer_order SET received_at = now() - interval '8 days' WHERE number = $1", order.number)
    await mall.life.earn_due()
    await mall.deliver()
    payout = await _paid(owner)
    await owner.ask("poverty_officer", "POST", f"{AT}/households/{CODE}/holds", {"document": HOLD_PAPER})
    agreement, sheet = await _worked(owner, member)
    change = await _headed(owner, member)
    story = await _told(owner, member)
    await _trained(owner)
    await mall.deliver()
    return Canary(
        str(body["supplier"]), intake, lot, order.number, order.line, order.trade, made["labels"][0]["code"], contract,
        payout, member, account, agreement, sheet, helper, change, story,
    )  # fmt: skip


async def _family(owner: Owner) -> tuple[str, str]:
    """A son with an account, and the record of a year."""
    at = f"{AT}/households/{CODE}"
    son = {
        "name": SON, "id_number": SON_ID, "phone": SON_PHONE, "health": HEALTH, "relation": "child",
        "valid_from": "2020-01-01", "document": MEMBER_PAPER,
    }  # fmt: skip
    member = (await owner.ask("poverty_officer", "POST", f"{at}/members", son))["code"]
    held = {
        "bank": BANK, "number": ACCOUNT, "holder_relation": "child", "member": member,
        "valid_from": "2020-01-01", "document": MEMBER_PAPER,
    }  # fmt: skip
    account = (await owner.ask("poverty_officer", "POST", f"{at}/accounts", held))["code"]
    year = {"year": 2026, "persons": 2, "document": YEAR_PAPER}
    await owner.ask("poverty_officer", "POST", f"{at}/years", year)
    return str(member), str(account)


async def _helped(owner: Owner) -> str:
    """Somebody is responsible for it, has been there, and what it asked for was done."""
    at, day = f"{AT}/households/{CODE}", china_day(utc_now()).isoformat()
    post = {"name": HELPER, "phone": HELPER_PHONE, "unit": "示例单位", "post": "示例干部"}
    helper = (await owner.ask("poverty_officer", "POST", f"{AT}/helpers", post))["code"]
    since = {"helper": helper, "valid_from": "2020-01-01", "document": HELP_PAPER}
    await owner.ask("poverty_officer", "POST", f"{at}/helpers", since)
    seen = {"visited_on": day, "seen": SEEN, "document": HELP_PAPER, "helper": helper}
    visit = (await owner.ask("poverty_officer", "POST", f"{at}/visits", seen))["number"]
    word = {"kind": "measure", "code": "canary", "zh": "金丝雀帮扶", "valid_from": "2020-01-01", "source": "示例文件"}
    await owner.ask("poverty_officer", "POST", f"{AT}/labels", word)
    done = {
        "kind": "canary", "about": MEASURE_PAPER, "document": MEASURE_PAPER, "valid_from": "2020-01-01",
        "funds_fen": 50_000, "funds_source": MEASURE_FUND,
    }  # fmt: skip
    measure = (await owner.ask("poverty_officer", "POST", f"{at}/measures", done))["number"]
    asked = {"kind": "canary", "said": ASKED, "raised_on": day, "visit": visit}
    need = (await owner.ask("poverty_officer", "POST", f"{at}/needs", asked))["number"]
    step = {"state": "answered", "note": TOLD, "measure": measure}
    await owner.ask("poverty_officer", "PUT", f"{AT}/needs/{need}/state", step)
    return str(helper)


async def _worked(owner: Owner, member: str) -> tuple[str, str]:
    """The son has worked for the merchant in a month and was paid for it."""
    payer, day = owner.house.merchant, china_day(utc_now())
    work = {
        "kind": "employment", "household": CODE, "payer": payer, "about": "分拣", "document": AGREEMENT_PAPER,
        "valid_from": "2020-01-01", "member": member,
    }  # fmt: skip
    agreement = (await owner.ask("poverty_officer", "POST", f"{AT}/agreements", work))["number"]
    month = day.isoformat()[:7]
    done = {"period": month, "half_days": 9, "document": WORK_PAPER}
    await owner.ask("poverty_officer", "POST", f"{AT}/agreements/{agreement}/attendance", done)
    paid = {
        "payer": payer, "period": month, "document": WAGE_PAPER, "slip": WAGE_SLIP, "paid_on": day.isoformat(),
        "wages": [{"employment": agreement, "amount_fen": 77_310}],
    }  # fmt: skip
    sheet = (await owner.ask("poverty_officer", "POST", f"{AT}/wage-sheets", paid))["number"]
    await IncomeSheets().decide(sheet, "staff:other", "", is_approved=True)
    return str(agreement), str(sheet)


async def _trained(owner: Owner) -> None:
    """The head is trained and works at a station; the office counts that it is assisted, among others."""
    who: dict[str, object] = {"name": NAME, "id_number": ID_NUMBER, "phone": PHONE}
    await owner.ask("county_officer", "POST", "/v1/console/site-employments", a_post(who))
    training = owner.found.by_pattern["/v1/console/training-classes/"]["number"]
    came = {"attendances": [who | {"is_satisfied": True}]}
    await owner.ask("county_officer", "POST", f"/v1/console/training-classes/{training}/attendances", came)
    share = {"is_approved": True, "note": "示例核对"}
    at = f"{AT}/assisted-shares/{await a_waiting_share(owner)}/decision"
    await owner.ask("poverty_officer", "PUT", at, share)


async def _told(owner: Owner, member: str) -> str:
    """A story with the son in it is written, and he has agreed to it."""
    story, person = await with_person(owner, member)
    agreed = paper(document=STORY_PAPER, naming="surname", surname_chars=1)
    await owner.ask("poverty_officer", "POST", f"{AT}/story-persons/{person}/consents", agreed)
    return story


async def _sought(owner: Owner, supplier: str) -> None:
    """Its paper is seen where its goods are taken in; the match that follows from it is refused."""
    seen = {"id_number": ID_NUMBER, "phone": SON_PHONE, "village": VILLAGE}
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/suppliers/{supplier}/identity", seen)
    await owner.ask("poverty_officer", "POST", f"{AT}/match-looks")
    found = (await owner.ask("poverty_officer", "GET", f"{AT}/match-proposals"))["proposals"]
    (match,) = [each["number"] for each in found if each["household"] == CODE]
    refused = {"is_accepted": False, "reason": NO_MATCH}
    await owner.ask("poverty_officer", "PUT", f"{AT}/match-proposals/{match}/decision", refused)


async def _headed(owner: Owner, member: str) -> str:
    """The son is the head of the household."""
    shown = (await owner.ask("poverty_officer", "GET", f"{AT}/households/{CODE}/members"))["members"]
    (head,) = [each["code"] for each in shown if each["relation"] == "head"]
    new = {
        "kind": "head", "household": CODE, "day": china_day(utc_now()).isoformat(), "document": CHANGE_PAPER,
        "members": {member: "head", head: "parent"},
    }  # fmt: skip
    number = (await owner.ask("poverty_officer", "POST", f"{AT}/household-changes", new))["number"]
    changes = mall_of(owner.house).built.services[HouseholdChanges]
    assert isinstance(changes, HouseholdChanges)
    await changes.decide(number, "staff:other", "", is_approved=True)
    return str(number)


async def _listed(owner: Owner) -> None:
    """A superior's list with the head and the son, and the income that a survey found."""
    told = INCOME | {"document": INCOME_PAPER}
    await owner.ask("poverty_officer", "POST", f"{AT}/households/{CODE}/incomes", told)
    for zh, code in (("金丝雀户主", "head"), ("金丝雀之子", "child")):
        word = {"kind": "relation", "code": code, "zh": zh, "valid_from": "2020-01-01", "source": "示例文件"}
        await owner.ask("poverty_officer", "POST", f"{AT}/labels", word)
    place = {"行政村": "金丝雀谷示例村", "户类型": None}
    table = [
        person(LIST_NUMBER, NAME, ID_NUMBER, "金丝雀户主", **place),
        person(LIST_NUMBER, SON, SON_ID, "金丝雀之子", **place),
    ]
    query = {"layout": "list", "year": "2025", "day": "2025-12-31", "document": LIST_PAPER}
    form = form_with_file(text("list", table), "text/csv")
    headers = owner.house.headers("poverty_officer", idempotency_key=idempotency_key()) | {**form.headers}
    done = await owner.http.post(f"{AT}/register-imports", content=form.body, headers=headers, params=query)
    assert (done.status_code, done.json()["problems"]) == (201, []), done.text


async def _paid(owner: Owner) -> str:
    """What it has earned reaches its bank; it says that this is wrong, is answered, and says that it is right."""
    (owed,) = [each for each in await due() if each.household == CODE]
    body = {
        "household": CODE, "merchant": owed.merchant, "amount_fen": owed.amount_fen, "bank_voucher": VOUCHER,
        "paid_on": china_day(utc_now()).isoformat(),
    }  # fmt: skip
    number = (await owner.ask("poverty_officer", "POST", f"{AT}/payouts", body))["number"]
    disputed = {"rows": [{"kind": "payout", "source_id": number}], "reason": OBJECTION}
    dispute = (await owner.ask("poverty_officer", "POST", f"{AT}/households/{CODE}/disputes", disputed))["number"]
    await owner.ask("poverty_officer", "PUT", f"{AT}/disputes/{dispute}/answer", {"answer": REPLY})
    closed = {"state": "rejected", "verdict": VERDICT}
    await owner.ask("poverty_officer", "PUT", f"{AT}/disputes/{dispute}/verdict", closed)
    heard = {"kind": "visit", "evidence": VISIT, "confirmed_at": utc_now().isoformat()}
    await owner.ask("poverty_officer", "PUT", f"{AT}/payouts/{number}/confirmation", heard)
    return str(number)


def spellings(word: str) -> tuple[bytes, ...]:
    """A word as JSON, an address, a dump, a log line or a two-byte file may spell it."""
    raw = word.encode()
    whole = base64.b64encode(raw).rstrip(b"=")
    return (
        raw,
        json.dumps(word)[1:-1].encode(),
        quote(word).encode(),
        raw.hex().encode(),
        repr(raw)[2:-1].encode(),
        word.encode("utf-16-le"),
        word.encode("gb18030"),
        whole[: len(whole) // 4 * 4],
    )
