"""Fund-flow bills and the items of differences, with the sandbox's own signed and sealed bills."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from tortoise.exceptions import OperationalError

from accounts.roles import Role
from accounts.staff import GrantedRole
from kit.clock import china_day, utc_now
from kit.database import execute, rows, scalar, transaction
from payments.bills import Bills
from payments.differences import Differences, difference, differences
from payments.errors import DifferenceNotMovable, DifferenceUnknown, OwnerUnknown
from payments.fund_bills import FundBills
from payments.jobs import compare_bills, query_refunds, send_refunds
from payments.models import DIFFERENCE_TRANSITIONS, DifferenceState
from payments.ports import FundBill, FundBillRow
from tests.accounts.people import staff_member
from tests.payments import channel
from tests.payments.conftest import Shop
from tests.payments.test_bills_room import captured_line, keep
from tests.payments.test_live_payments import is_in, pay, until
from tests.payments.test_payments_room import seen
from tests.statements import counted_statements


async def traded(shop: Shop) -> None:
    """A payment and a partial refund at the sandbox."""
    reference = await shop.open(11970)
    await pay(shop, reference)
    await until(lambda: is_in(shop, reference, "succeeded"))
    async with transaction():
        await shop.refunds.request(
            reference=reference, refund_reference=f"R-{reference}", amount_fen=1970, reason="少发一件"
        )
    await send_refunds(shop.refunds)

    async def refunded() -> bool:
        shop.watch.forward(seconds=10)
        await query_refunds(shop.refunds)
        return bool(await scalar("SELECT state = 'succeeded' FROM payment_refund"))

    await until(refunded)


async def test_every_movement_of_a_sealed_bill_fits_and_changes_are_items(live_shop: Shop) -> None:
    """The sub-merchant's bill is sealed for our certificate; captures, refunds and both ways of fees are matched."""
    await traded(live_shop)
    today = china_day(utc_now())
    funds, items = FundBills(live_shop.gateway), Differences(live_shop.gateway)
    assert await funds.missing(today) == [(today, channel.SUB_MCHID)]
    # The sandbox serves other tests too: what they moved is not ours and an item of its own.
    assert await funds.import_day(today, channel.SUB_MCHID) >= 4
    await Bills(live_shop.gateway).import_day(today)
    await compare_bills(live_shop.bills)
    await funds.compare()
    own = "SELECT transaction_id FROM payment"
    told = await rows(
        f"SELECT business, amount_fen, difference FROM payment_fund_line WHERE transaction_id IN ({own}) ORDER BY id"
    )
    assert [(each["business"], each["difference"]) for each in told] == [
        ("交易", None), ("扣除交易手续费", None), ("退款", None), ("退还交易手续费", None),
    ]  # fmt: skip
    net = await scalar(
        "SELECT (SELECT sum(captured_fen) FROM payment) - (SELECT sum(amount_fen) FROM payment_refund)"
        " - (SELECT sum(fee_fen) FROM payment_settlement)"
    )
    assert sum(each["amount_fen"] for each in told) == net
    assert await funds.missing(today) == []
    assert (
        await scalar("SELECT count(*) FROM bill_difference WHERE payment_number IN (SELECT number FROM payment)") == 0
    )
    await execute("DELETE FROM payment_fund_line WHERE business = '交易' AND difference IS NULL")
    await items.collect()
    unfunded = await rows("SELECT reason, amount_fen FROM bill_difference WHERE key LIKE 'unfunded:%'")
    assert [(each["reason"], each["amount_fen"]) for each in unfunded] == [("missing_in_bill", 11970)]


async def test_a_bill_that_is_not_ours_or_was_changed_on_the_way_is_not_kept(live_shop: Shop) -> None:
    await traded(live_shop)
    today = china_day(utc_now())
    live_shop.sandbox.fault("bill.sub_fund_flow", "bad_reply", flavour="other_key", times=None)
    assert await FundBills(live_shop.gateway).import_day(today, channel.SUB_MCHID) == 0
    assert await scalar("SELECT count(*) FROM payment_fund_bill") == 0


def moved(number: int, business: str, amount: int, balance: int, transaction_id: str = "", voucher: str = ""):  # type: ignore[no-untyped-def]
    return FundBillRow(
        line_number=number, booked_at=utc_now(), flow_number=f"F{number}-{balance}", transaction_id=transaction_id,
        business=business, amount_fen=amount, balance_fen=balance, remark="", voucher=voucher,
    )  # fmt: skip


async def test_a_balance_that_does_not_follow_from_the_day_before_is_an_item(shop: Shop) -> None:
    today = china_day(utc_now())
    funds, items = FundBills(shop.gateway, shop.watch), Differences(shop.gateway, shop.watch)
    for day, row in (
        (today - timedelta(days=3), moved(1, "提现", -100, 900)),
        (today - timedelta(days=1), moved(2, "提现", -100, 800)),
        (today, moved(3, "提现", -100, 701)),
    ):
        await funds._keep(FundBill(day=day, account=channel.SUB_MCHID, sha1="", rows=(row,)))
    await funds._keep(FundBill(day=today - timedelta(days=2), account=channel.SUB_MCHID, sha1="", rows=()))
    await funds.compare()
    assert await items.collect() == 1
    (found,), _ = await differences("open", None, None, 20)
    assert (found.reason, found.day, found.amount_fen) == ("balance", today, 1)


