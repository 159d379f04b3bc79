"""One supervisor at a time closes what is over, and a sale is counted in its room."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from tortoise.exceptions import IntegrityError

from integrations.media_server.remux import FfmpegRemuxer, FileNotMade
from kit.database import execute, row, rows, scalar, transaction
from live.handlers import on_order_paid
from live.media.supervision import Lease, Supervision
from live.models import LiveRecording, LiveSession, SessionState
from live.replays.files import MAX_ATTEMPTS
from live.replays.jobs import Archive, forget_presence, make_archive_file
from live.replays.recordings import REPLAY
from orders.events import OrderPaid, PaidLine
from tests.live.pictures import FFMPEG, make_flv, run_ffmpeg
from tests.live.rooms import HOST, House, request_of, state_of


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three segments of one second."""
    folder = tmp_path_factory.mktemp("segments")
    source = make_flv(folder / "source.flv", 3)
    run_ffmpeg("-v", "error", "-i", source, "-c", "copy", "-f", "segment", "-segment_time", "1", folder / "%d.ts")
    return sorted(folder.glob("?.ts"))


def supervision(house: House, folder: Path) -> Supervision:
    return Supervision(house.sessions, house.publishing, house.media, house.bell, folder, clock=house.clock)


def lay(segments: list[Path], folder: Path, session: LiveSession) -> None:
    assert session.started_at is not None
    (folder / session.stream).mkdir()
    begun = int(session.started_at.timestamp() * 1000)
    for at, segment in enumerate(segments):
        shutil.copy(segment, folder / session.stream / f"{begun + at * 1000}.ts")


async def test_a_lease_has_one_holder_and_fences_off_the_last(database: str) -> None:
    first, second = Lease(), Lease()
    assert await first.hold()
    assert not await second.hold()
    assert await first.hold()
    assert first.generation == 1
    await execute("UPDATE live_lease SET expires_at = now() - interval '1 second'")
    assert await second.hold()
    assert second.generation == 2
    assert not await first.hold()
    first.generation = 1
    async with transaction():
        assert not await first.still_holds()
        assert await second.still_holds()
    await second.release()
    assert await first.hold()
    assert first.generation == 3


async def test_a_silent_media_server_interrupts_and_the_grace_ends(
    database: str, tmp_path: Path, segments: list[Path]
) -> None:
    house = House()
    session, _ = await house.on_air()
    lay(segments, tmp_path, session)
    watch = supervision(house, tmp_path)
    house.clock.ahead += timedelta(seconds=4)
    for _ in range(2):
        assert await watch.look()
        assert await state_of(session) is SessionState.LIVE
    assert await watch.look()
    assert await state_of(session) is SessionState.INTERRUPTED
    assert not await supervision(house, tmp_path).look()  # another process does not hold the lease
    house.clock.ahead += timedelta(seconds=61)
    assert await watch.look()
    assert await state_of(session) is SessionState.REPLAY_READY
    kept = await row("SELECT segments, duration_ms FROM live_recording")
    assert kept is not None
    assert kept["segments"] == 3
    assert kept["duration_ms"] == pytest.approx(3000, abs=50)
    assert (tmp_path / session.stream / REPLAY).read_text().endswith("#EXT-X-ENDLIST\n")
    assert await watch.look()
    assert await scalar("SELECT count(*) FROM live_recording") == 1


async def test_a_supervisor_that_lost_its_lease_closes_nothing(
    database: str, tmp_path: Path, segments: list[Path]
) -> None:
    house = House()
    session, _ = await house.on_air()
    lay(segments, tmp_path, session)
    watch = supervision(house, tmp_path)
    assert await watch.look()
    await house.sessions.end(session.number, HOST)
    await execute("UPDATE live_lease SET generation = generation + 1")
    await watch._keep_recordings()
    assert await state_of(session) is SessionState.ENDED
    assert await watch.look()
    assert await state_of(session) is SessionState.REPLAY_READY


async def test_a_session_is_recorded_once(database: str) -> None:
    """By the table itself. Fails when the reference to the session may be repeated: tried."""
    house = House()
    session, _ = await house.on_air()
    now = house.clock()

    async def record() -> None:
        async with transaction():
            await LiveRecording.create(
                session_id=session.id, duration_ms=0, segments=0, next_attempt_at=now, created_at=now
            )

    await record()
    with pytest.raises(IntegrityError):
        await record()


async def test_a_session_without_a_picture_has_no_replay(database: str, tmp_path: Path) -> None:
    house = House()
    session, _ = await house.on_air()
    await house.sessions.end(session.number, HOST)
    watch = supervision(house, tmp_path)
    for _ in range(2):
        assert await watch.look()
    assert await state_of(session) is SessionState.ENDED
    assert await rows("SELECT segments, archive_state FROM live_recording") == [
        {"segments": 0, "archive_state": "failed"}
    ]


