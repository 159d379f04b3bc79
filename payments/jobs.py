"""What time does to payments.

Each job takes due rows by a committed claim, then talks to the channel row by row.

The rows are the truth: a killed worker, a flushed broker or two schedulers at once change nothing but the
moment.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from kit.clock import CHINA
from kit.database import Row
from payments.bills import Bills
from payments.differences import Differences
from payments.fund_bills import FundBills
from payments.refunds import Refunds
from payments.service import Payments
from payments.sharing.returns import Returns
from payments.sharing.service import Sharing

log = logging.getLogger(__name__)

BATCH = 50
AT_ONCE = 8
"""Calls to the channel in flight per job.

Far below its limits, and each holds a pool connection only to record.
"""

BILL_READY_HOUR = 10
"""Bills of a day are complete at ten o'clock of the next day in China (wechat reference 2.4)."""


async def query_pending_payments(payments: Payments) -> int:
    """Ask about payments whose notice is overdue; answers how many. Due every few seconds."""
    due = await payments.claim_queries(BATCH)
    await _each(_by_bundle(due), payments.refresh)
    return len(due)


async def close_expired_payments(payments: Payments) -> int:
    """Close expired payments at the channel, then here; answers how many. Due every few seconds."""
    due = await payments.claim_closes(BATCH)
    await _each(_by_bundle(due), payments.close)
    return len(due)


async def send_refunds(refunds: Refunds) -> int:
    """Send refunds that were asked for; answers how many were tried. Due every few seconds."""
    due = await refunds.claim_sends(BATCH)
    await _each(due, refunds.send)
    return len(due)


async def query_refunds(refunds: Refunds) -> int:
    """Ask about refunds that the channel is working on; answers how many. Due every few seconds."""
    due = await refunds.claim_queries(BATCH)
    await _each(due, lambda r: refunds.refresh(r["number"], r["sub_mchid"]))
    return len(due)


async def send_splits(sharing: Sharing) -> int:
    """Bring splits on their way, and ask about those that are; answers how many. Due every few seconds."""
    due = await sharing.claim(BATCH)
    await _each(due, sharing.send)
    return len(due)


async def send_returns(returns: Returns) -> int:
    """The same for shares that go back; the refunds behind them wait. Due every few seconds."""
    due = await returns.claim(BATCH)
    await _each(due, returns.send)
    return len(due)


async def import_bills(bills: Bills) -> int:
    """Fetch and compare the bills of the last days that are not there yet; answers how many. Due every
    hour.
    """
    now = bills.clock().astimezone(CHINA)
    newest = now.date() - timedelta(days=1 if now.hour >= BILL_READY_HOUR else 2)
    imported = 0
    for day in await bills.missing_days(newest):
        imported += await bills.import_day(day)
    return imported


async def compare_bills(bills: Bills) -> int:
    """Compare unmatched bill lines again, because a late query may have found their payment since.

    Two at once do no harm: each line is settled under its payment's lock, once.
    """
    return await bills.compare_again()


def _by_bundle(due: list[Row]) -> list[Row]:
    """One row of each bundle: a combination is asked about and closed as a whole."""
    return list({each["bundle"]: each for each in due}.values())


async def _each(due: list[Row], act: Callable[[Row], Awaitable[object]]) -> None:
    """Act on every row, a few at once; one failure is logged and leaves its row for the next round."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(each: Row) -> None:
        async with gate:
            try:
                await act(each)
            except Exception:
                log.exception("payment_job_failed", extra={"number": each["number"]})

    async with asyncio.TaskGroup() as group:
        for each in due:
            group.create_task(one(each))


async def import_fund_bills(fund_bills: FundBills) -> int:
    """Fetch and compare the fund-flow bills that are not there yet; answers how many lines came. Due every hour."""
    now = fund_bills.clock().astimezone(CHINA)
    newest = now.date() - timedelta(days=1 if now.hour >= BILL_READY_HOUR else 2)
    imported = 0
    for day, account in await fund_bills.missing(newest):
        imported += await fund_bills.import_day(day, account)
    return imported


async def collect_differences(fund_bills: FundBills, differences: Differences) -> int:
    """Judge fund lines again and bring the items in step with both bills; answers how many changed."""
    return await fund_bills.compare() + await differences.collect()
