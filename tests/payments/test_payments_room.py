"""The room's own rules on a real database: states, money that does not fit, refunds within what was
captured.
"""

import asyncio
import itertools
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from kit.clock import utc_now
from kit.database import execute, rows, scalar, transaction
from kit.errors import DomainError
from payments.confirmations import Confirmation
from payments.errors import (
    AmountInvalid,
    NoticeNotAccepted,
    NoticeNotAuthentic,
    NotRefundable,
    PayeeNotReady,
    PaymentDiffers,
    PaymentNotFound,
    PaymentNotOpen,
    RefundDiffers,
    RefundTooLarge,
)
from payments.events import PaymentArrivedLate, PaymentClosed, PaymentHeld, PaymentSucceeded, RefundSucceeded
from payments.models import (
    PAYMENT_TRANSITIONS,
    REFUND_TRANSITIONS,
    NoticeOutcome,
    PaymentState,
    RefundRowState,
)
from payments.ports import RefundResult, RefundState, TradeState, Transaction
from tests.payments import channel
from tests.payments.channel import Paid, notice_body, signed_headers
from tests.payments.conftest import Shop, part_of


async def seen(shop: Shop, reference: str, **other: object) -> Transaction:
    """What the channel says when the payment of ``reference`` has been captured."""
    payment = await shop.row(reference)
    truth = Transaction(
        number=payment["number"],
        state=TradeState.SUCCESS,
        mchid=channel.MCHID,
        sub_mchid=channel.SUB_MCHID,
        appid=channel.APPID,
        transaction_id="42" + payment["number"],
        amount_fen=payment["amount_fen"],
        currency="CNY",
        payer_openid=shop.openid,
        succeeded_at=utc_now(),
    )
    return replace(truth, **other)  # type: ignore[arg-type]


async def force(reference: str, state: PaymentState) -> None:
    """Put a payment into a state, with what that state implies."""
    captured = state in (PaymentState.SUCCEEDED, PaymentState.LATE)
    await execute(
        "UPDATE payment SET state = $2::text, captured_fen = CASE WHEN $3 THEN amount_fen ELSE 0 END,"
        " transaction_id = CASE WHEN $3 THEN '42' || number END, captured_at = CASE WHEN $3 THEN now() END,"
        " closed_at = CASE WHEN $2::text IN ('closed', 'late') THEN now() END WHERE reference = $1",
        reference,
        state.value,
        captured,
    )


async def notice_of(shop: Shop, reference: str, **other: object) -> bytes:
    payment = await shop.row(reference)
    paid = Paid(payment["number"], payment["amount_fen"], shop.openid, transaction_id="42" + payment["number"])
    return notice_body(replace(paid, **other).members(), notice_id=f"EV-{reference}")  # type: ignore[arg-type]


async def state_of(shop: Shop, reference: str) -> str:
    return str((await shop.row(reference))["state"])


EXPECTED = {
    ("capture", PaymentState.PENDING): PaymentState.SUCCEEDED,
    ("capture", PaymentState.CLOSING): PaymentState.SUCCEEDED,
    ("capture", PaymentState.HELD): PaymentState.SUCCEEDED,
    ("capture", PaymentState.CLOSED): PaymentState.LATE,
    ("wrong_amount", PaymentState.PENDING): PaymentState.HELD,
    ("wrong_amount", PaymentState.CLOSING): PaymentState.HELD,
    ("wrong_amount", PaymentState.CLOSED): PaymentState.HELD,
    ("request_close", PaymentState.PENDING): PaymentState.CLOSING,
    ("accept_late", PaymentState.LATE): PaymentState.SUCCEEDED,
    ("channel_closed", PaymentState.CLOSING): PaymentState.CLOSED,
}


