"""What a viewer saw, plus what resuming brought, is the room's record: nothing missing, nothing twice."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from api_kit.sockets import AllowedOrigins
from integrations.redis.room_bell import RedisRoomBell
from kit.database import execute, rows, scalar
from kit.errors import DomainError
from live.errors import SessionNotFound
from live.models import LiveSession
from live.talk.chat import Chat
from live.talk.hub import FeedHub
from live.talk.places import QUEUE_FRAMES, Subscription, Wire
from scripts.local_stack.stack import LocalStack
from tests.live.rooms import HOST, House
from tests.products.shelf import approved_merchant, listed_product


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of these tests alone."""
    stack = LocalStack(Path(tmp_path_factory.mktemp("feed")) / "state", ("redis",), usual_ports=False)
    try:
        stack.start()
        yield stack.environment["REDIS_URL"]
    finally:
        stack.destroy()


class Follower:
    """A client as the mini-program's is: it keeps its place and refuses holes and repeats."""

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.offset: int | None = None
        self.seen: list[tuple[int, str]] = []
        self.state: dict[str, Any] = {}
        self.snapshots = 0

    def take(self, wire: str) -> None:
        frame = msgspec.json.decode(wire)
        if frame["type"] == "snapshot":
            self.snapshots += 1
            fresh = [m for m in frame["messages"] if self.offset is None or m["offset"] > self.offset]
            self.offset = frame["offset"]
        else:
            assert frame["from"] == self.offset, "a hole or a repeat"
            fresh = frame.get("messages", [])
            assert [m["offset"] for m in fresh] == list(range(frame["from"] + 1, frame["to"] + 1))
            self.offset = frame["to"]
        self.epoch = frame["epoch"]
        self.seen += [(m["offset"], m["kind"]) for m in fresh]
        self.state = frame.get("state") or self.state

    async def follow(self, hub: FeedHub, number: str, until: int, *, drop_after: int = 10**9) -> None:
        """Follow until offset ``until`` or for some frames."""
        async with hub.subscribe(number, self.epoch, self.offset) as place:
            frames = place.frames()
            while (self.offset or 0) < until and drop_after > 0:
                self.take(await asyncio.wait_for(anext(frames), 10))
                drop_after -= 1


@pytest.fixture
async def hubs(redis_url: str) -> AsyncIterator[tuple[FeedHub, FeedHub]]:
    """Two processes' worth of feeds on one database and one Redis."""
    made = [Redis.from_url(redis_url) for _ in range(2)]
    pair = (FeedHub(RedisRoomBell(made[0])), FeedHub(RedisRoomBell(made[1])))
    yield pair
    for hub, redis in zip(pair, made, strict=True):
        await hub.stop()
        await redis.aclose()


async def record(session: LiveSession) -> list[tuple[int, str]]:
    found = await rows('SELECT "offset", kind FROM live_feed_message WHERE session_id = $1 ORDER BY 1', session.id)
    return [(m["offset"], m["kind"]) for m in found]


async def test_offsets_are_dense_under_concurrent_writers(database: str) -> None:
    house = House()
    session, _ = await house.on_air()
    before = (await record(session))[-1][0]

    async def write(author: int) -> None:
        for turn in range(3):
            await house.chat.post(session.number, f"consumer:{author}", "用户", f"第 {turn} 句", f"{author}-{turn}")

    await asyncio.gather(*(write(author) for author in range(12)))
    assert [offset for offset, _ in await record(session)] == list(range(1, before + 37))


@pytest.mark.parametrize("seed", [1, 2])
async def test_drops_and_resumes_over_two_processes(
    database: str, hubs: tuple[FeedHub, FeedHub], redis_url: str, seed: int
) -> None:
    dice = random.Random(seed)
    house = House()
    merchant = await approved_merchant()
    _, [sku] = await listed_product(merchant)
    session, _ = await house.on_air(merchant)
    await house.shelf.put(session.number, HOST, sku)
    await house.signed(session.number, sku)
    bell = RedisRoomBell(Redis.from_url(redis_url))
    chat = Chat(bell)
    begun = (await record(session))[-1][0]
    followers = [Follower() for _ in range(6)]
    for follower in followers:
        await follower.follow(hubs[0], session.number, begun)
    messages = 45
    last = begun + messages

    async def write() -> None:
        for n in range(messages - 2):
            await chat.post(session.number, f"consumer:{n}", "用户", f"{n}", f"k{n}")
            await asyncio.sleep(dice.random() * 0.05)
        await house.shelf.pin(session.number, HOST, sku)
        await house.shelf.unpin(session.number, HOST)

    async def watch(follower: Follower) -> None:
        while (follower.offset or 0) < last:
            await follower.follow(dice.choice(hubs), session.number, last, drop_after=dice.randint(1, 3))
            await asyncio.sleep(dice.random() * 0.3)

    async with asyncio.timeout(30):
        await asyncio.gather(write(), *(watch(follower) for follower in followers))
    wanted = await record(session)
    for follower in followers:
        assert follower.seen == wanted
        assert follower.snapshots == 1
    await bell.redis.aclose()


