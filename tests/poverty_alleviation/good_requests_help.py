"""Requests about demonstrations, help and workshops that succeed."""

import secrets

from kit.database import scalar
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from poverty_alleviation.help.demonstrations import DemonstrationDraft, Demonstrations
from poverty_alleviation.help.models import DemonstrationKind
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.poverty_alleviation.good_requests import AT, DECISION, household
from tests.poverty_alleviation.good_requests_income import OTHER, today
from tests.products.shelf import VILLAGE


async def proposal(owner: Owner) -> str:
    """Of a new household, by somebody else."""
    draft = DemonstrationDraft(
        kind=DemonstrationKind.HOUSEHOLD, named=await household(owner), criteria="示例标准", document="示例公示 1 号",
        valid_from=today(),
    )  # fmt: skip
    return await Demonstrations().propose(draft, OTHER)


@good("console.propose_demonstration")
async def propose(owner: Owner) -> GoodRequest:
    body = {
        "kind": "household", "named": await household(owner), "criteria": "示例标准", "document": "示例公示 1 号",
        "valid_from": "2026-01-01",
    }  # fmt: skip
    return GoodRequest(body=body)


@good("console.decide_demonstration")
async def decide(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await proposal(owner)}, body=DECISION)


@good("console.end_demonstration")
async def end(owner: Owner) -> GoodRequest:
    number = await proposal(owner)
    await Demonstrations().decide(number, "staff:third", "", is_approved=True)
    return GoodRequest(names={"number": number}, body={"valid_until": "2099-12-31"})


POST = {"name": "示例干部", "phone": "10000000055", "unit": "示例单位", "post": "示例主任"}
SINCE = {"valid_from": "2020-01-01", "document": "示例文件 6 号"}
VISITED = {"visited_on": "2026-06-01", "seen": "示例所见", "document": "示例走访 2 号"}


async def labelled(owner: Owner, kind: str) -> str:
    """A word of a kind, new."""
    code = f"m{secrets.token_hex(4)}"
    word = {"kind": kind, "code": code, "zh": f"示例{code}", "valid_from": "2020-01-01", "source": "示例文件"}
    await owner.ask("poverty_officer", "POST", f"{AT}/labels", word)
    return code


async def a_helper(owner: Owner, code: str = "") -> str:
    """Somebody, responsible for a household if one is named."""
    helper = str((await owner.ask("poverty_officer", "POST", f"{AT}/helpers", POST))["code"])
    if code:
        await owner.ask("poverty_officer", "POST", f"{AT}/households/{code}/helpers", SINCE | {"helper": helper})
    return helper


async def measure(owner: Owner) -> dict[str, object]:
    """What is done, with money of a fund."""
    kind, risk = await labelled(owner, "measure"), await labelled(owner, "cause")
    money = {"funds_fen": 50_000, "funds_source": "示例资金"}
    return SINCE | money | {"kind": kind, "risk": risk, "about": "示例种苗"}


async def a_measure(owner: Owner, code: str) -> str:
    at = f"{AT}/households/{code}/measures"
    return str((await owner.ask("poverty_officer", "POST", at, await measure(owner)))["number"])


async def need(owner: Owner, code: str) -> dict[str, object]:
    """Said at a visit."""
    visit = (await owner.ask("poverty_officer", "POST", f"{AT}/households/{code}/visits", VISITED))["number"]
    return {"kind": await labelled(owner, "measure"), "said": "示例所求", "raised_on": "2026-06-01", "visit": visit}


async def a_need(owner: Owner, code: str) -> str:
    at = f"{AT}/households/{code}/needs"
    return str((await owner.ask("poverty_officer", "POST", at, await need(owner, code)))["number"])


@good("console.enter_helper")
async def enter_helper(owner: Owner) -> GoodRequest:
    return GoodRequest(body=POST)


@good("console.show_helper_identity")
async def show_helper(owner: Owner) -> GoodRequest:
    names = {"helper": await a_helper(owner)}
    return GoodRequest(names=names, body={"purpose": "visit", "document": "示例申请 1 号"})


@good("console.assign_helper")
async def assign(owner: Owner) -> GoodRequest:
    body = SINCE | {"helper": await a_helper(owner)}
    return GoodRequest(names={"code": await household(owner)}, body=body)


@good("console.end_help")
async def end_help(owner: Owner) -> GoodRequest:
    code = await household(owner)
    return GoodRequest(names={"code": code, "helper": await a_helper(owner, code)}, body={"valid_until": "2026-06-30"})


@good("console.record_visit")
async def visit(owner: Owner) -> GoodRequest:
    code = await household(owner)
    return GoodRequest(names={"code": code}, body=VISITED | {"helper": await a_helper(owner, code)})


@good("console.record_measure")
async def record_measure(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"code": await household(owner)}, body=await measure(owner))


@good("console.end_measure")
async def end_measure(owner: Owner) -> GoodRequest:
    number = await a_measure(owner, await household(owner))
    return GoodRequest(names={"number": number}, body={"valid_until": "2026-06-30", "result": "示例成效"})


@good("console.rule_measure_fit")
async def rule_fit(owner: Owner) -> GoodRequest:
    kind, risk = await labelled(owner, "measure"), await labelled(owner, "cause")
    return GoodRequest(body={"measure": kind, "risk": risk, "fits": True, "source": "示例文件 7 号"})


@good("console.raise_need")
async def raise_need(owner: Owner) -> GoodRequest:
    code = await household(owner)
    return GoodRequest(names={"code": code}, body=await need(owner, code))


@good("console.move_need")
async def move_need(owner: Owner) -> GoodRequest:
    code = await household(owner)
    body = {"state": "answered", "note": "示例答复", "measure": await a_measure(owner, code)}
    return GoodRequest(names={"number": await a_need(owner, code)}, body=body)


async def workshop(owner: Owner) -> dict[str, object]:
    """In a site of the county, run by the merchant."""
    site = await scalar("SELECT code FROM site ORDER BY id LIMIT 1")
    if site is None:
        site = f"S-{secrets.token_hex(4)}"
        await Places().enter_site(site, "示例点", SiteKind.SERVICE, SiteLevel.POINT, VILLAGE, SiteState.OPERATING)
    about = {"name": "示例帮扶车间", "asset": "示例旧校舍", "lease_document": "示例租约 3 号"}
    return SINCE | about | {"site": site, "operator": owner.house.merchant}


async def a_workshop(owner: Owner) -> str:
    return str((await owner.ask("poverty_officer", "POST", f"{AT}/workshops", await workshop(owner)))["number"])


@good("console.register_workshop")
async def register_workshop(owner: Owner) -> GoodRequest:
    return GoodRequest(body=await workshop(owner))


@good("console.end_workshop")
async def end_workshop(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await a_workshop(owner)}, body={"valid_until": "2026-06-30"})


@good("console.list_workshops")
async def list_workshops(owner: Owner) -> GoodRequest:
    return GoodRequest(query={"quarter": "2021-Q2"})
