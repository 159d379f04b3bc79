import asyncio

import pytest

from kit.database import scalar, transaction
from kit.idempotency import KeyReused, claim, settle


async def test_the_first_answer_is_every_answer(database: str) -> None:
    async with transaction():
        first = await claim("c", "POST /x", "k", b"body")
        assert first.status is None
        await settle(first, 201, b"answer")
    async with transaction():
        again = await claim("c", "POST /x", "k", b"body")
    assert (again.status, again.answer) == (201, b"answer")


async def test_a_key_belongs_to_its_caller_route_and_body(database: str) -> None:
    async with transaction():
        await settle(await claim("c", "POST /x", "k", b"body"), 201, b"answer")
    async with transaction():
        assert (await claim("other", "POST /x", "k", b"other body")).status is None
        assert (await claim("c", "POST /y", "k", b"other body")).status is None
    with pytest.raises(KeyReused):
        async with transaction():
            await claim("c", "POST /x", "k", b"other body")


async def test_a_refused_request_leaves_no_claim(database: str) -> None:
    async def refused() -> None:
        async with transaction():
            await claim("c", "POST /x", "k", b"body")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await refused()
    assert await scalar("SELECT count(*) FROM idempotency_claim") == 0


async def test_a_concurrent_request_waits_for_the_first_and_gets_its_answer(database: str) -> None:
    started = asyncio.Event()

    async def first() -> None:
        async with transaction():
            held = await claim("c", "POST /x", "k", b"body")
            started.set()
            await asyncio.sleep(0.2)
            await settle(held, 201, b"answer")

    async def second() -> tuple[int | None, bytes | None]:
        await started.wait()
        async with transaction():
            found = await claim("c", "POST /x", "k", b"body")
        return found.status, found.answer

    _, answer = await asyncio.gather(first(), second())
    assert answer == (201, b"answer")
