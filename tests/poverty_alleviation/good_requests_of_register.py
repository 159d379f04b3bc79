"""Requests about members, accounts, years and labels that succeed."""

import secrets

from poverty_alleviation.identity_numbers import check_character
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.poverty_alleviation.good_requests import AT, household

FROM: dict[str, object] = {"valid_from": "2020-01-01", "document": "示例文件 5 号"}
CHILD = FROM | {"name": "示例成员", "birth_year": 1990, "relation": "child"}
PURPOSE = {"purpose": "own_request", "document": "示例申请 1 号"}


def card() -> dict[str, object]:
    """An account of a relative who is no member."""
    number = f"62{secrets.randbelow(10**14):014d}"
    return FROM | {"bank": "示例银行", "number": number, "holder_relation": "child", "holder_name": "示例亲属"}


async def labelled(owner: Owner) -> str:
    """A code that a word stands for."""
    code = f"a{secrets.token_hex(4)}"
    new = {"kind": "attribute", "code": code, "zh": f"示例{code}", "valid_from": "2020-01-01", "source": "示例文件"}
    await owner.ask("poverty_officer", "POST", f"{AT}/labels", new)
    return code


async def member(owner: Owner) -> dict[str, str]:
    """A household and its member."""
    code = await household(owner)
    made = await owner.ask("poverty_officer", "POST", f"{AT}/households/{code}/members", CHILD)
    return {"code": code, "member": made["code"]}


async def account(owner: Owner) -> dict[str, str]:
    """A household and its account."""
    code = await household(owner)
    made = await owner.ask("poverty_officer", "POST", f"{AT}/households/{code}/accounts", card())
    return {"code": code, "account": made["code"]}


@good("console.enter_member")
async def enter_member(owner: Owner) -> GoodRequest:
    body = "99999919900101001"
    told = {"id_number": body + check_character(body), "phone": "10000000043"}
    return GoodRequest(names={"code": await household(owner)}, body=CHILD | told)


@good("console.show_member_identity")
async def show_member(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await member(owner), body=PURPOSE)


@good("console.end_membership")
async def end_membership(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await member(owner), body={"valid_until": "2026-06-30"})


@good("console.move_member")
async def move_member(owner: Owner) -> GoodRequest:
    to = {"household": await household(owner), "valid_from": "2026-06-30", "document": "示例文件 6 号"}
    return GoodRequest(names=await member(owner), body=to | {"relation": "sibling"})


@good("console.enter_account")
async def enter_account(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"code": await household(owner)}, body=card())


@good("console.show_account_number")
async def show_account(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await account(owner), body=PURPOSE)


@good("console.end_account")
async def end_account(owner: Owner) -> GoodRequest:
    return GoodRequest(names=await account(owner), body={"valid_until": "2026-06-30"})


@good("console.record_year")
async def record_year(owner: Owner) -> GoodRequest:
    body = {"year": 2026, "persons": 4, "document": "示例文件 7 号", "attribute": await labelled(owner)}
    return GoodRequest(names={"code": await household(owner)}, body=body)


@good("console.enter_register_label")
async def enter_label(owner: Owner) -> GoodRequest:
    zh = f"示例{secrets.token_hex(4)}"
    body = {"kind": "cause", "code": "example", "zh": zh, "valid_from": "2020-01-01", "source": "示例文件"}
    return GoodRequest(body=body)
