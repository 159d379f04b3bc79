"""Reads of places."""

from collections.abc import Sequence
from datetime import date

import msgspec

from kit.database import row, rows
from places.errors import SiteNotOpen
from places.models import SiteLevel


class DivisionName(msgspec.Struct, frozen=True):
    """A division by code and name."""

    code: str
    name: str


class SiteCard(msgspec.Struct, frozen=True):
    """A site and the division it stands in."""

    code: str
    name: str
    kind: str
    level: str
    state: str
    division: DivisionName


async def townships() -> list[DivisionName]:
    """The townships in the order of their codes."""
    found = await rows("SELECT code, name FROM division WHERE level = 'township' ORDER BY code")
    return [DivisionName(**r) for r in found]


async def counties() -> dict[str, str]:
    """The names of the counties that were entered, by code."""
    return {r["code"]: r["name"] for r in await rows("SELECT code, name FROM division WHERE level = 'county'")}


async def villages(township: str) -> list[DivisionName]:
    """The villages of a township in the order of their codes."""
    found = await rows("SELECT code, name FROM division WHERE parent_id = $1 ORDER BY code", township)
    return [DivisionName(**r) for r in found]


async def village_known(code: str) -> bool:
    """Whether a code is a village's."""
    return bool(await rows("SELECT 1 FROM division WHERE code = $1 AND level = 'village'", code))


async def site_within(code: str, within: str) -> bool:
    """Whether there is a site with this code in a division or below it."""
    return bool(await rows("SELECT 1 FROM site WHERE code = $1 AND starts_with(division_id, $2)", code, within))


class VillagePath(msgspec.Struct, frozen=True):
    """A village's code, and its names from the county down."""

    code: str
    county: str
    township: str
    name: str


async def village_paths() -> list[VillagePath]:
    """Every village with the names above it, by code. One query."""
    found = await rows(
        "SELECT v.code, c.name AS county, t.name AS township, v.name FROM division v"
        " JOIN division t ON t.code = v.parent_id JOIN division c ON c.code = t.parent_id"
        " WHERE v.level = 'village' ORDER BY v.code"
    )
    return [VillagePath(**r) for r in found]


async def division_names(codes: Sequence[str]) -> dict[str, str]:
    """The names of some divisions; a code that is unknown is missing from the answer."""
    found = await rows("SELECT code, name FROM division WHERE code = ANY($1::text[])", list(codes))
    return {r["code"]: r["name"] for r in found}


async def sites(within: str) -> list[SiteCard]:
    """The sites in a division and everything below it, by code."""
    found = await rows(
        "SELECT s.code, s.name, s.kind, s.level, s.state, d.code AS division_code, d.name AS division_name"
        " FROM site s JOIN division d ON d.code = s.division_id"
        " WHERE starts_with(d.code, $1) ORDER BY s.code LIMIT 1000",
        within,
    )
    return [
        SiteCard(
            code=r["code"],
            name=r["name"],
            kind=r["kind"],
            level=r["level"],
            state=r["state"],
            division=DivisionName(r["division_code"], r["division_name"]),
        )
        for r in found
    ]


async def site_levels(codes: Sequence[str]) -> dict[str, SiteLevel]:
    """Whether sites are centres, stations or points, open or not; an unknown one is missing. One statement."""
    found = await rows("SELECT code, level FROM site WHERE code = ANY($1::text[])", list(codes))
    return {r["code"]: SiteLevel(r["level"]) for r in found}


class PickupPoint(msgspec.Struct, frozen=True):
    """A station or point that hands out parcels; ``township`` is the division code of its keeper, 9 digits."""

    code: str
    name: str
    township: str
    township_name: str


_PICKUP = (
    "SELECT s.code, s.name, t.code AS township, t.name AS township_name FROM site s"
    " JOIN division t ON t.code = left(s.division_id, 9)"
    " WHERE s.kind = 'logistics' AND s.state = 'operating' AND s.level IN ('station', 'point')"
)


async def pickup_points(township: str | None) -> list[PickupPoint]:
    """Where parcels can be fetched, by code: the open sites of logistics (domain reference L03). One statement."""
    found = await rows(f"{_PICKUP} AND ($1::text IS NULL OR t.code = $1) ORDER BY s.code LIMIT 1000", township)
    return [PickupPoint(**r) for r in found]


async def pickup_point(code: str) -> PickupPoint:
    """One of them. One statement. Raises :class:`SiteNotOpen`."""
    found = await row(f"{_PICKUP} AND s.code = $1", code)
    if found is None:
        raise SiteNotOpen(site=code)
    return PickupPoint(**found)


async def site_names(codes: Sequence[str]) -> dict[str, str]:
    """The names of sites by code, open or not; an unknown one is missing. One statement."""
    found = await rows("SELECT code, name FROM site WHERE code = ANY($1::text[])", list(codes))
    return {r["code"]: r["name"] for r in found}


class StationPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A township's station or a village's point: the sites that operate in one division, since the earliest of them."""

    division: str
    name: str
    level: str
    sites: list[str]
    operating_since: date


async def station_places() -> list[StationPlace]:
    """Where stations and points operate, by division; a centre is none. One statement."""
    found = await rows(
        "SELECT d.code AS division, d.name, d.level, array_agg(s.code ORDER BY s.code)::text[] AS sites,"
        " min(s.operating_since) AS operating_since FROM site s JOIN division d ON d.code = s.division_id"
        " WHERE s.state = 'operating' AND s.level <> 'centre' GROUP BY d.code, d.name, d.level ORDER BY d.code"
    )
    return [msgspec.convert(each, StationPlace) for each in found]
