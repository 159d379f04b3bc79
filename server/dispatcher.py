"""The dispatcher process: outbox -> reactions, woken by NOTIFY, sweeping every second all the same."""

import asyncio
import contextlib
import signal

import asyncpg
import structlog
from tortoise.exceptions import BaseORMException

from kit.database import scalar
from kit.outbox import CHANNEL, Delivery
from server.bootstrap import bootstrap
from server.database import connected
from server.settings import Settings, load_settings
from server.subscriptions import reactions
from server.telemetry import DELIVERY_FAILURES, configure_logging

log = structlog.get_logger("dispatcher")

SWEEP_S = 1.0
LEADER_KEY = 533124  # the advisory lock of the one active dispatcher: the county code


def _failed(topic: str, handler: str, error: BaseException) -> None:
    DELIVERY_FAILURES.labels(topic, handler).inc()
    log.error("reaction_failed", topic=topic, handler=handler, exc_info=error)


async def dispatch(settings: Settings, stop: asyncio.Event) -> None:
    """Deliver until told to stop. Only the holder of the session lock delivers; others wait for it."""
    built = bootstrap(settings)
    async with connected(settings):
        await built.start()
        delivery = Delivery(reactions=reactions(built), failed=_failed)
        while not stop.is_set():
            try:
                await _lead(settings, delivery, stop)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, BaseORMException) as error:
                log.warning("database_lost", cause=f"{type(error).__name__}")
                await asyncio.sleep(0.5)
        await built.stop()


async def _lead(settings: Settings, delivery: Delivery, stop: asyncio.Event) -> None:
    woken = asyncio.Event()
    connection = await asyncpg.connect(settings.database.url, timeout=5)
    try:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_KEY):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1)
                return
        await connection.add_listener(CHANNEL, lambda *_: woken.set())
        log.info("leading")
        while not stop.is_set():
            woken.clear()
            while await delivery.deliver_due():
                if stop.is_set():
                    return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), SWEEP_S)
            await connection.fetchval("SELECT 1")
    finally:
        connection.terminate()


async def drain(delivery: Delivery) -> None:
    """Deliver until nothing is left; for tests and scripts."""
    while await scalar("SELECT count(*) FROM outbox_message WHERE delivered_at IS NULL"):
        if not await delivery.deliver_due():
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
