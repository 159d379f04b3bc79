"""What a host, and the county, read about how a broadcast arrives."""

from dataclasses import dataclass
from datetime import datetime

from kit.database import row, rows

SHOWN_WARNINGS = 50


@dataclass(frozen=True)
class VitalsNow:
    """The last values that were measured; the level in dB of full scale."""

    measured_at: datetime
    bits_per_s: int
    frames_per_s: float
    key_frame_interval_ms: int | None
    key_frame_age_ms: int | None
    delay_ms: int
    sound_level_db: float | None


@dataclass(frozen=True)
class WarningLine:
    """What was wrong, from when to when; ``ended_at`` is None while it is."""

    kind: str
    begun_at: datetime
    ended_at: datetime | None


async def vitals_of(session_id: int) -> VitalsNow | None:
    """The last values of a session; None when it has not been on air."""
    found = await row(
        "SELECT measured_at, bits_per_s, (frame_rate_milli / 1000.0)::float8 AS frames_per_s, key_frame_interval_ms,"
        " key_frame_age_ms, delay_ms, (sound_level_milli / 1000.0)::float8 AS sound_level_db FROM live_vitals"
        " WHERE session_id = $1",
        session_id,
    )
    return VitalsNow(**found) if found else None


async def warnings_of(session_id: int) -> tuple[WarningLine, ...]:
    """The last warnings of a session: those that hold first, then the latest."""
    found = await rows(
        "SELECT kind, begun_at, ended_at FROM live_host_warning WHERE session_id = $1"
        " ORDER BY (ended_at IS NULL) DESC, begun_at DESC, id DESC LIMIT $2",
        session_id,
        SHOWN_WARNINGS,
    )
    return tuple(WarningLine(**each) for each in found)


async def warned_of(session_id: int) -> list[str]:
    """What is wrong with a session's pictures and sound now, by kind."""
    found = await rows(
        "SELECT kind FROM live_host_warning WHERE session_id = $1 AND ended_at IS NULL ORDER BY begun_at, id",
        session_id,
    )
    return [each["kind"] for each in found]


@dataclass(frozen=True)
class RungLine:
    """A smaller rendition that was asked for; ``running_since`` is None while there are no pictures of it."""

    asked_at: datetime
    running_since: datetime | None


async def rung_of(session_id: int) -> RungLine | None:
    """The smaller rendition that a session on air has asked for."""
    found = await row(
        "SELECT r.asked_at, r.running_since FROM live_rung r JOIN live_session s ON s.id = r.session_id"
        " WHERE r.session_id = $1 AND r.given_up_at IS NULL AND s.state IN ('live', 'interrupted')",
        session_id,
    )
    return RungLine(**found) if found else None


@dataclass(frozen=True)
class RelayTargetLine:
    """A platform that a session is handed on to; of its address no more than the server."""

    number: str
    title: str
    server: str
    running_since: datetime | None
    failed_at: datetime | None
    failures: int


async def relay_targets_of(session_id: int) -> tuple[RelayTargetLine, ...]:
    """The platforms of a session, in the order in which they were entered."""
    found = await rows(
        "SELECT number, title, server, running_since, failed_at, failures FROM live_relay_target"
        " WHERE session_id = $1 AND removed_at IS NULL ORDER BY id",
        session_id,
    )
    return tuple(RelayTargetLine(**each) for each in found)