async def happen(shop: Shop, event: str, reference: str) -> None:
    if event == "capture":
        await shop.payments.confirm(await seen(shop, reference))
    elif event == "wrong_amount":
        await shop.payments.confirm(await seen(shop, reference, amount_fen=1))
    elif event == "request_close":
        await shop.payments.request_close(reference)
    elif event == "accept_late":
        await shop.payments.accept_late(reference)
    else:
        number = (await shop.row(reference))["number"]
        await shop.payments._mark_closed(number, never_opened=False)


@pytest.mark.parametrize("event", ["capture", "wrong_amount", "request_close", "accept_late", "channel_closed"])
async def test_only_listed_transitions_happen(shop: Shop, event: str) -> None:
    for state in PaymentState:
        reference = await shop.open()
        await execute("UPDATE payment SET prepay_expires_at = now() WHERE reference = $1", reference)
        await force(reference, state)
        if event == "accept_late" and state is not PaymentState.LATE:
            with pytest.raises(PaymentNotOpen):
                await happen(shop, event, reference)
        else:
            await happen(shop, event, reference)
        after = PaymentState(await state_of(shop, reference))
        assert after is EXPECTED.get((event, state), state), (event, state)
        assert after is state or after in PAYMENT_TRANSITIONS[state]


async def test_r3_every_notice_ten_times_and_shuffled_has_one_effect(shop: Shop) -> None:
    references = [await shop.open(1000 + n) for n in range(6)]
    deliveries = [(r, await notice_of(shop, r)) for r in references] * 10
    random.Random(7).shuffle(deliveries)

    async def deliver(raw: bytes) -> None:
        assert await shop.notices.receive(signed_headers(raw), raw) is NoticeOutcome.APPLIED

    await asyncio.gather(*(deliver(raw) for _, raw in deliveries))
    facts = await shop.facts(PaymentSucceeded)
    assert sorted((f.reference, f.amount_fen) for f in facts) == [(r, 1000 + n) for n, r in enumerate(references)]
    assert await scalar("SELECT sum(times)::int FROM payment_notice") == 60


@pytest.mark.parametrize("state", [PaymentState.SUCCEEDED, PaymentState.LATE])
async def test_r3_a_repeated_notice_moves_nothing_that_is_captured(shop: Shop, state: PaymentState) -> None:
    reference = await shop.open()
    await force(reference, state)
    before = await shop.row(reference)
    for _ in range(10):
        assert await shop.payments.confirm(await seen(shop, reference)) is Confirmation.REPEATED
    assert await shop.row(reference) == before
    assert await shop.facts() == []


@pytest.mark.parametrize(
    ("forged", "status"),
    [
        ({"key": "stranger"}, 401),
        ({"at": utc_now() - timedelta(minutes=6)}, 401),
        ({"prefix": "WECHATPAY/SIGNTEST/"}, 401),
        ({"serial": "PUB_KEY_ID_1"}, 401),
    ],
)
async def test_r4_what_wechat_did_not_sign_pays_nothing(shop: Shop, forged: dict[str, object], status: int) -> None:
    reference = await shop.open()
    raw = await notice_of(shop, reference)
    with pytest.raises(NoticeNotAuthentic) as refused:
        await shop.notices.receive(signed_headers(raw, **forged), raw)  # type: ignore[arg-type]
    assert refused.value.status == status
    assert await state_of(shop, reference) == "pending"
    assert await rows("SELECT 1 FROM payment_notice") == []


@pytest.mark.parametrize(
    "other",
    [{"mchid": "1900009999"}, {"sub_mchid": "1900008888"}, {"sub_mchid": None}, {"appid": "wx-other"}],
)
async def test_r4_another_merchants_genuine_notice_touches_nothing(shop: Shop, other: dict[str, object]) -> None:
    reference = await shop.open()
    raw = await notice_of(shop, reference, **other)
    with pytest.raises(NoticeNotAccepted) as refused:
        await shop.notices.receive(signed_headers(raw), raw)
    assert refused.value.status == 409
    assert await state_of(shop, reference) == "pending"
    assert await shop.facts() == []
    assert [r["reason"] for r in await rows("SELECT reason FROM payment_notice")] == ["other_merchant"]


