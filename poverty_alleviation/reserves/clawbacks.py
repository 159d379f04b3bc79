"""Claims on a household for what the reserve bore: found at fault, proposed by one, decided by another, and set off
against what the household earns later with the same merchant (domain reference 2.5, object 10).

What a household was paid is never taken back otherwise: without a claim the reserve bears it for good.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tortoise.exceptions import IntegrityError

from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.money import split_fen
from kit.numbers import public_number
from ledger.chart import AFTER_SALES_RESERVE, HOUSEHOLD, State
from ledger.errors import AlreadyReversed, SecondPersonNeeded
from ledger.inputs import Input
from ledger.queries import posted
from ledger.service import Entry, JournalDraft, Journals, hold_source
from poverty_alleviation.allocation import BASIS_POINTS
from poverty_alleviation.bases import held_lines, lines_as_they_stand
from poverty_alleviation.confirming.holds import refuse_disputed
from poverty_alleviation.confirming.models import DisputedKind
from poverty_alleviation.corrections.errors import LineUnknown
from poverty_alleviation.office.thresholds import thresholds
from poverty_alleviation.payouts import held_parts, moves, noted_parts
from poverty_alleviation.reserves.errors import (
    ClawbackDecided,
    ClawbackPending,
    ClawbackTooHigh,
    ClawbackUnknown,
    NothingToOffset,
)
from poverty_alleviation.reserves.models import CLAWBACK_TRANSITIONS, ClawbackFault, ClawbackState
from poverty_alleviation.targets import Basis, Place, overpaid
from poverty_alleviation.vault import household_rights

CLAWBACK = "poverty_alleviation.clawback"
CLAWBACK_OFFSET = "poverty_alleviation.clawback_offset"


@dataclass(frozen=True)
class Clawbacks:
    """``by`` is the caller held to it."""

    journals: Journals = field(default_factory=Journals)
    clock: Clock = utc_now

    @household_rights()
    async def propose(
        self, line: str, household: str, amount_fen: int, fault: ClawbackFault, finding: str, by: str
    ) -> str:
        """Claim back a part of what the reserve bears for a household on an order line; answers the claim's number.

        Nothing is posted. Raises ``LineUnknown``, :class:`ClawbackTooHigh`, :class:`ClawbackPending`.
        """
        found = await lines_as_they_stand([line])
        if not found:
            raise LineUnknown(line=line)
        _check(amount_fen, await _borne(found[0], household))
        number = public_number(self.clock(), "K")
        try:
            async with transaction():
                await rows(
                    "INSERT INTO clawback (number, state, household_id, order_line, merchant, amount_fen, fault,"
                    " finding, made_by, made_at, decision_note) SELECT $1, 'proposed', h.id, $2, $3, $4, $5, $6, $7,"
                    " $8, '' FROM household h WHERE h.code = $9 RETURNING 1",
                    number,
                    line,
                    found[0].merchant,
                    amount_fen,
                    str(fault),
                    finding,
                    by,
                    self.clock(),
                    household,
                )
        except IntegrityError:
            raise ClawbackPending() from None
        return number

    @household_rights()
    async def decide(self, number: str, by: str, note: str, *, is_approved: bool) -> None:
        """Approve a claim, which posts it, or refuse it. The same decision by the same account changes nothing.

        Who proposed it may only take it back, as a refusal. Raises :class:`ClawbackUnknown`,
        :class:`ClawbackDecided`, ``SecondPersonNeeded``, ``RowDisputed``, :class:`ClawbackTooHigh`.
        """
        to = ClawbackState.APPROVED if is_approved else ClawbackState.REFUSED
        async with transaction():
            claim = await _held(number)
            if (claim["state"], claim["decided_by"]) == (to, by):
                return
            if to not in CLAWBACK_TRANSITIONS[ClawbackState(claim["state"])]:
                raise ClawbackDecided(state=claim["state"])
            if is_approved and claim["made_by"] == by:
                raise SecondPersonNeeded()
            if is_approved:
                await refuse_disputed(DisputedKind.CLAWBACK, number)
                await self.book(claim, by)
            await execute(
                "UPDATE clawback SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5"
                " WHERE number = $1 AND state = 'proposed'",
                number,
                str(to),
                by,
                self.clock(),
                note,
            )

    async def book(self, claim: Row, by: str) -> None:
        """The claim out of the reserve's burden, as the books stand now: a refund may have moved it since."""
        (basis,) = await held_lines([claim["order_line"]])
        (now,) = await self.journals.note(Input(CLAWBACK, claim["number"]))
        borne = await _borne(basis, claim["household"])
        _check(claim["amount_fen"], borne)
        entries: list[Entry] = []
        for place, fen in zip(borne, split_fen(claim["amount_fen"], list(borne.values())), strict=True):
            why = (basis.line, place.rule, place.contribution)
            entries += [
                Entry(HOUSEHOLD, place.owner, fen, State.CLAWBACK, place.category, *why),
                Entry(AFTER_SALES_RESERVE, basis.merchant, -fen, State.NONE, "", *why),
            ]
        note = f"{claim['number']} {claim['fault']} ({claim['made_by']}; {by})"
        await self.journals.post(JournalDraft(CLAWBACK, claim["number"], now, entries, note=note, booked_at=now))

    @household_rights()
    async def offset(self, number: str, by: str) -> int:
        """Set a claim off against what the household has earned with the merchant and not been paid; answers fen.

        Of what an order line has earned at most the office's share (``clawback_offset_bp``) is ever kept back, and
        nothing that is disputed or that a run is about to pay. Raises :class:`ClawbackUnknown`,
        :class:`ClawbackDecided`, ``AlreadyReversed``, ``RowDisputed``, :class:`NothingToOffset`.
        """
        now = self.clock()
        async with transaction():
            claim = await _held(number)
            if claim["state"] != ClawbackState.APPROVED:
                raise ClawbackDecided(state=claim["state"])
            if await _is_taken_back(number):
                raise AlreadyReversed(source=f"{CLAWBACK}:{number}")
            await refuse_disputed(DisputedKind.CLAWBACK, number)
            earlier = await rows(
                "SELECT amount_fen FROM clawback_offset WHERE clawback_id = $1 ORDER BY position", claim["id"]
            )
            left_fen = claim["amount_fen"] - sum(each["amount_fen"] for each in earlier)
            earned = await held_parts(claim["household"], claim["merchant"])
            share_bp = (await thresholds(china_day(now)))["clawback_offset_bp"]
            taken = _taken(left_fen, earned, await _set_off(claim["household"], earned), share_bp)
            amount_fen: int = sum(part["amount_fen"] for part in taken)
            if not amount_fen:
                raise NothingToOffset(left_fen=left_fen)
            position = len(earlier) + 1
            await rows(
                "INSERT INTO clawback_offset (clawback_id, position, amount_fen, made_by, made_at)"
                " VALUES ($1, $2, $3, $4, $5) RETURNING 1",
                claim["id"],
                position,
                amount_fen,
                by,
                now,
            )
            await self.book_offset(f"{number}:{position}", claim["household"], taken, f"{number} ({by})")
            return amount_fen

    async def book_offset(self, source_id: str, household: str, parts: Sequence[Row], note: str) -> None:
        """Post what was set off. Of which parts stands nowhere else, so it is noted with it."""
        (now,) = await self.journals.note(Input(CLAWBACK_OFFSET, source_id, noted_parts(parts)))
        entries = moves(household, parts, State.EARNED, State.CLAWBACK)
        await self.journals.post(JournalDraft(CLAWBACK_OFFSET, source_id, now, entries, note=note, booked_at=now))


