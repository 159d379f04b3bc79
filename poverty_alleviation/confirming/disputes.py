"""A household says that a row of its income, or a claim on it, is wrong: it is held until settled or rejected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.numbers import public_number
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from ledger.service import hold_source
from poverty_alleviation.confirming.errors import (
    CorrectionNotOfDispute,
    DisputedRowUnknown,
    DisputeStands,
    DisputeUnknown,
    RowDisputed,
)
from poverty_alleviation.confirming.models import DISPUTE_TRANSITIONS, DisputedKind, DisputeState
from poverty_alleviation.confirming.rows import paid_rows
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.payouts import PAID_BY, PAYOUT
from poverty_alleviation.reserves.clawbacks import CLAWBACK
from poverty_alleviation.vault import household_rights

MOST_ROWS = 50


class RowName(msgspec.Struct, frozen=True, order=True):
    """A row by its number, which for a row of period income is that of the line on its sheet."""

    kind: DisputedKind
    source_id: str


class HeldRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row with what it was when it was disputed."""

    kind: DisputedKind
    source_id: str
    amount_fen: int
    released_at: datetime | None


class DisputeCard(msgspec.Struct, frozen=True, kw_only=True):
    """One dispute. Its words are the office's alone."""

    number: str
    household: str
    state: DisputeState
    reason: str | None
    opened_by: str
    opened_at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    verdict: str | None
    correction: str | None
    closed_by: str | None
    closed_at: datetime | None
    held_rows: list[HeldRow]


@dataclass(frozen=True)
class Disputes:
    """Opened in a household's name by the poverty office. What is held is neither confirmed, paid nor set off."""

    clock: Clock = utc_now

    @household_rights()
    async def open(self, household: str, disputed: Sequence[RowName], reason: str, by: str) -> str:
        """Hold rows of a household; answers the dispute's number.

        A row that the household has confirmed is a matter for a correction. Raises :class:`HouseholdUnknown`,
        :class:`DisputedRowUnknown` with the ``rows`` that cannot be disputed, :class:`RowDisputed`.
        """
        names = sorted(set(disputed))
        number, now = public_number(self.clock(), "D"), self.clock()
        async with transaction():
            household_id = await scalar("SELECT id FROM household WHERE code = $1", household)
            if household_id is None:
                raise HouseholdUnknown(household=household)
            amounts = await self._held(household, names)
            if unknown := [each.source_id for each in names if not amounts.get(each)]:
                raise DisputedRowUnknown(rows=unknown)
            dispute_id = await scalar(
                "INSERT INTO income_dispute (number, household_id, state, reason, opened_by, opened_at, answer,"
                " verdict) VALUES ($1, $2, 'open', $3, $4, $5, '', '') RETURNING id",
                number,
                household_id,
                reason,
                by,
                now,
            )
            try:
                async with transaction():
                    await rows(
                        "INSERT INTO disputed_row (dispute_id, household_code, kind, source_id, amount_fen)"
                        " SELECT $1, $5, n.kind, n.source_id, n.amount_fen"
                        " FROM unnest($2::text[], $3::text[], $4::bigint[]) AS n (kind, source_id, amount_fen)"
                        " RETURNING 1",
                        dispute_id,
                        [each.kind.value for each in names],
                        [each.source_id for each in names],
                        [amounts[each] for each in names],
                        household,
                    )
            except IntegrityError:
                raise RowDisputed() from None
        return number

    async def _held(self, household: str, names: Sequence[RowName]) -> dict[RowName, int]:
        """What each row amounts to now, under the locks of the claims first, then of the lines, then of the sources.

        A line that the bank is about to pay is disputed when it is paid, as a payout; a claim until it is refused or
        taken back, whatever was set off against it.
        """
        claims = [each.source_id for each in names if each.kind is DisputedKind.CLAWBACK]
        lines = [each.source_id for each in names if each.kind is DisputedKind.LINE]
        paid = [each for each in names if each.kind in PAID_BY]
        for number in claims:
            await hold_source(CLAWBACK, number)
        if lines:
            await rows("SELECT 1 FROM line_basis WHERE line = ANY($1) ORDER BY line FOR UPDATE", lines)
        for each in paid:
            await hold_source(PAID_BY[each.kind], each.source_id)
        earned = await rows(
            "SELECT p.subject, -sum(p.amount_fen)::bigint AS amount_fen FROM ledger_account a JOIN ledger_posting p"
            " ON p.account_id = a.id WHERE a.code = '2101' AND a.state = 'earned' AND a.owner = $1"
            " AND p.subject = ANY($2) AND NOT EXISTS (SELECT 1 FROM payout_part r"
            " JOIN payout_line l ON l.id = r.line_id"
            " JOIN payout_run u ON u.id = l.run_id WHERE (r.household_code, r.order_line) = (a.owner, p.subject)"
            " AND r.released_at IS NULL AND u.state = 'exported') GROUP BY 1",
            household,
            lines,
        )
        amounts = {RowName(DisputedKind.LINE, each["subject"]): each["amount_fen"] for each in earned}
        for claim in await rows(_CLAIMED, household, claims, CLAWBACK) if claims else []:
            amounts[RowName(DisputedKind.CLAWBACK, claim["number"])] = claim["amount_fen"]
        for standing in await paid_rows(household, sources=[each.source_id for each in paid]):
            if standing.confirmed_at is None:
                amounts[RowName(DisputedKind(standing.kind), standing.source_id)] = standing.amount_fen
        return amounts

    @household_rights()
    async def answer(self, number: str, text: str, by: str) -> None:
        """What was found out and told the household. Raises :class:`DisputeUnknown`, :class:`DisputeStands`."""
        async with transaction():
            await self._may_go(number, DisputeState.ANSWERED)
            await execute(
                "UPDATE income_dispute SET state = 'answered', answer = $2, answered_by = $3, answered_at = $4"
                " WHERE number = $1",
                number,
                text,
                by,
                self.clock(),
            )

    @household_rights()
    async def close(self, number: str, to: DisputeState, verdict: str, correction: str | None, by: str) -> None:
        """Settle or reject a dispute; its rows are free again, and nobody has confirmed them by that.

        ``correction`` names the approved one that it led to. Raises :class:`DisputeUnknown`, :class:`DisputeStands`,
        :class:`CorrectionNotOfDispute`.
        """
        now = self.clock()
        async with transaction():
            dispute_id = await self._may_go(number, to)
            if correction is not None and (
                to is not DisputeState.SETTLED or not await _corrects(correction, dispute_id)
            ):
                raise CorrectionNotOfDispute(correction=correction)
            await execute(
                "UPDATE income_dispute SET state = $2, verdict = $3, correction = $4, closed_by = $5, closed_at = $6"
                " WHERE number = $1",
                number,
                to.value,
                verdict,
                correction,
                by,
                now,
            )
            await execute("UPDATE disputed_row SET released_at = $2 WHERE dispute_id = $1", dispute_id, now)

    async def _may_go(self, number: str, to: DisputeState) -> int:
        """The row until the transaction ends."""
        found = await row("SELECT id, state FROM income_dispute WHERE number = $1 FOR UPDATE", number)
        if found is None:
            raise DisputeUnknown(dispute=number[:40])
        if to not in DISPUTE_TRANSITIONS[DisputeState(found["state"])]:
            raise DisputeStands(state=found["state"])
        return int(found["id"])