async def test_r4_a_replayed_notice_of_another_payment_does_not_pay(shop: Shop) -> None:
    first, second = await shop.open(), await shop.open()
    raw = await notice_of(shop, first)
    await shop.notices.receive(signed_headers(raw), raw)
    await shop.notices.receive(signed_headers(raw), raw)
    assert (await state_of(shop, first), await state_of(shop, second)) == ("succeeded", "pending")


@pytest.mark.parametrize(
    "other", [{"amount_fen": 1}, {"amount_fen": 11971}, {"currency": "USD"}, {"payer_openid": "x"}]
)
async def test_r5_money_that_does_not_fit_is_held_and_told(shop: Shop, other: dict[str, object]) -> None:
    reference = await shop.open()
    raw = await notice_of(shop, reference, **other)
    for _ in range(3):
        with pytest.raises(NoticeNotAccepted):
            await shop.notices.receive(signed_headers(raw), raw)
    assert await state_of(shop, reference) == "held"
    facts = await shop.facts()
    assert [type(f) for f in facts] == [PaymentHeld]
    assert facts[0].seen_fen == other.get("amount_fen", 11970)
    assert await shop.payments.confirm(await seen(shop, reference)) is Confirmation.APPLIED
    assert await state_of(shop, reference) == "succeeded"


async def test_r5_a_second_payment_of_the_same_number_is_refused(shop: Shop) -> None:
    reference = await shop.open()
    await shop.payments.confirm(await seen(shop, reference))
    other = await seen(shop, reference, transaction_id="4299999")
    assert await shop.payments.confirm(other) is Confirmation.OTHER_TRANSACTION
    assert len(await shop.facts()) == 1


async def test_r5_a_held_payment_that_had_been_closed_comes_late(shop: Shop) -> None:
    reference = await shop.open()
    await shop.payments.request_close(reference)
    await shop.payments.confirm(await seen(shop, reference, amount_fen=1))
    await shop.payments.confirm(await seen(shop, reference))
    assert [type(f) for f in await shop.facts()] == [PaymentClosed, PaymentHeld, PaymentArrivedLate]


async def test_r18_notice_and_query_together_confirm_once(shop: Shop) -> None:
    for round_number in range(60):
        reference = await shop.open(reference=f"RACE{round_number}")
        paid = await seen(shop, reference)
        raw = await notice_of(shop, reference)
        results = await asyncio.gather(
            shop.notices.receive(signed_headers(raw), raw),
            shop.payments.confirm(paid),
            shop.payments.confirm(paid),
            shop.payments.request_close(reference),
        )
        assert sorted(str(r) for r in results[1:3])[0] in ("applied", "repeated")
    facts = [f for f in await shop.facts() if not isinstance(f, PaymentClosed)]
    assert len({f.reference for f in facts}) == len(facts) == 60


async def test_r15_refunds_never_exceed_the_capture_however_they_come(shop: Shop) -> None:
    reference = await shop.open(1000)
    await shop.payments.confirm(await seen(shop, reference))
    amounts = [random.Random(n).randint(1, 200) for n in range(50)]

    async def ask(n: int, amount: int) -> int:
        try:
            async with transaction():
                await shop.refunds.request(
                    reference=reference, refund_reference=f"R{n}", amount_fen=amount, reason="退款"
                )
        except RefundTooLarge:
            return 0
        return amount

    granted = await asyncio.gather(*(ask(n, amount) for n, amount in enumerate(amounts)))
    total = await scalar("SELECT sum(amount_fen)::bigint FROM payment_refund")
    assert total == sum(granted) <= 1000
    left = 1000 - total
    if left:
        assert await ask(100, left) == left
    assert await ask(101, 1) == 0


