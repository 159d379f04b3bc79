"""A code leads into its room and nowhere else, holds nothing of anybody, and its figures are what has happened."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from integrations.wechat.codes import MiniProgramCodes
from integrations.wechat.login import MiniProgramClient
from kit.belongings import Person
from kit.clock import utc_now
from kit.database import execute, rows, scalar
from live.errors import SessionNotFound
from live.models import SessionState
from live.own_records import erase, forget_chat, personal_data
from live.shares.errors import ShareCodesFull, ShareCodeUnknown
from live.shares.queries import share_figures
from live.shares.service import MOST_PLACES, PAGE, Shares
from orders.events import OrderPaid
from tests.content.paint import opened
from tests.doors.conftest import house, http
from tests.doors.house import House as Doors
from tests.doors.house import idempotency_key, order_body
from tests.doors.problems import check_problem
from tests.integrations.conftest import wechat
from tests.live.rooms import HOST, House
from tests.orders.mall import Mall, settings_for
from tests.payments.channel import APPID
from tests.payments.sandbox import APP_SECRET, Sandbox
from tests.statements import counted_statements

__all__ = ["house", "http", "wechat"]
PHONE = {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0.50"}
SCENE = re.compile(r"[0-9A-Z]{16}")


@dataclass
class Board:
    """A county with a room, and the figures of its codes."""

    mall: Mall
    room: House

    @property
    def shares(self) -> Shares:
        return self.mall.built.live.shares

    async def figures(self, number: str) -> tuple[dict[str, tuple[int, int, int, int]], tuple[int, int, int, int, int]]:
        """Opens, viewers, orders and pieces of each place by its note, and of all viewers' codes with their number."""
        found = await share_figures(number, HOST)
        places = {p.note: (p.opens, p.viewers, p.orders, p.pieces) for p in found.places}
        all_of = found.viewers
        return places, (all_of.codes, all_of.opens, all_of.viewers, all_of.orders, all_of.pieces)


@pytest_asyncio.fixture
async def board(database: str, tmp_path: Path) -> AsyncIterator[Board]:
    mall = Mall(settings_for(tmp_path, database))
    await mall.open(stock=50)
    yield Board(mall, House())
    await mall.built.stop()


async def test_a_code_is_one_for_each_viewer_and_session_and_holds_nobody(board: Board) -> None:
    session = await board.room.ready(board.mall.merchant)
    other = await board.room.ready(board.mall.merchant)
    made = await asyncio.gather(*(board.shares.of_viewer(session.number, "consumer:C1") for _ in range(5)))
    assert len(set(made)) == 1
    codes = {made[0], await board.shares.of_viewer(session.number, "consumer:C2")}
    codes |= {await board.shares.of_viewer(other.number, "consumer:C1")}
    codes |= {await board.shares.for_place(session.number, HOST, note) for note in ("村公告栏", "村公告栏")}
    assert len(codes) == 5
    assert all(SCENE.fullmatch(code) for code in codes)
    assert await board.shares.open(made[0], None, is_look=False) == (session.number, SessionState.READY)
    for wrong in ("NOBODY", made[0].lower(), session.number):
        with pytest.raises(ShareCodeUnknown):
            await board.shares.open(wrong, None, is_look=True)
    with pytest.raises(SessionNotFound):
        await board.shares.for_place(session.number, "S20260101OTHERHOST1", "别人的")
    with pytest.raises(SessionNotFound):
        await board.shares.of_viewer("L20260101NOSUCH0001", "consumer:C1")
    await board.room.sessions.cancel(session.number, HOST)
    with pytest.raises(ShareCodeUnknown):
        await board.shares.open(made[0], None, is_look=True)
    with pytest.raises(SessionNotFound):
        await board.shares.of_viewer(session.number, "consumer:C3")


async def test_looks_and_persons_are_counted_once_for_the_code_that_brought_them_first(board: Board) -> None:
    """Fails when a later code takes a person over: tried."""
    session = await board.room.ready(board.mall.merchant)
    board_code = await board.shares.for_place(session.number, HOST, "村公告栏")
    leaflet = await board.shares.for_place(session.number, HOST, "传单")
    friend = await board.shares.of_viewer(session.number, "consumer:C9")
    for code, caller, is_look in (
        (board_code, "consumer:C1", True),
        (board_code, "consumer:C1", True),
        (leaflet, "consumer:C1", True),
        (leaflet, "consumer:C2", True),
        (leaflet, None, True),
        (leaflet, None, True),
        (leaflet, "consumer:C4", False),
        (friend, "consumer:C9", True),
        (friend, "consumer:C3", True),
    ):
        await board.shares.open(code, caller, is_look=is_look)
    places, viewers = await board.figures(session.number)
    assert places == {"村公告栏": (2, 1, 0, 0), "传单": (4, 1, 0, 0)}
    assert viewers == (1, 1, 1, 0, 0)
    await asyncio.gather(*(board.shares.open(board_code, f"consumer:D{n % 5}", is_look=True) for n in range(20)))
    places, _ = await board.figures(session.number)
    assert places["村公告栏"] == (22, 6, 0, 0)


