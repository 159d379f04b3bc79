"""What merchants have in this room."""

from datetime import timedelta

from kit.clock import utc_now
from settlements.entries import Amount, Happened, write
from settlements.models import EntryKind
from settlements.statements import Statements
from tests.doors.belongings import Owner


async def give(owner: Owner) -> None:
    """A statement of yesterday's only sale."""
    merchant, at = owner.house.merchant, utc_now() + timedelta(days=owner.turn - 1)
    order, source = f"20260101BELONGING{owner.turn}", f"belongings {owner.turn}"
    happened = Happened(merchant=merchant, order=order, channel="test", source=source, at=at)
    await write(happened, [Amount(EntryKind.GROSS, 100)])
    tomorrow = Statements(lambda: utc_now() + timedelta(days=owner.turn))
    number = await tomorrow.issue(merchant, (at + timedelta(hours=8)).date(), "staff:test")
    owner.found.by_pattern["/v1/console/settlements/statements/"] = {"number": number}
    owner.found.private["merchant_clerk"] |= {number}
