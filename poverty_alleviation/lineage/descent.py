"""Which household came from which, and in which one a merged household stands on a day."""

from collections.abc import Iterable
from datetime import date

import msgspec

from kit.database import rows
from poverty_alleviation.lineage.models import ChangeKind


class LineageStep(msgspec.Struct, frozen=True, kw_only=True):
    """A change that was approved, from its day on: ``household`` split, merged or changed its head.

    ``other``: the household that came out of a split, or that took in the merged one; None for a change of head.
    """

    change: str
    kind: ChangeKind
    day: date
    document: str
    household: str
    other: str | None


def standing(day: str) -> str:
    """SQL for (id, into_id, code): every household merged by a day, and the one in which it stands at its end.

    ``day`` is SQL for a date, None for ever. Mergers of mergers are followed.
    """
    merged = f"m.merged_into_id IS NOT NULL AND m.merged_on <= coalesce({day}, 'infinity')"  # the index holds few
    return (
        f"(WITH RECURSIVE gone (id, into_id) AS (SELECT m.id, m.merged_into_id FROM household m WHERE {merged}"
        f" UNION ALL SELECT g.id, m.merged_into_id FROM gone g JOIN household m ON m.id = g.into_id WHERE {merged})"
        " SELECT g.id, g.into_id, m.code FROM gone g JOIN household m ON m.id = g.into_id"
        f" WHERE ({merged}) IS NOT TRUE)"
    )


async def standing_in(codes: Iterable[str], day: date) -> dict[str, str]:
    """The household in which each of some households stands at the end of a day: itself, or the one it merged into.

    The caller holds the vault.
    """
    wanted = sorted(set(codes))
    found = await rows(
        f"SELECT h.code, s.code AS into FROM household h JOIN {standing('$2::date')} AS s ON s.id = h.id"
        " WHERE h.code = ANY($1::text[])",
        wanted,
        day,
    )
    return dict(zip(wanted, wanted, strict=True)) | {each["code"]: each["into"] for each in found}


async def lineages(codes: Iterable[str]) -> dict[str, list[LineageStep]]:
    """The changes that each of some households came from, took part in or ended by, oldest first; most have none.

    The caller holds the vault.
    """
    found = await rows(
        "SELECT w.code, c.number AS change, c.kind, c.day, c.document, h.code AS household, c.other"
        " FROM household_change c JOIN household h ON h.id = c.household_id"
        " JOIN unnest($1::text[]) AS w (code) ON w.code IN (h.code, c.other) WHERE c.state = 'approved'"
        " ORDER BY c.day, c.id",
        sorted(set(codes)),
    )
    steps: dict[str, list[LineageStep]] = {}
    for each in found:
        steps.setdefault(each["code"], []).append(msgspec.convert(each, LineageStep))
    return steps


async def lineage_of(code: str) -> list[LineageStep]:
    """The same of one household."""
    return (await lineages([code])).get(code, [])