_CLAIMED = """
SELECT c.number, c.amount_fen FROM clawback c JOIN household h ON h.id = c.household_id
 WHERE h.code = $1 AND c.number = ANY($2) AND c.state <> 'refused' AND NOT EXISTS (SELECT 1 FROM ledger_journal j
  JOIN ledger_journal r ON r.reverses_id = j.id WHERE (j.source_type, j.source_id) = ($3, c.number))"""


async def _corrects(correction: str, dispute_id: int) -> bool:
    """Whether an approved correction is about a disputed row, or about a line that a disputed payout paid."""
    found = await scalar(
        "SELECT 1 FROM correction c JOIN disputed_row d ON d.dispute_id = $2 WHERE c.number = $1"
        " AND c.state = 'approved' AND ((d.kind, d.source_id) = (c.kind, c.target) OR (c.kind = 'line'"
        " AND d.kind = 'payout' AND EXISTS (SELECT 1 FROM ledger_journal j JOIN ledger_posting p ON p.journal_id = j.id"
        " WHERE j.source_type = $3 AND j.source_id = d.source_id AND p.subject = c.target))) LIMIT 1",
        correction,
        dispute_id,
        PAYOUT,
    )
    return found is not None


_CARD = "SELECT i.*, h.code AS household FROM income_dispute i JOIN household h ON h.id = i.household_id"


@household_rights()
async def dispute_cards(
    state: DisputeState | None, cursor: str | None, limit: int, *, with_words: bool = True
) -> tuple[list[DisputeCard], str | None]:
    """A page of disputes of one state or of all, oldest first: a work list. With what was said, or without."""
    after = read_cursor(cursor, tuple[int])[0] if cursor else 0
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"{_CARD} WHERE i.id > $2 AND ($1::text IS NULL OR i.state = $1) ORDER BY i.id LIMIT $3",
        state.value if state else None,
        after,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return await _with_rows(found[:limit], with_words=with_words), following


@household_rights()
async def dispute_card(number: str, *, with_words: bool = True) -> DisputeCard:
    """One dispute, with what was said or without. Raises :class:`DisputeUnknown`."""
    found = await rows(f"{_CARD} WHERE i.number = $1", number)
    if not found:
        raise DisputeUnknown(dispute=number[:40])
    return (await _with_rows(found, with_words=with_words))[0]


_WORDS: dict[str, object] = {"reason": None, "answer": None, "verdict": None}


async def _with_rows(found: list[dict[str, Any]], *, with_words: bool) -> list[DisputeCard]:
    held = await rows(
        "SELECT dispute_id, kind, source_id, amount_fen, released_at FROM disputed_row WHERE dispute_id = ANY($1)"
        " ORDER BY id",
        [each["id"] for each in found],
    )
    hidden = {} if with_words else _WORDS
    return [
        msgspec.convert(
            each | hidden | {"held_rows": [of for of in held if of["dispute_id"] == each["id"]]}, DisputeCard
        )
        for each in found
    ]
