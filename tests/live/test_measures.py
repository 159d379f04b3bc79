"""``scripts/bench live`` in short: counts and ratios, no seconds, so that a busy machine changes nothing."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kit.database import scalar
from scripts.benchmarks.figures import percentile
from scripts.benchmarks.live.audience import Audience
from scripts.benchmarks.live.frozen import freeze
from scripts.benchmarks.live.kills import KILLINGS, watch_deaths
from scripts.benchmarks.live.pictures import hls_age_s, painted
from scripts.benchmarks.live.player import Player
from scripts.benchmarks.live.refusals import refusals
from scripts.benchmarks.live.returning import gone_for_a_while
from scripts.benchmarks.live.stage import SOURCE_S, Room, Stage, computed_s, make_source
from scripts.benchmarks.live.viewers import MOST_BEHIND, octets_per_s, stall
from tests.live.centre import Centre

SIX = ["supervisor", "relay", "ffmpeg of the supervisor", "API", "Redis, flushed", "nginx"]


@pytest_asyncio.fixture(loop_scope="package")
async def stage(centre: Centre) -> AsyncIterator[Stage]:
    made = Stage(centre.stack, centre.anonymous, preset="ultrafast")
    async with centre.database():
        yield made
        await made.close()


async def room(centre: Centre, stage: Stage) -> Room:
    """A session that the doors have let through the gate."""
    number = await centre.scheduled()
    address = await centre.address(number)
    return stage.room_of(number, address["key"].partition("?")[0], address["url"])


async def test_a_viewer_begins_with_what_was_there_and_is_nearer_than_hls(centre: Centre, stage: Stage) -> None:
    """Three seconds between key frames: who waits for the next one sees nothing that was taken before."""
    watched = await room(centre, stage)
    async with painted(stage, watched, 75):
        for _ in range(3):
            async with Player(stage.ffmpeg, watched.flv_url) as player:
                await player.until(1)
                assert player.seen[0].painted_s < player.opened_s
        async with Player(stage.ffmpeg, watched.flv_url) as player:
            await player.until(150)
            near = percentile([each.age_ms for each in player.seen[100:]], 0.5) / 1000
            assert player.unread == 0
            painted_at = [each.painted_s for each in player.seen]
            assert painted_at == sorted(painted_at), "time never runs back"
        far = await hls_age_s(stage, watched)
    assert near < far / 2, (near, far)


async def test_three_hundred_viewers_get_everything_for_little(centre: Centre, stage: Stage) -> None:
    """The relay's processor time is measured by the pictures that came through, not by the clock."""
    watched = await room(centre, stage)
    source = await asyncio.to_thread(make_source, stage.ffmpeg, centre.source.with_name("full.flv"))
    camera = stage.push(watched.push_url, source)
    await stage.on_air(watched)
    audience = Audience(watched.flv_url)
    await audience.come(300)
    relay = stage.stack.pids()["flv-relay"]
    before = computed_s([relay])
    octets = await audience.count(SOURCE_S)
    computed = computed_s([relay]) - before
    came_s = percentile(octets, 0.5) / octets_per_s(source)
    audience.leave()
    await stage.end(camera)
    assert min(octets) >= 0.98 * percentile(octets, 0.5)
    assert computed / came_s <= 0.15, (computed, came_s)


async def test_who_reads_nothing_is_let_go_before_much_is_kept_for_it(centre: Centre, stage: Stage) -> None:
    watched = await room(centre, stage)
    source = await asyncio.to_thread(make_source, stage.ffmpeg, centre.source.with_name("full.flv"))
    camera = stage.push(watched.push_url, source)
    await stage.on_air(watched)
    seen = await stall(stage, watched.flv_url, 10)
    await stage.end(camera)
    assert (seen.dropped, seen.stayed) == (1, True)
    assert seen.grown <= MOST_BEHIND
    assert seen.slowest >= 0.98


async def test_who_may_not_push_reaches_nobody(centre: Centre, stage: Stage) -> None:
    """Also while nobody answers the media server's question; after it the same key is good."""
    found = await refusals(stage, await room(centre, stage), await room(centre, stage), centre.source)
    assert len(found) == 7
    assert [each for each in found if not each.is_clean] == []


async def test_a_host_who_was_away_goes_on_in_the_same_session(centre: Centre, stage: Stage) -> None:
    figures = await gone_for_a_while(stage, await room(centre, stage), 3)
    counts = [figure for figure in figures if not figure.unit]
    assert len(counts) == 5
    assert [figure.line() for figure in counts if not figure.is_met] == []


async def test_two_relays_show_one_room_and_know_nothing_of_each_other(centre: Centre, stage: Stage) -> None:
    """Whoever watches at one of them notices nothing when the other dies; each reads the stream once."""
    watched = await room(centre, stage)
    async with painted(stage, watched), stage.second_relay() as base:
        other = f"{base}/{watched.flv_url.rsplit('/', 1)[1]}"
        async with Player(stage.ffmpeg, watched.flv_url) as one, Player(stage.ffmpeg, other) as two:
            await one.until(50)
            await two.until(50)
            assert len(stage.readers(watched.stream)[0]) == 2
            old = stage.stack.kill("flv-relay")
            await asyncio.to_thread(stage.stack.wait_until_up, "flv-relay", after=old)
            await one.sees_later_than(time.time())
            await two.sees_later_than(time.time())
            assert two.lines == 1 < one.lines
            assert len(stage.readers(watched.stream)[0]) == 2


@pytest.mark.parametrize("names", [SIX, pytest.param(list(KILLINGS), marks=pytest.mark.whole)], ids=["six", "all"])
async def test_whoever_is_killed_pictures_come_back_and_are_kept(
    centre: Centre, stage: Stage, names: list[str]
) -> None:
    """One broadcast in which all that carries it dies in turn. No reader is ever there twice, and no picture that a
    viewer had seen more than two seconds before is missing; only while nginx is away nothing can be kept.
    """
    watched = await room(centre, stage)
    deaths = await watch_deaths(stage, watched, names, watch_s=4)
    assert [each.what for each in deaths] == names
    for death in deaths:
        assert death.reads <= 1, death
        assert death.taps <= 1, death
        assert death.kept_until_s > death.had_s - 2, death
        assert death.what == "nginx" or death.hole_s <= 1, death
    assert await scalar("SELECT count(*) FROM live_recording r JOIN live_session s ON s.id = r.session_id"
                        " WHERE s.number = $1", watched.number) == 1  # fmt: skip


@pytest.mark.parametrize("thaws", [True, False], ids=["thaws", "a second encoder"])
async def test_a_line_that_freezes_is_noticed_and_the_session_goes_on(
    centre: Centre, stage: Stage, thaws: bool
) -> None:
    """Its connection stays open and nothing comes. Fails when the media server waits for an idle publisher and pings
    no more: tried.
    """
    found = await freeze(stage, await room(centre, stage), thaws=thaws)
    assert (found.reads, found.taps) == (1, 1)
    assert (found.publishes, found.recordings) == (2, 1)
    assert found.lines == 1


pytestmark = pytest.mark.asyncio(loop_scope="package")
