"""Requests about months that succeed."""

import secrets
from datetime import UTC, datetime

from kit.database import row, rows, transaction
from ledger.chart import MERCHANT, SUPPLIER
from ledger.service import Entry, JournalDraft, Journals
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good

AT = "/v1/console/ledger/periods"


async def month(owner: Owner) -> str:
    """The oldest month that is open, with a journal in it, long ago."""
    frozen = await row("SELECT period, state FROM ledger_period WHERE state <> 'open' ORDER BY period DESC LIMIT 1")
    assert frozen is not None
    if frozen["state"] == "closing":
        await owner.ask("poverty_officer", "PUT", f"{AT}/{frozen['period']}/reopening", {"reason": "补录一笔"})
        return str(frozen["period"])
    year, number = map(int, frozen["period"].split("-"))
    at = datetime(year + number // 12, number % 12 + 1, 10, tzinfo=UTC)
    async with transaction():
        entries = [Entry(MERCHANT, "M", 100), Entry(SUPPLIER, "S", -100)]
        await Journals().post(JournalDraft("test.month", secrets.token_hex(8), at, entries, booked_at=at))
    return f"{at:%Y-%m}"


@good("console.list_period_items")
async def items(owner: Owner) -> GoodRequest:
    """Money that the books know nothing of."""
    period, reference = await month(owner), secrets.token_hex(8)
    await rows(
        "INSERT INTO channel_money (kind, reference, source_id, channel, amount_fen, occurred_at, period)"
        " VALUES ('captured', $1, $1, 'test', 5, now(), $2) RETURNING 1",
        reference,
        period,
    )
    body = {"kind": "order_money", "keys": [reference], "reason": "渠道差错，已报修"}
    return GoodRequest(names={"period": period}, body=body)


@good("console.begin_period_close")
async def closing(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"period": await month(owner)})


async def begun(owner: Owner) -> tuple[str, str]:
    """A month that is being closed, and the digest of its certificate."""
    period = await month(owner)
    made = await owner.ask("poverty_officer", "PUT", f"{AT}/{period}/closing")
    return period, str(made["digest"])


@good("console.reopen_period")
async def reopening(owner: Owner) -> GoodRequest:
    period, _ = await begun(owner)
    return GoodRequest(names={"period": period}, body={"reason": "补录一笔"})


@good("console.sign_period")
async def signature(owner: Owner) -> GoodRequest:
    period, digest = await begun(owner)
    return GoodRequest(names={"period": period}, body={"digest": digest})
