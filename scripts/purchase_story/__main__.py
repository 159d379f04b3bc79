"""``scripts/story``: tell it, and end with 1 when any figure is off."""

import argparse
import asyncio
import sys
from pathlib import Path

import httpx

from scripts.purchase_story.accounting import (
    compare_households,
    pay_households,
    read_figures,
    read_standing,
    reconcile,
    until_earned,
)
from scripts.purchase_story.cast import Cast, Stage
from scripts.purchase_story.fulfilling import pack_and_ship, refund
from scripts.purchase_story.market import gather_crew, open_market
from scripts.purchase_story.on_air import compare_feeds, end_and_replay, go_on_air, watch
from scripts.purchase_story.report import Report
from scripts.purchase_story.selling import buy_at_once, captured_fen, pay_through_faults

ROOT = Path(__file__).resolve().parents[2]


async def tell(stage: Stage, report: Report, stock: int, buyers: int) -> None:
    """The whole story with so many jars and buyers."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=32)
    async with httpx.AsyncClient(timeout=30, limits=limits, trust_env=False) as http:
        cast = Cast(stage, http)
        report.chapter("一、备货 / before the session")
        crew = await gather_crew(cast)
        # What is paid at the scale is income once its fact has been booked, which may be a moment after the intake.
        figures = await read_figures(crew)
        market = await open_market(cast, crew, report, stock)
        before = await read_standing(cast, crew, market.account, figures)
        report.chapter("二、开播 / on air")
        broadcast = await go_on_air(cast, crew, market, report, seconds=150)
        try:
            await watch(cast, crew, broadcast, market, report)
            report.chapter("三、抢购与支付 / everybody buys")
            people = await cast.consumers(buyers)
            winners = await buy_at_once(cast, broadcast, market, report, people, stock)
            await pay_through_faults(cast, winners, report)
            await compare_feeds(broadcast, report)
            report.chapter("四、发货、售后与付款 / goods and refunds")
            books = await pack_and_ship(crew, market, winners, report)
            refunded = await refund(crew, market, winners, books, report)
            await until_earned(crew, before, books, report)
            confirmed = await pay_households(crew, market, books, before, report)
            report.chapter("五、扶贫部门的答复 / the poverty office's answer")
            await compare_households(crew, market, books, before, confirmed, report)
            await reconcile(cast, crew, market, winners, before, captured_fen(winners), refunded, report)
            report.chapter("六、回放 / the replay")
            await end_and_replay(cast, crew, broadcast, market, report)
        finally:
            await broadcast.camera.stop()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/story", description="从直播间的一次购买到农户台账 / the main job")
    parser.add_argument("--state-dir", type=Path, default=ROOT / ".state", help="scripts/run 的数据目录")
    parser.add_argument("--short", action="store_true", help="10 罐、15 人 / 10 jars, 15 buyers")
    wanted = parser.parse_args()
    try:
        stage = Stage.of(wanted.state_dir)
    except FileNotFoundError as missing:
        print(f"没有找到 {missing.filename}：请先运行 scripts/run", file=sys.stderr)
        return 2
    report = Report()
    stock, buyers = (10, 15) if wanted.short else (40, 60)
    try:
        asyncio.run(tell(stage, report, stock, buyers))
    except Exception as error:
        report.that(f"中断于 / broke off: {type(error).__name__}", False, str(error)[:500])
        report.close()
        raise
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
