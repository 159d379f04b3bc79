"""Signs that a SKU is sold out, shared by the API processes over Redis."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from redis.asyncio import Redis
from redis.exceptions import RedisError

KEY = "longchuan:sold_out"
LIFE_S = 0.8
"""How long a sign hangs. It is never renewed by reading, so a piece that came back is refused no longer than this."""

READ_EVERY_S = 0.2
PATIENCE_S = 0.1
MAX_SIGNS = 1000


@dataclass
class RedisSoldOutSigns:
    """One sorted set of SKUs by the moment at which their sign falls. Without Redis each process knows its own."""

    redis: "Redis"
    clock: Callable[[], float] = time.time
    patience_s: float = PATIENCE_S
    _until: dict[str, float] = field(default_factory=dict)
    _read_at: float = 0.0

    async def hang(self, sku: str) -> None:
        """See :class:`products.ports.SoldOutSigns`."""
        now = self.clock()
        self._until[sku] = now + LIFE_S
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(self.patience_s), self.redis.pipeline(transaction=False) as pipe:
                pipe.zadd(KEY, {sku: now + LIFE_S})
                pipe.zremrangebyscore(KEY, "-inf", now)
                pipe.expire(KEY, 2)
                await pipe.execute()

    async def hangs(self, skus: Collection[str]) -> str | None:
        """See :class:`products.ports.SoldOutSigns`."""
        now = self.clock()
        if now - self._read_at >= READ_EVERY_S or now < self._read_at:
            self._read_at = now  # the others go on with what is known: a sign carries its own end
            await self._read(now)
        return next((sku for sku in skus if now < self._until.get(sku, 0.0)), None)

    async def _read(self, now: float) -> None:
        self._until = {sku: until for sku, until in self._until.items() if until > now}
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(self.patience_s):
                found: list[tuple[bytes, float]] = await self.redis.zrangebyscore(
                    KEY, now, "+inf", start=0, num=MAX_SIGNS, withscores=True
                )  # type: ignore[assignment]
            for sku, until in found:
                # Another machine's clock may be ahead; no sign is believed for longer than its life.
                self._until[sku.decode()] = min(float(until), now + LIFE_S)
