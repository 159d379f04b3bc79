"""The place in a room's pictures stays with what was bought there, from the viewer's word to the refund."""

from datetime import timedelta

import httpx
import pytest

from kit.clock import CHINA, china_day
from kit.database import execute, rows, scalar
from live.models import LiveSession
from live.shop.moments import Seen, places_of
from orders.cases.queries import newest_cases
from orders.events import LineRefunded, OrderPaid
from orders.queries import order_of
from tests.doors.conftest import house, http, inside
from tests.doors.house import House as Doors
from tests.doors.house import idempotency_key, order_body
from tests.doors.problems import check_problem
from tests.live.rooms import HOST, House
from tests.orders.conftest import mall
from tests.orders.mall import CheckoutLine, Mall, facts

__all__ = ["house", "http", "inside", "mall"]
pytestmark = pytest.mark.asyncio


async def on_air_for(rooms: House, seconds: int, merchant: str | None = None) -> LiveSession:
    """A session that has had pictures for so long."""
    session, _ = await rooms.on_air(merchant)
    await execute("UPDATE live_stream_publish SET started_at = started_at - $2 * interval '1 second'"
                  " WHERE session_id = $1", session.id, seconds)  # fmt: skip
    return session


async def test_a_position_is_believed_as_far_as_the_session_has_come(database: str) -> None:
    """Fails when any position is believed, and when a closed room answers with its end."""
    rooms = House()
    source = f"live:{(await on_air_for(rooms, 600)).number}"

    async def kept(position_ms: int | None, source: str | None = source) -> int | None:
        ((told, offset),) = await places_of([Seen("K1", source, position_ms)], rooms.clock())
        assert told == source
        return offset

    assert (await kept(0), await kept(599_000)) == (0, 599_000)
    for elsewhere in ("scan:1", None, "live:L20260101NOSUCH0001"):
        assert await kept(5, elsewhere) is None
    for wrong in (900_000, None, -1):
        own = await kept(wrong)
        assert own is not None
        assert 600_000 <= own < 700_000
    await rooms.sessions.end(source.removeprefix("live:"), HOST)
    rooms.clock.ahead += timedelta(hours=1)
    assert [await kept(599_000), await kept(900_000), await kept(None)] == [599_000, None, None]
    waiting = f"live:{(await rooms.scheduled('M1')).number}"
    assert [await kept(0, waiting), await kept(5, waiting), await kept(None, waiting)] == [0, None, None]


async def test_the_place_stays_on_the_line_through_to_the_refund(mall: Mall) -> None:
    """Fails when one of the ways forgets it, and when another merchant's line gets it."""
    _, (foreign,) = await mall.another_product()
    lines = [
        CheckoutLine(mall.skus[0], 2, "live:L1", seller=mall.merchant, source_offset_ms=71_500),
        CheckoutLine(foreign, 1, "live:L1", seller="M-OTHER", source_offset_ms=71_500),
    ]
    order = await mall.place(lines=lines)
    assert [(line.source, line.source_offset_ms) for line in order.lines] == [("live:L1", 71_500), (None, None)]
    await mall.pay(order.number)
    (paid,) = await facts(OrderPaid)
    assert [(line.source, line.source_offset_ms) for line in paid.lines] == [("live:L1", 71_500), (None, None)]
    await mall.refund(order, 0, 1)
    await mall.refund(order, 1, 1)
    refunded = {each.line: (each.source, each.source_offset_ms) for each in await facts(LineRefunded)}
    assert refunded == {order.lines[0].reference: ("live:L1", 71_500), order.lines[1].reference: (None, None)}
    for owner, value in (("consumer", "C1"), ("merchant", mall.merchant)):
        seen = await order_of(owner, value, order.number)
        assert seen is not None
        assert [line.source_offset_ms for line in seen.lines] == [71_500, None]
    cases = (await newest_cases("C1", None, 10)).cases
    assert [case.items[0].source_offset_ms for case in cases] == [None, 71_500]


