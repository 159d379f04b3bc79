"""However many come back to a room at once, it is read as often as for one: counted in statements, never in seconds."""

import asyncio

import msgspec
import pytest

from live.errors import SessionNotFound
from live.media.playback import Playback
from live.models import LiveSession
from live.readings import RoomReadings
from live.talk.hub import FeedHub, RoomFeed
from tests.live.rooms import HOST, House
from tests.products.shelf import approved_merchant, listed_product
from tests.statements import counted_statements

VIEWERS = 300
MISSED = 40


async def room_with_goods(house: House) -> LiveSession:
    """On air, with a product on the shelf and as many messages as may be missed."""
    merchant = await approved_merchant()
    _, [sku] = await listed_product(merchant)
    session, _ = await house.on_air(merchant)
    await house.shelf.put(session.number, HOST, sku)
    for n in range(MISSED):
        await house.chat.post(session.number, f"consumer:{n}", "用户", f"{n}", f"k{n}")
    await session.refresh_from_db()
    return session


async def come_back(hub: FeedHub, session: LiveSession) -> None:
    """All at one moment, each from its own place and under its own name; nobody leaves before all are back."""
    back: set[int] = set()
    all_are_back = asyncio.Event()

    async def come(viewer: int) -> None:
        since = session.last_offset - viewer % MISSED
        async with hub.subscribe(session.number, session.epoch, since, f"viewer-{viewer}") as place:
            told = msgspec.json.decode(await asyncio.wait_for(anext(place.frames()), 30))
            assert told["from"] == since
            assert [m["offset"] for m in told.get("messages", [])] == list(range(since + 1, session.last_offset + 1))
            back.add(viewer)
            if len(back) == VIEWERS:
                all_are_back.set()
            await asyncio.wait_for(all_are_back.wait(), 30)

    await asyncio.gather(*(come(viewer) for viewer in range(VIEWERS)))


def kinds(sent: list[str]) -> dict[str, int]:
    """How often the room, its cards and its audience were spoken of, and anything else."""
    marks = {"room": "LEFT JOIN live_talk t", "cards": "FROM sku s", "audience": "INTO live_room_presence"}
    found = {name: sum(mark in statement for statement in sent) for name, mark in marks.items()}
    found["audience"] += sum(statement.startswith("DELETE FROM live_room_presence") for statement in sent)
    return found | {"else": len(sent) - sum(found.values())}


async def test_a_process_that_has_just_begun_reads_the_room_once_for_all_who_come(database: str) -> None:
    """After a kill of the one that had them. Fails when it looks for the room and reads it then, and when what a viewer
    lacks is asked for each: tried.
    """
    house = House()
    session = await room_with_goods(house)
    hub = FeedHub(house.bell)
    with counted_statements() as sent:
        await come_back(hub, session)
    found = kinds(sent)
    assert (found["room"], found["cards"], found["else"]) == (1, 1, 0), found
    assert found["audience"] <= 3, "who has come is one statement, and so is that nobody is left"
    await hub.stop()


async def test_a_process_that_lost_them_reads_no_more_than_it_does_for_one(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside one who has stayed. Fails when what a viewer lacks is asked for each: tried."""
    house = House()
    session = await room_with_goods(house)
    hub = FeedHub(house.bell)
    ticks = 0
    tick = RoomFeed.tick

    async def counted(room: RoomFeed) -> None:
        nonlocal ticks
        ticks += 1
        await tick(room)

    monkeypatch.setattr(RoomFeed, "tick", counted)
    async with hub.subscribe(session.number, None, None) as stayed:
        await asyncio.wait_for(anext(stayed.frames()), 10)
        await house.chat.post(session.number, "consumer:last", "用户", "还有货吗", "last")
        await session.refresh_from_db()
        ticks = 0
        with counted_statements() as sent:
            await come_back(hub, session)
        found, seen = kinds(sent), ticks
    assert 1 <= found["room"] <= seen + 1, (found, seen)  # one may have been going on
    assert max(found["cards"], found["audience"]) <= seen + 1, (found, seen)
    assert found["else"] == 0, found
    await hub.stop()


async def test_all_who_ask_for_the_room_at_once_share_what_is_read(database: str) -> None:
    """As all do when its state changes. Fails when each has a reading of one's own: tried."""
    house = House()
    session = await room_with_goods(house)
    readings = RoomReadings(Playback(house.keys, "http://f/live", "http://h/hls"), house.clock)
    with counted_statements() as sent:
        read = await asyncio.gather(*(readings.of(session.number) for _ in range(VIEWERS)))
    assert kinds(sent)["room"] == 1
    assert len(sent) <= 6
    assert {each.room.offset for each in read} == {session.last_offset}
    with pytest.raises(SessionNotFound):
        await readings.of("L20260101NOSUCH0001")


async def test_who_has_changed_something_sees_it_in_the_room(database: str) -> None:
    """Also while another reading goes on. Fails when one that has begun is joined: tried."""
    house = House()
    session = await room_with_goods(house)
    readings = RoomReadings(Playback(house.keys, "http://f/live", "http://h/hls"), house.clock)
    for turn in range(3):
        going_on = asyncio.create_task(readings.of(session.number))
        await asyncio.sleep(0.001 * turn)
        offset = await house.chat.post(session.number, f"consumer:w{turn}", "用户", "看到了吗", f"w{turn}")
        assert (await readings.of(session.number)).room.offset >= offset
        await going_on
    assert readings._coming == {}
    await asyncio.sleep(0.3)
    assert readings._busy == {}, "nothing is kept of rooms that nobody asks for"
