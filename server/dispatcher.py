"""The dispatcher process: outbox -> reactions, woken by the outbox's bell, sweeping every second all the same."""

import asyncio
import contextlib
import signal
import time
from dataclasses import dataclass, field

import asyncpg
import structlog

from kit.database import scalar
from kit.outbox import CHANNEL, RING_APART_S, Delivery
from server.bootstrap import bootstrap
from server.collecting import keep_what_stands
from server.database import connected
from server.outages import in_one_line, is_outage
from server.settings import Settings, load_settings
from server.subscriptions import reactions
from server.tallies import DELIVERY_FAILURES, Tallies
from server.telemetry import configure_logging

log = structlog.get_logger("dispatcher")

SWEEP_S = 1.0
AWAKE_S = 2 * RING_APART_S
"""So long it looks again every ``LOOK_S`` after a bell: nobody rings for what follows shortly after."""
LOOK_S = 0.05
RECONNECT_S = 0.5
LEADER_KEY = 533124  # the advisory lock of the one active dispatcher: the county code


@dataclass
class Failures:
    """Failed reactions: logged at once, counted when the batch is over, because counting goes over the network."""

    tallies: Tallies
    _uncounted: list[tuple[str, str]] = field(default_factory=list)

    def note(self, topic: str, handler: str, error: BaseException) -> None:
        """A reaction has failed and will be tried again."""
        self._uncounted.append((topic, handler))
        if is_outage(error):
            log.warning("reaction_unavailable", topic=topic, handler=handler, cause=in_one_line(error))
        else:
            log.error("reaction_failed", topic=topic, handler=handler, exc_info=error)

    async def count(self) -> None:
        """Count what was noted."""
        while self._uncounted:
            await self.tallies.count(DELIVERY_FAILURES, *self._uncounted.pop())


async def dispatch(settings: Settings, stop: asyncio.Event) -> None:
    """Deliver until told to stop. Only the holder of the session lock delivers; others wait for it."""
    built = bootstrap(settings)
    async with connected(settings):
        await built.start()
        keep_what_stands()
        failures = Failures(built.tallies)
        delivery = Delivery(reactions=reactions(built), failed=failures.note)
        away = False
        while not stop.is_set():
            try:
                connection = await asyncpg.connect(settings.database.url, timeout=5, command_timeout=10)
                away = False
                await _lead(connection, delivery, failures, stop)
            except Exception as error:
                if not is_outage(error):
                    log.error("delivery_failed", exc_info=error)
                elif not away:
                    log.warning("database_lost", cause=in_one_line(error))
                away = is_outage(error)
                await asyncio.sleep(RECONNECT_S)
        await built.stop()


async def _lead(connection: asyncpg.Connection, delivery: Delivery, failures: Failures, stop: asyncio.Event) -> None:
    woken, asleep_at = asyncio.Event(), 0.0
    try:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_KEY):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1)
                return
        await connection.add_listener(CHANNEL, lambda *_: woken.set())
        log.info("leading")
        while not stop.is_set():
            if woken.is_set():
                woken.clear()
                asleep_at = time.monotonic() + AWAKE_S
            while await delivery.deliver_due():
                await failures.count()
                if stop.is_set():
                    return
            if time.monotonic() < asleep_at:
                await asyncio.sleep(LOOK_S)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), SWEEP_S)
            await connection.fetchval("SELECT 1")
    finally:
        connection.terminate()


async def drain(delivery: Delivery) -> None:
    """Deliver until nothing is left; for tests and scripts. A fact that still fails after a minute is raised."""
    patience_ends = time.monotonic() + 60
    while await scalar("SELECT count(*) FROM outbox_message WHERE delivered_at IS NULL"):
        if not await delivery.deliver_due():
            if time.monotonic() > patience_ends:
                cause = "SELECT last_error FROM outbox_message WHERE delivered_at IS NULL ORDER BY id LIMIT 1"
                raise RuntimeError(await scalar(cause))
            await asyncio.sleep(0.05)


async def _main() -> None:
    settings = load_settings()
    configure_logging(settings.log_level)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await dispatch(settings, stop)


if __name__ == "__main__":
    asyncio.run(_main())
