"""Gifts: words that are printed only when they have passed, a hidden price, and both forgotten with their buyer."""

import msgspec
import pytest

from content.models import TextState
from content.texts import Texts
from kit.belongings import Person
from kit.database import execute, row, scalar, transaction
from miniapp_api.orders.schemas import GiftInput, PlaceOrder
from orders.errors import GiftForNobody, OrderNotFound
from orders.gifts import Gift, GiftSlip, GiftView, gift_of, gift_slips, packing_slip
from orders.own_records import forget_deliveries, part
from orders.placements import PlacedOrder
from orders.quotes import Expectation
from tests.orders.mall import ADDRESS, CheckoutLine, Mall, openid_of, trade
from tests.statements import counted_statements

WORDS = "外婆生日快乐，身体健康"


async def given(mall: Mall, message: str = WORDS, *, hides_price: bool = True) -> PlacedOrder:
    """A paid order of two that is a gift."""
    placed = await mall.checkout.place(
        "C1",
        openid_of("C1"),
        [CheckoutLine(mall.skus[0], 2)],
        (),
        ADDRESS,
        Expectation(),
        gifts={mall.merchant: Gift(message, hides_price)},
    )
    (order,) = placed.orders
    await mall.bring_to("paid", order)
    return order


async def judge(order: str, to: TextState) -> None:
    async with transaction():
        number = await scalar("SELECT number FROM content_text WHERE subject = $1", f"gift:{order}")
        await Texts().judge(number, to, by="wechat")


async def test_words_are_printed_only_when_they_have_passed(mall: Mall) -> None:
    """Fails when the slip prints what is still held: tried."""
    order = (await given(mall)).number
    assert await gift_of("C1", order) == GiftView(WORDS, "held", hides_price=True)
    assert (await packing_slip(mall.merchant, order)).gift_message == ""
    await judge(order, TextState.PASSED)
    with counted_statements() as sent:
        slip = await packing_slip(mall.merchant, order)
    assert len(sent) == 3
    assert (slip.gift_message, slip.amount_fen) == (WORDS, None)
    assert [(line.quantity, line.unit_price_fen) for line in slip.lines] == [(2, None)]
    assert await gift_slips([order, "X"]) == {order: GiftSlip(WORDS, hides_price=True)}
    for stranger in (packing_slip("M0", order), gift_of("C2", order)):
        with pytest.raises(OrderNotFound):
            await stranger


async def test_refused_words_hold_nothing_up(mall: Mall) -> None:
    order = await given(mall, hides_price=False)
    await judge(order.number, TextState.REFUSED)
    slip = await packing_slip(mall.merchant, order.number)
    assert (slip.gift_message, slip.amount_fen) == ("", order.amount_fen)
    await mall.fulfilment.pack(mall.merchant, order.number, {}, "staff:clerk")
    assert (await gift_of("C1", order.number)) == GiftView(WORDS, "refused", hides_price=False)


async def test_a_word_of_the_countys_list_goes_to_a_person_and_the_order_goes_on(mall: Mall) -> None:
    await Texts().add_keyword("刷单", "staff:county")
    order = (await given(mall, "刷 单 返利")).number
    assert (await gift_of("C1", order)) == GiftView("刷 单 返利", "in_review", hides_price=True)
    assert await scalar("SELECT state FROM customer_order WHERE number = $1", order) == "paid"


async def test_a_hidden_price_needs_no_words_and_a_plain_order_costs_no_statement_more(mall: Mall) -> None:
    order = (await given(mall, "")).number
    assert await scalar("SELECT count(*) FROM content_text") == 0
    assert (await gift_of("C1", order)) == GiftView("", "", hides_price=True)
    plain = await mall.place(1, consumer="C2")
    assert await gift_of("C2", plain.number) is None
    assert (await packing_slip(mall.merchant, plain.number)).amount_fen == plain.amount_fen


async def test_a_gift_for_a_merchant_of_whom_nothing_is_bought_leaves_nothing(mall: Mall) -> None:
    before = await trade()
    with pytest.raises(GiftForNobody):
        await mall.checkout.place(
            "C1", openid_of("C1"), [CheckoutLine(mall.skus[0], 1)], (), ADDRESS, Expectation(),
            gifts={"M0": Gift(WORDS, hides_price=False)},
        )  # fmt: skip
    assert await trade() == before


async def test_a_gift_is_told_and_forgotten_with_its_buyer_and_after_retention(mall: Mall) -> None:
    order = (await given(mall)).number
    await judge(order, TextState.PASSED)
    person = Person(number="C1", identity=openid_of("C1"))
    room = part(mall.cipher)
    assert (await room.personal_data(person))["gifts"] == [{"order": order, "hides_price": True, "message": WORDS}]
    await room.erase(person)
    assert (await packing_slip(mall.merchant, order)).gift_message == ""
    assert await row("SELECT text FROM content_text WHERE subject = $1", f"gift:{order}") == {"text": "……"}
    other = (await given(mall)).number
    await judge(other, TextState.PASSED)
    await execute("UPDATE customer_order SET state = 'received', received_at = now(), earned_at = now()")
    mall.watch.forward(days=1)
    assert await forget_deliveries(mall.watch()) == 2
    assert await scalar("SELECT count(*) FROM order_gift") == 0


@pytest.mark.parametrize(
    "gifts",
    [
        [{"merchant": "M1", "message": " "}],
        [{"merchant": "M1", "message": "x" * 201}],
        [{"merchant": "M1", "message": "a\x00b"}],
        [{"merchant": "M1", "hides_price": True}, {"merchant": "M1", "message": "again"}],
    ],
)
def test_gifts_that_are_none(gifts: list[object]) -> None:
    body = {"lines": [{"sku": "K1", "quantity": 1}], "address": "A1", "amount_fen": 1}
    assert msgspec.convert({**body, "gifts": [{"merchant": "M1", "message": WORDS}]}, PlaceOrder).gifts == (
        GiftInput(merchant="M1", message=WORDS),
    )
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**body, "gifts": gifts}, PlaceOrder)
