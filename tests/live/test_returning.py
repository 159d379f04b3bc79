"""Viewers have old replays fetched back: what the public may see, so many a day, and a share for each person."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kit.database import execute, rows, scalar
from live.errors import ClipNotFound, ReplayAway, ReplayReturning
from live.evidence.models import CopyState
from live.evidence.returning import AGAIN_AFTER_S, Fetch, Returning
from live.media.keys import LiveKeys
from live.queries import room_view
from tests.live.test_cold import Old, bucket, old, segments
from tests.live.test_evidence import YEARS

__all__ = ["bucket", "old", "segments"]
pytestmark = pytest.mark.asyncio
KEYS = LiveKeys("house-secret-for-tests", "media-secret-for-tests")
VIEWER = "consumer:C20260101VIEWER1"


async def test_a_viewer_has_an_old_replay_fetched_back(old: Old) -> None:
    """Once, and only what the public may see. Fails without a bound for a day, and when a cut one comes back."""
    session = await old.sealed()
    returning = Returning(KEYS, True, clock=old.clock)

    async def ask(asked: Returning = returning) -> Fetch:
        return await asked.ask(session.id, VIEWER)

    assert await ask() is Fetch.NOT_OPEN  # it is here
    await old.until(CopyState.COLD)
    assert await ask(replace(returning, is_set_up=False)) is Fetch.NOT_OPEN
    assert await returning.ask(session.id, None) is Fetch.NOT_LOGGED_IN
    with pytest.raises(ReplayAway):
        await old.kept.clips.playlist(session.number, 1)
    await execute("UPDATE live_session SET state = 'banned'")
    assert await ask() is Fetch.NOT_OPEN
    with pytest.raises(ClipNotFound):
        await old.kept.clips.playlist(session.number, 1)
    await execute("UPDATE live_session SET state = 'replay_ready'")
    assert await ask(replace(returning, clock=lambda: old.clock() + 2 * YEARS)) is Fetch.NOT_OPEN
    assert [await ask() for _ in range(2)] == [Fetch.BEGUN, Fetch.NOT_OPEN]
    assert (await room_view(session.number)).is_returning
    with pytest.raises(ReplayReturning) as told:
        await old.kept.clips.playlist(session.number, 1)
    assert told.value.facts["retry_after_s"] == AGAIN_AFTER_S
    await old.until(CopyState.RESTORED)
    room = await room_view(session.number)
    assert (room.is_away, room.is_returning) == (False, False)
    assert await scalar("SELECT asked_by FROM live_evidence_copy") == "viewer"


async def test_viewers_fetch_back_so_many_a_day(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await old.sealed()
    await old.until(CopyState.COLD)
    returning = Returning(KEYS, True, clock=old.clock)
    monkeypatch.setattr("live.evidence.returning.MOST_A_DAY", 0)
    assert await returning.ask(session.id, VIEWER) is Fetch.DAY_USED_UP
    monkeypatch.setattr("live.evidence.returning.MOST_A_DAY", 1)
    assert await returning.ask(session.id, VIEWER) is Fetch.BEGUN
    await old.until(CopyState.RESTORED)
    old.clock.ahead += timedelta(days=30)
    await old.until(CopyState.COPYING)
    await old.until(CopyState.COLD)
    await execute("UPDATE live_evidence_copy SET asked_at = $1", old.clock() - timedelta(hours=23))
    assert await returning.ask(session.id, VIEWER) is Fetch.DAY_USED_UP
    old.clock.ahead += timedelta(hours=1)
    assert await returning.ask(session.id, VIEWER) is Fetch.BEGUN


async def test_one_person_has_a_share_of_the_day_and_leaves_the_rest_to_others(old: Old) -> None:
    """Two as it is set, of one day in China; what is refused takes nothing of it. Fails when anybody may use up the
    day's ten, and when a name or a session can be read from what is kept.
    """
    session = await old.sealed()
    await old.until(CopyState.COLD)
    returning = Returning(KEYS, True, clock=old.clock)

    async def asked(viewer: str, by: Returning = returning) -> Fetch:
        found = await by.ask(session.id, viewer)
        for state in ("restored", "copying", "copied", "cold") if found is Fetch.BEGUN else ():
            await execute("UPDATE live_evidence_copy SET state = $1", state)
        return found

    assert await replace(returning, is_set_up=False).ask(session.id, VIEWER) is Fetch.NOT_OPEN
    assert [await asked(VIEWER) for _ in range(3)] == [Fetch.BEGUN, Fetch.BEGUN, Fetch.OWN_SHARE_USED]
    assert await asked("consumer:C2") is Fetch.BEGUN
    assert await asked(VIEWER, replace(returning, per_person=3)) is Fetch.BEGUN
    kept = await rows("SELECT * FROM live_replay_share ORDER BY fetched")
    assert [(set(each), each["fetched"]) for each in kept] == [({"id", "day", "mark", "fetched"}, n) for n in (1, 3)]
    assert {each["mark"] for each in kept}.isdisjoint({VIEWER, "consumer:C2"})
    old.clock.ahead += timedelta(days=1)
    assert await asked(VIEWER) is Fetch.BEGUN
    (left,) = await rows("SELECT mark, fetched FROM live_replay_share")
    assert (left["fetched"], left["mark"] in {each["mark"] for each in kept}) == (1, False)
