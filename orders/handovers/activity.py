"""When stations last handled a parcel."""

from collections.abc import Sequence
from datetime import datetime

from kit.database import rows


async def last_handovers(sites: Sequence[str]) -> dict[str, datetime]:
    """When each site last laid a parcel ready or handed one out; one without is missing. One statement."""
    found = await rows(
        "SELECT site, greatest((SELECT max(p.ready_at) FROM order_pickup p WHERE p.site = s.site), (SELECT"
        " max(p.ended_at) FROM order_pickup p WHERE p.site = s.site AND p.state = 'redeemed')) AS at"
        " FROM unnest($1::text[]) AS s(site)",
        list(sites),
    )
    return {each["site"]: each["at"] for each in found if each["at"] is not None}
