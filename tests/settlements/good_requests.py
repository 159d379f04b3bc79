"""Requests about statements that succeed."""

from datetime import timedelta

from kit.clock import china_day, utc_now
from settlements.entries import Amount, Happened, write
from settlements.models import EntryKind
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good


@good("console.issue_settlement_statement")
async def issue(owner: Owner) -> GoodRequest:
    """Of the foreign merchant, of whom none was issued yet."""
    merchant, at = owner.house.foreign_merchant, utc_now() - timedelta(days=2)
    happened = Happened(merchant=merchant, order="20260101GOODREQUEST", channel="test", source="good request", at=at)
    await write(happened, [Amount(EntryKind.GROSS, 100)])
    yesterday = china_day(utc_now()) - timedelta(days=1)
    return GoodRequest(body={"merchant": merchant, "last_day": yesterday.isoformat()})
