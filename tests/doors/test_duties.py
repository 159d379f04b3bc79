"""Clerks who are limited to duties, on every console route that a clerk may use; and the way to become one."""

import asyncio
from dataclasses import replace

import httpx
import msgspec
import pytest

from accounts.actors import MerchantClerk
from accounts.models import RoleGrant, StaffAccount
from accounts.roles import Duty, Role, ScopeKind
from accounts.service import Sessions
from api_kit.doors import Endpoint
from console_api.duties import DUTIES, DutyMissing, check_duty, entry_of
from kit.clock import utc_now
from kit.numbers import public_number
from tests.accounts.people import PASSWORD
from tests.doors.house import House, endpoints, idempotency_key
from tests.doors.problems import check_problem
from tests.doors.test_roles import ask


async def session_of_a_clerk(house: House, *duties: Duty) -> dict[str, str]:
    now = utc_now()
    number = public_number(now, "U")
    account = await StaffAccount.create(
        number=number, login=number.lower(), name="示例职员", password_hash="!", password_set_at=now, created_at=now,
        created_by="staff:test",
    )  # fmt: skip
    grant = await RoleGrant.create(
        staff_id=account.id, role=Role.MERCHANT_CLERK, scope_kind=ScopeKind.MERCHANT, scope=house.merchant,
        duties=" ".join(duties), granted_at=now, granted_by="staff:test",
    )  # fmt: skip
    opened = await Sessions().open_for_grant(grant.id)
    return {"authorization": f"Bearer {opened.token}"}


def open_to_clerks() -> list[Endpoint]:
    """Every console route and socket that a merchant's clerk may call."""
    return [
        e
        for e in (*endpoints(), *endpoints(websocket=True))
        if e.path.startswith("/v1/console/") and any(issubclass(MerchantClerk, actor) for actor in e.actors)
    ]


def without_names(endpoint: Endpoint) -> str:
    return "/".join(part for part in endpoint.path.split("/")[3:] if not part.startswith("<"))


def is_open_to(endpoint: Endpoint, duty: Duty) -> bool:
    """What the table says, read independently of the code that enforces it."""
    path = without_names(endpoint)
    longest = max((entry for entry in DUTIES if f"{path}/".startswith(f"{entry}/")), key=len)
    return duty in DUTIES[longest]


def test_every_route_that_a_clerk_may_call_has_an_entry_and_every_entry_has_a_route() -> None:
    """Fails for a new route, read or act, that nobody has entered: tried."""
    used = {entry_of(e.path) for e in open_to_clerks()}
    assert [e.path for e in open_to_clerks() if entry_of(e.path) is None] == []
    assert used == set(DUTIES)


def test_what_nobody_has_entered_is_closed_to_limited_clerks_reads_included() -> None:
    """Fails when a route without an entry is read by a limited clerk: tried."""
    clerk = MerchantClerk(
        caller="staff:1", id=1, number="U1", name="示例职员", merchant="M1", limited_to=frozenset(Duty)
    )
    for path in ("/v1/console/payouts", "/v1/console/merchants-of-everybody", "/v1/console/ordersx/<number:str>"):
        endpoint = replace(open_to_clerks()[0], path=path, method="GET")
        with pytest.raises(DutyMissing):
            check_duty(endpoint, clerk)
        check_duty(endpoint, msgspec.structs.replace(clerk, limited_to=frozenset()))


async def test_every_console_route_for_a_clerk_of_every_duty(inside: House, http: httpx.AsyncClient) -> None:
    asked = [e for e in open_to_clerks() if not e.websocket and not e.name.endswith("log_out")]
    assert len(asked) > 80
    headers = {duty: await session_of_a_clerk(inside, duty) for duty in Duty}
    before = await inside.fingerprint()
    refused = {"GET": 0, "other": 0}
    for endpoint in asked:
        replies = await asyncio.gather(*(ask(http, endpoint, headers[duty]) for duty in Duty))
        for duty, reply in zip(Duty, replies, strict=True):
            if is_open_to(endpoint, duty):
                assert reply.status_code not in (401, 403), (endpoint.name, duty, reply.text)
                assert reply.status_code < 500, (endpoint.name, duty, reply.text)
            else:
                refused["GET" if endpoint.method == "GET" else "other"] += 1
                check_problem(reply, 403, "duty_missing")
    assert refused["GET"] > 60
    assert refused["other"] > 80
    assert await inside.fingerprint() == before


