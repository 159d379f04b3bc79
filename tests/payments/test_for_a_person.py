"""What a person must look at: held payments and refunds that do not end by themselves."""

import pytest

from accounts.actors import Auditor, CountyOfficer
from accounts.service import AccessLogs
from console_api.payments.endpoints import close_held_payment, list_abnormal_refunds, list_held_payments
from kit.database import scalar
from payments.confirmations import Confirmation
from payments.errors import PaymentNotOpen
from payments.events import PaymentArrivedLate, PaymentClosed
from payments.jobs import send_refunds
from payments.ports import RefundState
from payments.queries import PaymentQueries
from tests.payments.conftest import Shop
from tests.payments.test_payments_room import a_refund, refund_seen, seen

AUDITOR = Auditor(caller="staff:U1", id=1, number="U1", name="示例审计")


async def test_held_money_is_listed_until_the_channel_corrects_itself(shop: Shop) -> None:
    reference = await shop.open(700)
    right = await seen(shop, reference)
    await shop.payments.confirm(await seen(shop, reference, amount_fen=70))
    (held,) = (await list_held_payments(AUDITOR, PaymentQueries())).payments
    assert (held.reference, held.amount_fen, held.seen_fen) == (reference, 700, 70)
    assert held.transaction_id == right.transaction_id
    assert held.reason == "amount: 700 fen asked for, 70 reported"
    await shop.payments.confirm(right)
    assert (await list_held_payments(AUDITOR, PaymentQueries())).payments == []
    assert await scalar("SELECT num_nulls(held_reason, held_fen, held_transaction_id) FROM payment") == 3


async def test_held_money_that_was_given_back_ends_its_payment_once(shop: Shop) -> None:
    officer = CountyOfficer(caller="staff:U2", id=2, number="U2", name="示例经办")
    before, after = await shop.open(700), await shop.open(800)
    await shop.payments.request_close(after)
    for reference in (before, after):
        wrong = await seen(shop, reference, amount_fen=70)
        assert await shop.payments.confirm(wrong) is Confirmation.HELD
        for _ in range(2):
            await close_held_payment(officer, wrong.number, "key", shop.payments, AccessLogs())
        assert await shop.payments.confirm(wrong) is Confirmation.REPEATED, "the channel need not tell it again"
    assert [(await shop.row(r))["state"] for r in (before, after)] == ["closed", "closed"]
    assert [f.reference for f in await shop.facts(PaymentClosed)] == [after, before]
    assert await shop.payments.claim_queries(9) == []
    assert await scalar("SELECT count(*) FROM access_log WHERE purpose = 'held_payment_closure'") == 4
    await shop.payments.confirm(await seen(shop, before))
    assert [f.amount_fen for f in await shop.facts(PaymentArrivedLate)] == [700], "the right money is still late money"
    for reference in (before, await shop.open()):
        with pytest.raises(PaymentNotOpen):
            await shop.payments.close_held((await shop.row(reference))["number"])


async def test_refunds_that_need_a_person_are_listed_and_others_are_not(shop: Shop) -> None:
    numbers = [await a_refund(shop) for _ in range(5)]
    for number, state in zip(numbers, ("SUCCESS", "ABNORMAL", "CLOSED", "PROCESSING"), strict=False):
        await shop.refunds.confirm(await refund_seen(shop, number, RefundState(state)))
    listed = (await list_abnormal_refunds(AUDITOR, PaymentQueries())).refunds
    assert [(r.refund_number, r.state) for r in listed] == [(numbers[1], "abnormal"), (numbers[2], "closed")]
    assert [r.reference for r in listed] == ["ORDER2", "ORDER3"]
    again = await shop.refunds.request(
        reference="ORDER3", refund_reference="refund of ORDER3-2", amount_fen=400, reason="再次退款"
    )
    await shop.refunds.confirm(await refund_seen(shop, numbers[1], RefundState.SUCCESS))
    assert (await list_abnormal_refunds(AUDITOR, PaymentQueries())).refunds == []
    shop.watch.forward(days=1, seconds=1)
    overdue = await PaymentQueries().abnormal_refunds(shop.watch())
    assert [(r.refund_number, r.state) for r in overdue] == [
        (numbers[3], "processing"),
        (numbers[4], "requested"),
        (again, "requested"),
    ]
    assert await send_refunds(shop.refunds) == 2, "they are still being worked on"