async def test_r15_the_same_refund_asked_fifty_times_at_once_is_one(shop: Shop) -> None:
    reference = await shop.open(1000)
    await shop.payments.confirm(await seen(shop, reference))

    async def ask() -> str:
        async with transaction():
            return await shop.refunds.request(
                reference=reference, refund_reference="same", amount_fen=600, reason="退款"
            )

    assert len(set(await asyncio.gather(*(ask() for _ in range(50))))) == 1
    assert await scalar("SELECT count(*) FROM payment_refund") == 1
    with pytest.raises(RefundDiffers):
        await shop.refunds.request(reference=reference, refund_reference="same", amount_fen=601, reason="退款")


async def refund_seen(shop: Shop, number: str, state: RefundState) -> RefundResult:
    found = (
        await rows(
            "SELECT r.amount_fen, p.number, p.transaction_id, p.captured_fen FROM payment_refund r"
            " JOIN payment p ON p.id = r.payment_id WHERE r.number = $1",
            number,
        )
    )[0]
    return RefundResult(
        number=number, refund_id="50" + number, state=state, transaction_id=found["transaction_id"],
        payment_number=found["number"], mchid=channel.MCHID, sub_mchid=channel.SUB_MCHID,
        amount_fen=found["amount_fen"], total_fen=found["captured_fen"], succeeded_at=utc_now(),
    )  # fmt: skip


async def a_refund(shop: Shop) -> str:
    reference = await shop.open(1000)
    await shop.payments.confirm(await seen(shop, reference))
    return await shop.refunds.request(
        reference=reference, refund_reference=f"refund of {reference}", amount_fen=400, reason="少发一件"
    )


async def test_refund_news_in_any_order_ends_in_success_told_once(shop: Shop) -> None:
    orders = list(itertools.permutations(["PROCESSING", "SUCCESS", "SUCCESS", "ABNORMAL"]))
    for order in orders:
        number = await a_refund(shop)
        for state in order:
            await shop.refunds.confirm(await refund_seen(shop, number, RefundState(state)))
        assert await scalar("SELECT state FROM payment_refund WHERE number = $1", number) == "succeeded"
    assert len(await shop.facts(RefundSucceeded)) == len(orders)


async def test_every_refund_state_meets_all_news_as_the_table_says(shop: Shop) -> None:
    """Generated. Fails when a refund moves where the table does not lead, or never where it does: tried."""
    number, taken = await a_refund(shop), set()
    for state in RefundRowState:
        for news in RefundState:
            await execute(
                "UPDATE payment_refund SET state = $2, refund_id = NULL WHERE number = $1", number, state.value
            )
            await shop.refunds.confirm(await refund_seen(shop, number, news))
            after = RefundRowState(str(await scalar("SELECT state FROM payment_refund WHERE number = $1", number)))
            assert after is state or after in REFUND_TRANSITIONS[state], (state, news, after)
            taken |= {(state, after)} - {(state, state)}
    known = {(state, to) for state, after in REFUND_TRANSITIONS.items() for to in after}
    # That a refund is sent, and not sent after all, is the sender's doing and no news.
    assert known - taken == {
        (RefundRowState.REQUESTED, RefundRowState.SENT), (RefundRowState.SENT, RefundRowState.REQUESTED)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"mchid": "1900009999"}, Confirmation.OTHER_MERCHANT),
        ({"sub_mchid": None}, Confirmation.OTHER_MERCHANT),
        ({"transaction_id": "4200"}, Confirmation.OTHER_MERCHANT),
        ({"amount_fen": 401}, Confirmation.HELD),
        ({"number": "R-unknown"}, Confirmation.UNKNOWN_PAYMENT),
    ],
)
async def test_a_refund_that_is_not_ours_changes_nothing(
    shop: Shop, other: dict[str, object], expected: Confirmation
) -> None:
    number = await a_refund(shop)
    genuine = await refund_seen(shop, number, RefundState.SUCCESS)
    result = replace(genuine, **other)  # type: ignore[arg-type]
    assert await shop.refunds.confirm(result) is expected
    assert await shop.facts(RefundSucceeded) == []
    assert await scalar("SELECT state FROM payment_refund WHERE number = $1", number) == "requested"


