"""R11: no code but WeChat's logs in or binds a phone, and a phone is bound to whom the code was given.

Fails when ``bind_phone`` does not hand the person's openid to WeChat: tried. That no code is fixed anywhere is asked of
an API in development mode, where a test switch would be open if there were one.
"""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import Databases
from tests.doors.house import House, start_house
from tests.doors.problems import check_problem
from tests.payments.sandbox import APP_SECRET, Sandbox, start_sandbox
from tests.servers import free_port

FIXED = ["0", "00", "0000", "000000", "1234", "123456", "888888", "999999", "8888", "test", "admin", "true", "null"]


@pytest.fixture(scope="module")
def running(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Sandbox]]:
    """An API in development mode and a WeChat."""
    name, port = asyncio.run(databases.create()), free_port()
    house = start_house(
        tmp_path_factory.mktemp("house"), databases.url(name),
        WECHAT_API_BASE=f"http://127.0.0.1:{port}", WECHAT_APPSECRET=APP_SECRET,
    )  # fmt: skip
    wechat = start_sandbox(tmp_path_factory.mktemp("wechat"), SANDBOX_PORT=str(port))
    yield house, wechat
    wechat.stop()
    house.stop()
    asyncio.run(databases.drop(name))


def code(wechat: Sandbox, openid: str, kind: str) -> str:
    return str(wechat.control("POST", f"/{kind}-codes", openid=openid)["code"])


def person(house: House, wechat: Sandbox) -> tuple[str, dict[str, str]]:
    """Somebody who is logged in: openid and headers."""
    openid = wechat.person()
    body = {"code": code(wechat, openid, "login")}
    reply = httpx.post(f"{house.base}/v1/miniapp/session", json=body, trust_env=False)
    assert reply.status_code == 201, reply.text
    return openid, {"authorization": f"Bearer {reply.json()['token']}"}


def bind(house: House, headers: dict[str, str], body: object) -> httpx.Response:
    return httpx.put(f"{house.base}/v1/miniapp/me/phone", json=body, headers=headers, trust_env=False)


@pytest.mark.parametrize("fixed", FIXED)
def test_no_fixed_code_opens_a_session_or_binds_a_phone(running: tuple[House, Sandbox], fixed: str) -> None:
    house, wechat = running
    reply = httpx.post(f"{house.base}/v1/miniapp/session", json={"code": fixed}, trust_env=False)
    check_problem(reply, 422, "wechat_code_rejected")
    _, headers = person(house, wechat)
    check_problem(bind(house, headers, {"code": fixed}), 422, "wechat_code_rejected")


def test_binding_needs_a_session_and_the_own_fresh_phone_code(running: tuple[House, Sandbox]) -> None:
    house, wechat = running
    openid, headers = person(house, wechat)
    other, _ = person(house, wechat)
    check_problem(bind(house, {}, {"code": code(wechat, openid, "phone")}), 401)
    for wrong in (code(wechat, other, "phone"), code(wechat, openid, "login")):
        check_problem(bind(house, headers, {"code": wrong}), 422, "wechat_code_rejected")
    for number in ({"phone": "19900000001"}, {"code": "x", "phone": "19900000001"}, {"openid": other, "code": "x"}):
        check_problem(bind(house, headers, number), 422, "content_invalid")
    good = code(wechat, openid, "phone")
    bound = bind(house, headers, {"code": good})
    assert bound.status_code == 200, bound.text
    assert bound.json()["phone_masked"].count("*") >= 4
    check_problem(bind(house, headers, {"code": good}), 422, "wechat_code_rejected")
    assert bind(house, headers, {"code": code(wechat, openid, "phone")}).status_code == 200, "rebinding needs a new one"


def test_no_member_of_staff_logs_in_with_a_code(running: tuple[House, Sandbox]) -> None:
    house, _ = running
    for password in FIXED:
        body = {"login": "county_officer", "password": password}
        reply = httpx.post(f"{house.base}/v1/console/session", json=body, trust_env=False)
        assert reply.status_code in (401, 422, 409, 429), reply.text
