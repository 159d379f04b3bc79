"""Which stations and points are used (domain reference C04 and K05).

One place has a site of service and one of logistics, so both are one station here, by its division. It was used on
the last day on which goods were weighed there, or a parcel was laid ready or handed out.
"""

from datetime import date, timedelta

import msgspec

from kit.clock import china_day
from orders.handovers.activity import last_handovers
from places.queries import StationPlace, station_places
from traceability.queries import last_weighings


class StationUse(msgspec.Struct, frozen=True, kw_only=True):
    """A station or point by its division; ``last_used_on`` is None where nothing has happened since it opened.

    ``is_idle``: neither was it used for so many days, nor was it opened within them.
    """

    division: str
    name: str
    level: str
    sites: list[str]
    operating_since: date
    last_used_on: date | None
    is_idle: bool


async def station_uses(today: date, idle_days: int) -> list[StationUse]:
    """Every operating station and point, by division; three statements."""
    places = await station_places()
    sites = [site for place in places for site in place.sites]
    weighed, handed = await last_weighings(sites), await last_handovers(sites)
    found = []
    for place in places:
        moments = [told[site] for told in (weighed, handed) for site in place.sites if site in told]
        found.append(_use(place, china_day(max(moments)) if moments else None, today - timedelta(days=idle_days)))
    return found


def _use(place: StationPlace, last_used_on: date | None, since: date) -> StationUse:
    return StationUse(
        division=place.division,
        name=place.name,
        level=place.level,
        sites=place.sites,
        operating_since=place.operating_since,
        last_used_on=last_used_on,
        is_idle=max(place.operating_since, last_used_on or place.operating_since) < since,
    )
