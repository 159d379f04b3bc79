"""Packing from two lots, parcels, two refunds, and the passing of the after-sales window."""

import asyncio
import time

from scripts.purchase_story.cast import Buyer
from scripts.purchase_story.expectations import Books, Line
from scripts.purchase_story.market import JAR_GRAM, PRICE_FEN, SAMPLE_GRAM, SAMPLE_PRICE_FEN, Crew, Market
from scripts.purchase_story.report import Report


async def pack_and_ship(crew: Crew, market: Market, winners: list[Buyer], report: Report) -> Books:
    """Three fifths from the consigned lot, the rest from the one bought at the scale; all are received."""
    books = Books()
    from_consigned = len(winners) * 3 // 5

    async def one(index: int, buyer: Buyer) -> None:
        lot = market.consigned if index < from_consigned else market.bought
        lines = {f"{buyer.number}-1": {lot.number: 1}}
        books.lines.append(Line(lot, 1, JAR_GRAM, PRICE_FEN))
        if buyer is winners[0]:
            lines[f"{buyer.number}-2"] = {market.consigned.number: 3}
            books.lines.append(Line(market.consigned, 3, SAMPLE_GRAM, 3 * SAMPLE_PRICE_FEN))
        await crew.clerk.put(f"/orders/{buyer.number}/packing", {"lines": lines})
        waybill = {"carrier": "SF", "waybill": f"DEMO{index:010d}"}
        await crew.clerk.put(f"/orders/{buyer.number}/shipment", waybill)
        await buyer.api.post(f"/orders/{buyer.number}/receipt")

    # The books are kept by line, so that the order in which parcels are packed does not matter.
    first, *rest = enumerate(winners)
    await one(*first)
    await asyncio.gather(*(ask_refund(buyer, index, winners) for index, buyer in enumerate(winners[:1])))
    for start in range(0, len(rest), 8):
        await asyncio.gather(*(one(index, buyer) for index, buyer in rest[start : start + 8]))
        if start == 0:
            await ask_refund(winners[1], 1, winners)
    report.check("按批次装箱、发货、收货 / packed, shipped, received", len(winners), len({b.number for b in winners}))
    return books


async def ask_refund(buyer: Buyer, index: int, winners: list[Buyer]) -> None:
    """The first buyer wants one of three samples refunded, the second the whole jar."""
    line = f"{buyer.number}-2" if index == 0 else f"{buyer.number}-1"
    case = {"kind": "refund_only", "cause": "damaged", "quantity": 1, "reason": "包装破损 示例"}
    await buyer.api.post(f"/orders/{buyer.number}/lines/{line}/after-sales", case)


async def refund(crew: Crew, market: Market, winners: list[Buyer], books: Books, report: Report) -> int:
    """The merchant agrees to both; answers what went back, in fen."""
    partial, full = winners[0], winners[1]
    open_cases = (await crew.clerk.get("/after-sales?state=requested"))["cases"]
    ours = [case for case in open_cases if case["order"] in (partial.number, full.number)]
    report.check("退款申请 / refund cases", 2, len(ours))
    for case in ours:
        await crew.clerk.put(f"/after-sales/{case['number']}/decision", {"decision": "approve"})
    expected = {partial.number: SAMPLE_PRICE_FEN, full.number: PRICE_FEN}
    found: dict[str, int] = {}
    deadline = time.monotonic() + 40
    while len(found) < 2 and time.monotonic() < deadline:
        for buyer in (partial, full):
            order = await buyer.api.get(f"/orders/{buyer.number}")
            given = sum(line["refunded_fen"] for line in order["lines"])
            if given:
                found[buyer.number] = given
        await asyncio.sleep(0.3)
    report.check("退款到账：部分与全额 / refunded, partial and full", expected, found)
    state = (await full.api.get(f"/orders/{full.number}"))["state"]
    report.check("全额退款的订单 / fully refunded order", "closed", state)
    sample = next(line for line in books.lines if line.quantity == 3)
    sample.refunded = 1
    jar = [line for line in books.lines if line.quantity == 1 and line.lot is market.consigned][1]
    jar.refunded = 1
    return sum(found.values())
