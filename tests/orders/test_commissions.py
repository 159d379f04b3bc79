"""A merchant's commission from the county's terms to the books and the statement, to the fen."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from integrations.wechat_pay.gateway import WeChatPayGateway
from kit.clock import china_day
from kit.database import execute, row, rows, scalar
from ledger.queries import unbalanced_journals
from merchants.commissions import CommissionDesk, commission_terms
from merchants.errors import CommissionDayTaken, CommissionNotOffered, CommissionTooHigh, MerchantUnknown
from payments.jobs import send_splits
from payments.ports import GatewayRefused
from payments.sharing.ports import ReturnResult, ShareState, SplitResult
from payments.sharing.returns import Returns
from payments.sharing.service import Sharing
from poverty_alleviation.reconciliation import reconciliation as books_reconciliation
from products.queries import sku_offers
from settlements.queries import figures, reconciliation
from tests.orders.mall import CheckoutLine, Mall
from tests.products.shelf import approved_merchant, listed_product
from tests.statements import counted_statements


def desk(mall: Mall) -> CommissionDesk:
    return CommissionDesk(is_offered=True, limit_bp=3000, clock=mall.watch)


async def agree(mall: Mall, basis_points: int, days: int = 0) -> None:
    day = china_day(mall.watch()) + timedelta(days=days)
    await desk(mall).agree(mall.merchant, day, basis_points, "示例协议 1 号", "staff:county")


async def earned(mall: Mall, quantity: int, consumer: str = "C1") -> str:
    """An order that is received and whose window has passed; answers its number."""
    order = await mall.place(quantity, consumer=consumer)
    await mall.bring_to("received", order)
    mall.watch.forward(days=8)
    await mall.life.earn_due()
    await mall.deliver()
    return order.number


def sharing(mall: Mall) -> Sharing:
    return Sharing(mall.built.mall.sharing.channel, 3000, mall.watch)


async def split_at_wechat(mall: Mall, order: str) -> int:
    """The job claims the split, and WeChat answers that it is done; answers its fen."""
    service = sharing(mall)
    (claimed,) = await service.claim(10)
    seen = SplitResult(claimed["number"], f"30{order}", ShareState.SUCCESS, claimed["amount_fen"])
    await service.confirm(claimed["id"], seen)
    await service.confirm(claimed["id"], seen)
    await mall.deliver()
    return int(claimed["amount_fen"])


async def balance(code: str, state: str) -> int:
    return int(
        await scalar(
            "SELECT coalesce(sum(p.amount_fen), 0)::bigint FROM ledger_posting p JOIN ledger_account a"
            " ON a.id = p.account_id WHERE a.code = $1 AND a.state = $2",
            code,
            state,
        )
    )


async def check_books(mall: Mall) -> None:
    assert (await reconciliation(mall.gateway.channel)).is_exact
    assert (await books_reconciliation()).payables_difference_fen == 0
    assert await unbalanced_journals() == 0


async def test_terms_hold_from_their_day_on_and_are_copied_when_an_order_is_placed(mall: Mall) -> None:
    """Later terms move no order; an order of two merchants freezes the one that shares, in five statements as ever."""
    await agree(mall, 500)
    first = await mall.place(1)
    await agree(mall, 800, days=3)
    assert (await mall.place(1, consumer="C2")).commission_bp == 500
    on_the_day = await sku_offers(mall.skus, mall.watch() + timedelta(days=3))
    assert on_the_day[mall.skus[0]].commission_bp == 800
    found = await row("SELECT commission_bp, to_share FROM customer_order WHERE number = $1", first.number)
    assert found == {"commission_bp": 500, "to_share": True}
    other = await approved_merchant(2, "另一家合作社")
    _, (sku,) = await listed_product(other)
    with counted_statements() as sent:
        trade = await mall.place_trade([CheckoutLine(mall.skus[0], 1), CheckoutLine(sku, 1)], consumer="C4")
    assert len([s for s in sent if s.startswith(("INSERT", "SELECT", "UPDATE", "WITH", "\n"))]) <= 7
    shared = await rows("SELECT payee, to_share FROM payment WHERE bundle = $1 ORDER BY payee", trade.number)
    assert {each["payee"]: each["to_share"] for each in shared} == {mall.merchant: True, other: False}
    assert [each.basis_points for each in await commission_terms(mall.merchant)] == [800, 500]


async def test_terms_that_are_refused(mall: Mall) -> None:
    today = china_day(mall.watch())
    await agree(mall, 500)
    for day, basis_points, merchant, refusal in (
        (today, 300, mall.merchant, CommissionDayTaken),
        (today - timedelta(days=1), 300, mall.merchant, CommissionDayTaken),
        (today, 3001, mall.merchant, CommissionTooHigh),
        (today, 300, "M0", MerchantUnknown),
    ):
        with pytest.raises(refusal):
            await desk(mall).agree(merchant, day, basis_points, "示例协议 2 号", "staff:county")
    direct = CommissionDesk(is_offered=False, limit_bp=3000, clock=mall.watch)
    with pytest.raises(CommissionNotOffered):
        await direct.agree(mall.merchant, date(2099, 1, 1), 300, "示例协议 3 号", "staff:county")
    assert not mall.built.mall.sharing.channel.is_offered  # no receiver is named in this installation
    with pytest.raises(Exception, match=r"append|permission|UPDATE"):
        await execute("UPDATE merchant_commission SET basis_points = 1")


async def test_an_earned_order_is_split_and_statement_and_books_say_so(mall: Mall) -> None:
    """Freight and what was refunded before bear no commission; nothing is asked for before the order is earned."""
    day = china_day(mall.watch())
    await agree(mall, 500)
    order = await mall.place(3)
    await mall.bring_to("received", order)
    await mall.refund(order, 0, 1)
    assert await sharing(mall).claim(10) == []
    mall.watch.forward(days=8)
    await mall.life.earn_due()
    await mall.deliver()
    commission = 3990 * 2 * 500 // 10_000
    assert await split_at_wechat(mall, order.number) == commission
    found = await figures(mall.merchant, day, day + timedelta(days=20))
    assert (found.split_fen, found.merchant_owes_fen) == (-commission, 0)
    assert found.landed_fen == found.received_fen + found.fee_fen - commission
    assert (await balance("2106", "paid"), await balance("2103", "earned")) == (-commission, commission)
    await check_books(mall)


async def test_a_refund_after_the_split_brings_its_part_back_first(mall: Mall) -> None:
    """The county grants one late: the return is asked for, and only then may the refund go."""
    await agree(mall, 1000)
    number = await earned(mall, 2)
    commission = await split_at_wechat(mall, number)
    await mall.refunds.request(reference=number, refund_reference="late", amount_fen=3990, reason="县级裁定")
    assert await mall.refunds.claim_sends(10) == []
    returns = Returns(mall.built.mall.sharing.channel, mall.watch)
    (claimed,) = await returns.claim(10)
    assert claimed["amount_fen"] == commission // 2
    seen = ReturnResult(claimed["number"], "RET1", ShareState.SUCCESS, claimed["amount_fen"])
    await returns.confirm(seen)
    await returns.confirm(seen)
    assert len(await mall.refunds.claim_sends(10)) == 1
    await mall.receive_notice(await mall.refund_notice("late"))
    assert await balance("2106", "paid") == -(commission - commission // 2)
    found = await figures(mall.merchant, china_day(mall.watch()), china_day(mall.watch()))
    assert found.split_fen == -commission + commission // 2


async def test_a_share_that_is_too_old_to_come_back_is_the_countys_debt(mall: Mall) -> None:
    """Listed, on the statement and in the books; and not any more when its refund fails after all."""
    await agree(mall, 1000)
    number = await earned(mall, 2)
    commission = await split_at_wechat(mall, number)
    mall.watch.forward(days=181)
    await mall.refunds.request(reference=number, refund_reference="late", amount_fen=3990, reason="县级裁定")
    await mall.deliver()
    today = china_day(mall.watch())
    found = await figures(mall.merchant, today, today)
    assert (found.county_owes_share_fen, found.county_owes_fen, found.merchant_owes_fen) == (commission // 2, 0, 0)
    assert (found.split_fen, found.landed_fen) == (0, 0)  # nothing has moved
    assert (await balance("2106", "paid"), await balance("2106", "earned")) == (-commission, commission // 2)
    await check_books(mall)
    await refuse_for_good(mall)
    found = await figures(mall.merchant, today, china_day(mall.watch()))
    assert (found.county_owes_share_fen, found.merchant_owes_fen) == (0, 0)
    assert await balance("2106", "earned") == 0
    await check_books(mall)


async def refuse_for_good(mall: Mall) -> None:
    """WeChat refuses the refund that is due until it is given up."""
    for _ in range(4):
        mall.watch.forward(hours=1)
        (claimed,) = await mall.refunds.claim_sends(10)
        await mall.refunds._refused(claimed, GatewayRefused("PARAM_ERROR", "参数错误", status=400))
    assert await scalar("SELECT state FROM payment_refund ORDER BY id DESC LIMIT 1") == "closed"
    await mall.deliver()


async def test_a_refund_that_fails_after_its_share_came_back_leaves_the_commission_owed(mall: Mall) -> None:
    """In statement and books, until it is asked for again and paid. Fails when nobody reacts to it: tried."""
    await agree(mall, 1000)
    number = await earned(mall, 2)
    commission = await split_at_wechat(mall, number)
    first = china_day(mall.watch())
    await mall.refunds.request(reference=number, refund_reference="late", amount_fen=3990, reason="县级裁定")
    returns = Returns(mall.built.mall.sharing.channel, mall.watch)
    (claimed,) = await returns.claim(10)
    await returns.confirm(ReturnResult(claimed["number"], "RET1", ShareState.SUCCESS, claimed["amount_fen"]))
    await refuse_for_good(mall)
    half = commission // 2
    found = await figures(mall.merchant, first, china_day(mall.watch()))
    assert (found.split_fen, found.merchant_owes_fen, found.county_owes_share_fen) == (half - commission, -half, 0)
    assert (await balance("2106", "paid"), await balance("2106", "earned")) == (half - commission, -half)
    assert await balance("2103", "earned") == commission
    await check_books(mall)
    await mall.refunds.request(reference=number, refund_reference="late-2", amount_fen=3990, reason="县级裁定")
    mall.watch.forward(hours=1)
    assert len(await mall.refunds.claim_sends(10)) == 1  # nothing has to come back once more
    await mall.deliver()
    assert (await figures(mall.merchant, first, china_day(mall.watch()))).merchant_owes_fen == 0
    assert (await balance("2106", "earned"), await balance("2103", "earned")) == (0, commission - half)
    await check_books(mall)


async def test_what_was_not_split_in_thirty_days_is_owed_in_statement_and_books(mall: Mall) -> None:
    """A pre-sale is earned later than WeChat waits."""
    await agree(mall, 1000)
    number = await earned(mall, 1)
    mall.watch.forward(days=30)
    assert await send_splits(sharing(mall)) == 0
    await mall.deliver()
    found = await figures(mall.merchant, china_day(mall.watch()), china_day(mall.watch()))
    assert (found.split_fen, found.merchant_owes_fen) == (0, -399)
    assert await balance("2106", "earned") == -399
    assert await scalar("SELECT state FROM payment_split") == "owed"
    assert await scalar("SELECT count(*) FROM settlement_entry WHERE order_number = $1", number) == 2
    await check_books(mall)


async def test_an_order_without_terms_and_a_mall_in_direct_mode_share_nothing(mall: Mall) -> None:
    """In direct mode all money lands at one merchant: terms that are left from before freeze nothing."""
    number = await earned(mall, 1)
    assert await scalar("SELECT to_share FROM payment WHERE reference = $1", number) is False
    assert await scalar("SELECT count(*) FROM payment_split") == 0
    await agree(mall, 500)
    configuration = replace(mall.built.mall.payments.gateway.configuration, mode="direct")  # type: ignore[attr-defined]
    mall.payments = replace(mall.payments, gateway=WeChatPayGateway(configuration, mall.built.http))
    mall.checkout = replace(mall.checkout, payments=mall.payments)
    order = await mall.place(1)
    assert (order.commission_bp, order.to_share) == (0, False)
    assert await scalar("SELECT to_share FROM payment WHERE reference = $1", order.number) is False
