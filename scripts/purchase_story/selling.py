"""More buyers than jars, and a WeChat that misbehaves."""

import asyncio
import time
from typing import Any

from scripts.purchase_story.cast import Buyer, Cast, Refused
from scripts.purchase_story.market import PRICE_FEN, SAMPLE_PRICE_FEN, Market
from scripts.purchase_story.on_air import Broadcast
from scripts.purchase_story.report import Report

DELIVERY = {
    "recipient": "示例收货人",
    "phone": "100-00000001",
    "region": "533124",
    "address": "示例省示例市示例路 1 号",
}
FORGERIES = ("signature", "other_key", "stale")


async def buy_at_once(
    cast: Cast, broadcast: Broadcast, market: Market, report: Report, buyers: list[Buyer], stock: int
) -> list[Buyer]:
    """Everybody orders in the same moment; answers those who got a jar. The first also takes three samples."""
    attribution = (await broadcast.snapshot())["attribution"]
    sold_out: list[Buyer] = []
    others: list[str] = []

    async def order(buyer: Buyer) -> None:
        lines = [{"sku": market.jar, "quantity": 1}]
        if buyer is buyers[0]:
            lines.append({"sku": market.sample, "quantity": 3})
        try:
            quote = await buyer.api.post("/quotes", {"lines": lines, "region": DELIVERY["region"]})
            body = {"lines": lines, "delivery": DELIVERY, "quote": quote["digest"], "attribution": attribution}
            buyer.trade = await buyer.api.post("/orders", body)
        except Refused as refusal:
            if refusal.code == "sold_out":
                sold_out.append(buyer)
            else:
                others.append(refusal.code)

    dropped = broadcast.viewers[1]
    await order(buyers[0])
    shopping = asyncio.gather(*(order(buyer) for buyer in buyers[1:]))
    await asyncio.sleep(0.3)
    await dropped.drop()
    await shopping
    for buyer in buyers[1:4]:
        message = {"text": "抢到啦" if buyer.trade else "下次再来", "client_key": buyer.openid[:32]}
        await buyer.api.post(f"/live/sessions/{broadcast.room}/messages", message)
    await asyncio.sleep(1.5)
    await dropped.follow()
    winners = [buyer for buyer in buyers if buyer.trade]
    report.check(f"{len(buyers)} 人同时下单，成交 / orders", stock, len(winners))
    report.check("告知售罄 / told sold out", len(buyers) - stock, len(sold_out))
    report.check("其他拒绝 / any other refusal", [], others)
    product = await buyers[0].api.get(f"/products/{market.product}")
    left = next(sku["available"] for sku in product["skus"] if sku["code"] == market.jar)
    report.check("剩余库存 / stock left", 0, left)
    return winners


async def open_payments(cast: Cast, winners: list[Buyer]) -> dict[str, Buyer]:
    """Every buyer opens the cashier; answers the buyers by WeChat's order number."""

    async def one(buyer: Buyer) -> tuple[str, Buyer]:
        buyer.payment = await buyer.api.post(f"/trades/{buyer.trade_number}/payment")
        shown = await cast.wechat.post("/cashier/show", {"openid": buyer.openid, **buyer.payment})
        return shown["out_trade_no"], buyer

    return dict(await asyncio.gather(*(one(buyer) for buyer in winners)))


async def pay_through_faults(cast: Cast, winners: list[Buyer], report: Report) -> None:
    """All pay; notices arrive doubled and out of order, two never, three forged ones are refused."""
    by_number = await open_payments(cast, winners)
    numbers = list(by_number)
    lost = numbers[-2:]
    for number in lost:
        await _fault(cast, {"kind": "lose"}, number)
    for number in numbers[:-2]:
        await _fault(cast, {"kind": "duplicate", "copies": 2}, number)
    group = len(numbers) // 2
    rule = {"operation": "notice.transaction", "times": group, "action": {"kind": "reorder", "count": group}}
    await cast.wechat.post("/faults", rule)

    async def pay(number: str) -> str:
        buyer = by_number[number]
        answer = await cast.wechat.post("/cashier/pay", {"openid": buyer.openid, **(buyer.payment or {})})
        return str(answer["errMsg"])

    began = time.monotonic()
    answers = await asyncio.gather(*(pay(number) for number in numbers))
    report.check("收银台付款成功 / paid at the cashier", len(numbers), answers.count("requestPayment:ok"))
    refused = []
    for flavour, number in zip(FORGERIES, (lost[0], lost[1], lost[0]), strict=True):
        attempt = await cast.wechat.post("/notices/forgeries", {"out_trade_no": number, "flavour": flavour})
        refused.append(attempt["status"])
    report.that("伪造通知被拒绝 / forged notices refused", all(400 <= s < 500 for s in refused), refused)
    still = [(await by_number[number].api.get(f"/orders/{by_number[number].number}"))["state"] for number in lost]
    # Only a query can have paid them, and the first one is due 15 s after the cashier was opened.
    early = time.monotonic() - began < 10
    if early:
        report.check("伪造通知未改变订单 / forged ones changed nothing", ["pending_payment"] * 2, still)
    paid = await _until_paid(winners)
    report.check("全部订单已支付 / orders paid", len(winners), paid)
    found = [e for e in (await cast.wechat.get("/journal?kind=notice"))["entries"] if e.get("out_trade_no") in lost]
    genuine = [e for e in found if "genuine" in str(e)]
    report.check("两笔通知丢失，由查询补回 / lost, found by query", [], genuine)
    doubled = await cast.wechat.get("/notices?state=delivered")
    copies = sum(len(n["attempts"]) for n in doubled["notices"] if n["out_trade_no"] in by_number)
    report.that("重复通知只生效一次 / doubled notices", copies > len(numbers), f"{copies} 次送达，{len(numbers)} 笔")
    await cast.wechat.delete("/faults")


async def _fault(cast: Cast, action: dict[str, Any], number: str) -> None:
    rule = {"operation": "notice.transaction", "out_trade_no": number, "times": 1, "action": action}
    await cast.wechat.post("/faults", rule)


async def _until_paid(winners: list[Buyer], seconds: float = 45) -> int:
    """Wait until every order is paid; answers how many are."""
    waiting = list(winners)
    deadline = time.monotonic() + seconds
    while waiting and time.monotonic() < deadline:
        states = await asyncio.gather(*(buyer.api.get(f"/orders/{buyer.number}") for buyer in waiting))
        waiting = [buyer for buyer, order in zip(waiting, states, strict=True) if order["state"] == "pending_payment"]
        await asyncio.sleep(0.3)
    return len(winners) - len(waiting)


def captured_fen(winners: list[Buyer]) -> int:
    """What the buyers have paid."""
    return len(winners) * PRICE_FEN + 3 * SAMPLE_PRICE_FEN
