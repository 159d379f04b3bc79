"""Several merchants, one password: against the sandbox with real signatures, and part by part in the room."""

import asyncio
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from kit.clock import utc_now
from kit.database import execute, rows, transaction
from payments.bundles import PaymentPart
from payments.confirmations import Confirmation
from payments.errors import (
    ChannelUnavailable,
    CombinationNotOffered,
    CombinationTooLarge,
    NoticeNotAccepted,
    PayeeNotReady,
    PaymentDiffers,
    PaymentNotOpen,
)
from payments.events import PaymentClosed, PaymentHeld, PaymentSettled, PaymentSucceeded, RefundSucceeded
from payments.jobs import close_expired_payments, query_pending_payments, send_refunds
from payments.ports import TradeState, Transaction
from payments.queries import PaymentQueries
from payments.service import Payments
from tests.payments import channel
from tests.payments.conftest import Shop, part_of
from tests.payments.test_live_payments import until

CHINA = timezone(timedelta(hours=8))
OTHER = "1900000402"


def parts_of(bundle: str, second_fen: int = 4990) -> list[PaymentPart]:
    return [
        part_of(f"{bundle}A", 11970),
        part_of(f"{bundle}B", second_fen, payee="M2", sub_mchid=OTHER, description="红糖"),
    ]


async def open_two(shop: Shop, bundle: str = "T1", minutes: float = 30) -> str:
    async with transaction():
        await shop.payments.open(bundle, shop.openid, shop.watch() + timedelta(minutes=minutes), parts_of(bundle))
    return bundle


async def live_two(shop: Shop, bundle: str = "T1") -> str:
    shop.sandbox.control("POST", "/sub-merchants", sub_mchid=OTHER, name="示例糖厂")
    return await open_two(shop, bundle)


async def states(bundle: str) -> list[str]:
    return [r["state"] for r in await rows("SELECT state FROM payment WHERE bundle = $1 ORDER BY id", bundle)]


async def are(bundle: str, *wanted: str) -> bool:
    return await states(bundle) == list(wanted)


async def pay(shop: Shop, bundle: str, **more: object) -> str:
    parameters = await shop.payments.prepay(bundle)
    return await asyncio.to_thread(lambda: shop.phone(parameters, **more))


async def test_one_password_captures_each_part_at_its_own_merchant_once(live_shop: Shop) -> None:
    """The notice comes ten times and forged besides; refund and bill go by the part (wechat reference 2.3b)."""
    shop = live_shop
    shop.sandbox.fault("notice.transaction", "duplicate", copies=9)
    for flavour in ("signature", "amount", "mchid"):
        shop.sandbox.fault("notice.transaction", "forge", flavour=flavour)
    bundle = await live_two(shop)
    assert await pay(shop, bundle) == "requestPayment:ok"
    await until(lambda: are(bundle, "succeeded", "succeeded"))
    facts = await shop.facts(PaymentSucceeded)
    assert sorted((f.reference, f.payee, f.amount_fen) for f in facts) == [("T1A", "M1", 11970), ("T1B", "M2", 4990)]
    assert len({f.transaction_id for f in facts}) == 2
    with pytest.raises(PaymentNotOpen):
        await shop.payments.prepay(bundle)
    async with transaction():
        await shop.refunds.request(reference="T1B", refund_reference="b", amount_fen=990, reason="部分退款")

    async def refunded() -> bool:
        # A notice that comes just now has the payment's row, and the job passes it by until the next round.
        await send_refunds(shop.refunds)
        return bool(await shop.facts(RefundSucceeded))

    await until(refunded)
    day = shop.watch().astimezone(CHINA).date()
    await shop.bills.import_day(day)
    settled = await shop.facts(PaymentSettled)
    assert {(f.reference, f.payee, f.gross_fen, f.fee_fen) for f in settled} == {
        ("T1A", "M1", 11970, 72), ("T1B", "M2", 4990, 30), ("T1B", "M2", -990, -6),
    }  # fmt: skip
    ours = {r["number"] for r in await rows("SELECT number FROM payment WHERE bundle = $1", bundle)}
    assert not [d for d in await PaymentQueries().differences(day) if d.payment_number in ours]