async def test_the_bell_hurries_and_its_silence_costs_a_second(
    database: str, hubs: tuple[FeedHub, FeedHub], redis_url: str
) -> None:
    house = House()
    session, _ = await house.on_air()
    loop = asyncio.get_running_loop()
    ringing = Redis.from_url(redis_url)
    deaf = FeedHub(house.bell)
    waits: dict[str, float] = {}
    for name, hub, chat in (("rung", hubs[0], Chat(RedisRoomBell(ringing))), ("polled", deaf, house.chat)):
        follower = Follower()
        async with hub.subscribe(session.number, None, None) as place:
            frames = place.frames()
            follower.take(await anext(frames))
            waits[name] = 0.0
            for turn in range(3):
                await asyncio.sleep(0.35)
                said = loop.time()
                offset = await chat.post(session.number, f"consumer:{name}", "用户", "好吃", f"{name}{turn}")
                while (follower.offset or 0) < offset:
                    follower.take(await asyncio.wait_for(anext(frames), 5))
                waits[name] = max(waits[name], loop.time() - said)
    assert waits["rung"] < 0.6
    assert waits["polled"] < 1.8
    await deaf.stop()
    await ringing.aclose()


async def test_who_knows_more_than_a_process_has_read_waits_for_it_to_read(database: str) -> None:
    """A viewer drops from a process that was rung and comes back at one that was not. Fails without the read: tried."""
    house = House()
    session, _ = await house.on_air()
    behind, other, viewer = FeedHub(house.bell), Follower(), Follower()
    async with behind.subscribe(session.number, None, None) as place:
        other.take(await anext(place.frames()))
        offset = await house.chat.post(session.number, "consumer:1", "用户", "好吃", "k1")
        viewer.epoch, viewer.offset = other.epoch, offset
        async with behind.subscribe(session.number, viewer.epoch, viewer.offset) as later:
            viewer.take(await asyncio.wait_for(anext(later.frames()), 5))
    assert (viewer.offset, viewer.seen, viewer.snapshots) == (offset, [], 0)
    await behind.stop()


async def test_a_place_too_old_or_of_another_epoch_gets_a_snapshot(
    database: str, hubs: tuple[FeedHub, FeedHub]
) -> None:
    house = House()
    session, _ = await house.on_air()
    await execute(
        'INSERT INTO live_feed_message (session_id, "offset", kind, payload, created_at)'
        " SELECT $1, last_offset + n, 'chat', '{}', now()"
        " FROM live_session, generate_series(1, 1500) n WHERE id = $1",
        session.id,
    )
    await execute("UPDATE live_session SET last_offset = last_offset + 1500 WHERE id = $1", session.id)
    last = await scalar("SELECT last_offset FROM live_session WHERE id = $1", session.id)
    for epoch, offset, whole in (
        (session.epoch, 5, False),
        (session.epoch, last + 1, False),
        ("X" * 26, last, False),
        (session.epoch, None, False),
        (session.epoch, last - 400, True),
        (session.epoch, last, True),
    ):
        follower = Follower()
        follower.epoch, follower.offset = epoch, offset
        async with hubs[0].subscribe(session.number, epoch, offset) as place:
            wire = await asyncio.wait_for(anext(place.frames()), 5)
        frame = msgspec.json.decode(wire)
        assert (frame["type"] == "frame") is whole, (epoch, offset)
        if whole:
            assert frame["from"] == offset
            assert [m["offset"] for m in frame.get("messages", [])] == list(range(offset + 1, last + 1))
        else:
            assert frame["offset"] == last


