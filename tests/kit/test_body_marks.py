"""What is kept of a request: a keyed mark of its body, and in place of an answer the number of what was made."""

from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from api_kit.doors import Door, Endpoint, IdempotencyKey, Made
from api_kit.mounting import _once
from kit.database import row
from kit.idempotency import BodyMarks, KeyReused


def test_a_mark_needs_the_key_and_knows_its_body() -> None:
    body = b'{"id_number": "999999197001010017"}'
    one, other = BodyMarks(b"one"), BodyMarks(b"other")
    assert one.of(body) == BodyMarks(b"one").of(body)
    assert one.of(body) not in (other.of(body), one.of(body + b" "))
    assert "one" not in repr(one)
    assert BodyMarks().of(body) != BodyMarks().of(body), "without a secret a process knows its own alone"


class Card(msgspec.Struct):
    name: str


async def test_of_what_names_a_household_the_number_is_kept_and_the_answer_read_again(database: str) -> None:
    """Fails when the answer is kept: tried."""
    names, made = {"P1": "示例王五"}, 0

    async def read(number: str) -> Card:
        return Card(names[number])

    async def act() -> Made:
        nonlocal made
        made += 1
        return Made("P1")

    endpoint = cast(Endpoint, SimpleNamespace(handler=act, status=201, effect="with_answer", answer=read))
    first = await _once(endpoint, {}, "staff:k", "POST /x", "k", b"mark")
    assert first.body == '{"name":"示例王五"}'.encode()
    kept = await row("SELECT answer, made, status FROM idempotency_claim")
    assert kept == {"answer": None, "made": "P1", "status": 201}
    names["P1"] = "示例王六"
    again = await _once(endpoint, {}, "staff:k", "POST /x", "k", b"mark")
    assert (again.status, again.body, made) == (201, '{"name":"示例王六"}'.encode(), 1)
    assert again.headers["idempotency-replayed"] == "true"
    with pytest.raises(KeyReused):
        await _once(endpoint, {}, "staff:k", "POST /x", "k", b"other mark")


async def _card(number: str) -> Card:
    return Card(number)


def test_a_door_refuses_what_is_made_without_an_answer_and_the_other_way_round() -> None:
    door = Door("x", "/x", "x")

    async def without_key() -> Made:
        return Made("1")

    async def with_key(key: IdempotencyKey) -> Made:
        return Made(key)

    async def of_itself(key: IdempotencyKey) -> Card:
        return Card(key)

    for handler, answer in ((without_key, _card), (with_key, None), (of_itself, _card)):
        with pytest.raises(TypeError, match="made"):
            door.post("/y", public=True, answer=answer)(handler)
    door.post("/y", public=True, answer=_card)(with_key)
    assert door.endpoints[0].returns is Card