async def test_an_order_of_a_viewer_leads_back_to_the_moment(
    house: Doors, http: httpx.AsyncClient, inside: Doors
) -> None:
    """Over the doors: the room's token, the viewer's place, the cart between, the moment for both sides."""
    rooms = House()
    session = await on_air_for(rooms, 300, house.merchant)
    await rooms.shelf.put(session.number, HOST, house.sku)
    await rooms.signed(session.number, house.sku)
    await rooms.shelf.pin(session.number, HOST, house.sku)
    await execute("UPDATE live_pin SET offset_ms = 100000")
    await rooms.shelf.unpin(session.number, HOST)
    token = (await http.get(f"/v1/miniapp/live/sessions/{session.number}")).json()["attribution"]
    seen = {"attribution": token, "position_ms": 123_456}

    def headers(role: str) -> dict[str, str]:
        return house.headers(role, idempotency_key=idempotency_key())

    wanted = {"sku": house.sku, "quantity": 1, **seen}
    assert (await http.post("/v1/miniapp/cart/lines", json=wanted, headers=headers("consumer"))).status_code == 204
    cart = (await http.get("/v1/miniapp/cart", headers=house.headers("consumer"))).json()
    (kept,) = cart["groups"][0]["lines"]
    assert (kept["attribution"], kept["position_ms"]) == (token, 123_456)
    placed = await http.post("/v1/miniapp/orders", json=order_body(house.sku, **seen), headers=headers("consumer"))
    assert placed.status_code == 201, placed.text
    (order,) = placed.json()["orders"]
    line = order["lines"][0]["line"]
    found = await rows("SELECT source, source_offset_ms FROM order_line WHERE reference = $1", line)
    assert found == [{"source": f"live:{session.number}", "source_offset_ms": 123_456}]
    path = f"orders/{order['number']}/lines/{line}/moment"
    for door, role in (("miniapp", "consumer"), ("console", "merchant_clerk")):
        moment = (await http.get(f"/v1/{door}/{path}", headers=house.headers(role))).json()
        assert (moment["session"], moment["offset_ms"]) == (session.number, 123_456)
        assert (moment["shown"]["code"], moment["shown"]["price_fen"]) == (house.sku, 3990)
        assert f"/{session.stream}/" in moment["hls_url"]
        assert moment["page_url"] is None
    # Put out of the room, the buyer sees no more of what is on air; of what is over the buyer has the replay.
    word = {"text": "骂人", "client_key": "k1"}  # pragma: allowlist secret
    said = await http.post(
        f"/v1/miniapp/live/sessions/{session.number}/messages", json=word, headers=headers("consumer")
    )
    talk = f"/v1/console/live/sessions/{session.number}/chat/{said.json()['offset']}/ban"
    assert (await http.put(talk, json={"reason": "辱骂"}, headers=headers("county_officer"))).status_code < 300

    async def pictures(door: str, role: str) -> bool:
        told = (await http.get(f"/v1/{door}/{path}", headers=house.headers(role))).json()
        assert (told["shown"]["code"], bool(told["expires_at"])) == (house.sku, bool(told["hls_url"]))
        return told["hls_url"] is not None

    assert [await pictures("miniapp", "consumer"), await pictures("console", "merchant_clerk")] == [False, True]
    await rooms.sessions.end(session.number, HOST)
    assert await pictures("miniapp", "consumer")
    told = (
        await http.get(f"/v1/console/live/order-lines/{line}/moment", headers=house.headers("county_officer"))
    ).json()
    assert told["page_url"].endswith(f"/rooms/{session.number}#t=123.456")
    began = await scalar("SELECT started_at FROM live_session WHERE number = $1", session.number)
    day = china_day(began)
    sheet = f"/v1/console/live/commissions/file?first_day={day}&last_day={day}&format=csv"
    written = (await http.get(sheet, headers=house.headers("county_officer"))).text
    assert f",{began.astimezone(CHINA):%Y-%m-%d %H:%M}," in written
    check_problem(await http.get(f"/v1/console/{path}", headers=house.headers("foreign_clerk")), 404, "order_not_found")
    check_problem(
        await http.get(f"/v1/miniapp/orders/{order['number']}/lines/NONE/moment", headers=house.headers("consumer")),
        404,
        "order_not_found",
    )
    elsewhere = await http.post("/v1/miniapp/orders", json=order_body(house.sku), headers=headers("consumer"))
    (plain,) = elsewhere.json()["orders"]
    path = f"/v1/miniapp/orders/{plain['number']}/lines/{plain['lines'][0]['line']}/moment"
    assert (await http.get(path, headers=house.headers("consumer"))).content == b""
    assert await scalar("SELECT count(*) FROM order_line WHERE source_offset_ms IS NOT NULL") == 1
