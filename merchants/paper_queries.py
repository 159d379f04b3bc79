"""Reads of papers, their reviews and what is about to run out."""

from datetime import date, datetime

import msgspec

from kit.database import row, rows
from kit.paging import read_cursor, write_cursor
from merchants.errors import PaperUnknown
from merchants.queries import RowKey


class ReviewView(msgspec.Struct, frozen=True):
    """One step of a paper."""

    state: str
    reviewed_at: datetime
    reviewed_by: str
    reason: str | None


class PaperCard(msgspec.Struct, frozen=True):
    """A paper with its whole history, oldest step first."""

    number: str
    merchant: str
    merchant_name: str
    kind: str
    document_number: str
    issuer: str
    subject: str
    valid_from: date
    valid_until: date | None
    picture: str | None
    state: str
    reviews: list[ReviewView]


class ExemptionRuleView(msgspec.Struct, frozen=True):
    """What holds for natural persons from a day on."""

    valid_from: date
    yearly_limit_fen: int
    recheck_days: int
    source_document: str


_PAPER = """
SELECT p.id, p.number, m.number AS merchant, m.name AS merchant_name, p.kind, p.document_number, p.issuer, p.subject,
       p.valid_from, p.valid_until, p.picture, p.state,
       (SELECT jsonb_agg(jsonb_build_object('state', r.state, 'reviewed_at', r.reviewed_at,
                                            'reviewed_by', r.reviewed_by, 'reason', r.reason) ORDER BY r.id)
          FROM paper_review r WHERE r.paper_id = p.id)::text AS reviews
  FROM merchant_paper p JOIN merchant m ON m.id = p.merchant_id
"""


def _card(found: dict[str, object]) -> PaperCard:
    members = {name: found[name] for name in PaperCard.__struct_fields__ if name != "reviews"}
    return PaperCard(**members, reviews=msgspec.json.decode(str(found["reviews"]), type=list[ReviewView]))  # type: ignore[arg-type]


async def paper(number: str) -> PaperCard:
    """One paper. Raises :class:`PaperUnknown`."""
    found = await row(_PAPER + " WHERE p.number = $1", number)
    if found is None:
        raise PaperUnknown()
    return _card(found)


async def papers_of(merchant: str) -> list[PaperCard]:
    """The newest 200 papers of one merchant."""
    return [_card(r) for r in await rows(_PAPER + " WHERE m.number = $1 ORDER BY p.id DESC LIMIT 200", merchant)]


async def papers(state: str | None, cursor: str | None, limit: int) -> tuple[list[PaperCard], str | None]:
    """Papers of one state or of all, oldest first, and the cursor of the next page."""
    after = read_cursor(cursor, RowKey).id if cursor else 0
    found = await rows(
        _PAPER + " WHERE p.id > $1 AND ($2::text IS NULL OR p.state = $2) ORDER BY p.id LIMIT $3",
        after,
        state,
        limit + 1,
    )
    return [_card(r) for r in found[:limit]], write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


async def papers_ending(until: date) -> list[PaperCard]:
    """At most 200 accepted or expired papers that end by a day and that no later paper of the kind has replaced."""
    found = await rows(
        _PAPER + " WHERE p.state IN ('accepted', 'expired') AND p.valid_until <= $1 AND NOT EXISTS ("
        "   SELECT 1 FROM merchant_paper n WHERE n.merchant_id = p.merchant_id AND n.kind = p.kind"
        "   AND n.subject = p.subject AND n.state = 'accepted'"
        "   AND (n.valid_until IS NULL OR n.valid_until > p.valid_until))"
        " ORDER BY p.valid_until, p.id LIMIT 200",
        until,
    )
    return [_card(r) for r in found]


async def exemption_rules() -> list[ExemptionRuleView]:
    """Every rule for natural persons, oldest first."""
    found = await rows(
        "SELECT valid_from, yearly_limit_fen, recheck_days, source_document FROM exemption_rule ORDER BY valid_from"
    )
    return [ExemptionRuleView(**r) for r in found]
