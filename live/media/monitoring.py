"""Whoever holds the supervisor's lease listens to every stream on air and writes down how it is.

One ffmpeg per stream (:class:`live.ports.StreamTap`): it copies what arrives, decodes the key frames alone, small, and
the sound. The pictures that viewers get do not pass through it.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import Any

from kit.clock import Clock, utc_now
from kit.database import execute, rows, transaction
from live.media.flv import FlvBrokenError, FlvReader
from live.media.supervision import LEASE_SECONDS, Lease
from live.media.vitals import Limits, Meter, Reading
from live.ports import StreamTap

log = logging.getLogger("longchuan.live.media.monitoring")

BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 15.0)


@dataclass
class Monitor:
    """One publish and the ffmpeg that listens to it."""

    stream: str
    tap: StreamTap
    meter: Meter
    task: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        """Until cancelled; an ffmpeg that has ended is started again, ever more slowly."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            try:
                await self._listen_once()
            except (FlvBrokenError, OSError) as error:
                log.warning("tap of %s…: %s", self.stream[:6], error)
            failures = 0 if loop.time() - began > 10 else failures + 1
            await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])

    async def _listen_once(self) -> None:
        loop = asyncio.get_running_loop()
        reader = FlvReader()
        found = self.tap.read(
            self.stream, self.meter.limits, lambda name, value: self.meter.hear(name, value, loop.time())
        )
        async with contextlib.aclosing(found) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                for tag in reader.feed(piece):
                    self.meter.take(tag, loop.time())

    async def stop(self) -> None:
        """End the ffmpeg."""
        if self.task is not None:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task


@dataclass
class Monitoring:
    """Every stream on air or in a rehearsal, while the lease is held."""

    lease: Lease
    tap: StreamTap
    limits: Limits = field(default_factory=Limits)
    clock: Clock = utc_now
    _monitors: dict[tuple[str, int], Monitor] = field(default_factory=dict)
    _held_s: float = 0

    async def look(self) -> None:
        """Begin and end taps as sessions come and go, and write the last values."""
        loop = asyncio.get_running_loop()
        try:
            held = await self.lease.still_holds()
        except Exception:
            if loop.time() - self._held_s > LEASE_SECONDS:  # another holds it by now
                await self.stop()
            raise
        if not held:
            await self.stop()
            return
        self._held_s = loop.time()
        on_air = await rows(
            "SELECT s.id, s.stream, p.generation FROM live_session s JOIN live_stream_publish p ON p.session_id = s.id"
            " WHERE s.state = 'live' AND p.ended_at IS NULL"
            " UNION ALL SELECT s.id, s.stream, -r.id FROM live_session s JOIN live_rehearsal r ON r.session_id = s.id"
            " WHERE s.state = 'ready' AND r.client IS NOT NULL"
        )
        await self._follow({(each["stream"], each["generation"]) for each in on_air})
        for each in on_air:
            monitor = self._monitors[(each["stream"], each["generation"])]
            await self._write(each, monitor.meter.reading(loop.time()))
        await execute(
            "UPDATE live_host_warning SET ended_at = $1 WHERE ended_at IS NULL AND NOT session_id = ANY($2::bigint[])",
            self.clock(),
            [each["id"] for each in on_air],
        )

    async def _follow(self, publishes: set[tuple[str, int]]) -> None:
        for gone in self._monitors.keys() - publishes:
            await self._monitors.pop(gone).stop()
        now_s = asyncio.get_running_loop().time()
        for stream, generation in publishes - self._monitors.keys():
            monitor = Monitor(stream, self.tap, Meter(now_s, self.limits))
            monitor.task = asyncio.create_task(monitor.listen())
            self._monitors[(stream, generation)] = monitor

    async def _write(self, session: dict[str, Any], reading: Reading) -> None:
        """The last values, the warnings that have begun and those that are over."""
        now = self.clock()
        kinds = sorted(kind.value for kind in reading.warnings)
        async with transaction():
            await execute(
                "INSERT INTO live_vitals (session_id, measured_at, bits_per_s, frames_per_s, key_frame_interval_ms,"
                " key_frame_age_ms, delay_ms, sound_level_db) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                " ON CONFLICT (session_id) DO UPDATE SET measured_at = excluded.measured_at,"
                " bits_per_s = excluded.bits_per_s, frames_per_s = excluded.frames_per_s,"
                " key_frame_interval_ms = excluded.key_frame_interval_ms, key_frame_age_ms = excluded.key_frame_age_ms,"
                " delay_ms = excluded.delay_ms, sound_level_db = excluded.sound_level_db",
                session["id"],
                now,
                reading.bits_per_s,
                reading.frames_per_s,
                reading.key_frame_interval_ms,
                reading.key_frame_age_ms,
                reading.delay_ms,
                reading.sound_level_db,
            )
            await execute(
                "UPDATE live_host_warning SET ended_at = $2"
                " WHERE session_id = $1 AND ended_at IS NULL AND NOT kind = ANY($3::text[])",
                session["id"],
                now,
                kinds,
            )
            await execute(
                "INSERT INTO live_host_warning (session_id, kind, begun_at) SELECT $1::bigint, kind, $2::timestamptz"
                " FROM unnest($3::text[]) AS kind ON CONFLICT (session_id, kind) WHERE ended_at IS NULL DO NOTHING",
                session["id"],
                now,
                kinds,
            )

    async def stop(self) -> None:
        """End every tap."""
        await self._follow(set())
