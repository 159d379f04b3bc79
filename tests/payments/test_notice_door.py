"""The door of WeChat Pay's notices over HTTP: what it answers, and that nothing wrong passes."""

import asyncio
import secrets

import httpx
import pytest

from kit.database import scalar
from payments.events import PaymentSucceeded
from tests.payments.channel import Paid, notice_body, signed_headers
from tests.payments.conftest import Shop


async def post(shop: Shop, raw: bytes, headers: dict[str, str] | list[tuple[str, str]]) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as http:
        return await http.post(shop.notices_url, content=raw, headers=headers)


async def a_notice(shop: Shop, **other: object) -> tuple[str, bytes]:
    reference = await shop.open()
    payment = await shop.row(reference)
    members = Paid(payment["number"], payment["amount_fen"], shop.openid).members()
    return reference, notice_body({**members, **other})


async def test_a_genuine_notice_gets_an_empty_204_each_time(live_shop: Shop) -> None:
    reference, raw = await a_notice(live_shop)
    replies = await asyncio.gather(*(post(live_shop, raw, signed_headers(raw)) for _ in range(30)))
    assert {(r.status_code, r.content) for r in replies} == {(204, b"")}
    assert (await live_shop.row(reference))["state"] == "succeeded"
    assert len(await live_shop.facts(PaymentSucceeded)) == 1


async def test_a_forged_notice_gets_401_as_wechat_and_as_a_problem(live_shop: Shop) -> None:
    reference, raw = await a_notice(live_shop)
    genuine = signed_headers(raw)
    forged: list[dict[str, str] | list[tuple[str, str]]] = [
        {},
        {**genuine, "Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + genuine["Wechatpay-Signature"]},
        {**genuine, "Wechatpay-Serial": "PUB_KEY_ID_7"},
        signed_headers(raw, key="stranger"),
        [*genuine.items(), ("Wechatpay-Signature", genuine["Wechatpay-Signature"])],
        [*genuine.items(), ("Wechatpay-Timestamp", "1")],
    ]
    for headers in forged:
        reply = await post(live_shop, raw, headers)
        assert reply.status_code == 401
        assert reply.headers["content-type"] == "application/problem+json"
        body = reply.json()
        assert (body["code"], body["status"], body["reason"]) == ("FAIL", 401, "notice_not_authentic")
        assert body["message"]
    assert (await live_shop.row(reference))["state"] == "pending"
    assert await scalar("SELECT count(*) FROM payment_notice") == 0


async def test_a_wrong_amount_gets_409_and_is_held(live_shop: Shop) -> None:
    reference, raw = await a_notice(live_shop, amount={"total": 1, "currency": "CNY"})
    for _ in range(2):
        reply = await post(live_shop, raw, signed_headers(raw))
        assert (reply.status_code, reply.json()["reason"]) == (409, "notice_not_accepted")
    assert (await live_shop.row(reference))["state"] == "held"


@pytest.mark.parametrize("change", [{"trade_state": "SOLD"}, {"out_trade_no": 7}, {"amount": {"total": 1.5}}])
async def test_signed_nonsense_gets_422_and_pays_nothing(live_shop: Shop, change: dict[str, object]) -> None:
    reference, raw = await a_notice(live_shop, **change)
    reply = await post(live_shop, raw, signed_headers(raw))
    assert (reply.status_code, reply.json()["reason"]) == (422, "notice_not_readable")
    assert (await live_shop.row(reference))["state"] == "pending"


async def test_an_unknown_payment_is_refused_and_kept(live_shop: Shop) -> None:
    raw = notice_body(Paid("P2026112399999999", 1, live_shop.openid).members())
    assert (await post(live_shop, raw, signed_headers(raw))).status_code == 409
    assert await scalar("SELECT reason FROM payment_notice") == "unknown_payment"


async def test_a_body_over_64_kib_is_refused_unread(live_shop: Shop) -> None:
    raw = secrets.token_bytes(64 * 1024 + 1)
    reply = await post(live_shop, raw, signed_headers(raw))
    assert reply.status_code == 413
    assert reply.headers["content-type"] == "application/problem+json"
