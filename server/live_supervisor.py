"""Process: ``python -m server.live_supervisor``. Looks every second, while it holds the lease, and sets
right.

Who hands pictures to viewers reads them for itself (decision record 0003); this process owns what
the database says about them: lost callbacks, graces that have run out, recordings that must be closed, bans.
It listens to every stream by one ffmpeg of its own and writes down how it arrives (decision record 0078).
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from server.bootstrap import bootstrap
from server.database import connected
from server.outages import in_one_line, is_outage
from server.settings import Settings, load_settings
from server.telemetry import configure_logging

log = structlog.get_logger("live_supervisor")

LOOK_SECONDS = 1.0
MEASURE_SECONDS = 2.0
ENFORCE_SECONDS = 0.5
"""A ban must hold within two seconds: this, the relay's own half second, and what the two take."""


async def supervise(settings: Settings, stop: asyncio.Event) -> None:
    """Look until told to stop, then let the next supervisor begin at once."""
    built = bootstrap(settings)
    live = built.live
    async with connected(settings):
        watch = live.supervision
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_repeat(watch.look, LOOK_SECONDS, stop))
                # Beside the look and without its lease: nothing that is slow there may keep a ban waiting.
                enforce = partial(live.bans.enforce, settings.live.media.directory)
                tasks.create_task(_repeat(enforce, ENFORCE_SECONDS, stop))
                tasks.create_task(_repeat(live.monitoring.look, MEASURE_SECONDS, stop))
                tasks.create_task(_repeat(live.cloud_copies.look, LOOK_SECONDS, stop))
                tasks.create_task(_repeat(live.relay_outs.look, LOOK_SECONDS, stop))
                tasks.create_task(_repeat(live.rung_making.look, LOOK_SECONDS, stop))
        finally:
            await live.monitoring.stop()
            await live.cloud_copies.stop()
            await live.relay_outs.stop()
            await live.rung_making.stop()
            with contextlib.suppress(Exception):
                await watch.lease.release()
            await built.stop()


async def _repeat(step: Callable[[], Awaitable[object]], pause_s: float, stop: asyncio.Event) -> None:
    """A step again and again until told to stop."""
    away = False
    while not stop.is_set():
        away = await _try(step, away)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_s)


async def _try(step: Callable[[], Awaitable[object]], away: bool) -> bool:
    """One step; answers whether something outside is away, which is said once, when it begins and when it ends.

    Whatever goes wrong, the next step begins anew from the database.
    """
    try:
        await step()
    except Exception as error:
        if not is_outage(error):
            log.error("look_failed", exc_info=error)
        elif not away:
            log.warning("look_unavailable", cause=in_one_line(error))
        return is_outage(error)
    if away:
        log.info("looking_again")
    return False


async def _main() -> None:
    settings = load_settings()
    configure_logging(settings.log_level)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await supervise(settings, stop)


if __name__ == "__main__":
    asyncio.run(_main())
