"""Proposing and deciding corrections (domain reference 2.5: reversing journal + new journal, reason code, two persons,
evidence; closed periods are corrected in the open one with ``corrects_period``)."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.numbers import public_number
from ledger.errors import AlreadyReversed, SecondPersonNeeded
from ledger.inputs import Input
from ledger.service import Journals, hold_source
from poverty_alleviation.bases import as_json, claim_sold, held_lines
from poverty_alleviation.corrections.errors import (
    CorrectionChangesNothing,
    CorrectionDecided,
    CorrectionInvalid,
    CorrectionPending,
    CorrectionUnknown,
)
from poverty_alleviation.corrections.models import (
    CORRECTION_TRANSITIONS,
    CorrectionKind,
    CorrectionReason,
    CorrectionState,
)
from poverty_alleviation.corrections.plans import (
    CORRECTION,
    NewBasis,
    NewIncome,
    Planned,
    basis_as_of,
    drafts_of,
    income_as_of,
    lines_of,
)
from poverty_alleviation.corrections.queries import CORRECTION_COLUMNS, read_planned
from poverty_alleviation.vault import household_rights


@dataclass(frozen=True)
class Corrections:
    """Nothing in the books is edited: what was wrong is proposed by one account and decided by another.

    ``by`` is the caller held to it.
    """

    journals: Journals = field(default_factory=Journals)
    clock: Clock = utc_now

    @household_rights()
    async def propose(
        self,
        kind: CorrectionKind,
        target: str,
        as_of: date | None,
        reason: CorrectionReason,
        evidence: str,
        by: str,
    ) -> str:
        """Propose to take the journal of a delivery, settlement, payout or claim back, to divide a line as of a day, or
        to book a delivery anew as of a day.

        Answers the correction's number. Nothing is posted. Raises :class:`CorrectionInvalid`, ``JournalUnknown``,
        ``AlreadyReversed``, ``LineUnknown``, :class:`CorrectionChangesNothing`, :class:`CorrectionPending`.
        """
        now = self.clock()
        if as_of is None:
            is_valid = kind is not CorrectionKind.LINE
        else:
            is_valid = kind in (CorrectionKind.LINE, CorrectionKind.INTAKE) and as_of <= china_day(now)
        if not is_valid:
            raise CorrectionInvalid(field="as_of")
        basis: NewBasis | NewIncome | None = None
        if as_of is not None:
            basis, changes = await (basis_as_of if kind is CorrectionKind.LINE else income_as_of)(target, as_of)
            if not changes:
                raise CorrectionChangesNothing(target=target)
        planned = Planned(number=public_number(now, "C"), kind=kind, target=target, reason=str(reason), basis=basis)
        await drafts_of(planned, now, by)
        try:
            async with transaction():
                await self._keep(planned, as_of, evidence, by)
        except IntegrityError:
            waiting = await scalar(
                "SELECT number FROM correction WHERE kind = $1 AND target = $2 AND state = 'proposed'",
                str(kind),
                target,
            )
            raise CorrectionPending(correction=waiting) from None
        return planned.number

    async def _keep(self, planned: Planned, as_of: date | None, evidence: str, by: str) -> None:
        basis = planned.basis
        await rows(
            "INSERT INTO correction (number, state, kind, target, as_of, lots, rules, income, basis_was, reason,"
            " evidence, made_by, made_at, decision_note) VALUES ($1, 'proposed', $2, $3, $4, $5::jsonb, $6::jsonb,"
            " $7::jsonb, $8, $9, $10, $11, $12, '') RETURNING 1",
            planned.number,
            str(planned.kind),
            planned.target,
            as_of,
            as_json(basis.lots) if isinstance(basis, NewBasis) else None,
            as_json(basis.rules) if isinstance(basis, NewBasis) else None,
            msgspec.json.encode(basis.income).decode() if isinstance(basis, NewIncome) else None,
            None if basis is None else basis.basis_was,
            planned.reason,
            evidence,
            by,
            self.clock(),
        )

    @household_rights()
    async def decide(self, number: str, by: str, note: str, *, is_approved: bool) -> None:
        """Approve a correction, which posts it, or refuse it. The same decision by the same account changes nothing.

        Who proposed it may only take it back, as a refusal. Raises :class:`CorrectionUnknown`,
        :class:`CorrectionDecided`, ``SecondPersonNeeded``, ``AlreadyReversed``, ``CorrectionOutdated``,
        ``IncomeClaimedTwice``.
        """
        to = CorrectionState.APPROVED if is_approved else CorrectionState.REFUSED
        async with transaction():
            found = await self._held(number)
            if (found["state"], found["decided_by"]) == (to, by):
                return
            if to not in CORRECTION_TRANSITIONS[CorrectionState(found["state"])]:
                raise CorrectionDecided(state=found["state"])
            if is_approved and found["made_by"] == by:
                raise SecondPersonNeeded()
            if is_approved:
                await self.book(read_planned(found), f"{found['made_by']}; {by}")
            await execute(
                "UPDATE correction SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5"
                " WHERE number = $1 AND state = 'proposed'",
                number,
                str(to),
                by,
                self.clock(),
                note,
            )

    async def book(self, planned: Planned, signed: str) -> None:
        """Post what two have signed. Under the locks of its lines first, then of its source, all is computed anew.

        Raises what :meth:`decide` raises of the books.
        """
        if planned.kind is CorrectionKind.CLAWBACK:
            # What is set off is set off under the claim: until that is held, its lines may become more.
            await hold_source(*planned.own_source)
        await held_lines(await lines_of(planned))
        if planned.kind is not CorrectionKind.LINE:
            await hold_source(*planned.own_source)
        (now,) = await self.journals.note(Input(CORRECTION, planned.number))
        drafts = await drafts_of(planned, now, signed)
        if isinstance(planned.basis, NewBasis):
            if planned.basis.rules:
                await claim_sold(planned.basis.lots)
            await execute(
                "UPDATE line_basis SET lots = $2::jsonb, rules = $3::jsonb WHERE line = $1",
                planned.target,
                as_json(planned.basis.lots),
                as_json(planned.basis.rules),
            )
        for draft in drafts:
            if not await self.journals.post(draft):
                raise AlreadyReversed(source=f"{draft.source_type}:{draft.source_id}")

    async def _held(self, number: str) -> dict[str, Any]:
        found = await row(f"SELECT {CORRECTION_COLUMNS} FROM correction WHERE number = $1 FOR UPDATE", number)
        if found is None:
            raise CorrectionUnknown(correction=number)
        return found
