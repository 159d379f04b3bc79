"""R5: the amount is the server's, and the channel's must be the same (commerce reference 2)."""

import pytest

from kit.database import row, rows
from orders.errors import QuoteChanged
from orders.quotes import CheckoutLine, Expectation
from payments.errors import NoticeNotAccepted
from payments.events import PaymentHeld, PaymentSucceeded
from tests.orders.mall import ADDRESS, Mall, facts, openid_of, state_of, stock_of, trade
from tests.payments import channel


async def told(mall: Mall, number: str, wrong_fen: int, transaction: str = "") -> None:
    """A genuine notice of a payment with so many fen more than were asked for."""
    payment = await mall.payment(number)
    paid = channel.Paid(
        number=payment["number"],
        amount_fen=payment["amount_fen"] + wrong_fen,
        payer_openid=payment["payer_openid"],
        transaction_id=transaction or f"42{payment['number']}",
        sub_mchid=payment["sub_mchid"],
    )
    await mall.receive_notice(channel.notice_body(paid.members()))


@pytest.mark.parametrize("wrong_fen", [-1, 1, -3989, 10**6])
async def test_r05_another_amount_is_held_and_shown_and_pays_nothing(
    mall: Mall,
    wrong_fen: int,
) -> None:
    """Fails when the amount is taken out of ``payments.confirmations._mismatch``: tried."""
    order = await mall.place(1)
    with pytest.raises(NoticeNotAccepted):
        await told(mall, order.number, wrong_fen)
    await mall.deliver()
    assert await state_of(order.number) == "pending_payment"
    assert await stock_of(mall.skus[0]) == (99, 1, 0)
    assert [f.seen_fen for f in await facts(PaymentHeld)] == [3990 + wrong_fen]
    found = await row("SELECT state, held_fen FROM payment")
    assert found == {"state": "held", "held_fen": 3990 + wrong_fen}
    await told(mall, order.number, 0)
    assert await state_of(order.number) == "paid", "the channel itself has corrected it"


async def test_r05_a_second_transaction_of_a_paid_order_changes_nothing_and_is_refused(mall: Mall) -> None:
    """WeChat Pay takes a number's money once; a notice that says otherwise is nothing to act on by itself."""
    order = await mall.place(1)
    await told(mall, order.number, 0)
    before = {**await trade(), "facts": None}
    with pytest.raises(NoticeNotAccepted):
        await told(mall, order.number, 0, transaction="4200000000000000000000000002")
    assert {**await trade(), "facts": None} == before
    assert len(await facts(PaymentSucceeded)) == 1


async def test_r05_what_the_client_believes_is_compared_and_never_charged(mall: Mall) -> None:
    """Fails when ``Expectation.check`` is not called by ``Checkout.place``: tried."""
    lines = [CheckoutLine(mall.skus[0], 2)]
    before = await trade()
    for expected in (Expectation(1), Expectation(7979), Expectation(7980, "0" * 32), Expectation(digest="0" * 32)):
        with pytest.raises(QuoteChanged) as refused:
            await mall.checkout.place("C1", openid_of("C1"), lines, [], ADDRESS, expected)
        assert refused.value.facts["quote"]["amount_fen"] == 7980  # type: ignore[index]
    assert await trade() == before
    await mall.checkout.place("C1", openid_of("C1"), lines, [], ADDRESS, Expectation(7980))
    assert [payment["amount_fen"] for payment in await rows("SELECT amount_fen FROM payment")] == [7980]
