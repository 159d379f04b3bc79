"""What an act under a key leaves behind when it is refused, and when its process dies before the answer is kept."""

from types import SimpleNamespace
from typing import cast
from unittest import mock

import pytest

from api_kit.doors import Endpoint
from api_kit.mounting import _once
from kit.database import execute, scalar, transaction
from orders.errors import RedemptionCodeWrong


class Killed(BaseException):
    """Nothing in the house catches it."""


async def test_a_refusal_keeps_its_count_and_an_effect_comes_with_its_answer_or_not_at_all(database: str) -> None:
    """A parcel was redeemed and the keeper's repetition refused when the API was killed in between.

    Fails when the claim, the effect and the answer are transactions of their own: tried.
    """
    codes = iter([False, True, True])

    async def redeem() -> None:
        async with transaction():
            is_right = next(codes)
            word = "right" if is_right else "wrong"
            await execute("INSERT INTO content_keyword (word, added_by, added_at) VALUES ($1, 'staff:k', now())", word)
        if not is_right:
            raise RedemptionCodeWrong(left=9)

    endpoint = cast(Endpoint, SimpleNamespace(handler=redeem, status=204, effect="with_refusal", answer=None))

    async def ask(key: str) -> tuple[int, bool]:
        answer = await _once(endpoint, {}, "staff:k", "POST /redemption", key, b"{}")
        return answer.status, "idempotency-replayed" in answer.headers

    async def written(word: str) -> int:
        return int(await scalar("SELECT count(*) FROM content_keyword WHERE word = $1", word))

    with pytest.raises(RedemptionCodeWrong):
        await ask("k1")
    assert (await written("wrong"), await scalar("SELECT count(*) FROM idempotency_claim")) == (1, 0)
    with mock.patch("api_kit.mounting.settle", side_effect=Killed), pytest.raises(Killed):
        await ask("k1")
    assert await written("right") == 0
    assert [await ask("k1"), await ask("k1")] == [(204, False), (204, True)]
    assert await written("right") == 1