async def test_a_lead_invites_a_clerk_who_sees_the_own_shop_alone(inside: House, http: httpx.AsyncClient) -> None:
    lead, foreign = inside.headers("merchant_clerk"), inside.headers("foreign_clerk")
    shop = f"/v1/console/merchants/{inside.merchant}"
    body = {"duties": ["orders"]}
    check_problem(await http.post(f"{shop}/clerk-invitations", headers=foreign, json=body), 404, "merchant_unknown")
    invited = (await http.post(f"{shop}/clerk-invitations", headers=lead, json=body)).json()
    account = {"code": invited["code"], "login": "order-clerk", "name": "示例职员", "password": PASSWORD}
    accepted = await http.post("/v1/console/clerk-invitations/acceptance", json=account)
    assert accepted.status_code == 201, accepted.text
    again = await http.post("/v1/console/clerk-invitations/acceptance", json={**account, "login": "other-clerk"})
    check_problem(again, 404, "invitation_unknown")
    begun = (await http.post("/v1/console/session", json={"login": "order-clerk", "password": PASSWORD})).json()
    bearer = {"authorization": f"Bearer {begun['token']}"}
    assert (await http.get("/v1/console/orders", headers=bearer)).status_code == 200
    check_problem(await http.get("/v1/console/products", headers=bearer), 403, "duty_missing")
    check_problem(await http.post(f"{shop}/clerk-invitations", headers=bearer, json=body), 403, "duty_missing")
    number = accepted.json()["number"]
    other = f"/v1/console/merchants/{inside.foreign_merchant}/clerks/{number}"
    check_problem(await http.delete(other, headers=foreign), 404, "clerk_unknown")
    assert (await http.delete(f"{shop}/clerks/{number}", headers=lead)).status_code == 204
    check_problem(await http.get("/v1/console/orders", headers=bearer), 401)


async def test_a_consumer_applies_and_sees_the_own_application_alone(inside: House, http: httpx.AsyncClient) -> None:
    mine, foreign = inside.headers("consumer"), inside.headers("consumer_two")
    route = "/v1/miniapp/merchant-applications"
    body = {
        "name": "示例小店",
        "licence": {"kind": "individual", "number": "DEMO-DOOR-1", "valid_from": "2020-01-01"},
        "township": "533124101",
        "person": {"name": "示例经营者", "id_number": "53312419900101001X", "phone": "19900000001"},
    }
    key = {"idempotency-key": idempotency_key()}
    check_problem(await http.post(route, headers=mine | key, json=body), 409, "phone_needed")
    await inside.bind_phone("consumer")
    applied = await http.post(route, headers=mine | key, json=body)
    assert applied.status_code == 201, applied.text
    number = applied.json()["merchant"]["number"]
    again = await http.post(route, headers=mine | key, json=body)
    assert (again.json(), again.headers["idempotency-replayed"]) == (applied.json(), "true")
    paper = {"kind": "food_business", "document_number": "DEMO-FOOD-1", "valid_from": "2020-01-01"}
    other_key = {"idempotency-key": idempotency_key()}
    check_problem(await http.post(f"{route}/{number}/papers", headers=foreign | other_key, json=paper), 404)
    handed_in = await http.post(f"{route}/{number}/papers", headers=mine | other_key, json=paper)
    assert handed_in.json()["papers"][0]["state"] == "submitted"
    assert "53312419900101001X" not in handed_in.text
    assert (await http.get(route, headers=foreign)).json() == {"applications": []}
    check_problem(await http.put(f"{route}/{number}", headers=foreign, json=body), 404)
    check_problem(await http.get(f"/v1/miniapp/merchants/{number}"), 404)
    officer = inside.headers("county_officer")
    check_problem(await http.get(f"/v1/console/merchants/{number}/legal-person", headers=officer), 422)
    person = await http.get(
        f"/v1/console/merchants/{number}/legal-person", headers=officer, params={"purpose": "核对执照"}
    )
    assert person.json()["name"] == "示例经营者"
    check_problem(await http.put(f"/v1/console/merchants/{number}/approval", headers=officer), 409, "licence_unchecked")
    licence = paper | {"kind": "business_licence", "document_number": "DEMO-DOOR-1"}
    third_key = {"idempotency-key": idempotency_key()}
    shown = (await http.post(f"{route}/{number}/papers", headers=mine | third_key, json=licence)).json()["papers"]
    mine_too = next(each["number"] for each in shown if each["kind"] == "business_licence")
    assert (await http.put(f"/v1/console/merchant-papers/{mine_too}/acceptance", headers=officer)).status_code == 200
    approved = await http.put(f"/v1/console/merchants/{number}/approval", headers=officer)
    assert approved.json()["state"] == "approved"
    assert (await http.get(f"/v1/miniapp/merchants/{number}")).json()["licence_number"] == "DEMO-DOOR-1"
    invited = await http.post(f"{route}/{number}/console-invitation", headers=mine)
    assert invited.status_code == 201, invited.text
