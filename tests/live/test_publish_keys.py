"""A stream key opens one session to one publisher for a while, and nothing else does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.database import scalar
from live.errors import PublishRefused
from live.media.keys import LiveKeys, PushKey, read_push_key
from live.media.publishing import PublishRequest
from live.models import LiveSession, SessionState, StreamPublish
from tests.live.rooms import HOST, House, request_of, state_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STREAM = "a" * 26
KEYS = LiveKeys("house-secret-for-tests", "media-secret-for-tests")


@given(st.integers(0, 63), st.sampled_from("0123456789abcdef"), st.integers(-3600, 3600))
def test_a_push_key_holds_only_as_it_was_signed(at: int, digit: str, seconds: int) -> None:
    key = KEYS.push_key(STREAM, "N" * 26, NOW)
    assert KEYS.push_key_holds(STREAM, key)
    forged = key.signature[:at] + digit + key.signature[at + 1 :]
    assert KEYS.push_key_holds(STREAM, replace(key, signature=forged)) is (forged == key.signature)
    assert KEYS.push_key_holds(STREAM, replace(key, expires=key.expires + seconds)) is (seconds == 0)
    assert not KEYS.push_key_holds("b" * 26, key)
    assert not KEYS.push_key_holds(STREAM, replace(key, nonce="M" * 26))
    assert not LiveKeys("another-house", "media-secret-for-tests").push_key_holds(STREAM, key)


@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=80))
def test_nonsense_is_no_key(expires: str, nonce: str, signature: str) -> None:
    key = read_push_key(expires, nonce, signature)
    assert key is None or not KEYS.push_key_holds(STREAM, key)


@given(st.text(max_size=200))
def test_nonsense_is_no_token(token: str) -> None:
    assert not KEYS.playing_viewer(STREAM, token, NOW)
    assert KEYS.attributed_session(token, NOW) is None


def test_a_token_is_worth_nothing_for_another_purpose_stream_or_time() -> None:
    later = NOW + timedelta(hours=1)
    play = KEYS.play_token(STREAM, "V" * 26, later)
    assert KEYS.playing_viewer(STREAM, play, NOW)
    assert not KEYS.playing_viewer(STREAM, play, later)
    assert not KEYS.playing_viewer("b" * 26, play, NOW)
    assert not KEYS.playing_viewer(STREAM, play.replace("V", "W", 1), NOW)
    attribution = KEYS.attribution_token("L20261123ABCDEFGHJ1", "M20261123ABCDEFGHJ1", later)
    assert KEYS.attributed_session(attribution, NOW) == ("L20261123ABCDEFGHJ1", "M20261123ABCDEFGHJ1")
    assert KEYS.attributed_session(attribution, later) is None
    assert KEYS.attributed_session(attribution.replace("L20261123ABC", "L20261123ABD"), NOW) is None
    assert KEYS.attributed_session(attribution.replace("M20261123ABC", "M20261123ABD"), NOW) is None
    number, _, expires, signature = attribution.split(".")
    assert not KEYS.playing_viewer(STREAM, f"{expires}.{number}.{signature}", NOW)


Change = Callable[[PublishRequest], PublishRequest]
WRONG: dict[str, Change] = {
    "signature": lambda r: replace(r, signature="0" * 64),
    "longer life": lambda r: replace(r, expires=str(int(r.expires) + 60)),
    "another stream": lambda r: replace(r, stream="b" * 26),
    "no key": lambda r: replace(r, expires="", nonce="", signature=""),
    "path for a name": lambda r: replace(r, stream="../../etc/passwd"),
}


async def test_a_wrong_key_is_refused_and_changes_nothing(database: str) -> None:
    house = House()
    session = await house.ready()
    address = await house.publishing.issue_address(session.number, HOST)
    for wrong, change in WRONG.items():
        with pytest.raises(PublishRefused):
            await house.publishing.admit(change(request_of(session.stream, address)))
        assert await state_of(session) is SessionState.READY, wrong
    assert await scalar("SELECT count(*) FROM live_stream_publish") == 0


async def test_an_expired_and_a_replaced_key_are_refused(database: str) -> None:
    house = House()
    session = await house.ready()
    first = await house.publishing.issue_address(session.number, HOST)
    second = await house.publishing.issue_address(session.number, HOST)
    with pytest.raises(PublishRefused):
        await house.publishing.admit(request_of(session.stream, first))
    house.clock.ahead += timedelta(hours=2, seconds=1)
    with pytest.raises(PublishRefused):
        await house.publishing.admit(request_of(session.stream, second))
    assert await state_of(session) is SessionState.READY


async def test_a_key_belongs_to_its_first_publisher(database: str) -> None:
    house = House()
    session, address = await house.on_air()
    request = request_of(session.stream, address)
    assert await house.publishing.admit(request) == 1  # the same connection asked twice
    for other in (replace(request, client="2"), replace(request, client="3", address="10.9.9.9")):
        with pytest.raises(PublishRefused):
            await house.publishing.admit(other)
    await house.publishing.note_done(session.stream, "1")
    for thief in (
        replace(request, client="4", address="10.9.9.9"),
        replace(request, client="5", encoder="OBS/31"),
    ):
        with pytest.raises(PublishRefused):
            await house.publishing.admit(thief)
    assert await state_of(session) is SessionState.INTERRUPTED
    assert await house.publishing.admit(replace(request, client="6")) == 2
    assert await StreamPublish.filter(session_id=session.id, ended_at=None).count() == 1


async def test_a_new_address_frees_a_host_whose_network_has_changed(database: str) -> None:
    house = House()
    session, _ = await house.on_air()
    await house.publishing.note_done(session.stream, "1")
    fresh = await house.publishing.issue_address(session.number, HOST)
    await house.publishing.admit(request_of(session.stream, fresh, client="2", ip="10.7.7.7"))
    assert (await LiveSession.get(id=session.id)).generation == 2


def test_the_two_forms_of_a_key_are_one() -> None:
    key = PushKey(1795447733, "N" * 26, "0" * 64)
    assert key.query == f"e=1795447733&n={'N' * 26}&s={'0' * 64}"
    assert read_push_key("1795447733", "N" * 26, "0" * 64) == key
