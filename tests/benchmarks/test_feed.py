"""The bench of a live room in short: every message arrives once at every socket, also when all come back at once."""

import asyncio
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis
from tortoise.context import TortoiseContext

from integrations.redis.room_bell import RedisRoomBell
from live.talk.chat import Chat
from scripts.benchmarks.feed import Attacking, come_back, deliver, leave, room_on_air, withstand
from server.database import tortoise_config
from server.settings import DatabaseSettings
from tests.conftest import Databases
from tests.doors.house import House, start_house
from tests.servers import free_port

SOCKETS = 60


@pytest.fixture(scope="module")
def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    name = asyncio.run(databases.create())
    running = start_house(tmp_path_factory.mktemp("feed"), databases.url(name))
    yield running
    running.stop()
    asyncio.run(databases.drop(name))


async def test_every_message_arrives_once_at_every_socket_and_after_all_have_dropped(house: House) -> None:
    """Beside one that never reads, and beside bad clients of every kind."""
    redis = Redis.from_url(f"redis://127.0.0.1:{free_port()}/0")  # away: the room is read once a second
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(DatabaseSettings(url=house.database_url)))
        session, chat = await room_on_air(), Chat(RedisRoomBell(redis))
        port = int(house.base.rpartition(":")[2])
        found, places, watched = await deliver(port, house.process.pid, chat, session, SOCKETS, 20, 2)
        assert found.others_stayed
        assert (found.messages, found.arrived) == (40, 40 * SOCKETS)
        assert (watched.holes, watched.closed) == (0, {})
        back = await come_back(house.database_url, house.process.pid, places, watched, chat, session)
        assert (back.viewers, back.holes, back.snapshots, back.missing) == (SOCKETS, 0, 0, 0)
        assert back.transactions < SOCKETS, "nobody who comes back asks the database"
        asked = Attacking(each=3, joins=150, rate=20, seconds=3)
        held = await withstand(house.process.pid, chat, session, places, watched, asked)
        assert (held.under.others_stayed, watched.holes, watched.closed) == (True, 0, {})
        assert (held.under.messages, held.under.arrived, held.joins) == (60, 60 * SOCKETS, 150)
        assert {ending for ending in held.endings if ending[1]} == {("big", 1009), ("flood", 1008), ("foreign", 403)}
        leave(places)
        await context.close_connections()
    await redis.aclose()
