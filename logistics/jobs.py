"""What time does to parcels."""

from logistics.reports import Reporter
from logistics.tracking import Tracking


async def look_after_parcels(tracking: Tracking) -> int:
    """Ask the carriers about the parcels that are due; answers how many."""
    return await tracking.look()


async def tell_wechat(reporter: Reporter) -> int:
    """Tell WeChat what was shipped and what has arrived; answers how many reports were tried."""
    return await reporter.tell_due()
