"""What a correction posts, computed from the books as they stand: the same for who proposes, reads and approves it."""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256

import msgspec

from kit.clock import CHINA
from kit.database import rows
from ledger.queries import Posted, posted
from ledger.service import Entry, JournalDraft, period_of, reversal
from orders.events import ChannelSettled
from payments.events import PaymentSettled
from poverty_alleviation.allocation import AppliedRule, LotUse
from poverty_alleviation.bases import lines_as_they_stand, uses_of
from poverty_alleviation.corrections.errors import CorrectionOutdated, LineUnknown
from poverty_alleviation.corrections.models import CorrectionKind
from poverty_alleviation.payouts import CONFIRMATION, PAYOUT, PERIOD_INCOME
from poverty_alleviation.reserves.clawbacks import CLAWBACK, CLAWBACK_OFFSET
from poverty_alleviation.targets import Basis, difference
from poverty_alleviation.terms import rules_of_sales
from traceability.events import IntakePaid
from traceability.queries import line_lots

CORRECTION = "poverty_alleviation.correction"
_TOPICS = {
    CorrectionKind.INTAKE: IntakePaid.topic,
    CorrectionKind.SETTLEMENT: PaymentSettled.topic,
    CorrectionKind.CHANNEL_SETTLEMENT: ChannelSettled.topic,
    CorrectionKind.PAYOUT: PAYOUT,
    CorrectionKind.PERIOD_INCOME: PERIOD_INCOME,
    CorrectionKind.CLAWBACK: CLAWBACK,
}
Source = tuple[str, str]


class NewBasis(msgspec.Struct, frozen=True):
    """The lots and rules that a line is to be divided by, and the SHA-256 of those that it was divided by."""

    lots: tuple[LotUse, ...]
    rules: tuple[AppliedRule, ...]
    basis_was: str


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A correction as far as its postings go."""

    number: str
    kind: CorrectionKind
    target: str
    reason: str
    basis: NewBasis | None

    @property
    def own_source(self) -> Source:
        """What the journal that it reverses is named by. Not for a line."""
        return _TOPICS[self.kind], self.target


def basis_digest(basis: Basis) -> str:
    """What a line is divided by, as one SHA-256."""
    return sha256(msgspec.json.encode([basis.lots, basis.rules], order="deterministic")).hexdigest()


async def basis_as_of(line: str, day: date) -> tuple[NewBasis, bool]:
    """What a line is divided by with its lots as they are and the links, statuses and rules of a day.

    The second member says whether that is anything else than what stands. Raises :class:`LineUnknown`.
    """
    found = await lines_as_they_stand([line])
    if not found or not found[0].is_packed:
        raise LineUnknown(line=line)
    standing, noon = found[0], datetime(day.year, day.month, day.day, 12, tzinfo=CHINA)
    (product,) = await rows("SELECT product FROM line_basis WHERE line = $1", line)
    lots = await uses_of(await line_lots([line]), noon)
    sold = standing.merchant, product["product"]
    rules = (await rules_of_sales([sold], noon))[sold]
    return NewBasis(lots, rules, basis_digest(standing)), (lots, rules) != (standing.lots, standing.rules)


async def sources_of(planned: Planned) -> list[Source]:
    """What the journals that a reversal takes back are named by: the thing's own, and before it what builds upon it.

    Upon a payment its confirmation, upon a claim what was set off against it, the last first.
    """
    confirmation = f"{planned.kind}:{planned.target}"
    found = await rows(
        "SELECT source_type, source_id FROM ledger_journal WHERE (source_type, source_id) = ($1, $2)"
        " UNION ALL (SELECT source_type, source_id FROM ledger_journal WHERE $4 AND source_type = $3"
        " AND split_part(source_id, ':', 1) = $5 ORDER BY split_part(source_id, ':', 2)::int DESC)",
        CONFIRMATION,
        confirmation,
        CLAWBACK_OFFSET,
        planned.kind is CorrectionKind.CLAWBACK,
        planned.target,
    )
    return [*((each["source_type"], each["source_id"]) for each in found), planned.own_source]


async def lines_of(planned: Planned) -> list[str]:
    """The order lines whose amounts move with it, by reference."""
    if planned.kind is CorrectionKind.LINE:
        return [planned.target]
    if planned.kind not in (CorrectionKind.PAYOUT, CorrectionKind.CLAWBACK):
        return []
    sources = await sources_of(planned)
    found = await rows(
        "SELECT DISTINCT p.subject FROM unnest($1::text[], $2::text[]) AS s (source_type, source_id)"
        " JOIN ledger_journal j ON (j.source_type, j.source_id) = (s.source_type, s.source_id) JOIN ledger_posting p"
        " ON p.journal_id = j.id ORDER BY 1",
        [topic for topic, _ in sources],
        [name for _, name in sources],
    )
    return [each["subject"] for each in found]


async def drafts_of(planned: Planned, now: datetime, signed: str) -> list[JournalDraft]:
    """The journals to be posted. What was paid out or set off and comes back, a refund may have put to the reserve
    meanwhile: so the lines of a payout or claim are brought to their targets as well.

    Raises ``JournalUnknown``, ``AlreadyReversed``, :class:`CorrectionOutdated`, :class:`LineUnknown`.
    """
    note = f"{planned.number} {planned.reason} ({signed})"
    if planned.kind is CorrectionKind.LINE:
        return await _rebased(planned, now, note)
    found = [await reversal(*source, now, note) for source in await sources_of(planned)]
    back = [entry for draft in found for entry in draft.entries]
    lines = await lines_as_they_stand(await lines_of(planned))
    entries = await to_targets(lines, back)
    return [*found, _own(planned, now, note, entries, found[-1].corrects_period)] if entries else found


async def _rebased(planned: Planned, now: datetime, note: str) -> list[JournalDraft]:
    assert planned.basis is not None
    found = await lines_as_they_stand([planned.target])
    if not found:
        raise LineUnknown(line=planned.target)
    if basis_digest(found[0]) != planned.basis.basis_was:
        raise CorrectionOutdated(line=planned.target)
    (packed,) = await rows("SELECT packed_at FROM line_basis WHERE line = $1", planned.target)
    month = period_of(packed["packed_at"])
    rebased = msgspec.structs.replace(found[0], lots=planned.basis.lots, rules=planned.basis.rules)
    entries = await to_targets([rebased], [])
    return [_own(planned, now, note, entries, month if month != period_of(now) else None)] if entries else []


async def to_targets(lines: Sequence[Basis], moved: Sequence[Entry]) -> list[Entry]:
    """Target − posted of some lines, after these entries."""
    standing: dict[str, list[Posted]] = {basis.line: [] for basis in lines}
    for each in [*await posted(list(standing)), *map(_as_posted, moved)]:
        if each.subject in standing:
            standing[each.subject].append(each)
    return [entry for basis in lines for entry in difference(basis, standing[basis.line])]


def _as_posted(entry: Entry) -> Posted:
    return Posted(
        code=entry.code,
        owner=entry.owner,
        state=str(entry.state),
        category=entry.category,
        subject=entry.subject,
        rule=entry.rule,
        contribution=entry.contribution,
        amount_fen=entry.amount_fen,
    )


def _own(planned: Planned, now: datetime, note: str, entries: list[Entry], corrects: str | None) -> JournalDraft:
    return JournalDraft(CORRECTION, planned.number, now, entries, note=note, corrects_period=corrects, booked_at=now)
