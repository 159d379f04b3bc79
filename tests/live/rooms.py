"""A live room built through its services on a real database, with a clock that a test can turn."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
from redis.asyncio import Redis

from integrations.media_server.nginx_rtmp import NginxRtmp
from integrations.redis.room_bell import RedisRoomBell
from kit.clock import utc_now
from live.media.bans import Bans
from live.media.keys import LiveKeys
from live.media.publishing import Publishing, PublishRequest, PushAddress
from live.media.rehearsals import Rehearsals
from live.models import LiveSession, SessionState
from live.service import Sessions
from live.shop.shelf import Shelf
from live.talk.chat import Chat
from tests.products.shelf import approved_merchant
from tests.servers import free_port

HOST = "S20260101TESTHOST1"


@dataclass
class Clock:
    """The present, moved by ``ahead``."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@dataclass
class House:
    """The services of the live room. Redis and the media server are away: their ports are closed."""

    clock: Clock = field(default_factory=Clock)
    keys: LiveKeys = field(default_factory=lambda: LiveKeys("house-secret-for-tests", "media-secret-for-tests"))

    def __post_init__(self) -> None:
        closed = free_port()
        self.bell = RedisRoomBell(Redis.from_url(f"redis://127.0.0.1:{closed}/0", socket_connect_timeout=1))
        self.media = NginxRtmp(
            f"http://127.0.0.1:{closed}/stat", f"http://127.0.0.1:{closed}/control", httpx.AsyncClient()
        )
        self.sessions = Sessions(self.bell, self.media, self.clock)
        self.publishing = Publishing(self.keys, "rtmp://127.0.0.1:1935/live", self.bell, self.clock)
        self.bans = Bans(self.bell, self.media, self.clock)
        self.rehearsals = Rehearsals(self.media, self.clock)
        self.shelf = Shelf(self.bell, self.clock)
        self.chat = Chat(self.bell, self.clock)

    async def scheduled(self, merchant: str | None = None) -> LiveSession:
        """A session of ``HOST`` planned for now."""
        seller = merchant or await approved_merchant()
        return await self.sessions.schedule(HOST, seller, "章凤镇红糖专场", utc_now())

    async def on_air(self, merchant: str | None = None) -> tuple[LiveSession, PushAddress]:
        """A session that somebody pushes to."""
        session = await self.scheduled(merchant)
        address = await self.publishing.issue_address(session.number, HOST)
        await self.publishing.admit(request_of(session.stream, address))
        return await LiveSession.get(id=session.id), address


def request_of(
    stream: str, address: PushAddress, *, client: str = "1", ip: str = "10.0.0.8", encoder: str = "FMLE/3.0"
) -> PublishRequest:
    """What the media server would ask about a publisher who uses this address."""
    query = dict(part.split("=") for part in address.key.partition("?")[2].split("&"))
    return PublishRequest(stream, client, ip, encoder, query["e"], query["n"], query["s"])


async def state_of(session: LiveSession) -> SessionState:
    """The state as the database has it."""
    return (await LiveSession.get(id=session.id)).state
