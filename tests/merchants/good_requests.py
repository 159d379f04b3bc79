"""Requests of merchants, applicants and clerks that succeed."""

import secrets

from kit.clock import china_day, utc_now
from tests.accounts.good_requests import PASSWORD, newcomer
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.doors.house import idempotency_key
from tests.products.shelf import TOWNSHIP

PERSON = {"name": "示例负责人", "id_number": "X0000000", "phone": "19900000001"}
REASON = {"reason": "示例原因"}


def licence() -> dict[str, str]:
    """A licence that nobody has handed in."""
    return {"kind": "individual", "number": f"DEMO-{secrets.token_hex(6).upper()}", "valid_from": "2026-01-01"}


def application() -> dict[str, object]:
    """What an applicant hands in."""
    return {"name": "示例农家", "licence": licence(), "township": TOWNSHIP, "person": PERSON}


def merchant() -> dict[str, object]:
    """What the county enters."""
    return {
        "name": "示例商户",
        "licence": licence(),
        "township": TOWNSHIP,
        "sub_mchid": f"18{secrets.randbelow(10**8):08d}",
    }


async def entered(owner: Owner) -> str:
    """A merchant who waits for the county."""
    made = await owner.ask("county_officer", "POST", "/v1/console/merchants", merchant())
    return str(made["number"])


async def applied(owner: Owner) -> tuple[str, str]:
    """An application; answers the applicant's token and its number."""
    token = await newcomer(owner, with_phone=True)
    headers = {"authorization": f"Bearer {token}", "idempotency-key": idempotency_key()}
    reply = await owner.http.post("/v1/miniapp/merchant-applications", headers=headers, json=application())
    assert reply.status_code == 201, reply.text
    return token, str(reply.json()["merchant"]["number"])


@good("miniapp.show_shop")
async def shop(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": owner.house.merchant})


@good("miniapp.apply_as_merchant")
async def apply(owner: Owner) -> GoodRequest:
    return GoodRequest(token=await newcomer(owner, with_phone=True), body=application())


@good("miniapp.correct_application")
async def correct(owner: Owner) -> GoodRequest:
    token, number = await applied(owner)
    await owner.ask("county_officer", "PUT", f"/v1/console/merchants/{number}/refusal", REASON)
    return GoodRequest(names={"number": number}, token=token, body=application())


@good("miniapp.invite_applicant")
async def invite_applicant(owner: Owner) -> GoodRequest:
    token, number = await applied(owner)
    headers = {"authorization": f"Bearer {token}", "idempotency-key": idempotency_key()}
    paper = {"kind": "business_licence", "document_number": number, "valid_from": "2020-01-01"}
    shown = await owner.http.post(f"/v1/miniapp/merchant-applications/{number}/papers", headers=headers, json=paper)
    submitted = shown.json()["papers"][0]["number"]
    await owner.ask("county_officer", "PUT", f"/v1/console/merchant-papers/{submitted}/acceptance")
    await owner.ask("county_officer", "PUT", f"/v1/console/merchants/{number}/approval")
    return GoodRequest(names={"number": number}, token=token)


@good("console.enter_merchant")
async def enter(owner: Owner) -> GoodRequest:
    return GoodRequest(body=merchant())


@good("console.approve_merchant")
async def approve(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await entered(owner)})


@good("console.refuse_merchant")
async def refuse(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await applied(owner))[1]}, body=REASON)


@good("console.show_legal_person")
async def legal_person(owner: Owner) -> GoodRequest:
    at = f"/v1/console/merchants/{owner.house.merchant}/legal-person"
    await owner.ask("county_officer", "PUT", at, PERSON)
    return GoodRequest(names={"number": owner.house.merchant}, query={"purpose": "核对资质"})


@good("console.agree_commission")
async def commission(owner: Owner) -> GoodRequest:
    day = china_day(utc_now()).isoformat()
    body = {"valid_from": day, "basis_points": 300, "source_document": "示例协议 1 号"}
    return GoodRequest(names={"number": await entered(owner)}, body=body)


async def invited(owner: Owner) -> dict[str, object]:
    """What somebody who was invited as a lead clerk answers."""
    at = f"/v1/console/merchants/{owner.house.merchant}/clerk-invitations"
    code = (await owner.ask("county_officer", "POST", at, {"duties": []}))["code"]
    return {"code": code, "login": f"c{secrets.token_hex(6)}", "name": "示例职员", "password": PASSWORD}


@good("console.accept_invitation")
async def accept(owner: Owner) -> GoodRequest:
    return GoodRequest(body=await invited(owner))


async def clerk(owner: Owner) -> str:
    """One more clerk of the merchant; answers the number."""
    body = await invited(owner)
    return str((await owner.ask("anonymous", "POST", "/v1/console/clerk-invitations/acceptance", body))["number"])


@good("console.remove_clerk")
async def remove(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": owner.house.merchant, "clerk": await clerk(owner)})


@good("console.limit_clerk")
async def limit(owner: Owner) -> GoodRequest:
    names = {"number": owner.house.merchant, "clerk": await clerk(owner)}
    return GoodRequest(names=names, body={"duties": ["orders"]})


@good("console.accept_paper", "console.refuse_paper")
async def paper(owner: Owner) -> GoodRequest:
    """One that waits."""
    number = f"示例{secrets.token_hex(6)}号"
    body = {"kind": "food_business", "document_number": number, "valid_from": "2026-01-01", "valid_until": "2030-01-01"}
    at = f"/v1/console/merchants/{owner.house.merchant}/papers"
    return GoodRequest(names={"number": (await owner.ask("merchant_clerk", "POST", at, body))["number"]}, body=REASON)
