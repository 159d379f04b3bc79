"""Answers kept for a moment: how old they may be, how much room they take, and what happens when one cannot be made."""

import asyncio
from collections.abc import Sequence

import pytest

from api_kit.answer_cache import MOST_TOGETHER, AnswerCache, Kept
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


class MakesSeveral:
    """Makes answers together and notes for whom; ``gone`` are those that there are no more."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.gone: set[str] = set()

    async def __call__(self, keys: Sequence[str]) -> dict[str, bytes]:
        self.asked.append(list(keys))
        await asyncio.sleep(0)
        return {key: f"{key} {len(self.asked)}".encode() for key in keys if key not in self.gone}


async def test_what_was_asked_for_a_moment_ago_is_made_together_before_it_is_too_old() -> None:
    """Fails when ``AnswerCache._due`` takes what is too young, or what was asked for long ago: tried with both."""
    watch = Watch()
    cache, make, several = AnswerCache(1.5, clock=watch), Maker(watch), MakesSeveral()
    await cache.get("long ago", make, several)
    watch.now = 20.0
    for key in "abc":
        await cache.get(key, make, several)
    watch.now = 20.6
    await cache.get("young", make, several)
    assert several.asked == [], "a first answer is made alone"
    watch.now = 21.5
    assert (await cache.get("b", make, several)).body == b"b 1"
    assert several.asked == [["b", "a", "c"]]
    watch.now, calls = 22.7, make.calls
    assert [(await cache.get(key, make, several)).body for key in "abc"] == [b"a 1", b"b 1", b"c 1"]
    assert (len(several.asked), make.calls) == (1, calls), "from memory"
    watch.now = 23.0
    assert (await cache.get("a", make, several)).body == b"a 2", "1.5 s after the making began, together or not"
    assert several.asked[1] == ["a", "young", "b", "c"]
    watch.now = 25.0
    await cache.get("a", make, several)
    assert (len(several.asked), make.calls) == (2, calls + 1), (
        "b and c were thought of once, and nobody has asked again"
    )


async def test_who_asks_for_a_late_one_gets_it_and_it_is_made_anew_behind_him() -> None:
    """Fails when nothing is renewed before it is too old: tried."""
    watch = Watch()
    cache, make, several = AnswerCache(1.0, clock=watch), Maker(watch), MakesSeveral()
    for key in "abc":
        await cache.get(key, make, several)
    watch.now = 0.9
    assert [(await cache.get(key, make, several)).body for key in "abca"] == [b"  1", b"  2", b"  3", b"  1"]
    await asyncio.sleep(0.01)
    assert several.asked == [["a", "b", "c"]], "once for all that have aged"
    watch.now, several.gone = 1.8, {"b"}

    async def refuse() -> bytes:
        raise LookupError

    assert (await cache.get("b", refuse, several)).body == b"b 1", "it counts from when its making began"
    await asyncio.sleep(0.01)
    assert (await cache.get("a", make, several)).body == b"a 2"
    watch.now = 2.0
    with pytest.raises(LookupError):
        await cache.get("b", refuse, several)


async def test_a_renewal_that_fails_harms_nobody_before_the_answer_is_too_old() -> None:
    watch = Watch()
    cache, make = AnswerCache(1.0, clock=watch), Maker(watch)

    async def several(keys: Sequence[str]) -> dict[str, bytes]:
        raise ConnectionError

    for key in "ab":
        await cache.get(key, make, several)
    watch.now = 0.9
    for _ in range(2):
        assert (await cache.get("a", make, several)).body == b"  1"
        await asyncio.sleep(0.01)
    assert not cache._renewing
    assert not cache._running
    watch.now = 1.0
    assert (await cache.get("a", make, several)).body == b"  3"


async def test_what_there_is_no_more_is_asked_for_alone_and_those_who_wait_get_what_was_made() -> None:
    watch = Watch()
    cache, make, several = AnswerCache(1.5, clock=watch), Maker(watch), MakesSeveral()
    for key in ("a", "b", "a", "b"):
        await cache.get(key, make, several)
    watch.now = 2.0
    several.gone = {"a"}

    async def refuse() -> bytes:
        raise LookupError

    replies = await asyncio.gather(
        cache.get("a", refuse, several), cache.get("b", refuse, several), return_exceptions=True
    )
    assert isinstance(replies[0], LookupError)
    assert isinstance(replies[1], Kept)
    assert replies[1].body == b"b 1"
    assert several.asked == [["a", "b"]]


async def test_what_is_missing_while_another_is_made_is_made_together_after_it() -> None:
    """Fails when nobody waits for the making of another: tried."""
    cache, make, several = AnswerCache(1.5, clock=Watch()), Maker(Watch()), MakesSeveral()
    keys = [f"a{i}" for i in range(MOST_TOGETHER + 9)]
    replies = await asyncio.gather(*(cache.get(key, make, several) for key in keys * 2))
    assert [reply.body.decode().split()[0] for reply in replies[1 : len(keys)]] == keys[1:]
    assert make.calls == 1, "the first is made alone"
    assert [len(asked) for asked in several.asked] == [MOST_TOGETHER, len(keys) - 1 - MOST_TOGETHER]
    assert not cache._waiting
    assert not cache._running


async def test_whoever_waits_for_another_goes_on_when_it_fails_or_is_ended() -> None:
    cache, make, several = AnswerCache(1.5, clock=Watch()), Maker(Watch()), MakesSeveral()

    async def never() -> bytes:
        await asyncio.Event().wait()
        return b""

    ended = asyncio.create_task(cache.get("a", never, several))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(cache.get(key, make, several)) for key in ("b", "c")]
    await asyncio.sleep(0)
    assert make.calls == 0
    ended.cancel()
    assert [reply.body for reply in await asyncio.gather(*waiting)] == [b"b 1", b"c 1"]


async def test_what_was_asked_for_is_remembered_within_bounds() -> None:
    """Also when nobody asks for the same twice. Fails when only a second asking forgets: tried."""
    cache = AnswerCache(1.5, max_entries=3, clock=Watch())

    async def refuse() -> bytes:
        raise LookupError

    several = MakesSeveral()
    for i in range(50):
        with pytest.raises(LookupError):
            await cache.get(f"nothing {i}", refuse, several)
    assert list(cache._asked_at[several]) == ["nothing 47", "nothing 48", "nothing 49"]


async def test_few_are_made_at_once_and_a_route_makes_its_own_alone() -> None:
    watch = Watch()
    cache, make, several, others = AnswerCache(1.5, clock=watch), Maker(watch), MakesSeveral(), MakesSeveral()
    for _ in range(2):
        for i in range(MOST_TOGETHER + 5):
            await cache.get(f"a{i}", make, several)
        await cache.get("b", make, others)
    watch.now = 1.5
    await cache.get("a0", make, several)
    assert [len(keys) for keys in several.asked] == [MOST_TOGETHER]
    assert others.asked == []


def test_only_cached_answers_by_one_name_are_made_together() -> None:
    async def together(names: Sequence[str]) -> dict[str, object]:
        return {}

    async def handler(name: str) -> None:
        """示例。"""

    for cached, path in ((False, "/y/<name:str>"), (True, "/<x:str>/<name:str>")):
        with pytest.raises(TypeError):
            Door("x", "/x", "x").get(path, public=True, cached=cached, together=together)(handler)


def test_an_answer_for_everybody_cannot_know_who_asks() -> None:
    from accounts.actors import Consumer

    async def handler(actor: Consumer) -> None:
        """示例。"""

    with pytest.raises(TypeError, match="cannot know who asks"):
        Door("x", "/x", "x").get("/y", public=True, cached=True)(handler)
