"""The bell of live rooms over Redis pub/sub."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger("longchuan.live.bell")

CHANNEL = "longchuan:live:rooms"
RING_SECONDS = 0.2
RETRY_SECONDS = (0.2, 1.0, 3.0)


@dataclass
class RedisRoomBell:
    """Rings and hears. While Redis is away nothing is rung and the feeds are polled."""

    redis: "Redis"

    async def ring(self, number: str) -> None:
        """See :class:`live.ports.RoomBell`."""
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await asyncio.wait_for(self.redis.publish(CHANNEL, number), RING_SECONDS)

    async def rings(self) -> AsyncIterator[str]:
        """See :class:`live.ports.RoomBell`."""
        failures = 0
        while True:
            pubsub = self.redis.pubsub(ignore_subscribe_messages=True)
            try:
                await pubsub.subscribe(CHANNEL)
                while True:
                    message = await pubsub.get_message(timeout=5.0)
                    failures = 0
                    if message is not None:
                        data = message["data"]
                        yield data.decode() if isinstance(data, bytes) else str(data)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("the bell is silent: %s", type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
                failures += 1
            finally:
                with contextlib.suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]
