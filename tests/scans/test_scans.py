"""Scan codes over the doors: made, drawn, resolved, and counted at the order."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from integrations.wechat.codes import MiniProgramCodes
from integrations.wechat.login import MiniProgramClient
from kit.clock import utc_now
from kit.database import scalar
from scans.errors import CodePictureUnavailable
from scans.models import ScanPlace
from scans.service import PAGE, ScanCodes, ScanTokens, scan_codes, scanned
from tests.content.paint import opened
from tests.doors.conftest import house, http, inside
from tests.doors.house import House, idempotency_key, order_body
from tests.doors.problems import check_problem
from tests.integrations.conftest import wechat
from tests.payments.channel import APPID
from tests.payments.sandbox import APP_SECRET, Sandbox
from tests.statements import counted_statements

__all__ = ["house", "http", "inside", "wechat"]
CODES = "/v1/console/scan-codes"


async def make(http: httpx.AsyncClient, house: House, role: str = "merchant_clerk", **changes: str) -> httpx.Response:
    body = {"product": house.product, "place": "shelf", "note": "展示中心 A3", **changes}
    return await http.post(CODES, json=body, headers=house.headers(role, idempotency_key=idempotency_key()))


async def test_a_purchase_behind_a_code_counts_for_it(house: House, http: httpx.AsyncClient, inside: House) -> None:
    code = (await make(http, house)).json()["code"]
    found = (await http.get(f"/v1/miniapp/scans/{code}")).json()
    assert (found["product"]["code"], found["place"]) == (house.product, "shelf")
    for token, source in (
        (found["attribution"], f"scan:{code}"),
        (found["attribution"][:-1] + ("0" if found["attribution"][-1] != "0" else "1"), None),
        (f"scan:{code}", None),
    ):
        headers = house.headers("consumer", idempotency_key=idempotency_key())
        placed = await http.post("/v1/miniapp/orders", json=order_body(house.sku, attribution=token), headers=headers)
        assert placed.status_code == 201, placed.text
        assert await scalar("SELECT source FROM customer_order ORDER BY id DESC LIMIT 1") == source


async def test_codes_belong_to_their_merchant_and_end_when_retired(house: House, http: httpx.AsyncClient) -> None:
    check_problem(await make(http, house, "foreign_clerk"), 404, "product_unknown")
    check_problem(await make(http, house, product="NOBODY"), 404, "product_unknown")
    check_problem(await make(http, house, "host"), 403)
    code = (await make(http, house, "county_officer", place="live_screen")).json()["code"]
    for role, there in (("merchant_clerk", True), ("county_officer", True), ("foreign_clerk", False)):
        listed = (await http.get(CODES, headers=house.headers(role))).json()["items"]
        assert (code in [item["code"] for item in listed]) is there, role
    path = f"{CODES}/{code}"
    check_problem(await http.delete(path, headers=house.headers("foreign_clerk")), 404, "scan_code_unknown")
    for _ in range(2):
        assert (await http.delete(path, headers=house.headers("merchant_clerk"))).status_code == 204
    check_problem(await http.get(f"/v1/miniapp/scans/{code}"), 404, "scan_code_unknown")
    check_problem(await http.get("/v1/miniapp/scans/NOBODY"), 404, "scan_code_unknown")


async def test_plain_codes_are_drawn_for_print(house: House, http: httpx.AsyncClient) -> None:
    code = (await make(http, house)).json()["code"]
    headers = house.headers("merchant_clerk")
    svg = await http.get(f"{CODES}/{code}/file", params={"format": "svg"}, headers=headers)
    assert svg.headers["content-type"] == "image/svg+xml"
    assert svg.headers["content-disposition"].startswith("attachment")
    assert b"<svg" in svg.content
    png = await http.get(f"{CODES}/{code}/file", params={"format": "png"}, headers=headers)
    assert opened(png.content).format == "PNG"
    away = await http.get(f"{CODES}/{code}/file", params={"format": "mini_program"}, headers=headers)
    assert (away.status_code, away.json()["code"]) == (503, "code_picture_unavailable")
    check_problem(await http.get(f"{CODES}/{code}/file", params={"format": "exe"}, headers=headers), 422)


def test_a_token_is_good_for_its_code_and_four_hours() -> None:
    @dataclass
    class Moment:
        ahead: timedelta = timedelta()

        def __call__(self) -> object:
            return utc_now() + self.ahead

    moment = Moment()
    tokens = ScanTokens("s" * 40, moment)  # type: ignore[arg-type]
    token = tokens.token("ABCDEFGH12345678")
    assert tokens.verify(token) == "scan:ABCDEFGH12345678"
    assert ScanTokens("t" * 40).verify(token) is None
    for spoiled in (token.replace("ABCD", "ABCE"), token + "0", "x", "", token.split(".")[0], "scan:ABCDEFGH12345678"):
        assert tokens.verify(spoiled) is None
    moment.ahead = timedelta(hours=3, minutes=59)
    assert tokens.verify(token)
    moment.ahead = timedelta(hours=4, seconds=1)
    assert tokens.verify(token) is None


@pytest_asyncio.fixture
async def painter(wechat: Sandbox) -> AsyncIterator[MiniProgramCodes]:
    wechat.control("DELETE", "/faults")
    redis: Redis = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)
    async with httpx.AsyncClient(trust_env=False) as client:
        yield MiniProgramCodes(MiniProgramClient(APPID, APP_SECRET, wechat.base, client, redis), "develop")
    await redis.aclose()


async def test_wechat_draws_the_mini_program_code(wechat: Sandbox, painter: MiniProgramCodes) -> None:
    drawn = await painter.mini_program_code("ABCDEFGH12345678", PAGE)
    assert opened(drawn).format in ("PNG", "JPEG")
    wechat.control("POST", "/tokens/spoilings", state="expired")
    assert await painter.mini_program_code("ABCDEFGH12345678", PAGE)
    for scene, page, errcode in (("x" * 33, PAGE, 40169), ("码", PAGE, 40169), ("A", "/" + PAGE, 41030)):
        with pytest.raises(CodePictureUnavailable) as refused:
            await painter.mini_program_code(scene, page)
        assert refused.value.facts == {"wechat_errcode": errcode}
    wechat.fault("code.unlimited", "answer", code="45009", message="quota")
    with pytest.raises(CodePictureUnavailable):
        await painter.mini_program_code("A", PAGE)


async def test_reads_are_one_statement(inside: House, painter: MiniProgramCodes) -> None:
    codes = ScanCodes(painter, "https://mall.example.cn")
    made = await codes.make(None, inside.product, ScanPlace.LABEL, "", "staff:U1")
    for read in (scanned(made.code), scan_codes(inside.merchant, None, 1)):
        with counted_statements() as statements:
            await read
        assert len(statements) == 1
