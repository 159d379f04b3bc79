"""Accounts over HTTP: what the doors let through and what they refuse."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from accounts.roles import Role
from accounts.service import AccessLogs
from accounts.staff import GrantedRole
from kit.database import scalar, transaction
from tests.accounts.people import PASSWORD, staff_member
from tests.accounts.served import Served, served
from tests.accounts.test_access_log import READER
from tests.products.shelf import approved_merchant

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def doors(database: str) -> AsyncIterator[Served]:
    async with served() as client:
        yield client


async def test_a_consumer_logs_in_binds_a_phone_and_logs_out(doors: Served) -> None:
    header = await doors.consumer("o1")
    me = await doors.http.get("/v1/miniapp/me", headers=header)
    assert (me.status_code, me.json()["phone_masked"]) == (200, None)
    bound = await doors.http.put("/v1/miniapp/me/phone", headers=header, json={"code": "phone-+8610000000001"})
    assert bound.json() == {**me.json(), "phone_masked": "100****0001"}
    assert (await doors.http.delete("/v1/miniapp/session", headers=header)).status_code == 204
    again = await doors.http.get("/v1/miniapp/me", headers=header)
    assert (again.status_code, again.json()["code"]) == (401, "not_authenticated")
    assert again.headers["content-type"] == "application/problem+json"


async def test_a_used_or_malformed_code_is_a_problem(doors: Served) -> None:
    await doors.consumer("o1")
    for body, status, code in (
        ({"code": "login-o1"}, 422, "wechat_code_rejected"),
        ({"code": ""}, 422, "content_invalid"),
        ({"code": "login-\u0000"}, 422, "content_invalid"),
        ({"code": "x", "openid": "o2"}, 422, "content_invalid"),
        ({"code": 7}, 422, "content_invalid"),
        ([], 422, "content_invalid"),
    ):
        answer = await doors.http.post("/v1/miniapp/session", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    assert await scalar("SELECT count(*) FROM account_session") == 1


async def test_a_session_key_or_openid_is_in_no_answer(doors: Served) -> None:
    answer = await doors.http.post("/v1/miniapp/session", json={"code": "login-o-canary"})
    assert "o-canary" not in answer.text
    header = {"authorization": f"Bearer {answer.json()['token']}"}
    assert "o-canary" not in (await doors.http.get("/v1/miniapp/me", headers=header)).text


async def test_consumers_and_staff_do_not_pass_each_others_doors(doors: Served) -> None:
    await staff_member("officer")
    officer, consumer = await doors.staff("officer"), await doors.consumer("o1")
    assert (await doors.http.get("/v1/console/merchants", headers=consumer)).status_code == 403
    assert (await doors.http.get("/v1/miniapp/me", headers=officer)).status_code == 403
    assert (await doors.http.get("/v1/console/staff", headers=officer)).status_code == 403
    assert (await doors.http.get("/v1/console/me")).status_code == 401
    forged = {"authorization": "Bearer " + "A" * 43}
    assert (await doors.http.get("/v1/console/me", headers=forged)).status_code == 401


async def test_the_administrator_makes_accounts_and_takes_them_away(doors: Served) -> None:
    merchant = await approved_merchant()
    await staff_member("admin", GrantedRole(Role.ADMINISTRATOR))
    admin = await doors.staff("admin")
    new = {
        "login": "clerk",
        "name": "示例员工",
        "password": PASSWORD,
        "roles": [{"role": "merchant_clerk", "scope": merchant}],
    }
    made = await doors.http.post("/v1/console/staff", headers=admin, json=new)
    assert made.status_code == 201
    number = made.json()["number"]
    assert made.json()["roles"] == [{"role": "merchant_clerk", "scope": merchant}]
    for wrong, code in (
        ({"login": "clerk"}, "login_name_taken"),
        ({"login": "other", "password": "short"}, "password_too_weak"),  # pragma: allowlist secret
        ({"login": "other", "roles": [{"role": "merchant_clerk", "scope": "MNONE"}]}, "merchant_unknown"),
        ({"login": "other", "roles": [{"role": "station_keeper", "scope": "533124999"}]}, "division_unknown"),
        ({"login": "other", "roles": []}, "content_invalid"),
        ({"login": "other", "is_admin": True}, "content_invalid"),
    ):
        refused = await doors.http.post("/v1/console/staff", headers=admin, json={**new, **wrong})
        assert refused.json()["code"] == code, wrong
    clerk = await doors.staff("clerk")
    me = await doors.http.get("/v1/console/me", headers=clerk)
    assert me.json() == {"number": number, "name": "示例员工", "role": "merchant_clerk", "scope": merchant}
    auditor = {"role": "auditor"}
    granted = await doors.http.post(f"/v1/console/staff/{number}/roles", headers=admin, json=auditor)
    assert len(granted.json()["roles"]) == 2
    choose = await doors.http.post("/v1/console/session", json={"login": "clerk", "password": PASSWORD})
    assert (choose.status_code, len(choose.json()["roles"])) == (409, 2)
    revoke = f"/v1/console/staff/{number}/roles/merchant_clerk"
    assert (await doors.http.delete(revoke, headers=admin, params={"scope": merchant})).status_code == 204
    assert (await doors.http.get("/v1/console/me", headers=clerk)).status_code == 401
    as_auditor = await doors.staff("clerk")
    assert (await doors.http.delete(f"/v1/console/staff/{number}", headers=admin)).status_code == 204
    assert (await doors.http.get("/v1/console/me", headers=as_auditor)).status_code == 401
    everybody = (await doors.http.get("/v1/console/staff", headers=admin)).json()["staff"]
    assert [(m["login"], m["disabled"]) for m in everybody] == [("admin", False), ("clerk", True)]
    assert "argon2" not in str(everybody)


async def test_failed_log_ins_end_in_429_and_never_say_why(doors: Served) -> None:
    await staff_member("officer")
    bodies = []
    for _ in range(10):
        for login in ("officer", "nobody"):
            body = {"login": login, "password": "wrong"}  # pragma: allowlist secret
            answer = await doors.http.post("/v1/console/session", json=body)
            if answer.status_code == 401:
                bodies.append({k: v for k, v in answer.json().items() if k != "request_id"})
    assert len(bodies) == 10  # the address is blocked after ten
    assert all(body == bodies[0] for body in bodies)
    answer = await doors.http.post("/v1/console/session", json={"login": "officer", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (429, "login_blocked")


async def test_a_changed_password_ends_every_session(doors: Served) -> None:
    await staff_member("officer")
    one, two = await doors.staff("officer"), await doors.staff("officer")
    change = {"old": PASSWORD, "new": "Another-Horse-9"}
    assert (await doors.http.put("/v1/console/me/password", headers=one, json=change)).status_code == 204
    for header in (one, two):
        assert (await doors.http.get("/v1/console/me", headers=header)).status_code == 401


async def test_the_auditor_reads_who_read(doors: Served) -> None:
    await staff_member("auditor", GrantedRole(Role.AUDITOR))
    await AccessLogs().record(READER, "入户核查", "household:示例1", ["name"])
    auditor = await doors.staff("auditor")
    answer = await doors.http.get("/v1/console/access-log", headers=auditor)
    assert [r["subject"] for r in answer.json()["records"]] == ["household:示例1"]
    broken = await doors.http.get("/v1/console/access-log", headers=auditor, params={"cursor": "%%"})
    assert (broken.status_code, broken.json()["code"]) == (422, "cursor_invalid")


async def test_the_auditor_takes_the_log_away_and_is_told_of_alarms(doors: Served) -> None:
    await staff_member("auditor", GrantedRole(Role.AUDITOR))
    await staff_member("officer", GrantedRole(Role.POVERTY_OFFICER))
    async with transaction():
        await AccessLogs(views_per_hour=1).record_view(READER, "visit", "household:示例1", ["name"], "示例走访")
    auditor, officer = await doors.staff("auditor"), await doors.staff("officer")
    told = (await doors.http.get("/v1/console/access-alarms", headers=auditor)).json()["alarms"]
    assert [(each["actor"], each["views"]) for each in told] == [("staff:U1", 1)]
    export = await doors.http.get("/v1/console/access-log/export", headers=auditor)
    assert export.headers["content-disposition"].endswith('.jsonl"')
    lines = [json.loads(line) for line in export.text.splitlines()]
    assert [line["kind"] for line in lines] == ["manifest", "record", "record", "end"], "the export is on record too"
    for path in ("access-alarms", "access-log/export"):
        assert (await doors.http.get(f"/v1/console/{path}", headers=officer)).status_code == 403
