"""What an officer has cut stays cut, whoever dies, and everything of it is kept."""

from datetime import timedelta
from pathlib import Path

import pytest

from integrations.media_server.remux import FfmpegRemuxer
from kit.database import rows, scalar
from kit.errors import Unavailable
from live.errors import NotBanned, PublishRefused, SessionNotFound, SessionStateForbids
from live.media.bans import ban_of
from live.media.playback import Playback
from live.models import LiveSession, SessionState
from live.queries import room_view
from live.replays.jobs import Archive, make_archive_file
from tests.live.pictures import FFMPEG
from tests.live.rooms import HOST, KEEPER, House, request_of, state_of
from tests.live.test_supervision import lay, segments, supervision
from tests.products.shelf import approved_merchant, listed_product

__all__ = ["segments"]
OFFICER = "staff:S20260101TESTOFFICE"


async def test_a_ban_ends_the_session_its_key_and_its_pin(database: str) -> None:
    house = House()
    merchant = await approved_merchant()
    _, [sku] = await listed_product(merchant)
    session, address = await house.on_air(merchant)
    await house.shelf.put(session.number, HOST, sku)
    await house.signed(session.number, sku)
    await house.shelf.pin(session.number, HOST, sku)
    first = await house.bans.ban(session.number, OFFICER, " 无资质宣传药效 ")
    assert (first.actor, first.reason, first.state_before) == (OFFICER, "无资质宣传药效", SessionState.LIVE)
    assert await house.bans.ban(session.number, "staff:S2", "另一个原因") == first == await ban_of(session.number)
    for client in ("1", "2"):
        with pytest.raises(PublishRefused):
            await house.publishing.admit(request_of(session.stream, address, client=client))
    for act in (
        house.publishing.issue_address(session.number, HOST),
        house.sessions.end(session.number, HOST),
        house.shelf.pin(session.number, HOST, sku),
    ):
        with pytest.raises(SessionStateForbids):
            await act
    await house.publishing.note_done(session.stream, "1")
    assert await state_of(session) is SessionState.BANNED
    assert await scalar("SELECT count(*) FROM live_stream_publish WHERE ended_at IS NULL") == 0
    assert await scalar("SELECT count(*) FROM live_pin WHERE unpinned_at IS NULL") == 0
    told = await rows('SELECT kind, payload::text AS said FROM live_feed_message ORDER BY "offset"')
    assert [each["kind"] for each in told][-2:] == ["unpin", "state"]
    assert told[-1]["said"] == '{"state": "banned"}'
    assert not any("药效" in each["said"] or OFFICER in each["said"] for each in told), "viewers are not told why"
    assert Playback(house.keys, "http://f", "http://h").plan(session.stream, SessionState.BANNED, "v") is None


async def test_what_is_not_there_or_was_called_off_is_not_banned(database: str) -> None:
    house = House()
    session = await house.scheduled()
    with pytest.raises(NotBanned):
        await ban_of(session.number)
    await house.sessions.cancel(session.number, HOST)
    with pytest.raises(SessionStateForbids):
        await house.bans.ban(session.number, OFFICER, "原因")
    with pytest.raises(SessionNotFound):
        await house.bans.ban("L20260101NOSUCH0001", OFFICER, "原因")
    assert await scalar("SELECT count(*) FROM live_session_ban") == 0


async def test_streams_are_barred_while_an_address_of_theirs_may_still_be_good(database: str, tmp_path: Path) -> None:
    """Before the media server is asked, which is away here. Fails when it is asked first: tried."""
    house = House()
    cut, _ = await house.on_air()
    other, _ = await house.on_air(cut.merchant)
    await house.bans.enforce(tmp_path)
    assert list((tmp_path / "barred").iterdir()) == []
    await house.bans.ban(cut.number, OFFICER, "原因")
    for _ in range(2):
        with pytest.raises(Unavailable):
            await house.bans.enforce(tmp_path)
        assert [path.name for path in (tmp_path / "barred").iterdir()] == [cut.stream]
    assert await state_of(other) is SessionState.LIVE
    house.clock.ahead += timedelta(hours=4, minutes=59)
    with pytest.raises(Unavailable):
        await house.bans.enforce(tmp_path)
    assert [path.name for path in (tmp_path / "barred").iterdir()] == [cut.stream]
    house.clock.ahead += timedelta(minutes=2)
    await house.bans.enforce(tmp_path)
    assert list((tmp_path / "barred").iterdir()) == []


async def test_a_viewer_who_was_put_out_is_barred_while_an_address_may_still_be_good(
    database: str, tmp_path: Path
) -> None:
    """In that room and by a name that no other room knows; a mute bars nobody, and what is lifted is lifted.

    Fails when mutes are taken along: tried.
    """
    house = House()
    session, _ = await house.on_air()
    elsewhere, _ = await house.on_air(session.merchant)
    said = {
        who: await house.chat.post(session.number, f"consumer:{who}", "用户", "辱骂", who, "o1")
        for who in ("C1", "C2", "C3")
    }
    names = {who: house.keys.viewer_name(session.number, f"consumer:{who}") for who in said}
    await house.moderation.ban(session.number, said["C1"], "辱骂", KEEPER)
    await house.moderation.ban(session.number, said["C2"], "辱骂", KEEPER)
    await house.moderation.mute(session.number, said["C3"], 5, "刷屏", KEEPER)
    assert house.keys.viewer_name(elsewhere.number, "consumer:C1") not in names.values()

    async def barred() -> set[str]:
        await house.bans.enforce(tmp_path)
        return {path.name for path in (tmp_path / "barred").iterdir()}

    assert await barred() == {names["C1"], names["C2"]}
    await house.moderation.lift(session.number, names["C2"], "误判", KEEPER)
    assert await barred() == {names["C1"]}
    (tmp_path / "barred" / names["C1"]).unlink()
    assert await barred() == {names["C1"]}, "the database remembers"
    house.clock.ahead += timedelta(hours=4, minutes=59)
    assert await barred() == {names["C1"]}
    house.clock.ahead += timedelta(minutes=2)
    assert await barred() == set()
    assert names["C1"] in (await room_view(session.number)).banned, "and no new address is made"


@pytest.mark.parametrize("before", ["live", "ended"])
async def test_the_recording_of_a_banned_session_is_kept_and_filed(
    database: str, tmp_path: Path, segments: list[Path], before: str
) -> None:
    house = House()
    session, _ = await house.on_air()
    unseen = await house.scheduled(session.merchant)
    lay(segments, tmp_path, session)
    if before == "ended":
        await house.sessions.end(session.number, HOST)
    for each in (session, unseen):
        await house.bans.ban(each.number, OFFICER, "原因")
    watch = supervision(house, tmp_path)
    for _ in range(2):
        assert await watch.look()
    assert await state_of(session) is SessionState.BANNED
    assert (await LiveSession.get(id=session.id)).ended_at is not None
    kept = await rows("SELECT session_id, segments FROM live_recording")
    assert kept == [{"session_id": session.id, "segments": 3}]
    assert await make_archive_file(Archive(tmp_path, tmp_path / "archive", FfmpegRemuxer(FFMPEG), house.clock)) == 1
    assert (tmp_path / "archive" / f"{session.number}.mp4").stat().st_size > 0
