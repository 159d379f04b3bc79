"""Proposing and deciding changes of households: nothing is lost, nothing is moved in the books (decision 0064)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher
from kit.numbers import opaque_id, public_number
from ledger.errors import SecondPersonNeeded
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.lineage.errors import ChangeDecided, ChangeInvalid, ChangePending, ChangeUnknown
from poverty_alleviation.lineage.models import CHANGE_TRANSITIONS, ChangeKind, ChangeState
from poverty_alleviation.lineage.moving import Change, Moving, Plan
from poverty_alleviation.lineage.queries import CHANGE_COLUMNS
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.vault import household_rights


class ChangeDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What is proposed. ``into`` is a merger's, ``status`` may be a split's (:class:`HouseholdChange`)."""

    kind: ChangeKind
    household: str
    day: date
    document: str
    plan: Plan
    into: str | None = None
    status: AssistanceStatus | None = None


class _Undone(Exception):
    """Takes a trial back."""


@dataclass(frozen=True)
class HouseholdChanges:
    """The poverty office alone changes households: one account proposes, another decides. ``by`` is held to it."""

    cipher: FieldCipher
    clock: Clock = utc_now

    @household_rights()
    async def propose(self, draft: ChangeDraft, by: str) -> str:
        """Propose a change; answers its number. It is carried out for trial and taken back, so it would go through.

        Raises :class:`ChangeInvalid`, :class:`ChangePending`, ``ChangeMonthClosed``, ``ChangeOverlaps``,
        ``HouseholdUnknown`` and ``HouseholdMerged``.
        """
        self._check(draft)
        now = self.clock()
        other = draft.into if draft.kind is ChangeKind.MERGE else None
        change = Change(
            number=public_number(now, "H"),
            kind=draft.kind,
            household=draft.household,
            other=opaque_id() if draft.kind is ChangeKind.SPLIT else other,
            day=draft.day,
            document=draft.document,
            status=draft.status,
            plan=draft.plan,
            made_by=by,
        )
        async with transaction():
            try:
                async with transaction():
                    await self._keep(change)
            except IntegrityError as error:
                if "household_change_pending" not in str(error):
                    raise
                waiting = await scalar(
                    "SELECT c.number FROM household_change c JOIN household h ON h.id = c.household_id"
                    " WHERE h.code = $1 AND c.state = 'proposed'",
                    draft.household,
                )
                raise ChangePending(change=waiting) from None
            try:
                async with transaction():
                    await Moving(self.cipher, change, by, now).carry_out()
                    raise _Undone
            except _Undone:
                pass
        return change.number

    def _check(self, draft: ChangeDraft) -> None:
        plan, kind = draft.plan, draft.kind
        if draft.day > china_day(self.clock()):
            raise ChangeInvalid(reason="day")
        if (kind is ChangeKind.MERGE) != (draft.into is not None) or draft.into == draft.household:
            raise ChangeInvalid(reason="into")
        if draft.status is not None and kind is not ChangeKind.SPLIT:
            raise ChangeInvalid(reason="status")
        if (plan.suppliers or plan.agreements or plan.contracts) and kind is not ChangeKind.SPLIT:
            raise ChangeInvalid(reason="goods")

    async def _keep(self, change: Change) -> None:
        kept = await rows(
            "INSERT INTO household_change (number, kind, state, household_id, other, day, document, status, plan,"
            " made_by, made_at, decision_note) SELECT $1, $2, 'proposed', h.id, $4, $5, $6, $7, $8::jsonb, $9, $10, ''"
            " FROM household h WHERE h.code = $3 RETURNING 1",
            change.number,
            str(change.kind),
            change.household,
            change.other,
            change.day,
            change.document,
            str(change.status) if change.status else None,
            msgspec.json.encode(change.plan).decode(),
            change.made_by,
            self.clock(),
        )
        if not kept:
            raise HouseholdUnknown(household=change.household)

    @household_rights()
    async def decide(self, number: str, by: str, note: str, *, is_approved: bool) -> None:
        """Approve a change, which carries it out, or refuse it. The same decision by the same account changes nothing.

        Who proposed it may only take it back, as a refusal. Raises :class:`ChangeUnknown`, :class:`ChangeDecided`,
        ``SecondPersonNeeded``, and whatever makes it impossible by now.
        """
        to = ChangeState.APPROVED if is_approved else ChangeState.REFUSED
        async with transaction():
            found = await self._held(number)
            if (found["state"], found["decided_by"]) == (to, by):
                return
            if to not in CHANGE_TRANSITIONS[ChangeState(found["state"])]:
                raise ChangeDecided(state=found["state"])
            if is_approved and found["made_by"] == by:
                raise SecondPersonNeeded()
            if is_approved:
                change = msgspec.convert(found | {"plan": msgspec.json.decode(found["plan"])}, Change)
                await Moving(self.cipher, change, by, self.clock()).carry_out()
            await execute(
                "UPDATE household_change SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5"
                " WHERE number = $1 AND state = 'proposed'",
                number,
                str(to),
                by,
                self.clock(),
                note,
            )

    async def _held(self, number: str) -> dict[str, Any]:
        found = await row(f"{CHANGE_COLUMNS} WHERE c.number = $1 FOR UPDATE OF c", number)
        if found is None:
            raise ChangeUnknown(change=number[:40])
        return found