async def test_a_lost_notice_is_found_by_one_query_for_all_parts(live_shop: Shop) -> None:
    live_shop.sandbox.fault("notice.transaction", "lose", times=None)
    bundle = await live_two(live_shop)
    assert await pay(live_shop, bundle) == "requestPayment:ok"
    live_shop.watch.forward(seconds=16)
    asked = len(live_shop.sandbox.requests("combine.query"))
    assert await query_pending_payments(live_shop.payments) == 2
    assert await are(bundle, "succeeded", "succeeded")
    assert len(live_shop.sandbox.requests("combine.query")) == asked + 1
    live_shop.watch.forward(hours=1)
    assert await query_pending_payments(live_shop.payments) == 0


async def test_prepay_resumes_with_identical_terms_after_a_lost_answer(live_shop: Shop) -> None:
    live_shop.sandbox.fault("combine.prepay", "answer", status=500, when="after")
    bundle = await live_two(live_shop)
    numbers = await rows("SELECT number, combination FROM payment WHERE bundle = $1 ORDER BY id", bundle)
    with pytest.raises(ChannelUnavailable):
        await live_shop.payments.prepay(bundle)
    assert await pay(live_shop, bundle) == "requestPayment:ok"
    await until(lambda: are(bundle, "succeeded", "succeeded"))
    assert await rows("SELECT number, combination FROM payment WHERE bundle = $1 ORDER BY id", bundle) == numbers
    assert len({r["combination"] for r in numbers}) == 1


async def test_an_expired_combination_is_closed_as_a_whole_before_anything_is_closed_here(live_shop: Shop) -> None:
    shop = live_shop
    bundle = await live_two(shop)
    parameters = await shop.payments.prepay(bundle)
    shop.watch.forward(minutes=31)
    shop.sandbox.fault("combine.close", "answer", status=500, when="before")
    await close_expired_payments(shop.payments)
    assert await are(bundle, "closing", "closing"), "an unknown outcome closes nothing"
    assert await shop.facts(PaymentClosed) == []
    shop.watch.forward(minutes=1)
    await close_expired_payments(shop.payments)
    assert await are(bundle, "closed", "closed")
    assert len(await shop.facts(PaymentClosed)) == 2
    assert "已关闭" in await asyncio.to_thread(lambda: shop.phone(parameters))


async def test_a_payer_who_was_faster_than_the_close_has_paid_all_parts(live_shop: Shop) -> None:
    live_shop.sandbox.fault("notice.transaction", "lose", times=None)
    bundle = await live_two(live_shop)
    assert await pay(live_shop, bundle) == "requestPayment:ok"
    assert await live_shop.payments.request_close(bundle)
    await close_expired_payments(live_shop.payments)
    assert await are(bundle, "succeeded", "succeeded")
    assert await live_shop.facts(PaymentClosed) == []


async def test_a_combination_that_was_never_offered_closes_without_a_call(shop: Shop) -> None:
    bundle = await open_two(shop)
    assert await shop.payments.request_close(bundle)
    assert not await shop.payments.request_close(bundle)
    assert await are(bundle, "closed", "closed")
    assert len(await shop.facts(PaymentClosed)) == 2


async def seen(bundle: str, index: int, **other: object) -> Transaction:
    part = (await rows("SELECT * FROM payment WHERE bundle = $1 ORDER BY id", bundle))[index]
    told: dict[str, object] = {
        "number": part["number"],
        "state": TradeState.SUCCESS,
        "mchid": channel.MCHID,
        "sub_mchid": part["sub_mchid"],
        "appid": channel.APPID,
        "transaction_id": "42" + part["number"],
        "amount_fen": part["amount_fen"],
        "currency": "CNY",
        "payer_openid": part["payer_openid"],
        "succeeded_at": utc_now(),
        "combination": part["combination"],
        **other,
    }
    return Transaction(**told)  # type: ignore[arg-type]


