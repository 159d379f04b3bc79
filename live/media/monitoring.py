"""Whoever holds the supervisor's lease listens to every stream on air and writes down how it is.

One ffmpeg per stream (:class:`live.ports.StreamTap`): it copies what arrives, decodes the key frames alone, small, and
the sound. The pictures that viewers get do not pass through it.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from functools import partial

from kit.clock import Clock, utc_now
from kit.database import execute, rows, transaction
from live.media.flv import FlvBrokenError, FlvReader
from live.media.leased import Key, LeasedTasks
from live.media.supervision import Lease
from live.media.vitals import Limits, Meter, Reading
from live.ports import StreamTap

log = logging.getLogger("longchuan.live.media.monitoring")


@dataclass
class Monitoring:
    """Every stream on air or in a rehearsal, while the lease is held."""

    lease: Lease
    tap: StreamTap
    limits: Limits = field(default_factory=Limits)
    clock: Clock = utc_now
    _meters: dict[Key, Meter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._taps = LeasedTasks(self.lease)

    async def look(self) -> None:
        """Begin and end taps as sessions come and go, and write the last values."""
        if not await self._taps.may_run():
            return
        now_s = asyncio.get_running_loop().time()
        on_air = await rows(
            "SELECT s.id, s.stream, p.generation FROM live_session s JOIN live_stream_publish p ON p.session_id = s.id"
            " WHERE s.state = 'live' AND p.ended_at IS NULL"
            " UNION ALL SELECT s.id, s.stream, -r.id FROM live_session s JOIN live_rehearsal r ON r.session_id = s.id"
            " WHERE s.state = 'ready' AND r.client IS NOT NULL"
        )
        keys: dict[int, Key] = {each["id"]: (each["stream"], each["generation"]) for each in on_air}
        self._meters = {key: self._meters.get(key) or Meter(now_s, self.limits) for key in keys.values()}
        await self._taps.follow({key: partial(self._listen, key[0], meter) for key, meter in self._meters.items()})
        for session_id, key in keys.items():
            await self._write(session_id, self._meters[key].reading(now_s))
        await execute(
            "UPDATE live_host_warning SET ended_at = $1 WHERE ended_at IS NULL AND NOT session_id = ANY($2::bigint[])",
            self.clock(),
            list(keys),
        )

    async def _listen(self, stream: str, meter: Meter) -> None:
        """Until the stream ends or stalls."""
        loop = asyncio.get_running_loop()
        meter.listen_anew()
        reader = FlvReader()
        found = self.tap.read(stream, meter.limits, lambda name, value: meter.hear(name, value, loop.time()))
        try:
            async with contextlib.aclosing(found) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    for tag in reader.feed(piece):
                        meter.take(tag, loop.time())
        except (FlvBrokenError, OSError) as error:
            log.warning("tap of %s…: %s", stream[:6], error)

    async def _write(self, session_id: int, reading: Reading) -> None:
        """The last values, the warnings that have begun and those that are over."""
        now = self.clock()
        kinds = sorted(kind.value for kind in reading.warnings)
        async with transaction():
            await execute(
                "INSERT INTO live_vitals (session_id, measured_at, bits_per_s, frame_rate_milli, key_frame_interval_ms,"
                " key_frame_age_ms, delay_ms, sound_level_milli) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                " ON CONFLICT (session_id) DO UPDATE SET measured_at = excluded.measured_at,"
                " bits_per_s = excluded.bits_per_s, frame_rate_milli = excluded.frame_rate_milli,"
                " key_frame_interval_ms = excluded.key_frame_interval_ms, key_frame_age_ms = excluded.key_frame_age_ms,"
                " delay_ms = excluded.delay_ms, sound_level_milli = excluded.sound_level_milli",
                session_id,
                now,
                reading.bits_per_s,
                round(reading.frames_per_s * 1000),
                reading.key_frame_interval_ms,
                reading.key_frame_age_ms,
                reading.delay_ms,
                None if reading.sound_level_db is None else round(reading.sound_level_db * 1000),
            )
            await execute(
                "UPDATE live_host_warning SET ended_at = $2"
                " WHERE session_id = $1 AND ended_at IS NULL AND NOT kind = ANY($3::text[])",
                session_id,
                now,
                kinds,
            )
            await execute(
                "INSERT INTO live_host_warning (session_id, kind, begun_at) SELECT $1::bigint, kind, $2::timestamptz"
                " FROM unnest($3::text[]) AS kind ON CONFLICT (session_id, kind) WHERE ended_at IS NULL DO NOTHING",
                session_id,
                now,
                kinds,
            )

    async def stop(self) -> None:
        """End every tap."""
        await self._taps.stop()
