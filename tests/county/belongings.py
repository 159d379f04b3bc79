"""What buyers and merchants have in this room."""

import io
import secrets
from datetime import date

from PIL import Image

from county.disclosure.models import DisclosureComplaintKind, DisclosureKind, Medium
from county.disclosure.service import ComplaintDraft, Disclosure, ItemDraft
from county.funds.service import Funds, LineDraft, PaymentDraft
from county.training.persons import Persons
from county.training.retention import PersonRetention
from kit.clock import china_day, utc_now
from kit.database import execute, scalar
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from poverty_alleviation.retention.models import ErasureGround
from poverty_alleviation.shares.models import ShareCircle
from poverty_alleviation.shares.service import AssistedShares
from poverty_alleviation.vault import household_rights
from scripts.demo_county.households import identity_number
from tests.doors.belongings import Owner
from tests.doors.good_requests import mall_of
from tests.products.shelf import TOWNSHIP

OTHER = "staff:other"
OBJECTION = ComplaintDraft(
    kind=DisclosureComplaintKind.REPORT, about="示例内容", document="示例来件", received_on=date(2020, 7, 2)
)
CLASS = {
    "title": "示例培训班", "kind": "skilled", "track": "founders", "form": "practice", "steps": ["open"],
    "begins_on": "2020-07-01", "ends_on": "2020-07-02", "hours": 16, "trainer": "示例讲师", "planned_persons": 30,
}  # fmt: skip
CLASS_PAPER = {"kind": "sign_in", "name": "示例签到表", "sha256": "0" * 64}
FUND_PAYMENT = PaymentDraft(
    payee="示例单位", amount_fen=1, purpose="示例进度款", clause="示例办法第五条", evidence="示例验收单"
)


async def give(owner: Owner) -> None:
    """A buyer's complaint about a merchant, which both may read."""
    body = {"problem": "quality", "detail": "收到的红糖受潮结块", "merchant": owner.house.merchant}
    number = (await owner.ask("consumer", "POST", "/v1/miniapp/complaints", body))["number"]
    picture = await _evidence(owner, number)
    for door in ("miniapp", "console"):
        owner.found.by_pattern[f"/v1/{door}/complaints/"] = {"number": number, "picture": picture}
    owner.found.private["consumer"] |= {number}
    owner.found.private["merchant_clerk"] |= {number}
    await _fund(owner)
    await _disclosure(owner)
    await _training(owner)


async def _disclosure(owner: Owner) -> None:
    """Something published, and a complaint that waits."""
    item = await an_item()
    complaint = await Disclosure().receive(OBJECTION, OTHER)
    owner.found.by_pattern |= {
        "/v1/console/disclosures/": {"number": item},
        "/v1/console/disclosure-complaints/": {"number": complaint},
    }


async def an_item() -> str:
    """Something published."""
    draft = ItemDraft(
        kind=DisclosureKind.FUNDS,
        medium=Medium.PORTAL,
        title="示例公开",
        proof="示例佐证",
        published_on=date(2020, 7, 1),
    )
    return await Disclosure().publish(draft, OTHER)


async def _training(owner: Owner) -> None:
    """A class that somebody came to, an incubatee with a shop, somebody at a station, and a share of the staff."""
    place = {"division": TOWNSHIP, "site": await a_site()}
    training = await owner.ask("county_officer", "POST", "/v1/console/training-classes", CLASS | place)
    at = f"/v1/console/training-classes/{training['number']}"
    await owner.ask("county_officer", "POST", f"{at}/papers", CLASS_PAPER)
    who = a_person(owner.turn, 1981)
    await owner.ask("county_officer", "POST", f"{at}/attendances", {"attendances": [who | {"is_satisfied": True}]})
    said = {"person": who, "plan": "示例计划", "document": "示例文件"}
    incubatee = await owner.ask("county_officer", "POST", "/v1/console/incubatees", said)
    reached = {"kind": "admitted", "reached_on": "2020-07-01", "document": "示例文件"}
    await owner.ask("county_officer", "POST", f"/v1/console/incubatees/{incubatee['number']}/milestones", reached)
    shop = await owner.ask("county_officer", "POST", "/v1/console/incubated-shops", a_shop(who, f"turn-{owner.turn}"))
    post = await owner.ask("county_officer", "POST", "/v1/console/site-employments", a_post(who))
    (shown, *_) = (await owner.ask("county_officer", "GET", "/v1/console/site-employments"))["employments"]
    leaves = {"attendances": [a_person(owner.turn, 1979)]}
    await owner.ask("county_officer", "POST", f"{at}/attendances", leaves)
    (last, *_) = (await owner.ask("county_officer", "GET", "/v1/console/training-attendances"))["attendances"]
    retention = PersonRetention(Persons(mall_of(owner.house).cipher))
    numbers = {
        "project-person-holds": await retention.hold(shown["person"], "示例文件", OTHER),
        "project-person-erasures": await retention.propose(last["person"], ErasureGround.REQUEST, "示例文件", OTHER),
        "training-paper-files": await a_paper_file(owner, at),
        "training-classes": training["number"],
        "incubatees": incubatee["number"],
        "incubated-shops": shop["number"],
        "site-employments": post["number"],
        "project-persons": shown["person"],
        "poverty/assisted-shares": await a_waiting_share(owner),
    }
    owner.found.by_pattern |= {f"/v1/console/{kind}/": {"number": number} for kind, number in numbers.items()}


