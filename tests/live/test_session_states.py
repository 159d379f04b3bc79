"""Every step between two states is either in the table or refused, whoever asks."""

from datetime import datetime, timedelta
from itertools import product

import pytest

from kit.database import rows, transaction
from kit.errors import DomainError
from kit.numbers import opaque_id, public_number
from live.errors import (
    STANDINGS,
    PlannedTimeInvalid,
    PublishRefused,
    PushAddressTooEarly,
    SessionNotFound,
    SessionStateForbids,
)
from live.media.models import SessionBan
from live.media.publishing import change_state
from live.models import LiveSession, SessionState, StreamPublish
from live.ports import PublishedStream
from live.queries import sessions
from live.talk.feed import lock_session
from tests.live.rooms import HOST, House, request_of, state_of
from tests.products.shelf import approved_merchant, listed_product

ALLOWED = {
    ("scheduled", "ready"), ("scheduled", "cancelled"), ("ready", "live"), ("ready", "cancelled"),
    ("live", "interrupted"), ("live", "ended"), ("interrupted", "live"), ("interrupted", "ended"),
    ("ended", "replay_ready"),
    ("scheduled", "banned"), ("ready", "banned"), ("live", "banned"), ("interrupted", "banned"), ("ended", "banned"),
    ("replay_ready", "banned"),
}  # fmt: skip


async def in_state(house: House, state: SessionState) -> LiveSession:
    now = house.clock()
    await house.admitted()
    session = await LiveSession.create(
        number=public_number(now, "L"), title="场次", host=HOST, merchant="M1", state=state, planned_at=now,
        stream=opaque_id().lower(), epoch=opaque_id(), created_at=now,
    )  # fmt: skip
    if state in (SessionState.SCHEDULED, SessionState.READY):
        await house.readiness.declare(session.number, HOST)
    if state is SessionState.BANNED:
        await SessionBan.create(
            session_id=session.id, actor="staff:S0", reason="示例", state_before=SessionState.LIVE, banned_at=now
        )
    return session


async def test_every_pair_of_states(database: str) -> None:
    house = House()
    for before, after in product(SessionState, SessionState):
        session = await in_state(house, before)
        allowed = (before.value, after.value) in ALLOWED
        try:
            async with transaction():
                await change_state(await lock_session(session.number), after, house.clock())
            moved = True
        except SessionStateForbids:
            moved = False
        assert moved is allowed, (before, after)
        assert await state_of(session) is (after if allowed else before)
        told = await rows("SELECT kind FROM live_feed_message WHERE session_id = $1", session.id)
        assert len(told) == (1 if allowed else 0)


async def test_a_host_who_asks_too_early_reads_from_when_on(database: str) -> None:
    """Fails when a session that is too far ahead is told to be in a wrong state: it was."""
    house = House()
    session = await house.ready()
    await LiveSession.filter(id=session.id).update(planned_at=house.clock() + timedelta(hours=3))
    with pytest.raises(PushAddressTooEarly) as refused:
        await house.publishing.issue_address(session.number, HOST)
    earliest = datetime.fromisoformat(str(refused.value.facts["not_before"]))
    assert timedelta(minutes=59) < earliest - house.clock() <= timedelta(hours=1)
    house.clock.ahead += timedelta(hours=1)
    assert await house.publishing.issue_address(session.number, HOST)


def test_who_is_refused_for_a_state_reads_which_one_it_is() -> None:
    assert set(STANDINGS) == set(SessionState)
    refused = SessionStateForbids(state=SessionState.LIVE.value)
    assert refused.facts == {"state": "live", "reason": STANDINGS["live"]}


OUTCOMES = {
    # state: (a push address, an end, a cancellation, the gate, a ban)
    "scheduled": (None, None, "cancelled", "ready", "banned"),
    "ready": ("ready", None, "cancelled", "ready", "banned"),
    "live": ("live", "ended", None, None, "banned"),
    "interrupted": ("interrupted", "ended", None, None, "banned"),
    "ended": (None, "ended", None, None, "banned"),
    "replay_ready": (None, "replay_ready", None, None, "banned"),
    "cancelled": (None, None, "cancelled", None, None),
    "banned": (None, None, None, None, "banned"),
}


