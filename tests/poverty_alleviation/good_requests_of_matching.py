"""Requests about matches that succeed."""

import secrets

from poverty_alleviation.identity_numbers import check_character
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.poverty_alleviation.good_requests import AT, NEW, household, link
from tests.products.shelf import VILLAGE


async def a_match(owner: Owner) -> str:
    """A supplier whose paper somebody has seen, and the household that it leads to; answers the proposal's number."""
    body = f"9999991930{secrets.randbelow(9) + 1:02}{secrets.randbelow(28) + 1:02}{secrets.randbelow(900) + 100}"
    number = body + check_character(body)
    code = (await owner.ask("poverty_officer", "POST", f"{AT}/households", NEW | {"id_number": number}))["code"]
    supplier = (await link(owner))["supplier"]
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/suppliers/{supplier}/identity", {"id_number": number})
    await owner.ask("poverty_officer", "POST", f"{AT}/match-looks")
    found = (await owner.ask("poverty_officer", "GET", f"{AT}/match-proposals"))["proposals"]
    return str(next(each["number"] for each in found if each["household"] == code))


@good("console.note_supplier_identity")
async def note(owner: Owner) -> GoodRequest:
    supplier = (await link(owner))["supplier"]
    body = "99999919900101501"
    seen = {"id_number": body + check_character(body), "phone": "10000000071", "village": VILLAGE}
    return GoodRequest(names={"number": supplier}, body=seen)


@good("console.look_for_matches")
async def look(owner: Owner) -> GoodRequest:
    await household(owner)
    return GoodRequest()


@good("console.decide_match")
async def decide(owner: Owner) -> GoodRequest:
    body = {"is_accepted": True, "valid_from": "2020-01-01", "document": "示例文件 9 号"}
    return GoodRequest(names={"number": await a_match(owner)}, body=body)
