"""Whatever happens to clients, processes and the bell: what a client saw, with what it resumed, is the room's record.

Acts are drawn by a seeded die: messages, removals, mutes, rules, pins, clients that drop and come back anywhere,
processes that end and begin anew, and a Redis that loses its listeners. The oracle is the table.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from integrations.redis.room_bell import RedisRoomBell
from kit.database import rows
from kit.errors import DomainError
from live.errors import ViewerNotRestricted
from live.models import LiveSession
from live.talk.chat import Chat
from live.talk.hub import FeedFullError, FeedHub
from live.talk.moderation import Moderation
from scripts.local_stack.stack import LocalStack
from tests.live.rooms import HOST, KEEPER, House
from tests.products.shelf import approved_merchant, listed_product

ACTS = 120
CLIENTS = 8
AUTHORS = 6


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of these tests alone."""
    stack = LocalStack(Path(tmp_path_factory.mktemp("record")) / "state", ("redis",), usual_ports=False)
    try:
        stack.start()
        yield stack.environment["REDIS_URL"]
    finally:
        stack.destroy()


class Client:
    """A viewer that draws what it is told and knows where it stands."""

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self.offset = 0
        self.seen: dict[int, tuple[str, dict[str, Any]]] = {}
        self.state: dict[str, Any] = {}
        self.stays: asyncio.Task[None] | None = None

    def take(self, wire: str) -> None:
        frame = msgspec.json.decode(wire)
        assert frame["type"] == "frame", "who was here from the beginning needs no snapshot"
        assert frame["from"] == self.offset, "a hole or a repeat"
        for message in frame.get("messages", []):
            assert message["offset"] == self.offset + 1
            assert message["offset"] not in self.seen
            self.offset = message["offset"]
            self.seen[self.offset] = (message["kind"], message["payload"])
            if message["kind"] == "chat_removed":
                kind, said = self.seen[message["payload"]["offset"]]
                self.seen[message["payload"]["offset"]] = (kind, said | {"text": "", "removed": True})
        assert frame["to"] == self.offset
        self.state = frame.get("state") or self.state

    async def stay(self, hub: FeedHub, number: str) -> None:
        with contextlib.suppress(FeedFullError):  # a process that is just ending
            async with hub.subscribe(number, self.epoch, self.offset) as place:
                async for wire in place.frames():
                    self.take(wire)


