"""A disk that fills keeps the evidence and takes no new broadcast; what can be made again gives way."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from redis.asyncio import Redis

from kit.database import execute, scalar
from kit.numbers import opaque_id
from live.errors import MediaSpaceLow, PublishRefused
from live.evidence.space import Storage
from live.media.space import ON_AIR_BYTES_S, Space
from live.models import SessionState
from live.replays.jobs import make_archive_file, make_clip_file
from server.bootstrap import Bootstrap
from server.jobs import JOBS, run_job
from server.tallies import SPACE_DIFFERENCES, Tallies
from tests.integrations.redis_server import ThrowAwayRedis
from tests.live.kept import Kept, make_segments
from tests.live.rooms import HOST, House, request_of, state_of
from tests.live.test_evidence import ended, evidence_of

pytestmark = pytest.mark.asyncio

FULL, ROOMY = 101, 0
"""Marks that a disk is always below, and never."""


@pytest.fixture
async def redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ThrowAwayRedis]:
    server = ThrowAwayRedis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@dataclass(frozen=True)
class Counting:
    """As much of what is built as the job asks for."""

    live: SimpleNamespace
    tallies: Tallies


async def counted_by_the_job(storage: Storage, redis: ThrowAwayRedis) -> int:
    """The total of walks that differed after one more run of the job."""
    client = Redis.from_url(redis.url)
    tallies = Tallies(client)
    (job,) = (each for each in JOBS if each.name == "live.count_space")
    await run_job(job, cast(Bootstrap, Counting(SimpleNamespace(storage=storage), tallies)))
    totals = [
        int(sample.value)
        for family in await tallies.families()
        for sample in family.samples
        if sample.name == f"{SPACE_DIFFERENCES}_total"
    ]
    await client.aclose()
    return sum(totals)


async def test_the_marks_are_shares_of_the_volume(tmp_path: Path) -> None:
    total, free = Space(tmp_path / "not" / "there").measure()
    assert 0 < free <= total == shutil.disk_usage(tmp_path).total
    share = free * 100 // total
    assert not Space(tmp_path).is_below(share)
    assert Space(tmp_path).is_below(share + 1)
    assert [Space(tmp_path, mark).high_water_percent for mark in (10, 50)] == [20, 100]


async def test_a_full_disk_takes_no_new_broadcast_and_cuts_none(database: str, tmp_path: Path) -> None:
    """Neither by a new address nor by one that was given out before. Fails when who comes back is kept out."""
    house = House()
    full = replace(house.publishing, space=Space(tmp_path, FULL))
    ready = await house.ready()
    address = await house.publishing.issue_address(ready.number, HOST)
    with pytest.raises(MediaSpaceLow):
        await full.issue_address(ready.number, HOST)
    with pytest.raises(PublishRefused):
        await full.admit(request_of(ready.stream, address))
    assert await state_of(ready) is SessionState.READY
    roomy = replace(house.publishing, space=Space(tmp_path, ROOMY))
    assert await roomy.admit(request_of(ready.stream, address)) == 1
    await full.note_done(ready.stream, "1")
    assert await full.admit(request_of(ready.stream, address, client="2")) == 2
    assert await full.issue_address(ready.number, HOST)


async def test_clips_give_way_and_evidence_does_not(database: str, tmp_path: Path) -> None:
    """Fails when a roomy disk loses a clip, when a recording goes, and when a folder in use is swept."""
    (tmp_path / "made").mkdir()
    kept = Kept(tmp_path / "kept", make_segments(tmp_path / "made"))
    session, (code, _) = await kept.on_air()
    await kept.explain(session, code, 1.1, 3.5)
    await kept.clips.ask_for_file(session.number, 1, HOST, f"staff:{HOST}")
    await kept.end(session)
    assert (await make_clip_file(kept.archive), await make_archive_file(kept.archive)) == (1, 1)
    kept.house.clock.ahead += timedelta(hours=2)
    evidence = evidence_of(kept)
    assert await evidence.seal_due() == 1
    old, young = (evidence.directory / f"{session.number}-{opaque_id()}" for _ in range(2))
    for folder in (old, young):
        folder.mkdir()
    os.utime(old, (0, 0))
    os.utime(evidence.directory / f"{session.number}-1", (0, 0))
    clip = kept.archive.clip_file(session.number, 1)

    def files() -> set[Path]:
        return {path for path in kept.folder.rglob("*") if path.is_file()}

    before = files()
    assert await Storage(Space(tmp_path, ROOMY), evidence).free() == 1
    assert (old.exists(), young.exists(), files()) == (False, True, before)
    storage = Storage(Space(tmp_path, FULL), evidence)
    card = await storage.card()
    assert (card.is_low, card.kept_sessions, card.clip_bytes) == (True, 1, clip.stat().st_size)
    assert card.next_day == await scalar("SELECT kept_until FROM live_evidence_bundle")
    assert await storage.free() == 1
    assert before - files() == {clip}
    assert await storage.free() == 0
    assert (await storage.card()).clip_bytes == 0
    await kept.clips.ask_for_file(session.number, 1, HOST, f"staff:{HOST}")
    await execute("UPDATE live_clip_file SET next_attempt_at = now() - interval '1 hour'")
    assert await make_clip_file(kept.archive) == 1
    assert clip.exists()


async def test_a_walk_corrects_what_is_reckoned(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis: ThrowAwayRedis
) -> None:
    """Once a day. Fails when a broadcast that is on air is walked over, and when the sum is not corrected."""
    monkeypatch.setattr("live.evidence.space.TOLERATED_BYTES", 20_000)
    (tmp_path / "made").mkdir()
    kept = Kept(tmp_path / "kept", make_segments(tmp_path / "made"))
    await ended(kept)
    session, _ = await kept.on_air()
    await execute("UPDATE live_stream_publish SET ended_at = started_at WHERE session_id = $1", session.id)
    folder = kept.archive.hls_directory
    (folder / session.stream / "9.ts").write_bytes(b"x" * 90_000)
    space = Space(tmp_path, ROOMY, 10**12)
    storage = Storage(space, evidence_of(kept), kept.house.clock)
    reckoned = await space.used_bytes()
    assert (await storage.card()).counted_at is None
    assert not await storage.count()
    nearly = await space.used_bytes() - reckoned
    assert 0 < nearly < 20_000, "a cover and a list"
    (folder / "nobodys").mkdir()
    (folder / "nobodys" / "1.ts").write_bytes(b"x" * 50_000)
    kept.house.clock.ahead += timedelta(hours=22)
    assert not await storage.count()
    assert await space.used_bytes() == reckoned + nearly, "not twice a day"
    kept.house.clock.ahead += timedelta(hours=2)
    told = await counted_by_the_job(storage, redis)
    assert told == 1
    card = await storage.card()
    assert (card.used_bytes, card.found_bytes) == (reckoned + nearly + 50_000, nearly + 50_000)
    shutil.rmtree(folder / "nobodys")
    kept.house.clock.ahead += timedelta(days=1)
    assert await counted_by_the_job(storage, redis) == told, "what agrees is not counted"
    assert await space.used_bytes() == reckoned + nearly


async def test_a_quota_counts_what_is_here_and_stops_what_is_new(database: str, tmp_path: Path) -> None:
    """Pictures and files by the octet. Fails when what is away counts, and when who comes back is kept out."""
    (tmp_path / "made").mkdir()
    kept = Kept(tmp_path / "kept", make_segments(tmp_path / "made"))
    session, (code, _) = await kept.on_air()
    on_air = await Space(tmp_path).used_bytes()
    assert on_air >= 0
    await kept.explain(session, code, 1.1, 3.5)
    await kept.clips.ask_for_file(session.number, 1, HOST, f"staff:{HOST}")
    await kept.end(session)
    assert (await make_clip_file(kept.archive), await make_archive_file(kept.archive)) == (1, 1)
    pictures = [path for path in kept.folder.rglob("*") if path.suffix in {".ts", ".mp4"}]
    here = sum(path.stat().st_size for path in pictures)
    clip = kept.archive.clip_file(session.number, 1).stat().st_size
    roomy = Space(tmp_path, ROOMY, here + 1, warning_percent=100)
    assert (await roomy.used_bytes(), await roomy.is_full(), await roomy.is_tight()) == (here, False, False)
    warned = Space(tmp_path, ROOMY, here * 2, warning_percent=50)
    assert (await warned.is_full(), await warned.is_tight(), warned.level(here)) == (False, True, "warning")
    full = Space(tmp_path, ROOMY, here)
    assert (await full.is_full(), full.level(here), full.level(here // 2)) == (True, "reached", "ok")
    house = kept.house
    ready = await house.ready(kept.merchant)
    address = await house.publishing.issue_address(ready.number, HOST)
    bounded = replace(house.publishing, space=full)
    with pytest.raises(MediaSpaceLow):
        await bounded.issue_address(ready.number, HOST)
    with pytest.raises(PublishRefused):
        await bounded.admit(request_of(ready.stream, address))
    assert await house.publishing.admit(request_of(ready.stream, address)) == 1
    await bounded.note_done(ready.stream, "1")
    assert await bounded.admit(request_of(ready.stream, address, client="2")) == 2
    await execute("UPDATE live_stream_publish SET started_at = started_at - interval '1 hour' WHERE ended_at IS NULL")
    assert await full.used_bytes() >= here + 3600 * ON_AIR_BYTES_S
    await execute("UPDATE live_session SET state = 'ended', ended_at = now() WHERE number = $1", ready.number)
    evidence = evidence_of(kept)
    storage = Storage(warned, evidence)
    card = await storage.card()
    assert (card.used_bytes, card.quota_level, card.is_full) == (here, "warning", False)
    assert await storage.free() == 1
    assert await full.used_bytes() == here - clip
    await execute(
        "INSERT INTO live_evidence_copy (session_id, state, stored, next_attempt_at) VALUES ($1, 'copying',"
        ' \'[{"name": "x", "bytes": 1, "sha256": "0", "is_verified": true}]\', now())',
        session.id,
    )
    assert await full.used_bytes() == here - clip
    await execute("UPDATE live_evidence_copy SET state = 'copied'")
    assert await full.used_bytes() == 0
