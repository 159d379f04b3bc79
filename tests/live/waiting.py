"""Waiting for something in another process."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable


async def until(question: Callable[[], bool | Awaitable[bool]], seconds: float, pause_s: float = 0.1) -> None:
    """Ask again and again until the answer is yes. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            answer = question()
            if inspect.isawaitable(answer):
                answer = await answer
            if answer:
                return
            await asyncio.sleep(pause_s)
