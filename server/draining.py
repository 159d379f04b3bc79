"""The end of an API process: not ready first, still serving for a while, then no new connections.

After Sanic's own stop the kernel goes on accepting connections that nobody answers, so whoever routes requests has to
look elsewhere before it (reliability reference 0.2).
"""

import asyncio
import signal
from functools import partial
from typing import Any

import structlog
from sanic import Sanic

log = structlog.get_logger("draining")

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def drain_on_signals(app: Sanic[Any, Any], drain_s: float) -> None:
    """On SIGTERM and SIGINT: readiness says draining for ``drain_s`` seconds, then the server stops.

    A second signal stops it at once. Run the server with ``register_sys_signals=False``. Requests that are under way
    at the stop have Sanic's GRACEFUL_SHUTDOWN_TIMEOUT to finish.
    """
    stop = partial(app.stop, terminate=False)
    due: list[asyncio.TimerHandle] = []

    def begin() -> None:
        if app.ctx.draining or not drain_s:
            # A timer that is left would stop the loop again while the server closes its connections.
            for timer in due:
                timer.cancel()
            stop()
        else:
            log.info("draining")
            due.append(asyncio.get_running_loop().call_later(drain_s, stop))
        app.ctx.draining = True

    async def listen(_: Any) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, begin)

    app.register_listener(listen, "after_server_start")
