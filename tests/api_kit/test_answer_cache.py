"""Answers kept for a moment: how old they may be, how much room they take, and what happens when one cannot be made."""

import asyncio

import pytest

from api_kit.answer_cache import AnswerCache, Kept
from api_kit.doors import Door


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Maker:
    """Makes a new answer at every call; ``takes_s`` goes by on the watch before it is there."""

    def __init__(self, watch: Watch, takes_s: float = 0.0, size: int = 3) -> None:
        self.calls, self.watch, self.takes_s, self.size = 0, watch, takes_s, size

    async def __call__(self) -> bytes:
        self.calls += 1
        body = str(self.calls).encode().rjust(self.size)
        self.watch.now += self.takes_s
        await asyncio.sleep(0)
        return body


async def test_an_answer_counts_from_the_moment_at_which_its_making_began() -> None:
    watch = Watch()
    cache, make = AnswerCache(1.5, clock=watch), Maker(watch, takes_s=1.0)
    first = await cache.get("a", make)
    watch.now = 1.49
    assert (await cache.get("a", make)) is first
    watch.now = 1.5
    second = await cache.get("a", make)
    assert (second.body, make.calls) == (b"  2", 2)
    assert second.etag != first.etag


async def test_those_who_come_meanwhile_wait_for_one_making_but_not_for_an_old_one() -> None:
    watch = Watch()
    cache, make = AnswerCache(1.5, clock=watch), Maker(watch)
    assert len(set(await asyncio.gather(*(cache.get("a", make) for _ in range(50))))) == 1
    assert make.calls == 1
    watch.now, gate = 10.0, asyncio.Event()

    async def slow() -> bytes:
        await gate.wait()
        return b"old"

    waiting = asyncio.create_task(cache.get("a", slow))
    await asyncio.sleep(0)
    watch.now += 1.5
    assert (await cache.get("a", make)).body == b"  2"
    gate.set()
    assert (await waiting).body == b"old"


async def test_a_making_that_fails_or_is_ended_is_kept_by_nobody_and_made_by_the_next() -> None:
    watch = Watch()
    cache, make = AnswerCache(1.5, clock=watch), Maker(watch)

    async def fail() -> bytes:
        await asyncio.sleep(0)
        raise LookupError

    replies = await asyncio.gather(cache.get("a", fail), cache.get("a", make), return_exceptions=True)
    assert isinstance(replies[0], LookupError)
    assert isinstance(replies[1], Kept)

    async def never() -> bytes:
        await asyncio.Event().wait()
        return b""

    ended = asyncio.create_task(cache.get("b", never))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(cache.get("b", make))
    await asyncio.sleep(0)
    ended.cancel()
    assert (await waiting).body == b"  2"


async def test_the_room_is_bounded_by_bytes_and_by_entries() -> None:
    watch = Watch()
    cache = AnswerCache(1.5, max_bytes=8000, max_entries=5, clock=watch)
    for i in range(100):
        await cache.get(f"key {i}", Maker(watch, size=900))
    assert len(cache._entries) == 5
    assert cache.held_bytes == sum(len(k) + len(e.body) for k, e in cache._entries.items()) <= 8000
    kept = list(cache._entries)
    await cache.get("k" * 3000, Maker(watch))
    await cache.get("large", Maker(watch, size=1001))
    assert list(cache._entries) == kept


async def test_without_a_span_every_answer_is_made() -> None:
    watch = Watch()
    cache, make = AnswerCache(0, clock=watch), Maker(watch)
    await asyncio.gather(*(cache.get("a", make) for _ in range(5)))
    assert make.calls == 5
    assert cache.held_bytes == 0


def test_an_answer_for_everybody_cannot_know_who_asks() -> None:
    from accounts.actors import Consumer

    async def handler(actor: Consumer) -> None:
        """示例。"""

    with pytest.raises(TypeError, match="cannot know who asks"):
        Door("x", "/x", "x").get("/y", public=True, cached=True)(handler)
