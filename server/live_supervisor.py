"""Process: ``python -m server.live_supervisor``. Looks every second, while it holds the lease, and sets
right.

The endless ffmpeg pipes belong to the relay that reads them (decision record 0003); this process owns what
the database says about them: lost callbacks, graces that have run out, recordings that must be closed.
"""

import asyncio
import contextlib
import signal

import structlog

from live.media.supervision import Supervision
from server.bootstrap import bootstrap
from server.database import connected
from server.outages import in_one_line, is_outage
from server.settings import Settings, load_settings
from server.telemetry import configure_logging

log = structlog.get_logger("live_supervisor")

LOOK_SECONDS = 1.0


async def supervise(settings: Settings, stop: asyncio.Event) -> None:
    """Look until told to stop, then let the next supervisor begin at once."""
    built = bootstrap(settings)
    async with connected(settings):
        watch = built.supervision
        away = False
        try:
            while not stop.is_set():
                away = await _look(watch, away)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
        finally:
            with contextlib.suppress(Exception):
                await watch.lease.release()
            await built.stop()


async def _look(watch: Supervision, away: bool) -> bool:
    """One look; answers whether something outside is away, which is said once, when it begins and when it ends.

    Whatever goes wrong, the next look begins anew from the database.
    """
    try:
        await watch.look()
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
