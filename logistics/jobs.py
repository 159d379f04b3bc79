"""What time does to parcels."""

from logistics.labels import LabelCancellations
from logistics.reports import Reporter
from logistics.tracking import Tracking


async def look_after_parcels(tracking: Tracking) -> int:
    """Ask the carriers about the parcels that are due; answers how many."""
    return await tracking.look()


async def cancel_labels(cancellations: LabelCancellations) -> int:
    """Take back printed waybills that will not be used; answers how many carriers were told."""
    return await cancellations.cancel_due()


async def tell_wechat(reporter: Reporter) -> int:
    """Tell WeChat what was shipped and what has arrived; answers how many reports were tried."""
    return await reporter.tell_due()
