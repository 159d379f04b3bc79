"""Nothing personal in the log and nothing from the inside outside, whatever happens to a request."""

import json
from urllib.parse import quote

import httpx

from tests.doors.house import House, idempotency_key, order_body
from tests.payments import channel
from tests.superuser import open_as_superuser

PHONE, NAME, ADDRESS = "19912345678", "金丝雀收货人", "金丝雀路八十八号院三单元"
HOUSEHOLD = "示例户金丝雀乙"
SECRETS = (PHONE, NAME, ADDRESS, HOUSEHOLD, "openid-consumer")
BUYER = {"delivery": {"recipient": NAME, "phone": PHONE, "region": "533124", "address": ADDRESS}}


async def buy_and_stumble(house: House) -> list[httpx.Response]:
    """A purchase with everything that can go wrong around it; answers what was answered."""
    order = json.dumps(order_body(house.sku) | BUYER, ensure_ascii=False)
    async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=15) as http:

        async def post(path: str, body: str | bytes, role: str = "consumer") -> httpx.Response:
            sent = {"content-type": "application/json"}
            return await http.post(
                path, content=body, headers=house.headers(role, idempotency_key=idempotency_key()) | sent
            )

        placed = await post("/v1/miniapp/orders", order)
        number = placed.json()["orders"][0]["number"]
        seen = await http.get(f"/v1/console/orders/{number}", headers=house.headers("merchant_clerk"))
        assert (seen.json()["phone"], seen.json()["recipient"]) == (PHONE, NAME)
        notice = channel.notice_body(channel.Paid("P1", 1, "openid-consumer").members())
        return [
            await post("/v1/miniapp/orders", order[:-3]),
            await post("/v1/miniapp/orders", order.replace('"sku"', '"wrong"')),
            await post("/v1/miniapp/orders", order.replace(PHONE, PHONE + "号")),
            await post("/v1/miniapp/orders", order.replace('"quantity": 1', '"quantity": 999')),
            await post("/v1/miniapp/orders", order.encode("gbk")),
            await post("/v1/miniapp/orders", order, role="host"),
            await post(f"/v1/miniapp/orders/{NAME}/receipt", ""),
            await post(f"/v1/miniapp/trades/{placed.json()['trade']}/payment", ""),
            await post("/v1/miniapp/session", json.dumps({"code": PHONE})),
            await post("/v1/console/session", json.dumps({"login": PHONE, "password": NAME})),
            await http.get(f"/v1/miniapp/products?phone={PHONE}&name={NAME}"),
            await http.get(f"/v1/miniapp/orders/{PHONE}", headers={"authorization": f"Bearer {PHONE}"}),
            await http.get("/v1/miniapp/me", headers={"x-request-id": PHONE + " " + PHONE, "user-agent": PHONE}),
            await http.post("/v1/webhook/wechat-pay/notices", content=notice, headers=channel.signed_headers(notice)),
        ]


async def break_it(house: House) -> list[httpx.Response]:
    """The same order against a database that refuses one row of it, quoting the row, or lacks a table."""
    connection = await open_as_superuser(house.database_url)
    order = json.dumps(order_body(house.sku) | BUYER, ensure_ascii=False)
    replies = []
    async with httpx.AsyncClient(base_url=house.base, trust_env=False, timeout=15) as http:
        refusing = [
            (
                f"ALTER TABLE {table} ADD CONSTRAINT broken CHECK (id < 0) NOT VALID",
                f"ALTER TABLE {table} DROP CONSTRAINT broken",
            )
            for table in ("customer_order", "order_line", "payment")
        ]
        lacking = ("ALTER TABLE payment RENAME TO payment_gone", "ALTER TABLE payment_gone RENAME TO payment")
        for damage, repair in (*refusing, lacking):
            await connection.execute(damage)
            headers = house.headers("consumer", content_type="application/json", idempotency_key=idempotency_key())
            try:
                replies.append(await http.post("/v1/miniapp/orders", content=order, headers=headers))
            finally:
                await connection.execute(repair)
        await connection.execute("ALTER TABLE household RENAME TO household_gone")
        path, officer = f"/v1/console/poverty/households/{quote(HOUSEHOLD)}", house.headers("poverty_officer")
        try:
            replies.append(await http.get(path, headers=officer))
        finally:
            await connection.execute("ALTER TABLE household_gone RENAME TO household")
    await connection.close()
    return replies


async def test_neither_log_nor_answer_tells_what_it_should_not(house: House) -> None:
    answers = await buy_and_stumble(house)
    failures = await break_it(house)
    log = house.log.read_text()
    assert all(reply.status_code >= 400 for reply in answers), [reply.status_code for reply in answers]
    assert [reply.status_code for reply in failures] == [500] * 5
    for reply in failures:
        assert reply.headers["content-type"] == "application/problem+json"
        assert set(reply.json()) == {"type", "title", "status", "code", "request_id"}, "an id and nothing else"
        assert reply.json()["request_id"] in log, "the id leads to the log"
    for reply in answers + failures:
        assert not any(word in reply.text for word in ("Traceback", "asyncpg", "tortoise", "CHECK", ".py"))
        assert not any(secret in reply.text for secret in SECRETS), reply.text
    assert log.count("DETAIL: ...") >= 3, "the quoted rows were there and are cut out"
    lines = [line for line in log.splitlines() if line]
    for line in lines:
        for secret in (*SECRETS, *house.tokens.values()):
            raw = secret.encode()
            spelled = (secret, json.dumps(secret)[1:-1], quote(secret), raw.hex(), repr(raw)[2:-1])
            assert not any(form in line for form in spelled), line[:3000]
    assert sum(1 for line in lines if line.startswith("{")) > 15