def _check(amount_fen: int, borne: Mapping[Place, int]) -> None:
    if amount_fen > sum(borne.values()):
        raise ClawbackTooHigh(borne_fen=sum(borne.values()))


async def _borne(basis: Basis, household: str) -> dict[Place, int]:
    """What the reserve bears for a household on a line: what it was paid beyond its due and nobody claims yet."""
    found = overpaid(basis, await posted([basis.line]))
    return {place: fen for place, fen in found.items() if (place.code, place.owner) == (HOUSEHOLD, household)}


async def _held(number: str) -> dict[str, Any]:
    """The claim until the transaction ends, and nobody takes it back meanwhile. Raises :class:`ClawbackUnknown`."""
    await hold_source(CLAWBACK, number)
    found = await row(
        "SELECT c.*, h.code AS household FROM clawback c JOIN household h ON h.id = c.household_id"
        " WHERE c.number = $1 FOR UPDATE OF c",
        number,
    )
    if found is None:
        raise ClawbackUnknown(clawback=number[:40])
    return found


async def _is_taken_back(number: str) -> bool:
    return bool(
        await scalar(
            "SELECT 1 FROM ledger_journal j JOIN ledger_journal r ON r.reverses_id = j.id"
            " WHERE (j.source_type, j.source_id) = ($1, $2)",
            CLAWBACK,
            number,
        )
    )


_Key = tuple[str, str, str, str]


def _key(part: Row) -> _Key:
    return part["subject"], part["category"], part["rule"], part["contribution"]


async def _set_off(household: str, earned: Sequence[Row]) -> dict[_Key, int]:
    """What was set off before against each of these parts."""
    found = await posted(sorted({part["subject"] for part in earned}))
    return {
        (each.subject, each.category, each.rule, each.contribution): -each.amount_fen
        for each in found
        if (each.code, each.owner, each.state) == (HOUSEHOLD, household, State.CLAWBACK)
    }


def _taken(left_fen: int, earned: Sequence[Row], set_off: Mapping[_Key, int], share_bp: int) -> list[Row]:
    """What of each part is set off now, first parts first.

    First what is owed only because it was claimed on this very part, as when its payout came back; then the office's
    share of all that the part ever came to, less what was set off before.
    """
    before = [set_off.get(_key(part), 0) for part in earned]
    limits = (
        [max(-fen, 0) for fen in before],
        [
            (part["amount_fen"] + fen) * share_bp // BASIS_POINTS - max(fen, 0)
            for part, fen in zip(earned, before, strict=True)
        ],
    )
    taken = [0] * len(earned)
    for limit in limits:
        for place, part in enumerate(earned):
            fen = max(min(limit[place], part["amount_fen"] - taken[place], left_fen), 0)
            taken[place] += fen
            left_fen -= fen
    return [{**part, "amount_fen": fen} for part, fen in zip(earned, taken, strict=True) if fen]