async def test_every_act_in_every_state(database: str) -> None:
    house = House()
    for act, state in product(range(5), SessionState):
        session = await in_state(house, state)
        wanted = OUTCOMES[state.value][act]
        try:
            if act == 0:
                await house.publishing.issue_address(session.number, HOST)
            elif act == 1:
                await house.sessions.end(session.number, HOST)
            elif act == 2:
                await house.sessions.cancel(session.number, HOST)
            elif act == 3:
                await house.readiness.clear(session.number, HOST)
            else:
                await house.bans.ban(session.number, "staff:S1", "示例原因")
            refused = False
        except DomainError:
            refused = True
        assert refused is (wanted is None), (state, act)
        assert (await state_of(session)).value == (wanted or state.value)


async def test_what_nobody_has_begun_is_called_off_a_day_after_its_plan(database: str) -> None:
    """Once, unless a push address may still be used. Fails when the address is not asked about: tried."""
    house = House()
    found = {state: await in_state(house, state) for state in SessionState}
    house.clock.ahead = timedelta(hours=23, minutes=59)
    late = await in_state(house, SessionState.SCHEDULED)
    assert await house.sessions.cancel_missed() == 0
    await house.publishing.issue_address(found[SessionState.READY].number, HOST)
    house.clock.ahead = timedelta(hours=24, minutes=1)
    assert await house.sessions.cancel_missed() == 1
    assert await state_of(found[SessionState.READY]) is SessionState.READY
    house.clock.ahead = timedelta(hours=27)
    assert [await house.sessions.cancel_missed() for _ in range(2)] == [1, 0]
    assert await state_of(late) is SessionState.SCHEDULED
    for state, session in found.items():
        waited = state in (SessionState.SCHEDULED, SessionState.READY)
        assert await state_of(session) is (SessionState.CANCELLED if waited else state)


async def test_the_soonest_broadcast_stands_before_those_of_next_year(database: str) -> None:
    """Whoever plans far ahead hides nobody. Fails when all are listed by the latest plan: tried."""
    house = House()
    planned = {}
    for days, state in (
        (300, SessionState.SCHEDULED), (1, SessionState.READY), (30, SessionState.SCHEDULED), (-9, SessionState.LIVE),
        (-9, SessionState.REPLAY_READY), (-2, SessionState.REPLAY_READY),
    ):  # fmt: skip
        session = await in_state(house, state)
        await LiveSession.filter(id=session.id).update(planned_at=house.clock() + timedelta(days=days))
        planned[session.number] = (state.value, days)
    listed = [planned[line.number] for line in await sessions(tuple(SessionState))]
    assert listed == [
        ("live", -9), ("ready", 1), ("scheduled", 30), ("scheduled", 300), ("replay_ready", -2), ("replay_ready", -9),
    ]  # fmt: skip
    assert [planned[line.number] for line in await sessions((SessionState.SCHEDULED,), limit=1)] == [("scheduled", 30)]


async def test_a_mistyped_year_is_no_plan(database: str) -> None:
    """A time in the past was called off some minutes later without a word."""
    house = House()
    now = house.clock()
    for wrong in (timedelta(days=-1), timedelta(days=-365), timedelta(days=367)):
        with pytest.raises(PlannedTimeInvalid):
            await house.sessions.schedule(HOST, "M1", "场次", now + wrong)
    for right in (timedelta(hours=-1), timedelta(days=365)):
        assert await house.sessions.schedule(HOST, "M1", "场次", now + right)


async def test_another_hosts_session_does_not_exist(database: str) -> None:
    house = House()
    session, _ = await house.on_air()
    for act in (
        house.publishing.issue_address(session.number, "S-other"),
        house.readiness.declare(session.number, "S-other"),
        house.readiness.clear(session.number, "S-other"),
        house.sessions.end(session.number, "S-other"),
        house.sessions.cancel(session.number, "S-other"),
        house.shelf.pin(session.number, "S-other", "K1"),
        house.shelf.put(session.number, "S-other", "K1"),
        house.shelf.unpin(session.number, "S-other"),
    ):
        with pytest.raises(SessionNotFound):
            await act
    assert await state_of(session) is SessionState.LIVE