async def test_words_that_were_taken_back_are_told_to_nobody_who_comes_later(
    database: str, hubs: tuple[FeedHub, FeedHub]
) -> None:
    """Fails when the room's memory keeps them: tried."""
    house = House()
    session, _ = await house.on_air()
    begun = (await record(session))[-1][0]
    watcher = Follower()
    async with hubs[0].subscribe(session.number, None, None) as place:
        frames = place.frames()
        watcher.take(await asyncio.wait_for(anext(frames), 5))
        kept = await house.chat.post(session.number, "consumer:1", "用户", "好吃", "k1")
        bad = await house.chat.post(session.number, "consumer:2", "用户", "加微信领红包", "k2")
        while (watcher.offset or 0) < bad:
            watcher.take(await asyncio.wait_for(anext(frames), 5))
        await house.chat.take_back(session.number, bad)
        while (watcher.offset or 0) <= bad:
            watcher.take(await asyncio.wait_for(anext(frames), 5))
        for since in (None, begun):
            async with hubs[0].subscribe(session.number, session.epoch, since) as late:
                wire = await asyncio.wait_for(anext(late.frames()), 5)
            said = {m["offset"]: m["payload"] for m in msgspec.json.decode(wire)["messages"] if m["kind"] == "chat"}
            assert said == {
                kept: {"name": "用户", "text": "好吃"},
                bad: {"name": "用户", "text": "", "removed": True},
            }


async def test_viewers_are_counted_as_they_are_over_processes(database: str, hubs: tuple[FeedHub, FeedHub]) -> None:
    house = House()
    session, _ = await house.on_air()
    watcher = Follower()
    async with hubs[0].subscribe(session.number, None, None) as place:
        frames = place.frames()

        async def seen(count: int) -> None:
            async with asyncio.timeout(8):
                while watcher.state.get("viewers") != count:
                    watcher.take(await anext(frames))

        await seen(1)
        async with (
            hubs[1].subscribe(session.number, None, None),
            hubs[1].subscribe(session.number, None, None),
        ):
            await seen(3)
        await seen(1)


async def test_a_slow_socket_is_let_go_and_the_others_stay(database: str) -> None:
    slow, quick = Subscription(None, None), Subscription(None, None)
    for n in range(QUEUE_FRAMES + 5):
        wire = Wire(f"frame {n}", 10, False)
        slow.push(wire)
        quick.push(wire)
        await asyncio.wait_for(anext(quick.frames()), 1)
    assert slow.slow
    assert not quick.slow
    assert slow.backlog == (0, 0)
    assert [frame async for frame in slow.frames()] == []


@pytest.mark.parametrize(
    ("origin", "may"),
    [
        (None, True), ("https://servicewechat.com", True), ("https://shop.example:8443", True),
        ("https://evil.example", False), ("https://shop.example", False), ("null", False), ("", False),
        ("http://[", False), ("https://[::1", False), ("shop.example:8443", False),
    ],
)  # fmt: skip
def test_only_our_own_pages_open_sockets_whatever_stands_in_the_header(origin: str | None, may: bool) -> None:
    """Fails with ValueError when the header is read as a URL: tried."""
    origins = AllowedOrigins(("https://servicewechat.com",))
    assert origins.allow(origin, "shop.example:8443") is may


async def test_no_such_room(database: str, hubs: tuple[FeedHub, FeedHub]) -> None:
    with pytest.raises(SessionNotFound):
        async with hubs[0].subscribe("L20260101NOSUCH0001", None, None):
            pass


async def test_chat_is_bounded_cleaned_and_sent_once(database: str) -> None:
    house = House()
    session, _ = await house.on_air()
    first = await house.chat.post(session.number, "consumer:1", "用户", "好\u0000吃\u202e  极了\n", "k1")
    assert await house.chat.post(session.number, "consumer:1", "用户", "好吃 极了", "k1") == first
    said = await scalar("SELECT payload->>'text' FROM live_feed_message WHERE \"offset\" = $1", first)
    assert said == "好吃 极了"
    for text in ("", "\u200b\u200b", " \n ", "长" * 201):
        with pytest.raises(DomainError, match="chat_invalid"):
            await house.chat.post(session.number, "consumer:1", "用户", text, "bad")
    for key in ("k2", "k3"):
        await house.chat.post(session.number, "consumer:1", "用户", "再来", key)
    with pytest.raises(DomainError, match="chat_too_fast"):
        await house.chat.post(session.number, "consumer:1", "用户", "再来", "k4")
    await house.chat.post(session.number, "consumer:2", "用户", "别人", "k4")
    await house.sessions.end(session.number, HOST)
    with pytest.raises(DomainError, match="live_session_state"):
        await house.chat.post(session.number, "consumer:3", "用户", "晚了", "k5")
