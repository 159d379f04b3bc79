"""A smaller rendition is asked for, made while a core is free, and offered while there are pictures of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from kit.database import execute, scalar
from live.errors import RungRefused, SessionNotFound, SessionStateForbids
from live.media.playback import Playback
from live.media.queries import rung_of
from live.media.rungs import RungMaking, Rungs, most_rungs
from live.media.supervision import Lease
from live.models import SessionState
from live.queries import room_view
from tests.live.rooms import HOST, House
from tests.live.waiting import until


@dataclass
class Maker:
    """Encodes as a test says: pictures go out while ``moves`` is set."""

    open: list[str] = field(default_factory=list)
    moves: asyncio.Event = field(default_factory=asyncio.Event)

    async def make(self, stream: str) -> AsyncIterator[None]:
        self.open.append(stream)
        try:
            while True:
                await self.moves.wait()
                yield
                await asyncio.sleep(0.01)
        finally:
            self.open.remove(stream)


@pytest.mark.parametrize(("cores", "rungs"), [(1, 0), (2, 2), (4, 6), (0, 0)])
def test_one_core_is_left_to_everything_else(cores: int, rungs: int) -> None:
    """Live reference 1c: at most (cores - 1) / 0.5."""
    assert most_rungs(cores) == rungs


async def test_a_rung_is_refused_when_no_core_is_free(database: str) -> None:
    """Fails when sessions that are over count, and when asking again takes another place: tried."""
    house = House()
    first, _ = await house.on_air()
    second, _ = await house.on_air(first.merchant)
    planned = await house.ready(first.merchant)
    rungs = Rungs(1, house.clock)
    with pytest.raises(RungRefused):
        await Rungs(0, house.clock).ask(first.number, HOST)
    with pytest.raises(SessionStateForbids):
        await rungs.ask(planned.number, HOST)
    for act in (rungs.ask(first.number, "S-other"), rungs.give_up(first.number, "S-other")):
        with pytest.raises(SessionNotFound):
            await act
    for _ in range(2):
        await rungs.ask(first.number, HOST)
    with pytest.raises(RungRefused) as refused:
        await rungs.ask(second.number, HOST)
    assert refused.value.facts["limit"] == 1
    for _ in range(2):
        await rungs.give_up(first.number, HOST)
    assert await rung_of(first.id) is None
    await rungs.ask(second.number, HOST)
    await house.sessions.end(second.number, HOST)
    assert await rung_of(second.id) is None
    await rungs.ask(first.number, HOST)
    assert await scalar("SELECT count(*) FROM live_rung") == 3


async def test_five_who_ask_at_once_get_the_two_places(database: str) -> None:
    """Fails without the lock: tried."""
    house = House()
    sessions = [(await house.on_air())[0]]
    sessions += [(await house.on_air(sessions[0].merchant))[0] for _ in range(4)]
    rungs = Rungs(2, house.clock)
    ends = await asyncio.gather(*(rungs.ask(each.number, HOST) for each in sessions), return_exceptions=True)
    assert sorted(type(each).__name__ for each in ends) == ["NoneType"] * 2 + ["RungRefused"] * 3


async def test_a_rung_is_made_under_the_lease_and_offered_while_there_are_pictures(database: str) -> None:
    """Fails when it is offered as soon as it is asked for, and when no lease is asked for: tried."""
    house, maker, other = House(), Maker(), Maker()
    session, _ = await house.on_air()
    later, _ = await house.on_air(session.merchant)
    rungs = Rungs(2, house.clock)
    for each in (session, later):
        await rungs.ask(each.number, HOST)
    first, second = (RungMaking(Lease(), each, 1, house.clock) for each in (maker, other))
    assert await first.lease.hold()
    for _ in range(2):
        await first.look()
        await second.look()
    await until(lambda: maker.open == [session.stream], 5, 0.01)  # one place alone on this machine
    assert other.open == []

    async def is_offered(wanted: bool) -> bool:
        return (await room_view(session.number)).has_rung is wanted

    assert await is_offered(False)
    maker.moves.set()
    await until(lambda: is_offered(True), 5)
    playback = Playback(house.keys, "http://f/live", "http://h/hls")
    plan = playback.plan(session.stream, SessionState.LIVE, "V" * 26, has_rung=True)
    assert plan is not None
    assert plan.rung is not None
    assert plan.flv_url is not None
    assert plan.rung.flv_url == plan.flv_url.replace(".flv", ".480p.flv")
    assert plan.rung.hls_url == plan.hls_url.replace("/index", "/480p/index")
    for state in (SessionState.ENDED, SessionState.REPLAY_READY):
        over = playback.plan(session.stream, state, "V" * 26, has_rung=True)
        assert over is not None
        assert over.rung is None
    await rungs.give_up(session.number, HOST)
    assert await is_offered(False)
    await first.look()
    await until(lambda: maker.open == [later.stream], 5, 0.01)
    await execute("UPDATE live_lease SET expires_at = now() - interval '1 second'")
    assert await second.lease.hold()
    await first.look()
    assert maker.open == []
    await second.look()
    await until(lambda: other.open == [later.stream], 5, 0.01)
    await house.bans.ban(later.number, "staff:S1", "原因")
    await second.look()
    assert other.open == []
    assert await scalar("SELECT count(*) FROM live_rung WHERE running_since IS NOT NULL") == 0