async def test_a_host_who_comes_back_at_the_last_moment_is_not_cut_off(database: str) -> None:
    """The grace is over, and before the supervisor has ended the session its host is back. Fails without it: tried."""
    house = House()
    session, address = await house.on_air()
    await house.publishing.note_done(session.stream, "1")
    house.clock.ahead += timedelta(seconds=61)
    ((number, since),) = await house.publishing.sessions_out_of_grace()
    await house.publishing.admit(request_of(session.stream, address, client="2"))
    await house.sessions.end(number, None, since)
    assert await state_of(session) is SessionState.LIVE
    await house.publishing.note_done(session.stream, "2")
    await house.sessions.end(number, None, since)
    assert await state_of(session) is SessionState.INTERRUPTED, "a new grace has begun"


async def test_one_recording_that_cannot_be_read_keeps_no_other_waiting(
    database: str, tmp_path: Path, segments: list[Path]
) -> None:
    """Fails when the first error ends the look: tried."""
    house = House()
    broken, _ = await house.on_air()
    whole, _ = await house.on_air(broken.merchant)
    for session in (broken, whole):
        lay(segments, tmp_path, session)
        await house.sessions.end(session.number, HOST)
    begun = min(int(path.stem) for path in (tmp_path / broken.stream).iterdir())
    (tmp_path / broken.stream / f"{begun - 1}.ts").mkdir()
    watch = supervision(house, tmp_path)
    assert await watch.look()
    assert await state_of(whole) is SessionState.REPLAY_READY
    assert await state_of(broken) is SessionState.ENDED
    (tmp_path / broken.stream / f"{begun - 1}.ts").rmdir()
    assert await watch.look()
    assert await state_of(broken) is SessionState.REPLAY_READY


async def test_a_file_that_cannot_be_made_is_tried_again_and_given_up(
    database: str, tmp_path: Path, segments: list[Path]
) -> None:
    house = House()
    session, _ = await house.on_air()
    lay(segments, tmp_path, session)
    await house.sessions.end(session.number, HOST)
    assert await supervision(house, tmp_path).look()
    replay = tmp_path / session.stream / REPLAY
    whole = replay.read_text()
    replay.write_text("#EXTM3U\n")
    archive = Archive(tmp_path, tmp_path / "archive", FfmpegRemuxer(FFMPEG), house.clock)
    with pytest.raises(FileNotMade):
        await make_archive_file(archive)
    assert await make_archive_file(archive) == 0  # not before its time
    house.clock.ahead += timedelta(minutes=3)
    replay.write_text(whole)
    assert await make_archive_file(archive) == 1
    assert await scalar("SELECT attempts FROM live_recording WHERE archive_state = 'made'") == 2
    await execute("UPDATE live_recording SET archive_state = 'making', attempts = $1", MAX_ATTEMPTS - 1)
    replay.write_text("#EXTM3U\n")
    house.clock.ahead += timedelta(minutes=16)  # a killed worker's claim
    with pytest.raises(FileNotMade):
        await make_archive_file(archive)
    assert await scalar("SELECT archive_state FROM live_recording") == "failed"


async def test_a_recording_that_kills_its_workers_is_given_up_too(
    database: str, tmp_path: Path, segments: list[Path]
) -> None:
    """Nobody lives to say that it failed. Fails when only an answer ends the attempts: tried."""
    house = House()
    session, _ = await house.on_air()
    lay(segments, tmp_path, session)
    await house.sessions.end(session.number, HOST)
    assert await supervision(house, tmp_path).look()
    await execute("UPDATE live_recording SET archive_state = 'making', attempts = $1", MAX_ATTEMPTS)
    archive = Archive(tmp_path, tmp_path / "archive", FfmpegRemuxer(FFMPEG), house.clock)
    house.clock.ahead += timedelta(minutes=16)
    assert await make_archive_file(archive) == 0
    assert await scalar("SELECT archive_state FROM live_recording") == "failed"


def paid(source: str | None, house: House) -> OrderPaid:
    line = PaidLine(
        line="1", sku="K1", product="P1", source=source, title="红糖", spec="500 g/罐", quantity=3, gross_fen=300,
        discount_fen=0, net_fen=300, host_commission_bp=0, mass_gram=500,
    )  # fmt: skip
    return OrderPaid(
        order="N1", merchant="M1", consumer="C1", source=source, channel="wechat_miniprogram", amount_fen=300,
        freight_fen=0, paid_at=house.clock(), lines=(line,),
    )  # fmt: skip


async def test_a_sale_is_told_in_its_room_without_a_name(database: str) -> None:
    house = House()
    session, _ = await house.on_air()
    for source in (None, "live:L20260101NOSUCH0001", "poster:7", f"live:{session.number}"):
        async with transaction():
            await on_order_paid(paid(source, house), house.sessions)
    told = await rows("SELECT payload::text AS told FROM live_feed_message WHERE kind = 'sold'")
    assert [json.loads(each["told"]) for each in told] == [
        {"name": "用户***C1", "title": "红糖", "spec": "500 g/罐", "quantity": 3}
    ]


async def test_presence_of_processes_long_gone_is_forgotten(database: str) -> None:
    house = House()
    session, _ = await house.on_air()
    await execute(
        "INSERT INTO live_room_presence (session_id, process, viewers, seen_at) VALUES"
        " ($1, 'old', 7, now() - interval '2 hours'), ($1, 'new', 1, now())",
        session.id,
    )
    assert await forget_presence() == 1
    assert await scalar("SELECT process FROM live_room_presence") == "new"
