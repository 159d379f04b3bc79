"""Poor villages, and how many villages the sites reach (domain reference T04 and K03, K04)."""

from dataclasses import dataclass
from datetime import date

import msgspec

from kit.clock import Clock, utc_now
from kit.database import rows, scalar, transaction
from places.errors import DivisionUnknown, PoorVillageFlagged, PoorVillageUnknown


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """Villages of one township, or of all, and how many of them have an operating point of each kind."""

    township: str
    name: str
    villages: int
    with_service: int
    with_logistics: int
    poor: int
    poor_with_service: int
    poor_with_logistics: int


@dataclass(frozen=True)
class PoorVillages:
    """The register of poor villages: a paper says so, nobody computes it."""

    clock: Clock = utc_now

    async def flag(self, village: str, since: date, document: str, by: str) -> None:
        """Enter that a village counts as a poor one from a day on. The same again changes nothing.

        Raises :class:`DivisionUnknown`, :class:`PoorVillageFlagged`.
        """
        async with transaction():
            if not await rows(
                "SELECT 1 FROM division WHERE code = $1 AND level = 'village' FOR NO KEY UPDATE", village
            ):
                raise DivisionUnknown(division=village)
            stands = await rows(
                "SELECT valid_from, document FROM poor_village WHERE village_id = $1"
                " AND (valid_until IS NULL OR valid_until > $2)",
                village,
                since,
            )
            if [(each["valid_from"], each["document"]) for each in stands] == [(since, document)]:
                return
            if stands:
                raise PoorVillageFlagged(village=village)
            await scalar(
                "INSERT INTO poor_village (village_id, valid_from, document, recorded_by, recorded_at)"
                " VALUES ($1, $2, $3, $4, $5) RETURNING id",
                village,
                since,
                document,
                by,
                self.clock(),
            )

    async def end(self, village: str, until: date, by: str) -> None:
        """From ``until`` on it is none any more. Raises :class:`PoorVillageUnknown`."""
        if not await rows(
            "UPDATE poor_village SET valid_until = $2, ended_by = $3, ended_at = $4 WHERE village_id = $1"
            " AND valid_until IS NULL AND valid_from < $2 RETURNING 1",
            village,
            until,
            by,
            self.clock(),
        ):
            raise PoorVillageUnknown(village=village)


async def coverage(day: date) -> list[Coverage]:
    """By township in the order of their codes, then the county as a whole; one SQL statement.

    Poor villages are those of the day, sites those that operate now.
    """
    return [msgspec.convert(each, Coverage) for each in await rows(_COVERAGE, day)]


_COVERAGE = """
WITH village AS (
    SELECT v.code, v.parent_id,
           EXISTS (SELECT 1 FROM poor_village p WHERE p.village_id = v.code
                      AND daterange(p.valid_from, p.valid_until) @> $1::date) AS poor,
           EXISTS (SELECT 1 FROM site s WHERE s.division_id = v.code AND s.state = 'operating'
                      AND s.kind = 'service') AS service,
           EXISTS (SELECT 1 FROM site s WHERE s.division_id = v.code AND s.state = 'operating'
                      AND s.kind = 'logistics') AS logistics
      FROM division v WHERE v.level = 'village')
SELECT coalesce(t.code, '') AS township, coalesce(t.name, '') AS name, count(*) AS villages,
       count(*) FILTER (WHERE v.service) AS with_service, count(*) FILTER (WHERE v.logistics) AS with_logistics,
       count(*) FILTER (WHERE v.poor) AS poor, count(*) FILTER (WHERE v.poor AND v.service) AS poor_with_service,
       count(*) FILTER (WHERE v.poor AND v.logistics) AS poor_with_logistics
  FROM village v JOIN division t ON t.code = v.parent_id
 GROUP BY GROUPING SETS ((t.code, t.name), ()) ORDER BY t.code NULLS LAST
"""
