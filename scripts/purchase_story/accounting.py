"""The poverty office's answer, and whether every fen is where it belongs."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from scripts.purchase_story.cast import Buyer, Cast
from scripts.purchase_story.expectations import Books, fee
from scripts.purchase_story.market import PRICE_FEN, SAMPLE_PRICE_FEN, Crew, Market
from scripts.purchase_story.report import Report, table

CHINA = timezone(timedelta(hours=8))
COUNTED = ("attributed_sales_fen", "income_paid_fen", "income_confirmed_fen", "income_earned_fen", "income_accrued_fen")


@dataclass(frozen=True)
class Standing:
    """What the books and WeChat said before the story, because it may be told again and again."""

    figures: dict[str, dict[str, int]]
    channel: dict[str, int]
    wechat_fen: int
    day: str


async def read_figures(crew: Crew) -> dict[str, dict[str, int]]:
    """What the poverty office says of every household."""
    figures = (await crew.poverty.get("/poverty/figures"))["households"]
    return {row["household"]: row for row in figures}


async def read_standing(cast: Cast, crew: Crew, account: str, figures: dict[str, dict[str, int]]) -> Standing:
    """Read everything else that the story will move."""
    day = datetime.now(CHINA).date().isoformat()
    await cast.wechat.call("PATCH", "/settings", {"bills_ready": "at_once", "refund_spacing_seconds": 1})
    await _import_bill(crew, {day})
    funds = await cast.wechat.get(f"/funds/{account}")
    return Standing(figures, await _channel(crew), funds["balance_fen"], day)


async def _channel(crew: Crew) -> dict[str, int]:
    told = await crew.poverty.get("/poverty/reconciliation")
    found: dict[str, int] = next((c for c in told["channels"] if c["channel"] == "wechat_miniprogram"), {})
    return found


async def _import_bill(crew: Crew, days: set[str]) -> list[Any]:
    return [await crew.county.post("/payment-bills", {"day": day}) for day in sorted(days)]


def _moved(now: dict[str, Any], before: dict[str, Any], name: str) -> int:
    return int(now.get(name, 0)) - int(before.get(name, 0))


async def until_earned(crew: Crew, before: Standing, books: Books, report: Report, seconds: float = 45) -> None:
    """Wait until the window has passed for every order, then compare what is owed with the story's own figures."""
    households = _households(books)
    expected = {code: books.income(code) for code in households}
    found: dict[str, int] = {}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        rows = await read_figures(crew)
        moved = {c: {n: _moved(rows[c], before.figures.get(c, {}), n) for n in COUNTED} for c in households}
        found = {code: moved[code]["income_earned_fen"] for code in households}
        sold = {code: moved[code]["attributed_sales_fen"] for code in households}
        if found == expected and sold == {code: books.attributed_sales(code) for code in households}:
            break
        await asyncio.sleep(0.5)
    report.check("售后期满，应付农户（分）/ earned by households", expected, found)


def _households(books: Books) -> list[str]:
    return sorted({p.household for line in books.lines for p in line.parts if p.household and p.registered})


async def pay_households(crew: Crew, market: Market, books: Books, before: Standing, report: Report) -> dict[str, int]:
    """Record a payout to every household that is owed something; the first of them confirms."""
    due = (await crew.poverty.get(f"/poverty/payouts/due?merchant={market.merchant}"))["due"]
    paid: dict[str, int] = {}
    numbers = []
    for line in due:
        payout = {
            "household": line["household"],
            "merchant": market.merchant,
            "amount_fen": line["amount_fen"],
            "bank_voucher": f"示例回单-{secrets.token_hex(4)}",
            "paid_on": datetime.now(CHINA).date().isoformat(),
        }
        numbers.append((await crew.poverty.post("/poverty/payouts", payout))["number"])
        paid[line["household"]] = line["amount_fen"]
    confirmation = {
        "kind": "signed_statement",
        "evidence": "示例签字页-001",
        "confirmed_at": datetime.now(UTC).isoformat(),
    }
    if numbers:
        await crew.poverty.put(f"/poverty/payouts/{numbers[0]}/confirmation", confirmation)
    expected = {code: books.income(code) for code in _households(books) if books.income(code)}
    report.check("付款登记（分）/ payouts recorded", expected, paid)
    return {due[0]["household"]: due[0]["amount_fen"]} if due else {}


