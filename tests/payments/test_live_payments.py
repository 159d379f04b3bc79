"""The whole way with the sandbox on the other side: real signatures, real notices, real faults."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta, timezone
from functools import partial

import msgspec
import pytest

from kit.database import execute, transaction
from payments.errors import ChannelUnavailable, PaymentNotOpen, RefundTooLarge
from payments.events import (
    PaymentArrivedLate,
    PaymentClosed,
    PaymentSettled,
    PaymentSucceeded,
    RefundFailed,
    RefundSucceeded,
)
from payments.jobs import (
    close_expired_payments,
    compare_bills,
    query_pending_payments,
    query_refunds,
    send_refunds,
)
from payments.ports import BillInvalid
from payments.queries import PaymentQueries
from tests.payments.conftest import Shop
from tests.servers import free_port

CHINA = timezone(timedelta(hours=8))


async def until(found: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
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


async def test_a_lost_notice_is_found_by_query(live_shop: Shop) -> None:
    live_shop.sandbox.fault("notice.transaction", "lose", times=None)
    reference = await live_shop.open()
    await pay(live_shop, reference)
    assert await query_pending_payments(live_shop.payments) == 0, "not due yet"
    live_shop.watch.forward(seconds=16)
    assert await query_pending_payments(live_shop.payments) == 1
    assert await is_in(live_shop, reference, "succeeded")
    live_shop.watch.forward(hours=1)
    assert await query_pending_payments(live_shop.payments) == 0, "a paid payment is asked about no more"
    assert len(await live_shop.facts(PaymentSucceeded)) == 1


async def test_an_unpaid_payment_is_asked_about_on_schedule(live_shop: Shop) -> None:
    reference = await live_shop.open(minutes=600)
    await live_shop.payments.prepay(reference)
    asked = []
    for second in range(0, 1300, 5):
        if await query_pending_payments(live_shop.payments):
            asked.append(second)
        live_shop.watch.forward(seconds=5)
    assert [b - a for a, b in zip([0, *asked], asked, strict=False)] == [15, 60, 300, 900]


async def test_two_schedulers_at_once_ask_once(live_shop: Shop) -> None:
    for _ in range(6):
        await live_shop.payments.prepay(await live_shop.open())
    live_shop.watch.forward(seconds=20)
    done = await asyncio.gather(*(query_pending_payments(live_shop.payments) for _ in range(4)))
    assert sum(done) == 6


async def test_prepay_resumes_with_the_same_number_after_a_timeout(live_shop: Shop) -> None:
    """The channel carried it out and the answer was lost: nobody mints a second number."""
    live_shop.sandbox.fault("pay.prepay*", "answer", status=500, when="after")
    reference = await live_shop.open()
    with pytest.raises(ChannelUnavailable):
        await live_shop.payments.prepay(reference)
    number = (await live_shop.row(reference))["number"]
    await pay(live_shop, reference)
    await until(lambda: is_in(live_shop, reference, "succeeded"))
    assert (await live_shop.row(reference))["number"] == number


@pytest.mark.parametrize("flavour", ["unsigned", "other_key", "stale"])
async def test_an_answer_nobody_signed_proves_nothing(live_shop: Shop, flavour: str) -> None:
    reference = await live_shop.open()
    live_shop.sandbox.fault("pay.prepay*", "bad_reply", flavour=flavour)
    with pytest.raises(ChannelUnavailable):
        await live_shop.payments.prepay(reference)
    assert (await live_shop.row(reference))["prepay_id"] is None
    await live_shop.payments.prepay(reference)


async def test_a_call_that_never_arrived_is_repeated_with_a_later_end(live_shop: Shop) -> None:
    """The first end was fixed a while ago and is now less than a minute away: a first call with it is refused."""
    reference = await live_shop.open(minutes=1)
    live_shop.sandbox.fault("pay.prepay*", "answer", status=500, when="before")
    with pytest.raises(ChannelUnavailable):
        await live_shop.payments.prepay(reference)
    await execute(
        "UPDATE payment SET prepay_expires_at = now() + interval '40 seconds' WHERE reference = $1", reference
    )
    live_shop.sandbox.control("PATCH", "/settings", clock_scale=1)
    try:
        await live_shop.payments.prepay(reference)
    finally:
        live_shop.sandbox.control("PATCH", "/settings", clock_scale=0.02)
    await pay(live_shop, reference)
    await until(lambda: is_in(live_shop, reference, "succeeded"))


async def test_prepay_twice_uses_one_opening_and_two_signatures(live_shop: Shop) -> None:
    reference = await live_shop.open()
    first, second = [await live_shop.payments.prepay(reference) for _ in range(2)]
    assert first.package == second.package
    assert first.nonce_str != second.nonce_str


async def test_an_expired_payment_closes_at_the_channel_before_it_is_closed_here(live_shop: Shop) -> None:
    reference = await live_shop.open(minutes=2)
    parameters = await live_shop.payments.prepay(reference)
    assert await close_expired_payments(live_shop.payments) == 0
    live_shop.watch.forward(minutes=3)
    with pytest.raises(PaymentNotOpen):
        await live_shop.payments.prepay(reference)
    live_shop.sandbox.fault("pay.close*", "answer", status=500, when="after")
    assert await close_expired_payments(live_shop.payments) == 1
    assert await is_in(live_shop, reference, "closing"), "an unknown outcome closes nothing"
    assert await live_shop.facts(PaymentClosed) == []
    live_shop.watch.forward(minutes=1)
    assert await close_expired_payments(live_shop.payments) == 1
    assert await is_in(live_shop, reference, "closed")
    assert len(await live_shop.facts(PaymentClosed)) == 1
    answer = await asyncio.to_thread(lambda: live_shop.phone(parameters))
    assert "已关闭" in answer


async def test_a_payer_who_was_faster_than_the_close_has_paid(live_shop: Shop) -> None:
    live_shop.sandbox.fault("notice.transaction", "lose", times=None)
    reference = await live_shop.open()
    await pay(live_shop, reference)
    assert await live_shop.payments.request_close(reference)
    assert await close_expired_payments(live_shop.payments) == 1
    assert await is_in(live_shop, reference, "succeeded")
    assert [type(f) for f in await live_shop.facts()] == [PaymentSucceeded]


async def test_a_payment_never_offered_closes_without_a_call(live_shop: Shop) -> None:
    reference = await live_shop.open()
    assert await live_shop.payments.request_close(reference)
    assert not await live_shop.payments.request_close(reference)
    assert await is_in(live_shop, reference, "closed")
    assert len(await live_shop.facts(PaymentClosed)) == 1


async def test_money_that_comes_too_late_is_announced_and_can_be_sent_back(live_shop: Shop) -> None:
    """R2: the close was lost on its way, we gave up, and the person paid after all."""
    reference = await live_shop.open()
    parameters = await live_shop.payments.prepay(reference)
    await live_shop.payments.request_close(reference)
    async with transaction():
        await live_shop.payments._mark_closed((await live_shop.row(reference))["number"], never_opened=False)
    assert await asyncio.to_thread(lambda: live_shop.phone(parameters)) == "requestPayment:ok"
    await until(lambda: is_in(live_shop, reference, "late"))
    assert [type(f) for f in await live_shop.facts()] == [PaymentClosed, PaymentArrivedLate]
    async with transaction():
        await live_shop.refunds.request(
            reference=reference, refund_reference="late", amount_fen=11970, reason="订单已关闭，自动退款"
        )
    await send_refunds(live_shop.refunds)
    await until(lambda: refunded(live_shop, "late"))
    assert [f.amount_fen for f in await live_shop.facts(RefundSucceeded)] == [11970]


async def refunded(shop: Shop, refund_reference: str) -> bool:
    return any(f.refund_reference == refund_reference for f in await shop.facts(RefundSucceeded))


async def paid(shop: Shop, amount_fen: int = 11970) -> str:
    reference = await shop.open(amount_fen)
    await pay(shop, reference)
    await until(lambda: is_in(shop, reference, "succeeded"))
    return reference


async def ask_refund(shop: Shop, reference: str, name: str, amount_fen: int) -> None:
    async with transaction():
        await shop.refunds.request(reference=reference, refund_reference=name, amount_fen=amount_fen, reason="部分退款")


async def test_two_partial_refunds_are_spaced_and_both_arrive(live_shop: Shop) -> None:
    live_shop.sandbox.control("PATCH", "/settings", refund_spacing_seconds=0)
    reference = await paid(live_shop)
    await ask_refund(live_shop, reference, "a", 1000)
    await ask_refund(live_shop, reference, "b", 2000)
    assert await send_refunds(live_shop.refunds) == 1, "one per payment"
    assert await send_refunds(live_shop.refunds) == 0, "the second waits for its minute"
    live_shop.watch.forward(seconds=2)
    assert await send_refunds(live_shop.refunds) == 1
    await until(lambda: refunded(live_shop, "b"))
    assert {f.refund_reference: f.amount_fen for f in await live_shop.facts(RefundSucceeded)} == {
        "a": 1000,
        "b": 2000,
    }
    assert (await PaymentQueries().of_reference(reference)).refunded_fen == 3000


async def test_a_refund_whose_answer_was_lost_pays_back_once(live_shop: Shop) -> None:
    reference = await paid(live_shop)
    live_shop.sandbox.fault("notice.refund", "lose", times=None)
    live_shop.sandbox.fault("refund.create*", "answer", status=500, when="after")
    await ask_refund(live_shop, reference, "a", 1000)
    assert await send_refunds(live_shop.refunds) == 1
    assert await live_shop.facts(RefundSucceeded) == []
    for _ in range(4):
        live_shop.watch.forward(minutes=2)
        await send_refunds(live_shop.refunds)
        await query_refunds(live_shop.refunds)
    assert [f.amount_fen for f in await live_shop.facts(RefundSucceeded)] == [1000]
    orders = live_shop.sandbox.control("GET", f"/orders/{(await live_shop.row(reference))['number']}")
    assert sum(r["refund"] for r in orders["refunds"]) == 1000


async def test_an_abnormal_refund_is_announced_and_stays_taken(live_shop: Shop) -> None:
    reference = await paid(live_shop)
    live_shop.sandbox.fault("refund.settle", "settle", state="ABNORMAL")
    await ask_refund(live_shop, reference, "a", 11970)
    await send_refunds(live_shop.refunds)

    async def failed() -> bool:
        return bool(await live_shop.facts(RefundFailed))

    await until(failed)
    fact = (await live_shop.facts(RefundFailed))[0]
    assert (fact.is_final, fact.reason) == (False, "abnormal")
    with pytest.raises(RefundTooLarge):
        await ask_refund(live_shop, reference, "b", 1)


async def test_the_bill_settles_captures_and_refunds_with_their_fees(live_shop: Shop) -> None:
    live_shop.sandbox.control("PATCH", "/settings", refund_spacing_seconds=0)
    reference = await paid(live_shop, 11970)
    other = await paid(live_shop, 5000)
    await ask_refund(live_shop, reference, "a", 1970)
    await send_refunds(live_shop.refunds)
    await until(lambda: refunded(live_shop, "a"))
    day = live_shop.watch().astimezone(CHINA).date()
    assert await live_shop.bills.import_day(day) == 3
    assert await live_shop.bills.import_day(day) == 0, "a second import settles nothing twice"
    settled = await live_shop.facts(PaymentSettled)
    assert {(f.reference, f.gross_fen, f.fee_fen, f.refund_reference) for f in settled} == {
        (reference, 11970, 72, None),
        (other, 5000, 30, None),
        (reference, -1970, -12, "a"),
    }
    ours = {(await live_shop.row(r))["number"] for r in (reference, other)}
    differences = await PaymentQueries().differences(day)
    assert not [d for d in differences if d.payment_number in ours]


async def test_a_bill_line_of_a_payment_we_missed_leads_to_a_query(live_shop: Shop) -> None:
    live_shop.sandbox.fault("notice.transaction", "lose", times=None)
    reference = await live_shop.open(700)
    await pay(live_shop, reference)
    day = live_shop.watch().astimezone(CHINA).date()
    await live_shop.bills.import_day(day)
    number = (await live_shop.row(reference))["number"]
    assert [d.reason for d in await PaymentQueries().differences(day) if d.payment_number == number] == ["not_captured"]
    assert await query_pending_payments(live_shop.payments) == 1
    assert await compare_bills(live_shop.bills) == 1
    assert [f.gross_fen for f in await live_shop.facts(PaymentSettled)] == [700]


async def test_platform_certificates_are_learnt_and_verified(live_shop: Shop) -> None:
    live_shop.sandbox.control("PATCH", "/settings", signing_mode="both")
    known = len(live_shop.gateway.configuration.ring.keys)
    assert await live_shop.gateway.refresh_certificates() > known
    live_shop.sandbox.control("PATCH", "/settings", signing_mode="certificate")
    reference = await paid(live_shop)
    assert await is_in(live_shop, reference, "succeeded")


async def test_a_dead_first_address_fails_over_to_the_second(live_shop: Shop) -> None:
    gateway = live_shop.gateway
    dead = f"http://127.0.0.1:{free_port()}"
    bases = (dead, *gateway.configuration.bases)
    live_shop.payments = replace(
        live_shop.payments,
        gateway=replace(gateway, configuration=replace(gateway.configuration, bases=bases)),
    )
    await live_shop.payments.prepay(await live_shop.open())


async def test_a_limit_is_no_refusal(live_shop: Shop) -> None:
    live_shop.sandbox.fault("pay.prepay*", "answer", status=429, code="FREQUENCY_LIMITED")
    reference = await live_shop.open()
    with pytest.raises(ChannelUnavailable):
        await live_shop.payments.prepay(reference)
    await live_shop.payments.prepay(reference)


async def test_notices_doubled_forged_and_reordered_have_one_effect(live_shop: Shop) -> None:
    """R3, R4, R18: whatever arrives, and in whatever order, each payment is captured once."""
    live_shop.sandbox.fault("notice.transaction", "duplicate", copies=9, times=None)
    for flavour in ("signature", "other_key", "stale", "amount", "mchid", "serial", "ciphertext", "signtest"):
        live_shop.sandbox.fault("notice.transaction", "forge", flavour=flavour)
    live_shop.sandbox.fault("notice.transaction", "reorder", count=3, within_seconds=0.5, times=None)
    references = [await live_shop.open(1000 + n) for n in range(8)]
    for reference in references:
        await pay(live_shop, reference)
    live_shop.watch.forward(seconds=20)
    await query_pending_payments(live_shop.payments)
    for reference in references:
        await until(partial(is_in, live_shop, reference, "succeeded"))
    await asyncio.sleep(1.0)
    succeeded = await live_shop.facts(PaymentSucceeded)
    assert sorted((f.reference, f.amount_fen) for f in succeeded) == [
        (reference, 1000 + n) for n, reference in enumerate(references)
    ]


async def test_direct_mode_pays_refunds_and_bills_without_sub_merchants(live_shop: Shop) -> None:
    direct = replace(live_shop.gateway.configuration, mode="direct")
    live_shop.gateway = replace(live_shop.gateway, configuration=direct)
    live_shop.__post_init__()
    live_shop.sandbox.fault("notice.*", "lose", times=None)
    reference = await live_shop.open(888)
    assert (await live_shop.row(reference))["sub_mchid"] is None
    await pay(live_shop, reference)
    live_shop.watch.forward(seconds=16)
    await query_pending_payments(live_shop.payments)
    assert await is_in(live_shop, reference, "succeeded")
    await ask_refund(live_shop, reference, "direct", 88)
    await send_refunds(live_shop.refunds)
    live_shop.watch.forward(minutes=2)
    await query_refunds(live_shop.refunds)
    assert await refunded(live_shop, "direct")
    await live_shop.bills.import_day(live_shop.watch().astimezone(CHINA).date())
    settled = [(f.gross_fen, f.fee_fen) for f in await live_shop.facts(PaymentSettled)]
    assert sorted(settled) == [(-88, 0), (888, 5)]


async def test_a_lasting_refusal_ends_a_refund_and_says_so(live_shop: Shop) -> None:
    reference = await paid(live_shop, 500)
    await execute("UPDATE payment SET captured_fen = 501, amount_fen = 501 WHERE reference = $1", reference)
    await ask_refund(live_shop, reference, "a", 501)
    for _ in range(4):
        assert await send_refunds(live_shop.refunds) == 1
        live_shop.watch.forward(hours=1)
    assert await send_refunds(live_shop.refunds) == 0
    facts = await live_shop.facts(RefundFailed)
    assert [(f.refund_reference, f.is_final) for f in facts] == [("a", True)]
    await ask_refund(live_shop, reference, "b", 500)


async def test_money_not_in_the_account_yet_is_waited_for(live_shop: Shop) -> None:
    reference = await paid(live_shop, 500)
    live_shop.sandbox.fault("refund.create", "answer", status=403, code="NOT_ENOUGH", times=6)
    await ask_refund(live_shop, reference, "a", 500)
    for _ in range(6):
        await send_refunds(live_shop.refunds)
        live_shop.watch.forward(hours=1)
    assert await live_shop.facts(RefundFailed) == []
    assert await send_refunds(live_shop.refunds) == 1
    await until(lambda: refunded(live_shop, "a"))


async def test_a_bill_whose_file_was_changed_on_the_way_is_not_believed(live_shop: Shop) -> None:
    reference = await paid(live_shop, 500)
    day = live_shop.watch().astimezone(CHINA).date()
    client = live_shop.gateway._client
    target = f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL"
    stated = msgspec.json.decode((await client.call("GET", target)).body)
    raw = await client.download(stated["download_url"], sha1_hex=stated["hash_value"])
    assert (await live_shop.row(reference))["number"].encode() in raw
    assert raw.startswith("\ufeff".encode())
    with pytest.raises(BillInvalid):
        await client.download(stated["download_url"], sha1_hex="0" * 40)
    with pytest.raises(BillInvalid):
        await client.download("http://169.254.169.254/latest/meta-data", sha1_hex=stated["hash_value"])


async def test_a_channel_that_hangs_after_it_acted_is_given_up_in_time_and_resumed(live_shop: Shop) -> None:
    hasty = replace(live_shop.gateway.configuration, timeout_seconds=0.4, budget_seconds=0.8)
    live_shop.gateway = replace(live_shop.gateway, configuration=hasty)
    live_shop.__post_init__()
    live_shop.sandbox.fault("pay.prepay", "hang", seconds=600, when="after")  # longer than a test may last
    reference = await live_shop.open()
    with pytest.raises(ChannelUnavailable):
        await live_shop.payments.prepay(reference)
    assert await close_expired_payments(live_shop.payments) == 0
    await live_shop.payments.request_close(reference)
    assert await close_expired_payments(live_shop.payments) == 0, "a call may still be on its way"
    live_shop.watch.forward(seconds=21)
    assert await close_expired_payments(live_shop.payments) == 1
    assert await is_in(live_shop, reference, "closed")
