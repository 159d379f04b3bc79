"""What is read of corrections."""

from datetime import date, datetime
from typing import Any

import msgspec

from kit.clock import utc_now
from kit.database import row, rows
from kit.errors import DomainError
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from ledger.service import REVERSAL, Entry
from poverty_alleviation.allocation import AppliedRule, LotUse
from poverty_alleviation.corrections.errors import CorrectionUnknown
from poverty_alleviation.corrections.models import CorrectionKind, CorrectionReason, CorrectionState
from poverty_alleviation.corrections.plans import CORRECTION, NewBasis, NewIncome, Planned, drafts_of, sources_of
from poverty_alleviation.terms import ScaleIncome
from poverty_alleviation.vault import household_rights

CORRECTION_COLUMNS = (
    "id, number, state, kind, target, as_of, lots::text AS lots, rules::text AS rules, income::text AS income,"
    " basis_was, reason, evidence, made_by, made_at, decided_by, decided_at, decision_note"
)


class CorrectionCard(msgspec.Struct, frozen=True, kw_only=True):
    """One correction without its postings."""

    number: str
    state: CorrectionState
    kind: CorrectionKind
    target: str
    as_of: date | None
    reason: CorrectionReason
    evidence: str
    made_by: str
    made_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str


class CorrectedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One posting in fen, debit positive; accounts are named by codes alone."""

    code: str
    owner: str
    state: str
    category: str
    subject: str
    rule: str
    contribution: str
    amount_fen: int


class CorrectionPostings(msgspec.Struct, frozen=True, kw_only=True):
    """What a correction has posted, or would post now. ``obstacle``: the code of why it cannot be approved."""

    correction: CorrectionCard
    entries: list[CorrectedEntry]
    obstacle: str | None


def read_planned(found: dict[str, Any]) -> Planned:
    """A row of ``CORRECTION_COLUMNS`` as far as its postings go."""
    basis: NewBasis | NewIncome | None = None
    if found["income"] is not None:
        basis = NewIncome(msgspec.json.decode(found["income"], type=ScaleIncome), found["basis_was"])
    elif found["basis_was"] is not None:
        basis = NewBasis(
            msgspec.json.decode(found["lots"], type=tuple[LotUse, ...]),
            msgspec.json.decode(found["rules"], type=tuple[AppliedRule, ...]),
            found["basis_was"],
        )
    return Planned(
        number=found["number"],
        kind=CorrectionKind(found["kind"]),
        target=found["target"],
        reason=found["reason"],
        basis=basis,
    )


@household_rights()
async def correction_cards(
    state: CorrectionState | None, cursor: str | None, limit: int
) -> tuple[list[CorrectionCard], str | None]:
    """A page of corrections, newest first, of one state or of all."""
    limit = min(limit, MAX_PAGE)
    before = read_cursor(cursor, tuple[int])[0] if cursor else None
    found = await rows(
        f"SELECT {CORRECTION_COLUMNS} FROM correction WHERE ($1::text IS NULL OR state = $1)"
        " AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        str(state) if state else None,
        before,
        limit + 1,
    )
    page = found[:limit]
    return [msgspec.convert(each, CorrectionCard) for each in page], (
        write_cursor(page[-1]["id"]) if len(found) > limit else None
    )


@household_rights()
async def correction_postings(number: str) -> CorrectionPostings:
    """One correction with what it posts: what the second person reads before deciding. Raises CorrectionUnknown."""
    found = await row(f"SELECT {CORRECTION_COLUMNS} FROM correction WHERE number = $1", number)
    if found is None:
        raise CorrectionUnknown(correction=number)
    card = msgspec.convert(found, CorrectionCard)
    obstacle: str | None = None
    entries: list[CorrectedEntry] = []
    if card.state is CorrectionState.PROPOSED:
        try:
            drafts = await drafts_of(read_planned(found), utc_now(), card.made_by)
            entries = [_entry(entry) for draft in drafts for entry in draft.kept]
        except DomainError as refused:
            obstacle = refused.code
    elif card.state is CorrectionState.APPROVED:
        entries = await _posted_by(read_planned(found))
    return CorrectionPostings(correction=card, entries=entries, obstacle=obstacle)


async def _posted_by(planned: Planned) -> list[CorrectedEntry]:
    taken_back = [] if planned.kind is CorrectionKind.LINE else await sources_of(planned, ever=True)
    sources = [(CORRECTION, planned.number), *((REVERSAL, f"{topic}:{name}") for topic, name in taken_back)]
    sources += taken_back[-1:]  # a delivery that was booked anew
    found = await rows(
        "SELECT a.code, a.owner, a.state, a.category, p.subject, p.rule, p.contribution, p.amount_fen"
        " FROM unnest($1::text[], $2::text[]) AS s (source_type, source_id) JOIN ledger_journal j"
        " ON (j.source_type, j.source_id) = (s.source_type, s.source_id) AND starts_with(j.note, $3)"
        " JOIN ledger_posting p ON p.journal_id = j.id JOIN ledger_account a ON a.id = p.account_id ORDER BY p.id",
        [topic for topic, _ in sources],
        [name for _, name in sources],
        f"{planned.number} ",
    )
    return [msgspec.convert(each, CorrectedEntry) for each in found]


def _entry(entry: Entry) -> CorrectedEntry:
    return msgspec.convert(entry, CorrectedEntry, from_attributes=True)
