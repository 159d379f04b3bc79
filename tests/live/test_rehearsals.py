"""A rehearsal takes no step, and its key is worth a broadcast only when nothing of it is left."""

from datetime import timedelta
from pathlib import Path

import pytest

from kit.database import rows, scalar
from live.errors import PublishRefused, RehearsalNotClear, SessionNotFound, SessionStateForbids
from live.media.rehearsals import rehearsal_of
from live.models import SessionState
from live.ports import PublishedStream
from tests.live.rooms import HOST, House, request_of, state_of


async def test_a_rehearsal_takes_no_step_and_the_same_key_goes_on_air_after_it(database: str, tmp_path: Path) -> None:
    """Fails when the key is let in before all is cleared away, and when young ends are not waited for: tried."""
    house = House()
    session = await house.scheduled()
    with pytest.raises(SessionStateForbids):
        await house.rehearsals.begin(session.number, HOST)
    await house.readiness.declare(session.number, HOST)
    await house.readiness.clear(session.number, HOST)
    address = await house.publishing.issue_address(session.number, HOST)
    for _ in range(2):
        await house.rehearsals.begin(session.number, HOST)
    assert await house.publishing.admit(request_of(session.stream, address)) == 0
    assert await house.publishing.admit(request_of(session.stream, address)) == 0  # the same connection asked twice
    with pytest.raises(PublishRefused):
        await house.publishing.admit(request_of(session.stream, address, client="2"))
    assert await state_of(session) is SessionState.READY
    assert await scalar("SELECT count(*) FROM live_stream_publish") == 0
    here = PublishedStream(session.stream, "1", "10.0.0.8")
    assert await house.publishing.reconcile([here], house.clock()) == []
    (tmp_path / session.stream).mkdir()
    (tmp_path / session.stream / "1795447733000.ts").write_bytes(b"G")
    await house.rehearsals.end(session.number, HOST)
    assert await house.publishing.reconcile([here], house.clock()) == [session.stream]
    with pytest.raises(RehearsalNotClear):
        await house.rehearsals.begin(session.number, HOST)

    async def cleared(on_air: frozenset[str]) -> bool:
        await house.rehearsals.clear(on_air, house.clock(), tmp_path)
        return not (tmp_path / session.stream).exists()

    assert not await cleared(frozenset())  # somebody may still appear who was let in before the end
    house.clock.ahead += timedelta(seconds=4)
    assert not await cleared(frozenset({session.stream}))
    with pytest.raises(PublishRefused):
        await house.publishing.admit(request_of(session.stream, address, client="3"))
    assert await cleared(frozenset())
    assert await rehearsal_of(session.id) is None
    assert await house.publishing.admit(request_of(session.stream, address, client="3")) == 1
    assert await state_of(session) is SessionState.LIVE
    with pytest.raises(SessionStateForbids):
        await house.rehearsals.begin(session.number, HOST)
    told = await rows('SELECT payload::text AS said FROM live_feed_message ORDER BY "offset"')
    assert [each["said"] for each in told] == ['{"state": "ready"}', '{"state": "live"}']


async def test_an_encoder_that_comes_back_rehearses_again(database: str) -> None:
    """With its word and without it, when the media server forgot to say that it was gone."""
    house = House()
    session = await house.ready()
    address = await house.publishing.issue_address(session.number, HOST)
    await house.rehearsals.begin(session.number, HOST)
    for client in ("1", "2"):
        await house.publishing.admit(request_of(session.stream, address, client=client))
        await house.publishing.note_done(session.stream, client)
    await house.publishing.admit(request_of(session.stream, address, client="3"))
    assert await house.publishing.reconcile([], house.clock()) == []
    known = await rehearsal_of(session.id)
    assert known is not None
    assert known.client == "3"
    house.clock.ahead += timedelta(seconds=4)
    await house.publishing.reconcile([], house.clock())
    await house.publishing.admit(request_of(session.stream, address, client="4"))
    assert await state_of(session) is SessionState.READY


async def test_a_rehearsal_that_nobody_came_to_is_over_at_once(database: str) -> None:
    house = House()
    session = await house.ready()
    address = await house.publishing.issue_address(session.number, HOST)
    await house.rehearsals.begin(session.number, HOST)
    for _ in range(2):
        await house.rehearsals.end(session.number, HOST)
    await house.publishing.admit(request_of(session.stream, address))
    assert await state_of(session) is SessionState.LIVE


@pytest.mark.parametrize("how", ["cancelled", "banned"])
async def test_a_session_that_is_called_off_or_cut_rehearses_no_more(database: str, tmp_path: Path, how: str) -> None:
    house = House()
    session = await house.ready()
    address = await house.publishing.issue_address(session.number, HOST)
    await house.rehearsals.begin(session.number, HOST)
    await house.publishing.admit(request_of(session.stream, address))
    if how == "cancelled":
        await house.sessions.cancel(session.number, HOST)
    else:
        await house.bans.ban(session.number, "staff:S1", "原因")
    here = PublishedStream(session.stream, "1", "10.0.0.8")
    assert await house.publishing.reconcile([here], house.clock()) == [session.stream]
    await house.rehearsals.clear(frozenset(), house.clock(), tmp_path)
    house.clock.ahead += timedelta(seconds=4)
    await house.rehearsals.clear(frozenset(), house.clock(), tmp_path)
    assert await rehearsal_of(session.id) is None
    with pytest.raises(PublishRefused):
        await house.publishing.admit(request_of(session.stream, address, client="2"))


async def test_another_hosts_session_is_not_rehearsed(database: str) -> None:
    house = House()
    session = await house.ready()
    await house.publishing.issue_address(session.number, HOST)
    for act in (house.rehearsals.begin(session.number, "S-other"), house.rehearsals.end(session.number, "S-other")):
        with pytest.raises(SessionNotFound):
            await act
    assert await rehearsal_of(session.id) is None
