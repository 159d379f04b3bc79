"""What is measured of a broadcast, and what its host is warned of and when."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from kit.database import execute, rows, scalar
from live.media.flv import AUDIO, FILE_HEADER, VIDEO, Tag
from live.media.monitoring import Monitoring
from live.media.queries import vitals_of, warned_of, warnings_of
from live.media.supervision import Lease
from live.media.vitals import Limits, Meter
from tests.live.rooms import House
from tests.live.waiting import until


def picture(at_ms: int, *, key: bool = False, size: int = 1000) -> Tag:
    return Tag(VIDEO, at_ms, (b"\x17\x01\0\0\0" if key else b"\x27\x01\0\0\0").ljust(size, b"p"))


def sound(at_ms: int) -> Tag:
    return Tag(AUDIO, at_ms, b"\xaf\x01".ljust(100, b"s"))


def play(meter: Meter, from_s: float, to_s: float, *, gop: int = 50, late_s: float = 0, silent: bool = False) -> float:
    """25 pictures and as many tags of sound a second, arriving ``late_s`` after their time; answers the end."""
    for n in range(int(from_s * 25), int(to_s * 25)):
        meter.take(picture(n * 40, key=n % gop == 0), n / 25 + late_s)
        if not silent:
            meter.take(sound(n * 40), n / 25 + late_s)
    return to_s + late_s


def test_a_broadcast_that_is_well_is_measured_and_nobody_is_warned() -> None:
    meter = Meter(0.0)
    end = play(meter, 0, 20)
    for name, value in (("lavfi.astats.Overall.RMS_level", "-21.03"), ("lavfi.unknown", "x")):
        meter.hear(name, value, end)
    now = meter.reading(end)
    assert now.bits_per_s == pytest.approx(25 * 1100 * 8, rel=0.02)
    assert now.frames_per_s == pytest.approx(25, abs=0.3)
    assert (now.key_frame_interval_ms, now.delay_ms, now.sound_level_db) == (2000, 0, -21.0)
    assert now.key_frame_age_ms == 2000
    assert now.warnings == frozenset()


def warned(meter: Meter, now_s: float) -> set[str]:
    return {kind.value for kind in meter.reading(now_s).warnings}


def test_every_warning_begins_at_its_limit_and_ends_with_its_cause() -> None:
    limits = Limits(silent_s=30, black_s=3, no_picture_s=10)
    meter = Meter(0.0, limits)
    play(meter, 0, 20)
    assert warned(meter, 27.9) == set()
    assert warned(meter, 28) == {"no_picture"}  # the last key frame came at 18 s
    assert warned(meter, 50) == {"no_picture", "silent"}
    play(meter, 50, 60)
    assert warned(meter, 60) == set()
    for begins, ends, kind in (
        ("lavfi.silence_start", "lavfi.silence_end", "silent"),
        ("lavfi.freezedetect.freeze_start", "lavfi.freezedetect.freeze_end", "frozen"),
    ):
        meter.hear(begins, "1", 60)
        assert warned(meter, 60) == {kind}
        meter.hear(ends, "1", 60)
        assert warned(meter, 60) == set()
    meter.hear("lavfi.black_start", "1", 60)
    assert [warned(meter, at) for at in (62.9, 63)] == [set(), {"black"}]
    meter.hear("lavfi.black_end", "1", 63)
    assert warned(meter, 63) == set()
    for name in ("lavfi.silence_start", "lavfi.freezedetect.freeze_start", "lavfi.black_start"):
        meter.hear(name, "1", 60)
    meter.listen_anew()
    assert warned(meter, 63) == set()


def test_key_frames_far_apart_and_a_line_that_falls_behind_are_told() -> None:
    meter = Meter(0.0)
    assert warned(meter, play(meter, 0, 20, gop=100)) == set()
    meter = Meter(0.0)
    assert warned(meter, play(meter, 0, 20, gop=125)) == {"key_frames_far"}
    assert meter.reading(20).key_frame_interval_ms == 5000
    meter = Meter(0.0)
    play(meter, 0, 10)
    assert warned(meter, play(meter, 10, 20, late_s=2.9)) == set()
    end = play(meter, 20, 30, late_s=3.1)
    assert warned(meter, end) == {"delayed"}
    assert meter.reading(end).delay_ms == pytest.approx(3100, abs=1)
    play(meter, 1000, 1010, late_s=-900)  # the encoder's clock begins anew
    assert meter.reading(110).delay_ms == 0


def test_a_rate_that_is_odd_for_ten_seconds_is_told() -> None:
    """Fails when it is told at once, and when silence on the line counts as a low rate: tried."""
    limits = Limits(no_picture_s=60, silent_s=1000)
    for size, kind in ((100, "bit_rate_low"), (30_000, "bit_rate_high")):
        meter, told = Meter(0.0, limits), dict[int, set[str]]()
        for second in range(40):
            usual = second < 5 or second >= 25
            for n in range(25):
                at_s = second + n / 25
                meter.take(picture(int(at_s * 1000), key=n == 0, size=1500 if usual else size), at_s)
            told[second] = warned(meter, second + 1)
        since = next(second for second, kinds in told.items() if kinds)
        assert 14 <= since <= 20, told
        assert told[24] == {kind}
        assert told[32] == set()
    assert [warned(meter, at) for at in (44.5, 70)] == [set(), set()]


@pytest.mark.parametrize(("said", "level"), [("-inf", -120.0), ("-90.31", -90.3), ("nan", None), ("word", None)])
def test_a_level_of_nothing_is_a_number(said: str, level: float | None) -> None:
    meter = Meter(0.0)
    meter.hear("lavfi.astats.Overall.RMS_level", said, 1)
    assert meter.reading(1).sound_level_db == level


@dataclass
class Line:
    """A tap that plays what a test wants; it counts how often it was opened and how many are open."""

    opened: int = 0
    open: int = 0
    told: list[tuple[str, str]] = field(default_factory=list)

    async def read(self, stream: str, limits: Limits, hear: Callable[[str, str], None]) -> AsyncIterator[bytes]:
        self.opened += 1
        self.open += 1
        try:
            yield FILE_HEADER
            n = 0
            while True:
                while self.told:
                    hear(*self.told.pop(0))
                yield picture(n * 40, key=n % 25 == 0).encode(n * 40) + sound(n * 40).encode(n * 40)
                n += 1
                await asyncio.sleep(0.01)
        finally:
            self.open -= 1


async def test_values_and_warnings_are_kept_while_the_lease_is_held(database: str) -> None:
    """One tap a stream. Fails when a supervisor without the lease listens too and when no warning is ended: tried."""
    house, line, other = House(), Line(), Line()
    session, _ = await house.on_air()
    lease = Lease()
    assert await lease.hold()
    first, second = Monitoring(lease, line), Monitoring(Lease(), other)
    for _ in range(2):
        await first.look()
        await second.look()
    await until(lambda: line.open == 1, 5, 0.01)
    line.told += [("lavfi.freezedetect.freeze_start", "1"), ("lavfi.astats.Overall.RMS_level", "-30")]

    async def kinds(monitoring: Monitoring) -> list[tuple[str, bool]]:
        await monitoring.look()
        return [(w.kind, w.ended_at is None) for w in await warnings_of(session.id)]

    async def is_told(wanted: list[tuple[str, bool]]) -> bool:
        return await kinds(first) == wanted

    await until(lambda: is_told([("frozen", True)]), 5)

    async def is_measured() -> bool:
        await first.look()
        kept = await vitals_of(session.id)
        return kept is not None and kept.key_frame_interval_ms is not None

    await until(is_measured, 5)
    assert await kinds(first) == [("frozen", True)]
    kept = await vitals_of(session.id)
    assert kept is not None
    assert (kept.key_frame_interval_ms, kept.sound_level_db) == (1000, -30.0)
    assert kept.bits_per_s > 0
    line.told += [("lavfi.freezedetect.freeze_end", "1")]
    await until(lambda: is_told([("frozen", False)]), 5)
    line.told += [("lavfi.silence_start", "1")]
    await until(lambda: is_told([("silent", True), ("frozen", False)]), 5)
    assert await warned_of(session.id) == ["silent"]
    assert (line.opened, other.opened) == (1, 0)
    await execute("UPDATE live_lease SET expires_at = now() - interval '1 second'")
    assert await second.lease.hold()
    await first.look()
    assert line.open == 0
    await second.look()
    await until(lambda: other.open == 1, 5, 0.01)
    await house.publishing.note_done(session.stream, "1")
    await second.look()
    assert other.open == 0
    assert await scalar("SELECT count(*) FROM live_host_warning WHERE ended_at IS NULL") == 0
    assert await rows("SELECT count(*) AS n FROM live_vitals") == [{"n": 1}]
    told = await rows("SELECT kind FROM live_feed_message")
    assert {each["kind"] for each in told} == {"state"}, "viewers are told nothing of it"
