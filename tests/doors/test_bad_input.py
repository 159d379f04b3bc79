"""Bad input gets a problem document and changes nothing; a good request has one effect, however often."""

import asyncio
import json
import re
import secrets
import socket
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from accounts.models import AccountSession
from accounts.service import Sessions
from accounts.tokens import token_hash
from kit.clock import utc_now
from kit.database import execute, scalar
from server.app import openapi_document
from tests.doors.house import House, idempotency_key, order_body
from tests.doors.problems import check_headers, check_problem
from tests.payments import channel

ORDERS = "/v1/miniapp/orders"
TRADES = "/v1/miniapp/trades"


async def place(
    http: httpx.AsyncClient,
    house: House,
    body: object,
    key: str | None = None,
    role: str = "consumer",
    **headers: str,
) -> httpx.Response:
    """One attempt to place an order; ``body`` may be raw bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"content-type": "application/json", "idempotency-key": idempotency_key() if key is None else key}
    if key == "":
        del sent["idempotency-key"]
    return await http.post(ORDERS, content=content, headers=house.headers(role) | sent | headers)


@pytest.mark.parametrize(
    "quantity",
    [0, -1, 1.5, 1.0, "1", "1e3", 1000, 2**31, 2**63, 2**64, -(2**31), True, None, [], {}, float("nan")],
)
async def test_r6_no_quantity_but_a_small_whole_number(house: House, http: httpx.AsyncClient, quantity: object) -> None:
    before = await house.fingerprint()
    reply = await place(http, house, order_body(house.sku, quantity))
    check_problem(reply, 400 if quantity != quantity else 422)
    assert await house.fingerprint() == before


DELIVERY = {"recipient": "甲", "phone": "19900000001", "region": "533124", "address": "章凤镇示例路 1 号"}
BODIES: dict[str, Callable[[str], object]] = {
    "price on the order": lambda sku: order_body(sku, goods_fen=1),
    "nothing expected": lambda sku: order_body(sku, amount_fen=None),
    "no digest": lambda sku: order_body(sku, quote="3990"),
    "letters for a region": lambda sku: order_body(sku) | {"delivery": DELIVERY | {"region": "陇川县"}},
    "price on a line": lambda sku: order_body(sku) | {"lines": [{"sku": sku, "quantity": 1, "unit_price_fen": 1}]},
    "discount": lambda sku: order_body(sku, discount_fen=100),
    "merchant": lambda sku: order_body(sku, merchant="M1"),
    "bare source": lambda sku: order_body(sku, source="live:20261123AAAAAAAAAA"),
    "consumer": lambda sku: order_body(sku, consumer="C1"),
    "no lines": lambda sku: order_body(sku) | {"lines": []},
    "51 lines": lambda sku: order_body(sku) | {"lines": [{"sku": f"{sku}{n}", "quantity": 1} for n in range(51)]},
    "lines are an object": lambda sku: order_body(sku) | {"lines": {"sku": sku, "quantity": 1}},
    "empty sku": lambda sku: order_body(""),
    "long sku": lambda sku: order_body("K" * 41),
    "sku is a number": lambda sku: order_body(1),  # type: ignore[arg-type]
    "no delivery": lambda sku: {"lines": [{"sku": sku, "quantity": 1}]},
    "letters for a phone": lambda sku: order_body(sku) | {"delivery": DELIVERY | {"phone": "一九九"}},
    "long phone": lambda sku: order_body(sku) | {"delivery": DELIVERY | {"phone": "1" * 21}},
    "newline after the phone": lambda sku: order_body(sku) | {"delivery": DELIVERY | {"phone": "19900000001\n"}},
    "long address": lambda sku: order_body(sku) | {"delivery": DELIVERY | {"address": "路" * 201}},
    "unknown part of an address": lambda sku: order_body(sku) | {"delivery": DELIVERY | {"note": "x"}},
    "long attribution": lambda sku: order_body(sku, attribution="x" * 401),
}


@pytest.mark.parametrize("name", BODIES)
async def test_members_nobody_asked_for_or_of_another_shape(house: House, http: httpx.AsyncClient, name: str) -> None:
    before = await house.fingerprint()
    members = check_problem(await place(http, house, BODIES[name](house.sku)), 422, "content_invalid")
    errors = members["errors"]
    assert isinstance(errors, list)
    (where,) = errors
    assert where["pointer"].startswith("#")
    assert where["detail"]
    assert await house.fingerprint() == before


async def test_refusals_of_the_shop_itself(house: House, http: httpx.AsyncClient) -> None:
    before = await house.fingerprint()
    twice = order_body(house.sku) | {"lines": [{"sku": house.sku, "quantity": 1}] * 2}
    check_problem(await place(http, house, order_body("K20261123NOBODY0000")), 409, "not_on_sale")
    check_problem(await place(http, house, order_body("K\u0000")), 422, "content_invalid")
    cheap = check_problem(await place(http, house, order_body(house.sku, amount_fen=1)), 409, "quote_changed")
    assert cheap["quote"]["amount_fen"] == 3990  # type: ignore[index]
    check_problem(await place(http, house, twice), 422, "sku_repeated")
    sold_out = check_problem(await place(http, house, order_body(house.sku, 999)), 409, "sold_out")
    assert sold_out["left"] == 500
    assert await house.fingerprint() == before


async def test_goods_of_two_merchants_are_one_trade_and_the_quote_is_what_is_charged(
    inside: House, http: httpx.AsyncClient
) -> None:
    lines = [{"sku": inside.sku, "quantity": 2}, {"sku": inside.foreign_sku, "quantity": 1}]
    bearer = inside.headers("consumer_two")
    quote = (await http.post("/v1/miniapp/quotes", json={"lines": lines, "region": "533124"}, headers=bearer)).json()
    assert [order["amount_fen"] for order in quote["orders"]] == [7980, 3990]
    body = {"lines": lines, "delivery": DELIVERY, "quote": quote["digest"]}
    reply = await place(http, inside, body, role="consumer_two")
    assert reply.status_code == 201
    placed = reply.json()
    assert [order["merchant"] for order in placed["orders"]] == [inside.merchant, inside.foreign_merchant]
    trade = (await http.get(f"{TRADES}/{placed['trade']}", headers=bearer)).json()
    assert (trade["state"], trade["amount_fen"]) == ("pending_payment", quote["amount_fen"])
    other = await place(http, inside, body | {"quote": "0" * 32}, role="consumer_two")
    changed = check_problem(other, 409, "quote_changed")
    assert changed["quote"] == quote


RAW = {
    "nothing": (b"", 400, "malformed_json"),
    "half": (b'{"lines": [', 400, "malformed_json"),
    "NaN": (b'{"lines": NaN}', 400, "malformed_json"),
    "a lone surrogate": (b'{"attribution": "\\ud800"}', 400, "malformed_json"),
    "UTF-16": ('{"lines": []}'.encode("utf-16"), 400, "malformed_json"),
    "ten thousand arrays deep": (b"[" * 10_000 + b"]" * 10_000, None, None),
    "ten thousand objects deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, None, None),
    "a number beyond doubles": (b'{"lines": [{"sku": "K", "quantity": 1e400}]}', None, None),
    "a number of ten thousand digits": (b'{"lines": [{"quantity": ' + b"9" * 10_000 + b"}]}", None, None),
    "exactly the limit": (b" " * (1024 * 1024 - 2) + b"{}", 422, "content_invalid"),
    "null": (b"null", 422, "content_invalid"),
}  # fmt: skip


@pytest.mark.parametrize("name", RAW)
async def test_bodies_that_are_no_order(house: House, http: httpx.AsyncClient, name: str) -> None:
    raw, status, code = RAW[name]
    before = await house.fingerprint()
    check_problem(await place(http, house, raw), status, code)
    assert await house.fingerprint() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"}}", b"}} {}"), (b"}}", b"}} // x"), (b"19900000001", b"1990000000\xff"),
     ("章".encode(), b"\xe7\xab"),
     ("章".encode(), b"\xed\xa0\x80"), ("章".encode(), b"\\ud800"), (b'"quantity": 1', b'"quantity": 01'),
     (b'"quantity": 1', b'"quantity": 1,'), (b'"phone"', b"'phone'"),
     (b'"recipient": "', b'"recipient": "\n')],
)  # fmt: skip
async def test_a_good_order_with_one_thing_that_is_no_json(
    house: House, http: httpx.AsyncClient, old: bytes, new: bytes
) -> None:
    raw = json.dumps(order_body(house.sku), ensure_ascii=False).encode()
    assert old in raw
    before = await house.fingerprint()
    check_problem(await place(http, house, raw.replace(old, new)), 400, "malformed_json")
    assert await house.fingerprint() == before


async def test_a_backslash_that_looks_like_an_escape_is_a_text(house: House, http: httpx.AsyncClient) -> None:
    body = order_body(house.sku) | {"delivery": DELIVERY | {"recipient": "\\u0000"}}
    assert (await place(http, house, body)).status_code == 201


@pytest.mark.parametrize("second", ['"quantity": 1', '"quantity" : 2', '"quantit\\u0079":1'])
async def test_a_member_given_twice_is_refused_with_its_place(
    house: House, http: httpx.AsyncClient, second: str
) -> None:
    before = await house.fingerprint()
    raw = json.dumps(order_body(house.sku), ensure_ascii=False).replace('"quantity": 1', f'"quantity": 1, {second}')
    told = check_problem(await place(http, house, raw.encode()), 400, "member_twice")
    assert told["errors"] == [{"pointer": "#/lines/0/quantity", "detail": "重复给出"}]
    assert await house.fingerprint() == before


async def test_a_body_above_the_limit(house: House, http: httpx.AsyncClient) -> None:
    before = await house.fingerprint()
    check_problem(await place(http, house, b" " * (1024 * 1024 - 1) + b"{}"), 413, "content_too_large")
    notice = await http.post("/v1/webhook/wechat-pay/notices", content=b"x" * (64 * 1024 + 1))
    check_problem(notice, 413, "content_too_large")
    assert await house.fingerprint() == before


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                     "application/jsonp", "application/xml"],
)  # fmt: skip
async def test_only_json_is_json(house: House, http: httpx.AsyncClient, content_type: str) -> None:
    raw = json.dumps(order_body(house.sku)).encode()
    headers = {"content-type": content_type}
    check_problem(await place(http, house, raw, **headers), 415, "content_type_unsupported")


async def test_tokens_that_are_not_good(inside: House, http: httpx.AsyncClient) -> None:
    """Stale, revoked, idle, of another kind, malformed: 401, and the answer tells nothing apart."""
    sessions = Sessions()
    stale, revoked, idle = (
        await inside.session("consumer"),
        await inside.session("consumer"),
        await inside.session("host"),
    )
    await AccountSession.filter(token_hash=token_hash(stale)).update(expires_at=utc_now() - timedelta(seconds=1))
    await AccountSession.filter(token_hash=token_hash(idle)).update(last_seen_at=utc_now() - timedelta(hours=3))
    await sessions.revoke(revoked)
    good = inside.tokens["consumer"]
    bearers = [
        f"Bearer {stale}", f"Bearer {revoked}", f"Bearer {secrets.token_urlsafe(32)}", f"Basic {good}",
        "Bearer", "Bearer x", good, f"Bearer {good[:-1]}", f"Bearer {good} {good}",
        f"Bearer {good}, Bearer {good}", "Bearer ' OR 1=1",
        f"Bearer {'a' * 6000}",
    ]  # fmt: skip
    seen = set()
    for bearer in bearers:
        for method, path in (("GET", ORDERS), ("GET", "/v1/miniapp/me"), ("POST", ORDERS)):
            reply = await http.request(method, path, headers={"authorization": bearer})
            members = check_problem(reply, 401, "not_authenticated")
            assert reply.headers["www-authenticate"] == "Bearer"
            seen.add(tuple(sorted(set(members) - {"request_id"})))
    check_problem(
        await http.get("/v1/console/me", headers={"authorization": f"Bearer {idle}"}),
        401,
        "not_authenticated",
    )
    for odd in (b"Bearer \xff\xfe", b"Bearer \xed\xa0\x80", "Bearer 中文".encode()):
        check_problem(await http.get(ORDERS, headers=[(b"authorization", odd)]), 401, "not_authenticated")
    assert len(seen) == 1


async def test_a_role_that_was_revoked_ends_with_the_next_request(inside: House, http: httpx.AsyncClient) -> None:
    token = await inside.session("county_officer")
    bearer = {"authorization": f"Bearer {token}"}
    assert (await http.get("/v1/console/me", headers=bearer)).status_code == 200
    grant = inside.owners["county_officer"]
    await execute("UPDATE role_grant SET revoked_at = now() WHERE id = $1", grant)
    try:
        check_problem(await http.get("/v1/console/me", headers=bearer), 401, "not_authenticated")
    finally:
        await execute("UPDATE role_grant SET revoked_at = NULL WHERE id = $1", grant)


async def test_somebody_elses_order_does_not_exist(house: House, http: httpx.AsyncClient) -> None:
    placed = (await place(http, house, order_body(house.sku))).json()
    number, line = placed["orders"][0]["number"], placed["orders"][0]["lines"][0]["line"]
    before = await house.fingerprint()
    missing = "20261123NOBODY0000"
    case = {"kind": "refund_only", "cause": "damaged", "quantity": 1, "reason": "破损"}
    consumer: list[tuple[str, str, object]] = [
        ("GET", f"{ORDERS}/{{}}", None),
        ("POST", f"{ORDERS}/{{}}/receipt", None),
        ("POST", f"{ORDERS}/{{}}/lines/{line}/after-sales", case),
    ]
    clerk: list[tuple[str, str, object]] = [
        ("GET", "/v1/console/orders/{}", None),
        ("PUT", "/v1/console/orders/{}/packing", {"lines": {}}),
        ("PUT", "/v1/console/orders/{}/shipment", {"carrier": "SF", "waybill": "SF00000001"}),
    ]
    trade: list[tuple[str, str, object]] = [
        ("GET", f"{TRADES}/{{}}", None),
        ("POST", f"{TRADES}/{{}}/payment", None),
        ("POST", f"{TRADES}/{{}}/cancellation", None),
    ]
    foreign = [("consumer_two", number, consumer), ("foreign_clerk", number, clerk)]
    for role, known, calls in [*foreign, ("consumer_two", placed["trade"], trade)]:
        for method, path, body in calls:
            told = []
            for name in (known, missing):
                reply = await http.request(
                    method,
                    path.format(name),
                    json=body,
                    headers=house.headers(role, idempotency_key=idempotency_key()),
                )
                members = check_problem(reply, 404)
                told.append({k: v for k, v in members.items() if k != "request_id"})
            assert told[0] == told[1], "what is foreign and what is missing look the same"
    assert await house.fingerprint() == before


@pytest.mark.parametrize("key", ["", "a b", "a" * 256, "ключ", "a\tb"])
async def test_keys_that_are_no_keys(house: House, http: httpx.AsyncClient, key: str) -> None:
    before = await house.fingerprint()
    headers = house.headers("consumer") | {"content-type": "application/json"}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    if key:
        raw.append((b"idempotency-key", key.encode()))
    reply = await http.post(ORDERS, content=json.dumps(order_body(house.sku)).encode(), headers=raw)
    check_problem(reply, 422, "idempotency_key_missing")
    assert await house.fingerprint() == before


async def test_a_key_answers_the_same_for_ever_and_only_for_its_body_its_caller_and_its_route(
    house: House, http: httpx.AsyncClient
) -> None:
    key = idempotency_key()
    first = await place(http, house, order_body(house.sku), key)
    assert first.status_code == 201
    before = await house.fingerprint()
    again = await place(http, house, order_body(house.sku), key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    check_problem(await place(http, house, order_body(house.sku, 2), key), 422, "idempotency_key_reused")
    assert await house.fingerprint() == before
    other = await place(http, house, order_body(house.sku), key, role="consumer_two")
    assert other.status_code == 201
    assert other.json()["trade"] != first.json()["trade"]
    number = first.json()["trade"]
    cancelled = await http.post(
        f"{TRADES}/{number}/cancellation", headers=house.headers("consumer", idempotency_key=key)
    )
    assert cancelled.status_code < 300


async def test_a_refused_request_leaves_its_key_free(house: House, http: httpx.AsyncClient) -> None:
    key = idempotency_key()
    check_problem(await place(http, house, order_body(house.sku, 999), key), 409, "sold_out")
    assert (await place(http, house, order_body(house.sku, 1), key)).status_code == 201
    key = idempotency_key()
    missing = f"{TRADES}/T20261123NOBODY0000/payment"
    for body in (b"", b"{}"):
        reply = await http.post(missing, content=body, headers=house.headers("consumer", idempotency_key=key))
        check_problem(reply, 404, "trade_not_found")


async def test_twenty_requests_with_one_key_at_once_make_one_order(inside: House, http: httpx.AsyncClient) -> None:
    orders = await scalar("SELECT count(*) FROM customer_order")
    available = await scalar("SELECT available FROM sku WHERE code = $1", inside.sku)
    key = idempotency_key()
    replies = await asyncio.gather(*(place(http, inside, order_body(inside.sku, 3), key) for _ in range(20)))
    good = [reply for reply in replies if reply.status_code == 201]
    assert good
    assert len({reply.content for reply in good}) == 1
    for reply in replies:
        if reply.status_code != 201:
            check_problem(reply, 409)
    assert await scalar("SELECT count(*) FROM customer_order") == orders + 1
    assert await scalar("SELECT available FROM sku WHERE code = $1", inside.sku) == available - 3


async def test_notices_nobody_signed(house: House, http: httpx.AsyncClient) -> None:
    """Not signed by WeChat Pay, signed for another body, or long ago: 401, and nothing is kept."""
    before = await house.fingerprint()
    raw = channel.notice_body(channel.Paid("P20261123NOBODY0000", 1, "openid-consumer").members())
    url = "/v1/webhook/wechat-pay/notices"
    good = channel.signed_headers(raw)
    attempts: list[tuple[bytes, dict[str, str]]] = [
        (raw, {}),
        (b"", {}),
        (b"{}", good),
        (raw + b" ", good),
        (raw, channel.signed_headers(raw, key="stranger")),
        (raw, channel.signed_headers(raw, serial="PUB_KEY_ID_0000000000000000000000000000000")),
        (raw, channel.signed_headers(raw, at=utc_now() - timedelta(minutes=6))),
        (raw, channel.signed_headers(raw, at=utc_now() + timedelta(minutes=6))),
        (raw, channel.signed_headers(raw, prefix="WECHATPAY/SIGNTEST/")),
        (raw, good | {"Wechatpay-Timestamp": "soon"}),
        (raw, good | {"Wechatpay-Signature": "x" * 2_000}),
        (raw, {k: v for k, v in good.items() if k != "Wechatpay-Nonce"}),
    ]
    for body, headers in attempts:
        reply = await http.post(url, content=body, headers=headers)
        assert check_problem(reply, 401)["code"] == "FAIL"
    forged_twice = [*good.items(), ("Wechatpay-Signature", good["Wechatpay-Signature"])]
    check_problem(await http.post(url, content=raw, headers=forged_twice), 401)
    for path in ("/v1/webhook/media/publish", "/v1/webhook/media/publish-done"):
        for query in ("", "?secret=", "?secret=guess"):
            reply = await http.post(path + query, content=b"call=publish&app=live&name=x", headers={})
            check_problem(reply)
    assert await house.fingerprint() == before


async def test_addresses_and_methods_that_are_none(house: House, http: httpx.AsyncClient) -> None:
    bearer = house.headers("consumer")
    for path in ("/v1", "/v1/", "/v1/miniapp", "/v1/miniapp/nothing", "/v2/miniapp/orders", "/admin", "/.env",
                 "/v1/miniapp/../console/staff", "/v1/miniapp/orders/a/b/c",
                 "/V1/miniapp/orders"):  # fmt: skip
        reply = await http.get(path, headers=bearer)
        assert reply.status_code in (403, 404), (path, reply.text)
        assert reply.headers["content-type"] == "application/problem+json"
    for method in ("DELETE", "PATCH", "PUT", "TRACE", "OPTIONS", "PROPFIND"):
        reply = await http.request(method, ORDERS, headers=bearer)
        assert 400 <= reply.status_code < 500, (method, reply.text)
        assert reply.headers["content-type"] == "application/problem+json", (method, reply.text)
    for spelling in (
        f"{ORDERS}/",
        f"/{ORDERS}",
        ORDERS.replace("/miniapp", "//miniapp"),
        "/v1/miniapp/%6Frders",
    ):
        reply = await http.get(f"{house.base}{spelling}")
        check_problem(reply)
        assert reply.status_code in (401, 404), (spelling, reply.text)


@pytest.mark.parametrize(
    ("language", "title", "tongue"),
    [("", "请先登录", "zh-CN"), ("zh-CN,en;q=0.9", "请先登录", "zh-CN"), ("en", "Please log in", "en"),
     ("en-GB,zh;q=0.5", "Please log in", "en"), ("fr,en;q=0.5", "请先登录", "zh-CN"),
     ("*", "请先登录", "zh-CN"),
     (";;;,,q=", "请先登录", "zh-CN")],
)  # fmt: skip
async def test_problems_speak_the_language_that_was_asked_for(
    house: House, http: httpx.AsyncClient, language: str, title: str, tongue: str
) -> None:
    reply = await http.get(ORDERS, headers={"accept-language": language})
    assert check_problem(reply, 401)["title"] == title
    assert reply.headers["content-language"] == tongue


async def test_every_answer_carries_its_headers_and_the_clients_request_id(
    house: House, http: httpx.AsyncClient
) -> None:
    good = await http.get("/v1/miniapp/offers", headers={"x-request-id": "trace-0123456789"})
    assert good.status_code == 200
    check_headers(good)
    assert good.headers["x-request-id"] == "trace-0123456789"
    for bad in ("short", "a" * 65, "a b c d e f", "<script>alert(1)</script>", "x\x7fyyyyyyy"):
        reply = await http.get("/v1/miniapp/offers", headers={"x-request-id": bad})
        check_headers(reply)
        assert reply.headers["x-request-id"] != bad
    check_headers(await place(http, house, order_body(house.sku)))
    for path in ("/openapi.json", "/docs", "/health/live", "/health/ready"):
        reply = await http.get(path)
        assert reply.status_code == 200
        assert reply.headers["x-content-type-options"] == "nosniff"


HTTP_GARBAGE = (
    b"GET / HTTP/9.9\r\n\r\n", b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n",
    b"GET /v1/miniapp/orders HTTP/1.1\r\nbroken\r\n\r\n",
    b"POST /v1/miniapp/orders HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    b"POST /v1/miniapp/orders HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n"
    b"transfer-encoding: chunked\r\n\r\nz\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET /v1/miniapp/orders HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 20_000 + b"\r\n\r\n",
    b"GET /v1/miniapp/orders/\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
)  # fmt: skip


async def test_bytes_that_are_no_request_leave_the_server_standing(house: House, http: httpx.AsyncClient) -> None:
    for raw in HTTP_GARBAGE:
        answer = await asyncio.to_thread(speak, house.base, raw)
        assert b"Traceback" not in answer
        assert not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 5")), (raw[:60], answer[:200])
    assert (await http.get("/health/ready")).status_code == 200


def speak(base: str, raw: bytes) -> bytes:
    """Send bytes as they are; answers what comes back within a second."""
    address = urlsplit(base)
    with socket.create_connection((address.hostname, address.port), timeout=1) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except (TimeoutError, ConnectionError):
            pass
    return answer


def test_no_pattern_lets_a_line_break_slip_in_at_the_end() -> None:
    """Python's ``$`` also stands before a last line break."""
    found = re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', json.dumps(openapi_document()))
    assert len(found) > 20
    assert [pattern for pattern in found if pattern.endswith("$")] == []
