"""Splits against the sandbox with real signatures: limits, faults, crashes, returns before refunds, bills."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from integrations.wechat_pay.sharing import WeChatProfitSharing
from kit.clock import CHINA, utc_now
from kit.database import execute, row, rows, scalar, transaction
from payments.bundles import PaymentPart
from payments.errors import NoticeNotAuthentic
from payments.fund_bills import FundBills
from payments.jobs import query_refunds, send_refunds, send_returns, send_splits
from payments.ports import GatewayRefused
from payments.refunds import Refunds
from payments.sharing.events import PaymentShared, SplitReturned
from payments.sharing.ports import SplitOrder
from payments.sharing.queries import split_of, splits
from payments.sharing.returns import Returns
from payments.sharing.service import Sharing
from payments.sharing.service import _order as order_of
from payments.sharing.shares import kept, splittable
from tests.payments import channel
from tests.payments.conftest import Shop, part_of
from tests.payments.test_live_payments import until

LIMIT_BP = 3000
RECEIVER_NAME = "示例县域电商公司"


@dataclass
class Desk:
    """A live shop that splits."""

    shop: Shop
    http: httpx.AsyncClient
    account: str = channel.MCHID
    sharing: Sharing = field(init=False)
    returns: Returns = field(init=False)

    def __post_init__(self) -> None:
        splitting = WeChatProfitSharing(self.shop.gateway.configuration, self.account, RECEIVER_NAME, self.http)
        self.sharing = Sharing(splitting, LIMIT_BP, self.shop.watch)
        self.returns = Returns(splitting, self.shop.watch)
        self.shop.refunds = Refunds(self.shop.gateway, self.shop.watch, spacing=timedelta())

    def set(self, **conditions: object) -> None:
        self.shop.sandbox.control("PATCH", "/settings", **conditions)

    async def paid(self, reference: str, amount_fen: int = 10_000, *, to_share: bool = True) -> str:
        """A payment that its payer has paid."""
        part = part_of(reference, amount_fen)
        async with transaction():
            await self.shop.payments.open(
                reference,
                self.shop.openid,
                self.shop.watch() + timedelta(minutes=30),
                [PaymentPart(**{**_members(part), "to_share": to_share})],
            )
        self.shop.phone(await self.shop.payments.prepay(reference))

        async def captured() -> bool:
            return bool(await scalar("SELECT captured_fen > 0 FROM payment WHERE reference = $1", reference))

        await until(captured)
        return reference

    async def plan(self, reference: str, due_fen: int) -> None:
        async with transaction():
            await self.sharing.plan(reference, due_fen)
        self.shop.watch.forward(seconds=62)

    async def work(self) -> None:
        """Jobs until nothing is due any more; the clock goes on between them."""
        for _ in range(60):
            self.shop.watch.forward(seconds=1)
            done = await send_splits(self.sharing) + await send_returns(self.returns)
            done += await send_refunds(self.shop.refunds) + await query_refunds(self.shop.refunds)
            open_ = await scalar(
                "SELECT (SELECT count(*) FROM payment_split WHERE finished_at IS NULL)"
                " + (SELECT count(*) FROM payment_split_return WHERE finished_at IS NULL)"
                " + (SELECT count(*) FROM payment_refund WHERE finished_at IS NULL)"
            )
            if not done and not open_:
                return
            if not done:
                self.shop.watch.forward(minutes=31)
        raise AssertionError("the jobs do not come to an end")

    async def refund(self, reference: str, name: str, amount_fen: int) -> None:
        async with transaction():
            await self.shop.refunds.request(
                reference=reference, refund_reference=name, amount_fen=amount_fen, reason="退款"
            )

    async def state(self, reference: str) -> dict[str, Any]:
        found = await row(
            "SELECT s.* FROM payment_split s JOIN payment p ON p.id = s.payment_id WHERE p.reference = $1", reference
        )
        assert found is not None
        return found

    def balance(self, account: str) -> int:
        return int(self.shop.sandbox.control("GET", f"/funds/{account}")["balance_fen"])

    def sums(self, account: str) -> dict[str, int]:
        return dict(self.shop.sandbox.control("GET", f"/funds/{account}")["sums_fen"])


def _members(part: PaymentPart) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__struct_fields__}


CALM = {
    "share_wait_seconds": 0, "share_seconds": 0, "share_limit_bp": 3000, "share_frozen_seconds": 2_592_000,
    "share_outcome": "SUCCESS", "share_return_outcome": "SUCCESS", "refund_seconds": 0, "refund_spacing_seconds": 0,
}  # fmt: skip


@pytest_asyncio.fixture
async def desk(live_shop: Shop) -> AsyncIterator[Desk]:
    async with httpx.AsyncClient(trust_env=False) as http:
        made = Desk(live_shop, http)
        made.set(**CALM)
        yield made


async def test_an_earned_share_goes_to_the_receiver_once_and_a_refund_takes_its_part_back_first(desk: Desk) -> None:
    """Twenty claims at once, doubled notices and a refund whose share is returned before it (wechat reference 2.5)."""
    desk.shop.sandbox.fault("notice.profitsharing", "duplicate", copies=3)
    sub, own = desk.balance(channel.SUB_MCHID), desk.balance(channel.MCHID)
    await desk.paid("S1")
    await desk.plan("S1", 1000)
    await desk.plan("S1", 999)
    for _ in range(20):
        await send_splits(desk.sharing)
    await desk.work()
    found = await desk.state("S1")
    assert (found["state"], found["amount_fen"], found["owed_fen"], found["round"]) == ("split", 1000, 0, 1)
    assert desk.balance(channel.SUB_MCHID) - sub == 10_000 - 60 - 1000
    assert desk.balance(channel.MCHID) - own == 1000
    assert len(desk.shop.sandbox.requests("share.receiver")) >= 1
    await desk.refund("S1", "r1", 2500)
    assert await send_refunds(desk.shop.refunds) == 0  # the share first
    await desk.work()
    await desk.refund("S1", "r2", 7500)
    await desk.work()
    returned = await rows("SELECT amount_fen, state FROM payment_split_return ORDER BY id")
    assert returned == [{"amount_fen": 250, "state": "returned"}, {"amount_fen": 750, "state": "returned"}]
    assert desk.balance(channel.SUB_MCHID) == sub
    assert desk.balance(channel.MCHID) == own
    split, *_ = await desk.shop.facts(PaymentShared)
    assert (split.reference, split.payee, split.split_fen, split.owed_fen) == ("S1", "M1", 1000, 0)
    assert [f.returned_fen for f in await desk.shop.facts(SplitReturned)] == [250, 750]
    view = await split_of(split.number, desk.shop.watch())
    assert (view.order, view.split_fen, view.returned_fen, view.is_stuck) == ("S1", 1000, 1000, False)
    assert [each.state for each in view.returns] == ["returned", "returned"]


async def test_the_refund_is_refused_by_wechat_while_the_share_is_out(desk: Desk) -> None:
    """Fails when the refund does not wait for its return: tried."""
    before = len(desk.shop.sandbox.requests("refund.create"))
    await desk.paid("S2")
    await desk.plan("S2", 3000)
    await desk.work()
    await desk.refund("S2", "r", 10_000)
    await send_refunds(desk.shop.refunds)
    await desk.work()
    assert [each.get("code") for each in desk.shop.sandbox.requests("refund.create")[before:]] == [None]
    assert await scalar("SELECT refusals FROM payment_refund WHERE reference = 'r'") == 0


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_lost_answer_is_asked_about_and_nothing_is_split_twice(desk: Desk, when: str) -> None:
    own = desk.balance(channel.MCHID)
    desk.shop.sandbox.fault("share.split", "answer", status=500, when=when)
    desk.shop.sandbox.fault("share.receiver", "answer", status=500, when=when)
    await desk.paid(f"L{when}")
    await desk.plan(f"L{when}", 700)
    await desk.work()
    assert (await desk.state(f"L{when}"))["state"] == "split"
    assert desk.balance(channel.MCHID) - own == 700
    desk.shop.sandbox.fault("share.return", "answer", status=500, when=when)
    await desk.refund(f"L{when}", f"l{when}", 10_000)
    await desk.work()
    assert desk.balance(channel.MCHID) == own


async def test_a_crash_between_claim_and_record_is_healed_by_asking(desk: Desk) -> None:
    await desk.paid("C1")
    await desk.plan("C1", 500)
    claimed = await desk.sharing.claim(10)
    await desk.sharing._ask(order_of(claimed[0]))  # and the worker dies here
    assert (await desk.state("C1"))["state"] == "asked"
    desk.shop.watch.forward(minutes=2)
    await desk.work()
    assert (await desk.state("C1"))["state"] == "split"
    assert len([f for f in await desk.shop.facts(PaymentShared) if f.reference == "C1"]) == 1


async def test_what_exceeds_the_limit_is_owed_and_never_asked_for(desk: Desk) -> None:
    """The cap counts after the fee; before a bill states the fee, the highest rate is assumed."""
    before = len(desk.shop.sandbox.requests("share.split"))
    await desk.paid("M1")
    await desk.plan("M1", 3000)
    await desk.work()
    found = await desk.state("M1")
    assert (found["amount_fen"], found["owed_fen"]) == (2970, 30)
    assert [each.get("code") for each in desk.shop.sandbox.requests("share.split")[before:]] == [None]
    await desk.refund("M1", "m", 5000)
    await desk.work()
    view = await split_of(found["number"], desk.shop.watch())
    assert (view.split_fen - view.returned_fen, view.owed_fen) == (1485, 15)


async def test_a_refusal_lets_refunds_pass_and_is_tried_again_with_what_is_left(desk: Desk) -> None:
    desk.set(share_limit_bp=0)
    await desk.paid("R1")
    await desk.plan("R1", 1000)
    await send_splits(desk.sharing)
    found = await desk.state("R1")
    assert (found["state"], found["failure"]) == ("planned", "RULE_LIMIT")
    await desk.refund("R1", "rr", 4000)
    assert await send_refunds(desk.shop.refunds) == 1
    await until(lambda: _succeeded("rr"))
    listed, _ = await splits(desk.shop.watch() + timedelta(days=2), "M1", None, only_stuck=True, cursor=None, limit=100)
    assert "R1" in {each.order for each in listed}
    desk.set(share_limit_bp=3000)
    desk.shop.watch.forward(hours=7)
    await desk.work()
    found = await desk.state("R1")
    assert (found["state"], found["amount_fen"], found["round"]) == ("split", 600, 2)


async def _succeeded(refund: str) -> bool:
    return bool(await scalar("SELECT state = 'succeeded' FROM payment_refund WHERE reference = $1", refund))


async def test_after_thirty_days_the_commission_is_owed_and_not_lost(desk: Desk) -> None:
    await desk.paid("W1")
    await desk.plan("W1", 1000)
    desk.shop.watch.forward(days=30)
    asked = len(desk.shop.sandbox.requests("share.split"))
    await desk.work()
    found = await desk.state("W1")
    assert (found["state"], found["owed_fen"], found["failure"]) == ("owed", 1000, "window_over")
    assert len(desk.shop.sandbox.requests("share.split")) == asked
    (fact,) = [f for f in await desk.shop.facts(PaymentShared) if f.reference == "W1"]
    assert (fact.split_fen, fact.owed_fen) == (0, 1000)
    await desk.refund("W1", "w", 10_000)
    await desk.work()
    assert await _succeeded("w")
    (back,) = [f for f in await desk.shop.facts(SplitReturned) if f.reference == "W1"]
    assert (back.returned_fen, back.waived_fen) == (0, 1000)


async def test_a_receiver_that_cannot_be_paid_leaves_the_share_owed(desk: Desk) -> None:
    desk.set(share_outcome="CLOSED")
    await desk.paid("X1")
    await desk.plan("X1", 1000)
    await desk.work()
    found = await desk.state("X1")
    assert (found["state"], found["owed_fen"], found["failure"]) == ("owed", 1000, "ACCOUNT_ABNORMAL")


async def test_nothing_to_split_unfreezes_the_money(desk: Desk) -> None:
    await desk.paid("U1")
    assert desk.shop.sandbox.control("GET", "/orders")  # the sandbox answers
    await desk.plan("U1", 0)
    await desk.work()
    assert (await desk.state("U1"))["state"] == "unfrozen"
    assert len(desk.shop.sandbox.requests("share.unfreeze")) == 1
    await desk.refund("U1", "u", 10_000)
    await desk.work()
    assert await _succeeded("u")


async def test_a_payment_that_is_not_frozen_is_not_split(desk: Desk) -> None:
    await desk.paid("N1", to_share=False)
    await desk.plan("N1", 1000)
    assert await scalar("SELECT count(*) FROM payment_split") == 0
    payment = await desk.shop.row("N1")
    order = SplitOrder("NX1", payment["transaction_id"], channel.SUB_MCHID, 100)
    with pytest.raises(GatewayRefused) as refused:
        await desk.sharing.channel.split(order)
    assert refused.value.code in ("INVALID_REQUEST", "NO_AUTH")


async def test_a_failed_return_goes_out_again_under_another_number_and_the_refund_waits(desk: Desk) -> None:
    await desk.paid("F1")
    await desk.plan("F1", 1000)
    await desk.work()
    desk.set(share_return_outcome="FAILED")
    await desk.refund("F1", "f", 10_000)
    for _ in range(3):
        desk.shop.watch.forward(minutes=2)
        await send_returns(desk.returns)
        assert await send_refunds(desk.shop.refunds) == 0
    desk.set(share_return_outcome="SUCCESS")
    desk.shop.watch.forward(hours=1)
    await desk.work()
    tried = await rows("SELECT attempt, state, failure FROM payment_split_return ORDER BY id")
    assert tried == [
        {"attempt": 1, "state": "failed", "failure": "BALANCE_NOT_ENOUGH"},
        {"attempt": 2, "state": "returned", "failure": None},
    ]
    assert await _succeeded("f")


@pytest.mark.parametrize("how", ["failed", "refused"])
async def test_a_return_that_has_become_too_late_is_owed_and_the_refund_goes_on(desk: Desk, how: str) -> None:
    """Fails when only the first attempt looks at its age: then the buyer waits for ever. Tried."""
    await desk.paid("L1")
    await desk.plan("L1", 1000)
    await desk.work()
    if how == "failed":
        desk.set(share_return_outcome="FAILED")
    else:
        desk.shop.sandbox.fault("share.return", "answer", status=403, code="NOT_ENOUGH", times=None)
    await desk.refund("L1", "l", 10_000)
    assert await send_returns(desk.returns) == 1
    assert await send_refunds(desk.shop.refunds) == 0
    await execute("UPDATE payment_split SET finished_at = finished_at - interval '181 days'")
    desk.shop.watch.forward(hours=1)
    assert await send_returns(desk.returns) == 1
    tried = await rows("SELECT state, amount_fen FROM payment_split_return ORDER BY id")
    assert [each["state"] for each in tried] == [*["failed"] * (len(tried) - 1), "owed"]
    assert {each["amount_fen"] for each in tried} == {1000}
    assert await send_refunds(desk.shop.refunds) == 1


async def test_a_notice_of_a_split_is_a_hint_and_a_forged_one_nothing(desk: Desk) -> None:
    await desk.paid("H1")
    desk.set(share_seconds=3600)
    await desk.plan("H1", 100)
    await send_splits(desk.sharing)
    number = (await desk.state("H1"))["number"]
    await execute("UPDATE payment_split SET next_attempt_at = now() + interval '1 hour'")
    body = channel.notice_body({"out_order_no": number, "order_id": "3008"})
    body = body.replace(b'"original_type":"transaction"', b'"original_type":"profitsharing"')
    with pytest.raises(NoticeNotAuthentic):
        await desk.shop.notices.receive(channel.signed_headers(body, key="stranger"), body)
    before = await desk.state("H1")
    await desk.shop.notices.receive(channel.signed_headers(body), body)
    after = await desk.state("H1")
    assert before["state"] == after["state"] == "processing"
    assert after["next_attempt_at"] < before["next_attempt_at"]


async def test_the_fund_bills_of_payee_and_receiver_know_the_lines_of_a_split(desk: Desk) -> None:
    await desk.paid("B1")
    await desk.plan("B1", 1000)
    await desk.work()
    await desk.refund("B1", "b", 5000)
    await desk.work()
    day = utc_now().astimezone(CHINA).date()
    await desk.shop.bills.import_day(day)
    bills = FundBills(desk.shop.gateway, desk.shop.watch)
    assert (day, channel.MCHID) in await bills.missing(day)
    for account in (channel.SUB_MCHID, channel.MCHID):
        await bills.import_day(day, account)
    lines = await rows(
        "SELECT f.business, f.amount_fen, f.difference FROM payment_fund_line f JOIN payment p"
        " ON p.transaction_id = f.transaction_id WHERE p.reference = 'B1' AND f.business LIKE '分账%' ORDER BY f.id"
    )
    assert sorted((each["business"], each["amount_fen"], each["difference"]) for each in lines) == [
        ("分账", -1000, None), ("分账", 1000, None), ("分账回退", -500, None), ("分账回退", 500, None),
    ]  # fmt: skip


def test_a_share_of_what_is_left_is_never_more_than_its_part() -> None:
    for _ in range(2000):
        base = random.randint(1, 10**7)
        share = random.randint(0, base)
        left = random.randint(-5, base)
        assert 0 <= kept(share, left, base) <= max(0, left)
        assert splittable(base, None, LIMIT_BP) <= splittable(base, 0, LIMIT_BP) <= base * 3 // 10


@pytest.mark.parametrize("seed", range(4))
async def test_splits_returns_refunds_and_what_landed_always_add_up(desk: Desk, seed: int) -> None:
    """Any order of events, lost answers in between: the accounts at WeChat are what our rows say, to the fen."""
    chance = random.Random(seed)
    sub, own = desk.sums(channel.SUB_MCHID), desk.balance(channel.MCHID)
    for name in ("share.split", "share.return", "share.query", "refund.create"):
        desk.shop.sandbox.fault(name, "answer", status=500, when=chance.choice(["before", "after"]), times=2)
    amounts = {}
    for n in range(3):
        reference = f"P{seed}{n}"
        amounts[reference] = chance.randint(1, 40_000)
        await desk.paid(reference, amounts[reference])
    for reference, amount in amounts.items():
        left = amount
        for step in range(chance.randint(1, 4)):
            if left and chance.random() < 0.6:
                part = chance.randint(1, left)
                left -= part
                await desk.refund(reference, f"{reference}-{step}", part)
            if step == 1:
                await desk.plan(reference, amount * chance.randint(0, 3000) // 10_000 if left == amount else left // 4)
            if chance.random() < 0.5:
                await send_splits(desk.sharing)
                await send_refunds(desk.shop.refunds)
    await desk.work()
    for reference in amounts:
        found = await row(
            "SELECT p.captured_fen - coalesce((SELECT sum(amount_fen) FROM payment_refund WHERE payment_id = p.id), 0)"
            " AS left_fen, s.* FROM payment p LEFT JOIN payment_split s ON s.payment_id = p.id WHERE p.reference = $1",
            reference,
        )
        if found and found["id"]:
            back = await row(
                "SELECT coalesce(sum(amount_fen), 0) AS fen, coalesce(sum(waived_fen), 0) AS waived"
                " FROM payment_split_return WHERE split_id = $1 AND state = 'returned'",
                found["id"],
            )
            assert back is not None
            assert found["finished_at"] is not None
            assert found["amount_fen"] - back["fen"] == kept(
                found["amount_fen"], int(found["left_fen"]), found["base_fen"]
            )
            assert found["owed_fen"] - back["waived"] == kept(
                found["owed_fen"], int(found["left_fen"]), found["base_fen"]
            )
    ours = await row(
        "SELECT (SELECT sum(captured_fen) FROM payment)::bigint AS captured,"
        " (SELECT coalesce(sum(amount_fen), 0) FROM payment_refund WHERE state = 'succeeded')::bigint AS refunded,"
        " (SELECT coalesce(sum(amount_fen), 0) FROM payment_split WHERE state = 'split')::bigint AS split,"
        " (SELECT coalesce(sum(amount_fen), 0) FROM payment_split_return WHERE state = 'returned')::bigint AS back"
    )
    assert ours is not None
    moved = {kind: fen - sub.get(kind, 0) for kind, fen in desk.sums(channel.SUB_MCHID).items()}
    assert moved["交易"] == ours["captured"]
    assert -moved.get("退款", 0) == ours["refunded"]
    assert -moved.get("分账", 0) == ours["split"]
    assert moved.get("分账回退", 0) == ours["back"]
    assert desk.balance(channel.MCHID) - own == ours["split"] - ours["back"]