class World:
    """A room, its clients, and two processes that do not know each other; the second one's bell rings never."""

    def __init__(self, seed: int, house: House, redis: "Redis", session: LiveSession, sku: str) -> None:
        self.dice = random.Random(seed)
        self.house, self.redis, self.session, self.sku = house, redis, session, sku
        self.chat = Chat(RedisRoomBell(redis), house.clock)
        self.moderation = Moderation(house.keys, RedisRoomBell(redis), house.clock)
        self.hubs = [self.new_hub(0), self.new_hub(1)]
        self.clients = [Client(session.epoch) for _ in range(CLIENTS)]
        self.said: list[int] = []
        self.acts: Counter[str] = Counter()
        self.counter = 0

    def new_hub(self, place: int) -> FeedHub:
        return FeedHub(RedisRoomBell(self.redis) if place == 0 else self.house.bell)

    async def say(self) -> None:
        self.counter += 1
        author = self.dice.randrange(AUTHORS)
        said = await self.chat.post(
            self.session.number, f"consumer:{author}", "用户", f"第 {self.counter} 句", f"k{self.counter}", "o1"
        )
        self.said.append(said)

    async def remove(self) -> None:
        if self.said:
            await self.moderation.remove(self.session.number, self.dice.choice(self.said), "理由", KEEPER)

    async def mute(self) -> None:
        if self.said:
            await self.moderation.mute(self.session.number, self.dice.choice(self.said), 1, "理由", KEEPER)

    async def lift(self) -> None:
        for author in range(AUTHORS):
            viewer = self.house.keys.viewer_name(self.session.number, f"consumer:{author}")
            try:
                await self.moderation.lift(self.session.number, viewer, "理由", KEEPER)
            except ViewerNotRestricted:
                continue

    async def rule(self) -> None:
        slow = self.dice.choice((0, 0, 1))
        await self.moderation.set_rules(self.session.number, slow, False, "理由", KEEPER)

    async def pin(self) -> None:
        await self.house.shelf.pin(self.session.number, HOST, self.sku)

    async def unpin(self) -> None:
        await self.house.shelf.unpin(self.session.number, HOST)

    async def drop(self) -> None:
        client = self.dice.choice(self.clients)
        if client.stays is not None:
            client.stays.cancel()
            await asyncio.gather(client.stays, return_exceptions=True)
            client.stays = None

    async def restart(self) -> None:
        place = self.dice.randrange(2)
        old, self.hubs[place] = self.hubs[place], self.new_hub(place)
        await old.stop()

    async def lose_bell(self) -> None:
        await self.redis.client_kill_filter(_type="pubsub")

    async def act(self) -> None:
        """One act by the die, refused or not; then whoever is away may come back somewhere."""
        acts = (self.say,) * 9 + (self.remove,) * 3 + (self.drop,) * 4 + (
            self.mute, self.lift, self.lift, self.rule, self.pin, self.unpin, self.restart, self.lose_bell,
        )  # fmt: skip
        act = self.dice.choice(acts)
        try:
            await act()
            self.acts[act.__name__] += 1
        except DomainError:
            self.acts["refused"] += 1
        if self.dice.random() < 0.6:
            self.come_back(self.dice.sample(self.clients, 3))
        await asyncio.sleep(self.dice.random() * 0.06)

    def come_back(self, clients: list[Client]) -> None:
        for client in clients:
            if client.stays is not None and client.stays.done():
                client.stays.result()
                client.stays = None
            if client.stays is None:
                hub = self.dice.choice(self.hubs)
                client.stays = asyncio.create_task(client.stay(hub, self.session.number))

    async def record(self) -> dict[int, tuple[str, dict[str, Any]]]:
        found = await rows(
            'SELECT "offset", kind, payload::text FROM live_feed_message WHERE session_id = $1 ORDER BY 1',
            self.session.id,
        )
        return {m["offset"]: (m["kind"], msgspec.json.decode(m["payload"])) for m in found}

    async def end(self) -> None:
        for client in self.clients:
            if client.stays is not None:
                client.stays.cancel()
        await asyncio.gather(*(c.stays for c in self.clients if c.stays), return_exceptions=True)
        for hub in self.hubs:
            await hub.stop()


@pytest.mark.parametrize("seed", range(4))
async def test_what_a_client_saw_with_what_it_resumed_is_the_record(database: str, redis_url: str, seed: int) -> None:
    """Fails when whoever comes back lacks one message: tried."""
    house = House()
    merchant = await approved_merchant()
    _, [sku] = await listed_product(merchant)
    session, _ = await house.on_air(merchant)
    await house.shelf.put(session.number, HOST, sku)
    redis = Redis.from_url(redis_url)
    world = World(seed, house, redis, session, sku)
    try:
        for _ in range(ACTS):
            await world.act()
        await world.moderation.set_rules(session.number, 0, True, "结束", KEEPER)
        wanted = await world.record()
        async with asyncio.timeout(20):
            while any(c.offset < len(wanted) or not c.state.get("comments_closed") for c in world.clients):
                world.come_back(world.clients)
                await asyncio.sleep(0.1)
        assert list(wanted) == list(range(1, len(wanted) + 1))
        for client in world.clients:
            assert client.seen == wanted
            assert client.state["slow_mode_s"] == 0
        assert world.acts["say"] > 10, world.acts
        assert world.acts["remove"] > 2, world.acts
    finally:
        await world.end()
        await redis.aclose()
