"""Waiting for something in another process."""

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE_S = 60.0
POLL_S = 0.02


async def until(question: Callable[[], Awaitable[bool] | bool], patience_s: float = PATIENCE_S) -> None:
    """Ask until the answer is yes. Raises TimeoutError."""
    async with asyncio.timeout(patience_s):
        while True:
            answer = question()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(POLL_S)
