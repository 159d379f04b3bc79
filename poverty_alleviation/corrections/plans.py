"""What a correction posts, computed from the books as they stand: the same for who proposes, reads and approves it."""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec

from kit.clock import CHINA
from kit.database import rows
from ledger.chart import BOUGHT_AT_SCALE
from ledger.queries import Posted, journal_postings, posted
from ledger.service import Entry, JournalDraft, period_of, reversal, standing_journal
from orders.events import ChannelSettled
from payments.events import PaymentSettled
from poverty_alleviation.allocation import AppliedRule, LotUse
from poverty_alleviation.bases import lines_as_they_stand, uses_of
from poverty_alleviation.corrections.errors import CorrectionOutdated, LineUnknown
from poverty_alleviation.corrections.models import CorrectionKind
from poverty_alleviation.payouts import CONFIRMATION, PAYOUT, PERIOD_INCOME
from poverty_alleviation.postings import scale_entries
from poverty_alleviation.reserves.clawbacks import CLAWBACK, CLAWBACK_OFFSET
from poverty_alleviation.targets import Basis, difference
from poverty_alleviation.terms import ScaleIncome, income_at_scale, rules_of_sales
from traceability.events import IntakePaid
from traceability.queries import intake_cards, line_lots

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


class NewIncome(msgspec.Struct, frozen=True):
    """Whose income a delivery is to be, and the SHA-256 of the journal that it stands in."""

    income: ScaleIncome
    basis_was: str


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A correction as far as its postings go. ``basis``: of a line, or of a delivery that is booked anew."""

    number: str
    kind: CorrectionKind
    target: str
    reason: str
    basis: NewBasis | NewIncome | None

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
    standing, noon = found[0], _noon(day)
    (product,) = await rows("SELECT product FROM line_basis WHERE line = $1", line)
    lots = await uses_of(await line_lots([line]), noon)
    sold = standing.merchant, product["product"]
    rules = (await rules_of_sales([sold], noon))[sold]
    return NewBasis(lots, rules, basis_digest(standing)), (lots, rules) != (standing.lots, standing.rules)


async def income_as_of(intake: str, day: date) -> tuple[NewIncome, bool]:
    """Whose income a delivery paid at the scale is by the links, statuses and rules of a day.

    The second member says whether that is anything else than what stands. Raises ``JournalUnknown``,
    ``AlreadyReversed``.
    """
    standing = await _delivery(intake)
    card = (await intake_cards([intake]))[intake]
    income = await income_at_scale(card.supplier, card.merchant, card.product, _noon(day))
    entries = scale_entries(intake, standing.merchant, standing.amount_fen, income)
    return NewIncome(income, standing.digest), {_as_posted(each) for each in entries} != standing.postings


class _Delivery(NamedTuple):
    """The journal in which a delivery paid at the scale stands."""

    step: int
    postings: frozenset[Posted]

    @property
    def _bought(self) -> Posted:
        return next(each for each in self.postings if each.code == BOUGHT_AT_SCALE)

    @property
    def merchant(self) -> str:
        return self._bought.owner

    @property
    def amount_fen(self) -> int:
        return self._bought.amount_fen

    @property
    def digest(self) -> str:
        return sha256(msgspec.json.encode([self.step, sorted(self.postings, key=str)])).hexdigest()


async def _delivery(intake: str) -> _Delivery:
    found = await standing_journal(IntakePaid.topic, intake)
    postings = (await journal_postings([found.id]))[found.id]
    return _Delivery(found.step, frozenset(msgspec.convert(each, Posted) for each in postings))


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=CHINA)


async def sources_of(planned: Planned, *, ever: bool = False) -> list[Source]:
    """What the journals that a reversal takes back are named by: the thing's own, and before it what builds upon it
    and stands, or has ``ever``.

    Upon a payment its confirmation, upon a claim what was set off against it, the last first.
    """
    found = await rows(
        "SELECT j.source_type, j.source_id FROM ledger_journal j WHERE ((j.source_type, j.source_id) = ($1, $2)"
        " OR $4 AND j.source_type = $3 AND split_part(j.source_id, ':', 1) = $5) AND"
        " ($6 OR NOT EXISTS (SELECT 1 FROM ledger_journal r WHERE r.reverses_id = j.id))"
        " GROUP BY 1, 2 ORDER BY CASE j.source_type WHEN $3 THEN split_part(j.source_id, ':', 2)::int END DESC",
        CONFIRMATION,
        f"{planned.kind}:{planned.target}",
        CLAWBACK_OFFSET,
        planned.kind is CorrectionKind.CLAWBACK,
        planned.target,
        ever,
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

    A delivery that is booked anew is so at the next step of its source. Raises ``JournalUnknown``, ``AlreadyReversed``,
    :class:`CorrectionOutdated`, :class:`LineUnknown`.
    """
    note = f"{planned.number} {planned.reason} ({signed})"
    if planned.kind is CorrectionKind.LINE:
        return await _rebased(planned, now, note)
    found = [await reversal(*source, now, note) for source in await sources_of(planned)]
    if isinstance(planned.basis, NewIncome):
        return [*found, await _anew(planned.target, planned.basis, found[-1])]
    back = [entry for draft in found for entry in draft.entries]
    lines = await lines_as_they_stand(await lines_of(planned))
    entries = await to_targets(lines, back)
    return [*found, _own(planned, now, note, entries, found[-1].corrects_period)] if entries else found


async def _anew(intake: str, basis: NewIncome, taken_back: JournalDraft) -> JournalDraft:
    """The delivery as it is booked anew, behind the journal that takes it back."""
    standing = await _delivery(intake)
    if standing.digest != basis.basis_was:
        raise CorrectionOutdated(intake=intake)
    return JournalDraft(
        source_type=IntakePaid.topic,
        source_id=intake,
        step=standing.step + 1,
        occurred_at=taken_back.occurred_at,
        booked_at=taken_back.booked_at,
        note=taken_back.note,
        corrects_period=taken_back.corrects_period,
        entries=scale_entries(intake, standing.merchant, standing.amount_fen, basis.income),
    )


async def _rebased(planned: Planned, now: datetime, note: str) -> list[JournalDraft]:
    assert isinstance(planned.basis, NewBasis)
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