async def compare_households(
    crew: Crew, market: Market, books: Books, before: Standing, confirmed: dict[str, int], report: Report
) -> None:
    """Both measures of every household, side by side and never added."""
    rows = {row["household"]: row for row in (await crew.auditor.get("/poverty/figures"))["households"]}
    shown: list[tuple[str, ...]] = [("农户", "带动销售额", "已付增收额", "其中已确认", "应得")]
    for code in _households(books):
        moved = {name: _moved(rows[code], before.figures.get(code, {}), name) for name in COUNTED}
        income = books.income(code) + market.paid_at_scale_fen.get(code, 0)
        report.check(f"{code} 带动销售额（分）/ attributed sales", books.attributed_sales(code), moved[COUNTED[0]])
        report.check(f"{code} 增收额已付（分）/ income paid", income, moved[COUNTED[1]])
        report.check(f"{code} 其中已确认（分）/ confirmed", confirmed.get(code, 0), moved[COUNTED[2]])
        cells = (moved[COUNTED[0]], moved[COUNTED[1]], moved[COUNTED[2]], moved[COUNTED[3]] + moved[COUNTED[4]])
        shown.append((code, *(f"{fen / 100:.2f}" for fen in cells)))
    table(shown)
    code = _households(books)[0]
    for figure in ("attributed_sales", "income_paid"):
        parts = await crew.auditor.get(f"/poverty/households/{code}/figures/{figure}?limit=100")
        complete = parts["next"] is None
        total = sum(part["amount_fen"] for part in parts["parts"])
        agrees = total == rows[code][f"{figure}_fen"] if complete else parts["total_fen"] == rows[code][f"{figure}_fen"]
        report.that(f"{code} {figure} 可逐笔追溯 / drill-down adds up", agrees, f"{len(parts['parts'])} 笔")


async def reconcile(
    cast: Cast,
    crew: Crew,
    market: Market,
    winners: list[Buyer],
    before: Standing,
    captured: int,
    refunded: int,
    report: Report,
) -> None:
    """Clearing = captured - refunded, bank = that - WeChat's fees, every journal sums to 0, 0 fen off."""
    days = {before.day, datetime.now(CHINA).date().isoformat()}
    wanted_fees = sum(fee(PRICE_FEN) for _ in winners[1:]) + fee(PRICE_FEN + 3 * SAMPLE_PRICE_FEN)
    # WeChat gives its fee back with the money: what stays is the fee on what was kept.
    wanted_fees += fee(PRICE_FEN + 2 * SAMPLE_PRICE_FEN) - fee(PRICE_FEN + 3 * SAMPLE_PRICE_FEN) - fee(PRICE_FEN)
    expected = captured - refunded
    told: dict[str, Any] = {}
    channel: dict[str, int] = {}
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        bills = await _import_bill(crew, days)
        told = await crew.auditor.get("/poverty/reconciliation")
        channel = await _channel(crew)
        settled = _moved(channel, before.channel, "bank_fen") == expected - wanted_fees
        if told["is_exact"] and settled and not any(bill["differences"] for bill in bills):
            break
        await asyncio.sleep(0.5)
    moved = {name: _moved(channel, before.channel, name) for name in channel if name.endswith("_fen")}
    report.check("收款（分）/ captured", captured, moved["booked_captured_fen"])
    report.check("退款（分）/ refunded", refunded, moved["booked_refunded_fen"])
    report.check("支付清算科目变动 = 收款 − 退款 / clearing", expected, moved["movement_fen"])
    report.check("微信手续费（分）/ fees", wanted_fees, moved["fees_fen"])
    report.check("银行 = 清算 − 手续费 / bank", expected - wanted_fees, moved["bank_fen"])
    funds = await cast.wechat.get(f"/funds/{market.account}")
    report.check(
        "与微信侧商户余额一致 / WeChat's own books", expected - wanted_fees, funds["balance_fen"] - before.wechat_fen
    )
    report.check("账单差异 / lines that differ from the bill", 0, sum(bill["differences"] for bill in bills))
    report.check("不平的凭证 / journals that do not sum to 0", 0, told["unbalanced_journals"])
    report.check("两套账的合计（分）/ trial balances", {"cash": 0, "statistics": 0}, told["trial_balance_fen"])
    off = (
        told["payables_difference_fen"],
        told["told_difference_fen"],
        told["bank_difference_fen"],
        told["mismatches"],
    )
    report.check("核对差额（分）/ fen off", (0, 0, 0, []), off)
    chain = await crew.auditor.get("/poverty/ledger-chain")
    report.that(
        "账簿哈希链完整 / hash chain whole", chain["is_whole"], f"{sum(p['sealed'] for p in chain['periods'])} 笔已封存"
    )
