"""Workshops (P04): idle houses and land put to use, who runs them, and what registered people earn there.

A workshop is no secret; who works there is. People and wages are counted from employments and the books, and kept back
where they are few (decision 0065).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, rows
from kit.numbers import public_number
from merchants.queries import licence_kinds
from places.queries import site_levels
from poverty_alleviation.errors import SpanOverlaps
from poverty_alleviation.help.errors import OperatorUnknown, SiteUnknown, WorkshopUnknown
from poverty_alleviation.help.models import Workshop
from poverty_alleviation.help.pages import newest_first
from poverty_alleviation.lineage.descent import standing
from poverty_alleviation.models import ASSISTED
from poverty_alleviation.office.suppression import Withheld, withheld
from poverty_alleviation.office.thresholds import limits
from poverty_alleviation.queries import in_span
from poverty_alleviation.statements.quarters import is_closed, quarter_span
from poverty_alleviation.vault import household_rights


class WorkshopDraft(msgspec.Struct, frozen=True, kw_only=True):
    """Where it stands, who runs it (a merchant or a site), and what idle house or land it uses, by which lease."""

    name: str
    site: str
    operator: str
    asset: str
    lease_document: str
    document: str
    valid_from: date
    valid_until: date | None = None


class WorkshopCard(msgspec.Struct, frozen=True, kw_only=True):
    """One workshop in a quarter.

    ``registered_workers`` are members of assisted households who are employed there on the quarter's last day (today
    while it goes on), ``wages_paid_fen`` what the books say they were paid in it, once its months are closed.
    None: kept back.
    """

    number: str
    name: str
    site: str
    operator: str
    asset: str
    lease_document: str
    document: str
    valid_from: date
    valid_until: date | None
    registered_workers: int | None
    wages_paid_fen: int | None
    recorded_at: datetime


Amounts = dict[str, dict[str, int]]
"""By workshop and household; the workshop '' is for employments in none."""


@dataclass(frozen=True)
class Workshops:
    """The register. The poverty office alone writes it; ``by`` is the account held to it."""

    clock: Clock = utc_now

    async def register(self, draft: WorkshopDraft, by: str) -> str:
        """Put a workshop on record; answers its number.

        Raises :class:`SiteUnknown`, :class:`OperatorUnknown`, ``SpanOverlaps``.
        """
        if draft.valid_until is not None and draft.valid_until <= draft.valid_from:
            raise SpanOverlaps(valid_until=draft.valid_until.isoformat())
        sites = await site_levels([draft.site, draft.operator])
        if draft.site not in sites:
            raise SiteUnknown(site=draft.site)
        if draft.operator not in sites and not await licence_kinds([draft.operator]):
            raise OperatorUnknown(operator=draft.operator)
        workshop = await Workshop.create(
            **msgspec.structs.asdict(draft),
            number=public_number(self.clock(), "F"),
            recorded_by=by,
            recorded_at=self.clock(),
        )
        return workshop.number

    async def end(self, number: str, valid_until: date, by: str) -> None:
        """``valid_until`` is the first day on which it is none any more. Raises :class:`WorkshopUnknown`."""
        ended = await execute(
            "UPDATE workshop SET valid_until = $2, ended_by = $3, ended_at = $4 WHERE number = $1 AND ended_at IS NULL"
            " AND valid_from < $2 AND (valid_until IS NULL OR valid_until > $2)",
            number,
            valid_until,
            by,
            self.clock(),
        )
        if not ended:
            raise WorkshopUnknown(workshop=number)


async def workshops(quarter: str, today: date, cursor: str | None, limit: int) -> tuple[list[WorkshopCard], str | None]:
    """A page of workshops with their people and wages of a quarter, few of them kept back. Raises QuarterInvalid.

    All wages together stand in other tables, so what no workshop pays counts as a cell that is shown beside them.
    """
    since, until = quarter_span(quarter)
    found, following = await newest_first("SELECT t.* FROM workshop t WHERE true", cursor, limit)
    async with household_rights():
        people = await _people(min(until - timedelta(days=1), today))
        wages = await _wages(since, until)
    held = await limits(today, public=False)
    hidden_people, hidden_wages = withheld(people, held), withheld(wages, held)
    if not await is_closed(quarter, today):
        # What a sheet pays would be told by what is shown after it minus what was shown before.
        hidden_wages = Withheld(frozenset(wages), total=True)
    return [
        msgspec.convert(
            {
                **each,
                "registered_workers": _shown(people, hidden_people, each["number"]),
                "wages_paid_fen": _shown(wages, hidden_wages, each["number"]),
            },
            WorkshopCard,
        )
        for each in found
    ], following


async def _people(day: date) -> Amounts:
    """Who is employed on a day and belongs to an assisted household then, one each."""
    found = await rows(
        "SELECT coalesce(w.number, '') AS workshop, h.code AS household, count(DISTINCT a.member) AS persons"
        " FROM household_agreement a JOIN household h ON h.id = a.household_id JOIN household_status s"
        " ON s.household_id = h.id AND s.status = ANY($2) AND daterange(s.valid_from, s.valid_until) @> $1::date"
        " LEFT JOIN workshop w ON w.number = a.workshop AND daterange(w.valid_from, w.valid_until) @> $1::date"
        " WHERE a.kind = 'employment' AND daterange(a.valid_from, a.valid_until) @> $1::date GROUP BY 1, 2",
        day,
        [str(status) for status in ASSISTED],
    )
    return _cells(found, "persons")


async def _wages(since: date, until: date) -> Amounts:
    """What the books say households were paid as wages in a span, net of corrections, as they stand at its end."""
    found = await rows(
        "SELECT coalesce(g.workshop, '') AS workshop, coalesce(s.code, h.code) AS household,"
        " -sum(p.amount_fen)::bigint AS fen FROM household h JOIN ledger_account a ON a.owner = h.code"
        f" LEFT JOIN {standing('$2::date - 1')} AS s ON s.id = h.id JOIN ledger_posting p ON p.account_id = a.id"
        f" JOIN ledger_journal j ON j.id = p.journal_id AND {in_span(since, until)}"
        " JOIN household_agreement g ON g.number = p.contribution AND g.kind = 'employment'"
        " WHERE a.code = '2101' AND a.state IN ('paid', 'confirmed') GROUP BY 1, 2",
        since,
        until,
    )
    return _cells(found, "fen")


def _cells(found: list[dict[str, object]], amount: str) -> Amounts:
    cells: Amounts = {}
    for each in found:
        cells.setdefault(str(each["workshop"]), {})[str(each["household"])] = int(str(each[amount]))
    return cells


def _shown(cells: Mapping[str, Mapping[str, int]], hidden: Withheld, workshop: str) -> int | None:
    if hidden.total or workshop in hidden.cells:
        return None
    return sum(cells.get(workshop, {}).values())
