"""The whole way with the sandbox on the other side: real signatures, real notices, real faults."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta, timezone

import pytest

from payments.errors import PaymentNotOpen
from payments.events import (
    PaymentSucceeded,
)
from payments.queries import PaymentQueries
from tests.payments.conftest import Shop

CHINA = timezone(timedelta(hours=8))


async def until(found: Callable[[], Awaitable[bool]], seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while not await found():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.05)


async def pay(shop: Shop, reference: str, **more: object) -> None:
    parameters = await shop.payments.prepay(reference)
    answer = await asyncio.to_thread(lambda: shop.phone(parameters, **more))
    assert answer == "requestPayment:ok"


async def is_in(shop: Shop, reference: str, state: str) -> bool:
    return bool((await shop.row(reference))["state"] == state)


async def test_a_person_pays_and_the_notice_confirms_it(live_shop: Shop) -> None:
    reference = await live_shop.open(11970)
    await pay(live_shop, reference)
    await until(lambda: is_in(live_shop, reference, "succeeded"))
    facts = await live_shop.facts()
    assert [type(f) for f in facts] == [PaymentSucceeded]
    assert (facts[0].reference, facts[0].amount_fen, facts[0].payee) == (reference, 11970, "M1")
    assert facts[0].channel == "wechat_miniprogram"
    view = await PaymentQueries().of_reference(reference)
    assert (view.state, view.captured_fen, view.refunded_fen) == ("succeeded", 11970, 0)
    with pytest.raises(PaymentNotOpen):
        await live_shop.payments.prepay(reference)
