"""A live room built through its services on a real database, with a clock that a test can turn."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
from redis.asyncio import Redis

from integrations.media_server.nginx_rtmp import NginxRtmp
from integrations.redis.room_bell import RedisRoomBell
from kit.clock import utc_now
from live.announcements.service import Announcements
from live.media.bans import Bans
from live.media.keys import LiveKeys
from live.media.publishing import Publishing, PublishRequest, PushAddress
from live.media.rehearsals import Rehearsals
from live.models import LiveSession, SessionState
from live.plans.queries import Slot
from live.plans.service import Plans
from live.readiness.service import Readiness
from live.roster.service import Roster
from live.service import Sessions
from live.shop.prices import RoomPrices
from live.shop.shelf import Shelf
from live.talk.chat import Chat
from live.talk.moderation import Moderation, Moderator
from products.offers import Offers
from products.stock import Stock
from tests.accounts.people import throwaway_cipher
from tests.live.hosts import ONE, admitted_host
from tests.products.shelf import approved_merchant
from tests.servers import free_port

HOST = "S20260101TESTHOST1"
KEEPER = Moderator(f"staff:{HOST}", HOST)
"""Who keeps order in the sessions of ``HOST``."""


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
        self.roster = Roster(throwaway_cipher(), clock=self.clock)
        self.readiness = Readiness(self.roster, self.bell, self.clock)
        self.prices = RoomPrices(Offers(self.clock), Stock(self.clock), self.bell, self.clock)
        self.chat = Chat(self.bell, self.clock)
        self.announcements = Announcements(self.bell, self.clock)
        self.moderation = Moderation(self.keys, self.bell, self.clock)

    async def scheduled(self, merchant: str | None = None, *others: str) -> LiveSession:
        """A session of ``HOST`` planned for now; ``others`` have a slot each after the first."""
        seller = merchant or await approved_merchant()
        await self.admitted()
        session = await self.sessions.schedule(HOST, seller, "章凤镇红糖专场", utc_now())
        if others:
            slots = [
                Slot(merchant=each, from_minute=30 * n, until_minute=30 * (n + 1))
                for n, each in enumerate([seller, *others])
            ]
            await Plans(self.clock).set_slots(session.number, HOST, slots)
        return session

    async def admitted(self) -> None:
        """``HOST`` stands on the roster with everything that presenting needs."""
        await admitted_host(self.roster, HOST, 1)

    async def signed(self, number: str, *codes: str) -> None:
        """Products of the shelf are signed off as they stand."""
        await self.readiness.sign_off(number, codes, ONE)

    async def ready(self, merchant: str | None = None, *others: str) -> LiveSession:
        """A session that the gate has let through."""
        session = await self.scheduled(merchant, *others)
        await self.readiness.declare(session.number, HOST)
        await self.readiness.clear(session.number, HOST)
        return await LiveSession.get(id=session.id)

    async def on_air(self, merchant: str | None = None, *others: str) -> tuple[LiveSession, PushAddress]:
        """A session that somebody pushes to."""
        session = await self.ready(merchant, *others)
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