async def test_a_business_that_nobody_knows_and_foreign_money_are_items(shop: Shop) -> None:
    reference = await shop.open(700)
    paid = await seen(shop, reference)
    await shop.payments.confirm(paid)
    today = china_day(utc_now())
    funds, items = FundBills(shop.gateway, shop.watch), Differences(shop.gateway, shop.watch)
    lines = (
        moved(1, "交易", 700, 700, str(paid.transaction_id)),
        moved(2, "交易", 800, 1500, "42NOBODY"),
        moved(3, "彩票奖金", 1, 1501),
        moved(4, "退款", -5, 1496, voucher="50NOBODY"),
    )
    await funds._keep(FundBill(day=today, account=channel.SUB_MCHID, sha1="", rows=lines))
    await funds._keep(FundBill(day=today, account=channel.MCHID, sha1="", rows=(lines[0],)))
    await funds.compare()
    await items.collect()
    found, _ = await differences(None, None, None, 20)
    assert sorted((each.account, each.reason) for each in found) == [
        (channel.MCHID, "other_account"),
        (channel.SUB_MCHID, "unknown_business"),
        (channel.SUB_MCHID, "unknown_payment"),
        (channel.SUB_MCHID, "unknown_refund"),
    ]


async def test_a_capture_in_the_bills_of_two_days_does_not_stop_the_comparison(shop: Shop) -> None:
    """Fails with an error that stops every comparison when a fee is looked for in all bills at once: tried."""
    reference = await shop.open(700)
    paid = await seen(shop, reference)
    await shop.payments.confirm(paid)
    for day in range(2):
        await keep(shop, captured_line(paid.number, str(paid.transaction_id), 700 + day))
        shop.watch.forward(days=1)
    funds = FundBills(shop.gateway, shop.watch)
    line = moved(1, "扣除交易手续费", -6, 694, str(paid.transaction_id))
    await funds._keep(FundBill(day=china_day(utc_now()), account=channel.SUB_MCHID, sha1="", rows=(line,)))
    assert await funds.compare() == 1


async def an_item(shop: Shop) -> tuple[Differences, str, str]:
    """A trade bill's line whose payment is not captured yet: it may agree later."""
    reference = await shop.open(700)
    paid = await seen(shop, reference)
    await keep(shop, captured_line(paid.number, str(paid.transaction_id), 700))
    await compare_bills(shop.bills)
    items = Differences(shop.gateway, shop.watch)
    await items.collect()
    (found,), _ = await differences(None, None, None, 20)
    return items, found.number, reference


async def test_every_pair_of_states_moves_as_the_table_says(shop: Shop) -> None:
    items, number, _ = await an_item(shop)
    officer = (await staff_member("officer")).number
    item = await scalar("SELECT id FROM bill_difference")
    for source, target in itertools.product(DifferenceState, DifferenceState):
        await execute("UPDATE bill_difference SET state = $1, owner = $2", source.value, officer)
        before = len((await difference(number)).steps)
        if target in DIFFERENCE_TRANSITIONS[source]:
            await items._move(item, target, "staff:x", None, "说明")
            assert (await difference(number)).state == target
        else:
            with pytest.raises(DifferenceNotMovable):
                await items._move(item, target, "staff:x", None, "说明")
            assert (await difference(number)).state == source
        assert len((await difference(number)).steps) == before + (target in DIFFERENCE_TRANSITIONS[source])


async def test_an_item_has_an_owner_a_note_and_an_end_with_a_reason(shop: Shop) -> None:
    items, number, reference = await an_item(shop)
    officer, host = await staff_member("officer"), await staff_member("host", GrantedRole(Role.HOST))
    with pytest.raises(DifferenceNotMovable):
        await items.close(number, "微信侧重复入账", "staff:x")
    for nobody in (host.number, "UNOBODY"):
        with pytest.raises(OwnerUnknown):
            await items.assign(number, nobody, "请核对", "staff:x")
    with pytest.raises(DifferenceUnknown):
        await items.assign("BDNOBODY", officer.number, "请核对", "staff:x")
    await items.assign(number, officer.number, "请核对", "staff:lead")
    assert [each.number for each in (await differences("assigned", officer.number, None, 20))[0]] == [number]
    await items.close(number, "微信侧重复入账，已由客服更正", f"staff:{officer.number}")
    assert await items.collect() == 0, "a closed item stays closed although bill and rows still differ"
    steps = (await difference(number)).steps
    assert [(step.state, step.note) for step in steps] == [
        ("open", ""), ("assigned", "请核对"), ("closed", "微信侧重复入账，已由客服更正"),
    ]  # fmt: skip
    with pytest.raises(OperationalError):
        await execute("UPDATE bill_difference_step SET note = ''")
    assert reference


async def test_an_item_ends_of_itself_when_bill_and_rows_agree_and_begins_again_when_they_do_not(shop: Shop) -> None:
    items, number, reference = await an_item(shop)
    await shop.payments.confirm(await seen(shop, reference))
    await compare_bills(shop.bills)
    assert await items.collect() == 1
    assert (await difference(number)).state == "resolved"
    await execute("UPDATE payment_bill_line SET difference = 'amount'")
    assert await items.collect() == 1
    assert (await difference(number)).state == "open"


async def test_collectors_at_once_make_one_item(shop: Shop) -> None:
    items, _, _ = await an_item(shop)
    await shop.open(800)
    lines = [captured_line("PNOBODY", f"42NOBODY{n}", 800) for n in range(3)]
    await keep(shop, *lines)
    await compare_bills(shop.bills)
    done = await asyncio.gather(*(items.collect() for _ in range(4)))
    assert sum(done) == 3
    assert await scalar("SELECT count(*) FROM bill_difference") == 4


async def test_a_bill_of_a_thousand_lines_is_kept_in_two_statements(shop: Shop) -> None:
    lines = [captured_line(f"P{n}", f"42{n:026d}", 100) for n in range(1000)]
    with counted_statements() as sent:
        await keep(shop, *lines)
    assert len([each for each in sent if "INSERT" in each]) == 2
    assert await scalar("SELECT count(*) FROM payment_bill_line") == 1000
