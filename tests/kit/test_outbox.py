from typing import ClassVar

import pytest

from kit.database import scalar, transaction
from kit.facts import Fact
from kit.outbox import Delivery, Reaction, announce


class KettleBoiled(Fact, frozen=True, kw_only=True):
    topic: ClassVar[str] = "tests.kettle_boiled"
    kettle: str
    times: int


async def test_a_fact_outside_a_transaction_is_a_programming_error(database: str) -> None:
    with pytest.raises(RuntimeError, match="outside a transaction"):
        await announce(KettleBoiled(kettle="a", times=1))


async def test_a_rolled_back_fact_was_never_announced(database: str) -> None:
    async def refused() -> None:
        async with transaction():
            await announce(KettleBoiled(kettle="a", times=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await refused()
    assert await scalar("SELECT count(*) FROM outbox_message") == 0


async def test_each_handler_reacts_once_and_a_failure_holds_back_only_its_subject(database: str) -> None:
    seen: list[tuple[str, str, int]] = []
    broken = True

    def handler(name: str, fails_for: str | None = None):  # type: ignore[no-untyped-def]
        async def react(fact: Fact) -> None:
            assert isinstance(fact, KettleBoiled)
            if broken and fact.kettle == fails_for:
                raise ValueError("no power")
            seen.append((name, fact.kettle, fact.times))

        return Reaction(KettleBoiled, name, react)

    delivery = Delivery(reactions=(handler("first"), handler("second", "a")))
    for times in (1, 2):
        for kettle in ("a", "b"):
            async with transaction():
                await announce(KettleBoiled(kettle=kettle, times=times))
    await delivery.deliver_due()
    assert seen == [
        ("first", "a", 1),
        ("first", "b", 1),
        ("second", "b", 1),
        ("first", "b", 2),
        ("second", "b", 2),
    ]
    assert await delivery.deliver_due() == 0, "the failed subject waits for its retry"
    broken = False
    await scalar("UPDATE outbox_message SET next_attempt_at = now() - interval '1 s' RETURNING 1")
    while await delivery.deliver_due():
        pass
    assert seen[5:] == [("second", "a", 1), ("first", "a", 2), ("second", "a", 2)]
    assert await scalar("SELECT count(*) FROM outbox_message WHERE delivered_at IS NULL") == 0