async def test_one_part_paid_and_one_not_go_their_own_ways(shop: Shop) -> None:
    bundle = await open_two(shop)
    assert await shop.payments.confirm(await seen(bundle, 1)) is Confirmation.APPLIED
    assert await are(bundle, "pending", "succeeded")
    with pytest.raises(PaymentNotOpen):
        await shop.payments.prepay(bundle)
    assert await shop.payments.request_close(bundle)
    assert await are(bundle, "closed", "succeeded")
    assert [f.reference for f in await shop.facts(PaymentClosed)] == ["T1A"]
    assert [f.reference for f in await shop.facts(PaymentSucceeded)] == ["T1B"]


async def test_money_of_another_combination_or_alone_touches_nothing(shop: Shop) -> None:
    bundle, other = await open_two(shop), await open_two(shop, "T2")
    foreign = (await rows("SELECT combination FROM payment WHERE bundle = $1", other))[0]["combination"]
    for combination in (None, foreign):
        told = await seen(bundle, 0, combination=combination)
        assert await shop.payments.confirm(told) is Confirmation.OTHER_MERCHANT
    alone = await shop.open(100, reference="A")
    told = await seen(alone, 0, combination=foreign)
    assert await shop.payments.confirm(told) is Confirmation.OTHER_MERCHANT
    assert await are(bundle, "pending", "pending")


async def test_a_notice_with_one_wrong_part_captures_the_other_and_is_told_again(shop: Shop) -> None:
    """R5 by the part: the wrong amount is held and shown to a person, the right one is paid."""
    bundle = await open_two(shop)
    parts = await rows("SELECT * FROM payment WHERE bundle = $1 ORDER BY id", bundle)
    members = channel.combined_members(parts, wrong_fen=1)
    raw = channel.notice_body(members)
    for _ in range(3):
        with pytest.raises(NoticeNotAccepted):
            await shop.notices.receive(channel.signed_headers(raw), raw)
    assert await are(bundle, "held", "succeeded")
    assert [f.seen_fen for f in await shop.facts(PaymentHeld)] == [11971]
    assert len(await shop.facts(PaymentSucceeded)) == 1


async def test_what_cannot_be_combined(shop: Shop) -> None:
    later = shop.watch() + timedelta(minutes=5)
    one, two = parts_of("T1")
    with pytest.raises(CombinationTooLarge):
        await shop.payments.open("T1", "o", later, [one, part_of("T1B", 1, payee="M2")])
    many = [part_of(f"T1-{n}", 1, payee=f"M{n}", sub_mchid=f"19{n:08d}") for n in range(51)]
    with pytest.raises(CombinationTooLarge) as refused:
        await shop.payments.open("T1", "o", later, many)
    assert refused.value.facts["limit"] == 50
    with pytest.raises(PayeeNotReady):
        await shop.payments.open("T1", "o", later, [one, part_of("T1B", 1, payee="M2", sub_mchid=None)])
    assert await rows("SELECT 1 FROM payment") == []
    numbers = await shop.payments.open("T1", "o", later, [one, two])
    assert await shop.payments.open("T1", "o", later, [one, two]) == numbers
    with pytest.raises(PaymentDiffers):
        await shop.payments.open("T1", "o", later, parts_of("T1", 4991))


async def test_in_direct_mode_several_payees_are_refused(shop: Shop) -> None:
    direct = replace(shop.gateway, configuration=channel.configuration(mode="direct"))
    with pytest.raises(CombinationNotOffered):
        await Payments(direct, shop.watch).open("T1", "o", shop.watch(), parts_of("T1"))


async def test_parts_closed_by_two_at_once_are_closed_once(shop: Shop) -> None:
    for n in range(6):
        await open_two(shop, f"T{n}")
    await execute("UPDATE payment SET expires_at = now() - interval '1 minute'")
    await asyncio.gather(*(close_expired_payments(shop.payments) for _ in range(3)))
    assert len(await shop.facts(PaymentClosed)) == 12