async def a_paper_file(owner: Owner, at: str) -> str:
    """A photographed list of who came to a class."""
    picture = io.BytesIO()
    Image.new("RGB", (80, 80), tuple(secrets.token_bytes(3))).save(picture, "JPEG")
    headers = owner.house.headers("county_officer") | {"content-type": "image/jpeg"}
    address = f"{at}/paper-files?kind=sign_in&name=示例签到表"
    reply = await owner.http.post(address, headers=headers, content=picture.getvalue())
    assert reply.status_code == 201, reply.text
    return str(reply.json()["number"])


async def a_site() -> str:
    """A station of the township, entered once."""
    code = f"S{TOWNSHIP}"
    if not await scalar("SELECT 1 FROM site WHERE code = $1", code):
        await Places().enter_site(code, "示例站", SiteKind.SERVICE, SiteLevel.STATION, TOWNSHIP, SiteState.OPERATING)
    return code


def a_person(serial: int, born: int) -> dict[str, object]:
    """Somebody made up."""
    return {"name": "示例学员", "id_number": identity_number(serial, born), "phone": "10000000001"}


def a_shop(who: dict[str, object], name: str) -> dict[str, object]:
    """A shop of somebody's."""
    return {
        "person": who, "platform": "示例平台", "name": "示例网店", "web_address": f"https://shop.example.invalid/{name}",
        "opened_on": "2020-07-01",
    }  # fmt: skip


def a_post(who: dict[str, object]) -> dict[str, object]:
    """Somebody's work at the station."""
    return {
        "person": who, "site": f"S{TOWNSHIP}", "post": "示例岗位", "document": "示例聘用", "valid_from": "2020-07-01",
    }  # fmt: skip


def shares_of(owner: Owner) -> AssistedShares:
    """The service of the house."""
    found = mall_of(owner.house).built.services[AssistedShares]
    assert isinstance(found, AssistedShares)
    return found


async def refuse_waiting_share(owner: Owner) -> None:
    """Whatever waits is taken back, so that another one may be proposed."""
    async with household_rights():
        waiting = await scalar("SELECT number FROM assisted_share WHERE state = 'proposed'")
    if waiting is not None:
        await shares_of(owner).decide(waiting, OTHER, "", is_approved=False)


async def a_waiting_share(owner: Owner) -> str:
    """A share of the staff, proposed by somebody else."""
    await refuse_waiting_share(owner)
    return await shares_of(owner).propose(ShareCircle.STAFF, china_day(utc_now()), OTHER)


async def _fund(owner: Owner) -> None:
    """A fund with one line, whose first budget is approved, and a payment that waits for another officer."""
    funds = Funds()
    fund = await funds.enter(f"示例资金{owner.turn}", 100_000, "示例下达文件", OTHER)
    said = LineDraft(name="示例科目", scope="示例", standard="示例", procedure="示例")
    line = await funds.add_line(fund, said, OTHER)
    change = await funds.propose_change(fund, {line: 90_000}, "示例安排表", OTHER)
    await funds.decide_change(change, "staff:third", "", is_approved=True)
    payment = await funds.propose_payment(line, FUND_PAYMENT, OTHER)
    numbers = {"funds": fund, "fund-changes": change, "fund-lines": line, "fund-payments": payment}
    owner.found.by_pattern |= {f"/v1/console/{kind}/": {"number": number} for kind, number in numbers.items()}


async def _evidence(owner: Owner, complaint: str) -> str:
    """A picture of the complaint, as if it had come with it from WeChat Pay."""
    content = io.BytesIO()
    Image.new("RGB", (64, 64), "brown").save(content, "PNG")
    reply = await owner.http.post(
        "/v1/console/pictures",
        headers=owner.house.headers("merchant_clerk"),
        data={"purpose": "evidence"},
        files={"file": ("a.png", content.getvalue(), "image/png")},
    )
    assert reply.status_code == 201, reply.text
    number = str(reply.json()["number"])
    await execute(
        "INSERT INTO complaint_picture (complaint_id, url, state, picture, attempts, noted_at, next_attempt_at)"
        " SELECT id, 'https://example.invalid/1', 'kept', $2, 1, now(), now() FROM complaint WHERE number = $1",
        complaint,
        number,
    )
    return number