async def test_what_is_paid_in_the_room_counts_for_the_code_that_brought_the_buyer(board: Board) -> None:
    """Fails when a person counts who came after paying: tried."""
    mall = board.mall
    session, _ = await board.room.on_air(mall.merchant)
    other, _ = await board.room.on_air(mall.merchant)
    code = await board.shares.for_place(session.number, HOST, "村公告栏")
    await board.shares.open(code, "consumer:C1", is_look=True)
    # WeChat tells whole seconds of when it was paid.
    await execute("UPDATE live_shared_visit SET came_at = came_at - interval '5 seconds'")
    for source in (f"live:{session.number}", f"live:{other.number}", None):
        order = await mall.place(2, source=source)
        await mall.pay(order.number)
    await mall.deliver()
    assert (await board.figures(session.number))[0] == {"村公告栏": (1, 1, 1, 2)}
    assert (await board.figures(other.number))[0] == {}

    paid = OrderPaid.read(await scalar("SELECT payload::text FROM outbox_message WHERE topic = 'orders.order_paid'"
                                       " ORDER BY id LIMIT 1"))  # fmt: skip
    assert paid.consumer == "C1"
    await execute("UPDATE live_shared_visit SET came_at = $1", paid.paid_at + timedelta(seconds=1))
    await board.shares.count_order(paid)
    assert (await board.figures(session.number))[0] == {"村公告栏": (1, 1, 1, 2)}


async def test_a_host_reads_own_figures_in_one_statement_and_never_who(board: Board) -> None:
    session = await board.room.ready(board.mall.merchant)
    await board.shares.of_viewer(session.number, "consumer:C1")
    for n in range(MOST_PLACES):
        await board.shares.for_place(session.number, HOST, f"第 {n} 处")
    with pytest.raises(ShareCodesFull):
        await board.shares.for_place(session.number, HOST, "还有一处")
    with counted_statements() as sent:
        found = await share_figures(session.number, HOST)
    assert (len(sent), len(found.places), found.viewers.codes) == (1, MOST_PLACES, 1)
    with pytest.raises(SessionNotFound):
        await share_figures(session.number, "S20260101OTHERHOST1")
    assert (await share_figures(session.number, None)).places == found.places
    assert "consumer:C1" not in repr(found)


async def test_a_sharer_is_told_and_forgotten_and_visits_go_with_the_chat(board: Board) -> None:
    session, _ = await board.room.on_air(board.mall.merchant)
    code = await board.shares.of_viewer(session.number, "consumer:C1")
    await board.shares.open(code, "consumer:C2", is_look=True)
    person = Person("C1", "o1")
    (told,) = (await personal_data(person))["live_share_codes"]
    assert (told["code"], told["viewers"]) == (code, 1)
    await erase(person)
    assert await rows("SELECT caller FROM live_share_code") == [{"caller": None}]
    assert (await board.figures(session.number))[1] == (1, 1, 1, 0, 0)
    await board.room.sessions.end(session.number, HOST)
    assert await forget_chat(utc_now() + timedelta(days=1)) == 1
    assert await scalar("SELECT count(*) FROM live_shared_visit") == 0
    assert (await board.figures(session.number))[1] == (1, 1, 1, 0, 0), "figures without persons stay"


async def test_wechat_draws_the_code_for_whoever_made_it(board: Board, wechat: Sandbox) -> None:
    wechat.control("DELETE", "/faults")
    session = await board.room.ready(board.mall.merchant)
    redis: Redis = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)
    async with httpx.AsyncClient(trust_env=False) as client:
        painter = MiniProgramCodes(MiniProgramClient(APPID, APP_SECRET, wechat.base, client, redis), "develop")
        shares = Shares(painter, board.room.keys)
        code = await shares.of_viewer(session.number, "consumer:C1")
        assert opened(await shares.picture(code, "consumer:C1")).format in ("PNG", "JPEG")
        with pytest.raises(ShareCodeUnknown):
            await shares.picture(code, "consumer:C2")
    await redis.aclose()
    assert len(f"scene={code}") <= 32
    assert not PAGE.startswith("/")


async def test_over_the_doors_a_code_is_made_opened_and_bought_by(house: Doors, http: httpx.AsyncClient) -> None:
    plan = {
        "title": "示例直播", "merchant": house.merchant, "planned_at": (utc_now() + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    keyed = house.headers("host", idempotency_key=idempotency_key())
    number = (await http.post("/v1/console/live/sessions", json=plan, headers=keyed)).json()["number"]
    own = f"/v1/console/live/sessions/{number}/share-codes"
    keyed = house.headers("host", idempotency_key=idempotency_key())
    twice = [await http.post(own, json={"note": "村公告栏"}, headers=keyed) for _ in range(2)]
    assert [each.status_code for each in twice] == [201, 201]
    assert twice[0].json() == twice[1].json()
    code = twice[0].json()["code"]
    check_problem(
        await http.post(own, json={"note": " "}, headers=house.headers("host", idempotency_key=idempotency_key())), 422
    )
    mine = house.headers("consumer")
    shared = (await http.put(f"/v1/miniapp/live/sessions/{number}/share-code", headers=mine)).json()
    assert shared["path"] == f"{PAGE}?scene={shared['code']}"
    for headers in ({}, PHONE, {**PHONE, **house.headers("consumer_two")}, house.headers("consumer_two")):
        found = await http.get(f"/v1/miniapp/live/share-codes/{code}", headers=headers)
        assert found.json() == {"session": number, "phase": "before"}
    place = (await http.get(own, headers=house.headers("host"))).json()["places"][0]
    assert (place["opens"], place["viewers"], place["orders"]) == (2, 1, 0)
    check_problem(await http.get(own, headers=house.headers("merchant_clerk")), 403)
    for role, path in (("host", "console"), ("consumer", "miniapp")):
        asked = shared["code"] if role == "host" else code
        away = await http.get(f"/v1/{path}/live/share-codes/{asked}/file", headers=house.headers(role))
        check_problem(away, 404, "live_share_code_unknown")
    room = (await http.get(f"/v1/miniapp/live/sessions/{number}")).json()
    keyed = house.headers("consumer_two", idempotency_key=idempotency_key())
    placed = await http.post(
        "/v1/miniapp/orders", json=order_body(house.sku, attribution=room["attribution"]), headers=keyed
    )
    assert placed.status_code == 201, placed.text