async def test_a_host_who_returns_within_the_grace_goes_on_and_one_who_does_not_is_ended(
    database: str,
) -> None:
    house = House()
    session, address = await house.on_air()
    await house.publishing.note_done(session.stream, "1")
    assert await state_of(session) is SessionState.INTERRUPTED
    await house.publishing.admit(request_of(session.stream, address, client="2"))
    assert await state_of(session) is SessionState.LIVE
    await house.publishing.note_done(session.stream, "1")  # late: of the connection before
    assert await state_of(session) is SessionState.LIVE
    await house.publishing.note_done(session.stream, "2")
    assert await house.publishing.sessions_out_of_grace() == []
    house.clock.ahead += timedelta(seconds=61)
    ((number, since),) = await house.publishing.sessions_out_of_grace()
    assert number == session.number
    await house.sessions.end(number, None, since)
    assert await state_of(session) is SessionState.ENDED
    with pytest.raises(PublishRefused):
        await house.publishing.admit(request_of(session.stream, address, client="3"))
    publishes = await StreamPublish.filter(session_id=session.id).order_by("generation")
    assert [p.generation for p in publishes] == [1, 2]
    assert all(p.ended_at for p in publishes)


async def test_the_reconciler_repairs_a_lost_callback_and_names_strangers(database: str) -> None:
    house = House()
    session, _ = await house.on_air()
    here = PublishedStream(session.stream, "1", "10.0.0.8")
    stranger = PublishedStream("x" * 26, "9", "10.0.0.9")
    assert await house.publishing.reconcile([here, stranger], house.clock()) == [stranger.name]
    assert await house.publishing.reconcile([], house.clock()) == []
    assert await state_of(session) is SessionState.LIVE  # too young to be missed
    house.clock.ahead += timedelta(seconds=4)
    assert await house.publishing.reconcile([], house.clock()) == []
    assert await state_of(session) is SessionState.INTERRUPTED
    assert await house.publishing.reconcile([here], house.clock()) == [session.stream]


async def test_pins_are_single_and_become_chapters(database: str) -> None:
    house = House()
    merchant = await approved_merchant()
    _, [first] = await listed_product(merchant)
    _, [second] = await listed_product(merchant)
    _, [foreign] = await listed_product(await approved_merchant(2))
    session, _ = await house.on_air(merchant)
    with pytest.raises(DomainError, match="not_on_shelf"):
        await house.shelf.pin(session.number, HOST, first)
    with pytest.raises(DomainError, match="not_for_sale"):
        await house.shelf.put(session.number, HOST, foreign)
    with pytest.raises(DomainError, match="not_for_sale"):
        await house.shelf.put(session.number, HOST, "no-such-sku")
    for code in (first, second, first):
        await house.shelf.put(session.number, HOST, code)
    await house.signed(session.number, first, second)
    house.clock.ahead += timedelta(seconds=10)
    await house.shelf.pin(session.number, HOST, first)
    await house.shelf.pin(session.number, HOST, first)
    house.clock.ahead += timedelta(seconds=20)
    await house.shelf.pin(session.number, HOST, second)
    house.clock.ahead += timedelta(seconds=5)
    await house.shelf.remove(session.number, HOST, second)
    pins = await rows("SELECT code, offset_ms / 1000 AS begun, end_offset_ms / 1000 AS done FROM live_pin ORDER BY id")
    assert [(p["code"], p["begun"], p["done"]) for p in pins] == [(first, 10, 30), (second, 30, 35)]
    told = await rows('SELECT kind FROM live_feed_message WHERE session_id = $1 ORDER BY "offset"', session.id)
    assert [m["kind"] for m in told] == [
        "state", "state", "shelf", "shelf", "pin", "unpin", "pin", "unpin", "shelf",
    ]  # fmt: skip
