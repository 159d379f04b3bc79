"""Posting what happens to order lines from one process per core, with a yardstick laid beside it.

The pace of a machine moves by half within minutes when others share it, so that a ratio of two windows says more of the
machine than of the books. Therefore each batch is followed by a computation that is always the same and touches no
page, and a window is compared with another in that measure. The pages that a window's statements touched need no clock.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection

import msgspec
from tortoise.context import TortoiseContext

from kit.database import scalar, transaction
from ledger.service import Journals
from poverty_alleviation.sales import SalesBooks
from scripts.benchmarks.books import Size, facts_of
from server.collecting import keep_what_stands
from server.database import tortoise_config
from server.settings import DatabaseSettings

BATCH = 250
_YARDSTICK = "SELECT count(*) FROM generate_series(1, 20000) AS n WHERE md5(n::text) > ''"
_PAGES = "SELECT sum(shared_blks_hit + shared_blks_read)::bigint FROM pg_stat_statements"


class Window(msgspec.Struct, frozen=True):
    """What the posting of some lines took: seconds, those of the yardstick not in them, and pages touched."""

    clock_s: float
    yardstick_s: float
    pages: int

    @property
    def cost(self) -> float:
        """How many yardsticks it took."""
        return self.clock_s / self.yardstick_s


async def on_database(url: str, work: Callable[[], Awaitable[None]]) -> None:
    """Some work on it, as the application's processes do it."""
    keep_what_stands()
    async with TortoiseContext() as context:
        settings = DatabaseSettings(url=url, pool_max=4, statement_timeout_ms=600_000, command_timeout_s=600)
        await context.init(config=tortoise_config(settings), _enable_global_fallback=True)
        await work()
        await context.close_connections()


async def _post(size: Size, serials: range) -> float:
    """Everything of these lines, in batches as the dispatcher makes them; answers the yardstick's seconds."""
    books, yardstick_s = SalesBooks(Journals()), 0.0
    for first in range(serials.start, serials.stop, BATCH):
        paid, packed, earned = facts_of(size, range(first, min(first + BATCH, serials.stop)))
        async with transaction():
            await books.record_paid_orders(paid)
        async with transaction():
            await books.record_packed_orders(packed)
        async with transaction():
            await books.record_earned_orders(earned)
        began = time.perf_counter()
        await scalar(_YARDSTICK)
        yardstick_s += time.perf_counter() - began
    return yardstick_s


class Worker:
    """A process that posts its half of every window."""

    def __init__(self, url: str, size: Size, part: int) -> None:
        context = get_context("spawn")
        self._pipe, there = context.Pipe()
        self._process = context.Process(target=_work, args=(url, size, part, there), daemon=True)
        self._process.start()

    def begin(self, serials: range) -> None:
        """Let it post; ``done`` waits for it."""
        self._pipe.send((serials.start, serials.stop))

    def done(self) -> float:
        """Wait until what was begun is in the books; answers the yardstick's seconds."""
        found: float | str = self._pipe.recv()
        if isinstance(found, str):
            raise RuntimeError(found)
        return found

    def end(self) -> None:
        """Let it go."""
        self._process.terminate()
        self._process.join()


def _work(url: str, size: Size, part: int, pipe: Connection) -> None:
    async def serve() -> None:
        pipe.send(0.0)
        while True:
            first, last = pipe.recv()
            middle = (first + last) // 2
            try:
                pipe.send(await _post(size, range(middle, last) if part else range(first, middle)))
            except Exception as error:
                pipe.send(repr(error))

    asyncio.run(on_database(url, serve))


async def post(workers: Sequence[Worker], serials: range) -> Window:
    """Let them post these lines, each its half."""
    began, pages = time.perf_counter(), await scalar(_PAGES)
    for worker in workers:
        worker.begin(serials)
    yardsticks = [await asyncio.to_thread(worker.done) for worker in workers]
    yardstick_s = sum(yardsticks) / len(yardsticks)
    clock_s = time.perf_counter() - began - yardstick_s
    return Window(clock_s, yardstick_s, await scalar(_PAGES) - pages)
