"""Reactions to this room's own facts."""

from logistics.events import ParcelSigned
from logistics.reports import ShippingReports


async def on_parcel_signed(fact: ParcelSigned, reports: ShippingReports) -> None:
    """WeChat may remind the buyers whose goods have all arrived."""
    for reference in fact.arrived:
        await reports.note_arrival(reference, fact.signed_at)