@pytest.mark.parametrize("amount", [0, -1, 2**63, 10**15 + 1])
async def test_no_other_amount_is_opened(shop: Shop, amount: int) -> None:
    with pytest.raises(AmountInvalid):
        await shop.open(amount)
    assert await rows("SELECT 1 FROM payment") == []


async def test_opening_twice_is_one_payment_and_other_terms_are_refused(shop: Shop) -> None:
    await shop.open(100, reference="A")
    number = (await shop.row("A"))["number"]
    await shop.open(100, reference="A")
    assert (await shop.row("A"))["number"] == number
    with pytest.raises(PaymentDiffers):
        await shop.open(101, reference="A")


async def test_a_payee_without_a_merchant_number_takes_no_money(shop: Shop) -> None:
    with pytest.raises(PayeeNotReady):
        await shop.payments.open("A", "o", shop.watch(), [part_of("A", 1, sub_mchid=None)])


@pytest.mark.parametrize("state", [s for s in PaymentState if s not in (PaymentState.SUCCEEDED, PaymentState.LATE)])
async def test_what_was_not_captured_is_not_refunded(shop: Shop, state: PaymentState) -> None:
    reference = await shop.open()
    await force(reference, state)
    with pytest.raises(NotRefundable):
        await shop.refunds.request(reference=reference, refund_reference="x", amount_fen=1, reason="退款")


async def test_limits_of_refunds(shop: Shop) -> None:
    reference = await shop.open(1000)
    await shop.payments.confirm(await seen(shop, reference))
    for n in range(50):
        await shop.refunds.request(reference=reference, refund_reference=f"R{n}", amount_fen=1, reason="退款")
    with pytest.raises(NotRefundable):
        await shop.refunds.request(reference=reference, refund_reference="51", amount_fen=1, reason="退款")
    other = await shop.open(1000)
    await shop.payments.confirm(await seen(shop, other))
    shop.watch.forward(days=366)
    with pytest.raises(NotRefundable):
        await shop.refunds.request(reference=other, refund_reference="old", amount_fen=1, reason="退款")
    with pytest.raises(PaymentNotFound):
        await shop.refunds.request(reference="nobody", refund_reference="y", amount_fen=1, reason="退款")


async def test_a_rolled_back_caller_leaves_neither_payment_nor_fact(shop: Shop) -> None:
    class Stop(DomainError):
        status, code, title, title_en = 409, "stop", "停", "stop"

    reference = await shop.open()

    async def close_and_stop() -> None:
        async with transaction():
            await shop.payments.request_close(reference)
            raise Stop()

    with pytest.raises(Stop):
        await close_and_stop()
    assert await state_of(shop, reference) == "pending"
    assert await shop.facts() == []


@pytest.mark.parametrize("kind", ["queries", "closes", "sends", "refund_queries"])
async def test_a_claim_in_progress_is_stepped_over_and_never_taken_twice(shop: Shop, kind: str) -> None:
    number = await a_refund(shop)
    for _ in range(3):
        await shop.open(minutes=5)
    await execute("UPDATE payment SET next_query_at = $1 WHERE state = 'pending'", shop.watch())
    if kind == "refund_queries":
        await shop.refunds.confirm(await refund_seen(shop, number, RefundState.PROCESSING))
    shop.watch.forward(minutes=6)
    claim = {
        "queries": shop.payments.claim_queries,
        "closes": shop.payments.claim_closes,
        "sends": shop.refunds.claim_sends,
        "refund_queries": shop.refunds.claim_queries,
    }[kind]
    claimed, release = asyncio.Event(), asyncio.Event()

    async def hold() -> int:
        async with transaction():
            mine = await claim(50)
            claimed.set()
            await release.wait()
        return len(mine)

    first = asyncio.create_task(hold())
    await claimed.wait()
    try:
        assert await asyncio.wait_for(claim(50), 2) == []
    finally:
        release.set()
    assert await first == (3 if kind in ("queries", "closes") else 1)
    assert await claim(50) == []
