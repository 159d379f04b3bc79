"""Viewers and likes are what they are: counted over processes, each person once, kept by the minute."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from kit.database import execute, rows, scalar, transaction
from kit.numbers import opaque_id
from live.errors import SessionNotFound
from live.handlers import on_order_paid
from live.media.keys import LiveKeys
from live.models import LiveSession
from live.queries import room_view
from live.talk import hub as hubs_module
from live.talk.hub import LIKES_EACH, FeedFullError, FeedHub
from live.talk.places import QUEUE_BYTES, QUEUE_FRAMES, Subscription, Wire
from orders.events import OrderPaid, PaidLine
from tests.live.rooms import House
from tests.live.waiting import until


@pytest.fixture
async def pair() -> AsyncIterator[tuple[FeedHub, FeedHub]]:
    """Two processes that do not hear each other."""
    house = House()
    made = FeedHub(house.bell), FeedHub(house.bell)
    yield made
    for hub in made:
        await hub.stop()


async def minutes(session: LiveSession) -> tuple[int, int]:
    """The peak and the number of different viewers."""
    (found,) = await rows(
        "SELECT coalesce(max(viewers), 0) AS peak, coalesce(max(distinct_viewers), 0) AS met"
        " FROM live_audience_minute WHERE session_id = $1",
        session.id,
    )
    return found["peak"], found["met"]


async def test_a_person_counts_once_and_the_minute_keeps_the_peak(database: str, pair: tuple[FeedHub, FeedHub]) -> None:
    """One with two sockets in a process and a third elsewhere; fails when sockets are counted as viewers: tried."""
    house = House()
    session, _ = await house.on_air()
    one, two = opaque_id(), opaque_id()
    async with (
        pair[0].subscribe(session.number, None, None, one),
        pair[0].subscribe(session.number, None, None, one),
        pair[0].subscribe(session.number, None, None),
        pair[1].subscribe(session.number, None, None, two),
    ):

        async def is_counted() -> bool:
            return await minutes(session) == (3, 2)

        await until(is_counted, 8)
        assert (await room_view(session.number)).viewers == 3
    async with pair[1].subscribe(session.number, None, None, one):
        await asyncio.sleep(1.5)
    assert await minutes(session) == (3, 2), "who comes again is known"


async def test_before_the_broadcast_nobody_is_on_the_board(database: str, pair: tuple[FeedHub, FeedHub]) -> None:
    house = House()
    session = await house.scheduled()
    async with pair[0].subscribe(session.number, None, None, opaque_id()):

        async def is_present() -> bool:
            return (await room_view(session.number)).viewers == 1

        await until(is_present, 8)
        assert await minutes(session) == (0, 0)
        await execute("UPDATE live_session SET state = 'live' WHERE id = $1", session.id)

        async def is_on_the_board() -> bool:
            return await minutes(session) == (1, 1)

        await until(is_on_the_board, 8)


async def test_likes_of_all_processes_add_up_capped_by_person_and_second(
    database: str, pair: tuple[FeedHub, FeedHub]
) -> None:
    """Two sockets of one person are one finger; a socket without a pass counts for nobody."""
    house = House()
    session, _ = await house.on_air()
    one, two = opaque_id(), opaque_id()
    async with (
        pair[0].subscribe(session.number, None, None, one) as first,
        pair[0].subscribe(session.number, None, None, one) as twin,
        pair[0].subscribe(session.number, None, None) as nobody,
        pair[1].subscribe(session.number, None, None, two) as second,
    ):
        frames = second.frames()
        assert msgspec.json.decode(await asyncio.wait_for(anext(frames), 5))["state"]["likes"] == 0
        pair[0].like(session.number, first, LIKES_EACH - 1)
        pair[0].like(session.number, twin, LIKES_EACH)
        pair[0].like(session.number, nobody, 5)
        pair[1].like(session.number, second, 3)
        likes = 0
        async with asyncio.timeout(10):
            while likes < LIKES_EACH + 3:
                likes = msgspec.json.decode(await anext(frames)).get("state", {}).get("likes", likes)
        assert likes == LIKES_EACH + 3
        pair[1].like(session.number, second, 2)
    assert await scalar("SELECT likes FROM live_talk WHERE session_id = $1", session.id) == LIKES_EACH + 5, "on leaving"


async def test_numbers_that_change_all_the_time_are_told_once_a_second(
    database: str, pair: tuple[FeedHub, FeedHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A room that is read at every tick: while no second passes, a state with other numbers alone is no frame."""
    monkeypatch.setattr(hubs_module, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(hubs_module, "COUNT_SECONDS", 3600.0)
    house = House()
    session, _ = await house.on_air()
    async with pair[0].subscribe(session.number, None, None) as place:
        frames = place.frames()
        await asyncio.wait_for(anext(frames), 5)
        await execute(
            "INSERT INTO live_talk (session_id, slow_mode_s, is_closed, likes) VALUES ($1, 0, false, 99)", session.id
        )
        await asyncio.sleep(1)
        offset = await house.chat.post(session.number, "consumer:1", "用户", "好吃", "k1")
        frame = msgspec.json.decode(await asyncio.wait_for(anext(frames), 5))
        assert frame["to"] == offset
        assert "state" not in frame


async def test_a_sale_is_told_with_title_and_quantity_and_nobodys_name(database: str) -> None:
    house = House()
    session, _ = await house.on_air()
    line = PaidLine(
        line="L1", sku="K1", product="P1", source=f"live:{session.number}", title="章凤红糖", spec="500 克", quantity=2,
        gross_fen=2000, discount_fen=0, net_fen=2000, host_commission_bp=0, mass_gram=500,
    )  # fmt: skip
    elsewhere = msgspec.structs.replace(line, line="L2", source="scan:x", title="别处")
    other = msgspec.structs.replace(line, line="L3", title="户撒刀", spec="", quantity=1)
    fact = OrderPaid(
        order="O1", merchant="M1", consumer="C20260101SECRET77", source=None, channel="wechat_pay", amount_fen=6000,
        freight_fen=0, paid_at=house.clock(), lines=(line, elsewhere, other),
    )  # fmt: skip
    async with transaction():
        await on_order_paid(fact, house.sessions)
    told = [m.payload for m in (await room_view(session.number)).messages if m.kind == "sold"]
    assert told == [
        {"quantity": 2, "title": "章凤红糖", "spec": "500 克", "name": "用户***77"},
        {"quantity": 1, "title": "户撒刀", "spec": "", "name": "用户***77"},
    ]


def test_a_pass_is_good_for_its_session_and_its_time_alone() -> None:
    house, number = House(), "L20260101ABCDEF0001"
    keys = house.keys
    name = keys.viewer_name(number, "consumer:C1")
    assert len(name) == 26
    assert name != keys.viewer_name("L20260101ABCDEF0002", "consumer:C1")
    now = house.clock()
    token = keys.viewer_pass(number, name, now.replace(year=now.year + 1))
    assert keys.passed_viewer(number, token, now) == name
    expires, _, signature = token.split(".")
    for refused in (
        keys.viewer_pass(number, name, now),
        f"{expires}.{'0' * 26}.{signature}",
        f"{int(expires) + 1}.{name}.{signature}",
        "", "..", f"{expires}.{name}", f"{expires}.{name}.{signature}\n", "x" * 120,
    ):  # fmt: skip
        assert keys.passed_viewer(number, refused, now) is None, refused
    assert keys.passed_viewer("L20260101ABCDEF0002", token, now) is None
    assert LiveKeys("another", "x").passed_viewer(number, token, now) is None


def wire(text: str, size: int = 10, is_state_alone: bool = False) -> Wire:
    return Wire(text, size, is_state_alone)


async def test_of_states_the_newest_waits_and_of_events_all() -> None:
    """Fails when a state is dropped that no newer one replaces: tried."""
    place = Subscription(None, None)
    for n in range(200):
        place.push(wire(f"s{n}", is_state_alone=True))
    assert place.backlog == (1, 10)
    for n in range(20):
        place.push(wire(f"e{n}"))
        place.push(wire(f"t{n}", is_state_alone=True))
    assert not place.slow
    got = []
    frames = place.frames()
    while place.backlog[0]:
        got.append(await anext(frames))
    assert [each for each in got if each.startswith("e")] == [f"e{n}" for n in range(20)]
    assert got[-1] == "t19"
    assert len(got) <= QUEUE_FRAMES
    full = Subscription(None, None)
    for n in range(QUEUE_FRAMES // 2):
        full.push(wire(f"e{n}"))
        full.push(wire(f"t{n}", is_state_alone=True))
    full.push(wire("last"))
    frames, got = full.frames(), []
    while full.backlog[0]:
        got.append(await anext(frames))
    assert [each for each in got if each.startswith("t")] == [f"t{QUEUE_FRAMES // 2 - 1}"]
    assert len(got) == QUEUE_FRAMES // 2 + 2


async def test_no_frame_overtakes_one_that_waits_or_is_being_sent() -> None:
    """A socket that keeps up again gets what waited first. Fails when the sender in its midst is forgotten: tried."""
    place, written, keeps_up = Subscription(None, None), list[str](), [False]

    def write_now(text: str) -> bool:
        if keeps_up[0]:
            written.append(text)
        return keeps_up[0]

    place.write_now = write_now
    place.push(wire("first"))
    frames = place.frames()
    assert await anext(frames) == "first"
    keeps_up[0] = True
    place.push(wire("second"))
    assert (written, place.backlog[0]) == ([], 1)
    assert await anext(frames) == "second"
    idle = asyncio.ensure_future(anext(frames))
    await asyncio.sleep(0)
    place.push(wire("third"))
    assert (written, place.backlog[0]) == (["third"], 0)
    idle.cancel()


@pytest.mark.parametrize("size", [10, QUEUE_BYTES // 3])
async def test_a_socket_that_lacks_too_many_events_or_bytes_is_let_go(size: int) -> None:
    place = Subscription(None, None)
    place.push(wire("snapshot", QUEUE_BYTES * 4))
    assert await anext(place.frames()) == "snapshot", "what a viewer lacks may be long"
    taken = 0
    while not place.slow:
        place.push(wire("event", size))
        taken += 1
        assert place.backlog[1] <= QUEUE_BYTES
    assert taken == (QUEUE_FRAMES + 1 if size == 10 else 4)
    assert place.backlog == (0, 0)
    assert [frame async for frame in place.frames()] == []


async def test_a_process_takes_no_more_sockets_than_it_may(database: str) -> None:
    house = House()
    session, _ = await house.on_air()
    hub = FeedHub(house.bell, most_sockets=2)
    async with hub.subscribe(session.number, None, None), hub.subscribe(session.number, None, None):
        with pytest.raises(FeedFullError):
            async with hub.subscribe(session.number, None, None):
                pass
    async with hub.subscribe(session.number, None, None) as place:
        await asyncio.wait_for(anext(place.frames()), 5)
    with pytest.raises(SessionNotFound):
        async with hub.subscribe("L20260101NOSUCH0001", None, None):
            pass
    assert hub._sockets == 0
    await hub.stop()
