from collections.abc import Sequence
from typing import ClassVar

import pytest

from kit.database import execute, scalar, transaction
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


def reaction(name: str, seen: list[str], error: Exception | None = None) -> Reaction:
    async def react(fact: Fact) -> None:
        assert isinstance(fact, KettleBoiled)
        seen.append(f"{name} {fact.kettle}")
        if error is not None:
            raise error

    return Reaction(KettleBoiled, name, react)


async def boil(*kettles: str) -> None:
    for kettle in kettles:
        async with transaction():
            await announce(KettleBoiled(kettle=kettle, times=1))


async def test_a_message_that_nobody_can_read_waits_and_keeps_nobody_else_waiting(database: str) -> None:
    await boil("a", "b")
    await execute("UPDATE outbox_message SET payload = '{\"kettle\": \"a\"}' WHERE subject = 'a'")
    failed: list[str] = []
    seen: list[str] = []
    delivery = Delivery(
        reactions=(reaction("tea", seen),), failed=lambda topic, handler, error: failed.append(f"{topic} {handler}")
    )
    assert await delivery.deliver_due() == 2
    assert seen == ["tea b"]
    assert failed == ["tests.kettle_boiled read"]
    assert await scalar("SELECT attempts FROM outbox_message WHERE delivered_at IS NULL") == 1


async def test_a_topic_that_is_not_declared_here_waits_for_a_newer_dispatcher(database: str) -> None:
    await boil("a")
    await execute("UPDATE outbox_message SET topic = 'tests.kettle_whistled'")
    await Delivery(reactions=()).deliver_due()
    assert await scalar("SELECT delivered_at IS NULL FROM outbox_message") is True
    await execute(
        "UPDATE outbox_message SET topic = 'tests.kettle_boiled', next_attempt_at = now() - interval '1 second'"
    )
    await Delivery(reactions=()).deliver_due()
    assert await scalar("SELECT delivered_at IS NULL FROM outbox_message") is False


async def test_a_reaction_that_fails_keeps_no_other_room_from_reacting(database: str) -> None:
    await boil("a")
    seen: list[str] = []
    delivery = Delivery(reactions=(reaction("live", seen, ValueError("broken")), reaction("books", seen)))
    await delivery.deliver_due()
    assert seen == ["live a", "books a"]
    await execute("UPDATE outbox_message SET next_attempt_at = now() - interval '1 second'")
    await delivery.deliver_due()
    assert seen == ["live a", "books a", "live a"], "the books have their receipt"


async def test_what_postgres_quotes_of_a_row_is_not_kept_with_the_message(database: str) -> None:
    await boil("a", "b")
    refused = ValueError('new row violates check constraint "x"\nDETAIL:  Failing row contains (1, 张三, 13900000000).')
    delivery = Delivery(reactions=(reaction("first", [], refused), reaction("second", [], ValueError())))
    await delivery.deliver_due()
    kept = await scalar("SELECT last_error FROM outbox_message ORDER BY id LIMIT 1")
    assert kept == 'first: ValueError: new row violates check constraint "x"; second: ValueError: '


async def test_who_takes_many_gets_those_of_different_subjects_together_and_a_failure_falls_back(database: str) -> None:
    """Two facts of a subject never come together, and a failed batch keeps no receipts."""
    seen: list[str] = []
    broken = {"b"}

    def told(fact: Fact) -> str:
        assert isinstance(fact, KettleBoiled)
        if fact.kettle in broken:
            raise ValueError("no power")
        return f"{fact.kettle}{fact.times}"

    async def one(fact: Fact) -> None:
        seen.append(told(fact))

    async def many(facts: Sequence[Fact]) -> None:
        seen.append("+".join([told(fact) for fact in facts]))

    delivery = Delivery(reactions=(Reaction(KettleBoiled, "books", one, many), reaction("tea", [])))
    for times in (1, 2):
        for kettle in ("a", "c", "d"):
            async with transaction():
                await announce(KettleBoiled(kettle=kettle, times=times))
    await delivery.deliver_due()
    assert seen == ["a1+c1+d1", "a2+c2+d2"]
    assert await scalar("SELECT count(*) FROM outbox_receipt") == 12
    await boil("e", "b", "f")
    await delivery.deliver_due()
    assert seen[2:] == ["e1", "f1"], "each alone, and the one that fails waits"
    broken.clear()
    await execute("UPDATE outbox_message SET next_attempt_at = now() - interval '1 second'")
    await delivery.deliver_due()
    assert seen[4:] == ["b1"]
    assert await scalar("SELECT count(*) FROM outbox_message WHERE delivered_at IS NULL") == 0
