"""A household's word on its statement confirms every row that it was paid, at once."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from kit.clock import Clock, utc_now
from kit.database import row, rows, transaction
from kit.numbers import public_number
from ledger.service import hold_source
from poverty_alleviation.confirming.errors import ConfirmationTooEarly
from poverty_alleviation.confirming.models import CallAnswer, SheetState
from poverty_alleviation.confirming.rows import PaidRow, paid_rows
from poverty_alleviation.payouts import PAID_BY, Payouts
from poverty_alleviation.statements.errors import StatementUnknown
from poverty_alleviation.statements.quarters import months_of
from poverty_alleviation.vault import household_rights


class CallDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What was read out to the household, when, and what it said."""

    called_at: datetime
    script: str
    answer: CallAnswer
    note: str = ""


class CallCard(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is on record. Its words are the office's alone."""

    number: str
    called_at: datetime
    script: str | None
    answer: CallAnswer
    note: str | None
    called_by: str


class FiledSheet(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet of a statement."""

    number: str
    state: SheetState
    signed_on: str | None


class StatementStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What a household has said to each row of its statement, and how one knows."""

    number: str
    household: str
    quarter: str
    paid: list[PaidRow]
    calls: list[CallCard]
    sheets: list[FiledSheet]


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """What a word has done: how many rows it confirmed, and how many wait because they are disputed."""

    number: str
    confirmed: int
    held: int


@dataclass(frozen=True)
class StatementConfirmations:
    """By phone, and for what a person has seen on a sheet. ``by`` is who called or looked."""

    payouts: Payouts = field(default_factory=Payouts)
    clock: Clock = utc_now

    @household_rights()
    async def record_call(self, statement: str, call: CallDraft, by: str) -> Confirmed:
        """Put a call on record; who agreed has confirmed all rows of the statement that are not disputed.

        Raises :class:`StatementUnknown`, :class:`ConfirmationTooEarly`.
        """
        async with transaction():
            held = await self.hold(statement)
            self.check_moment(held, call.called_at)
            number = public_number(self.clock(), "K")
            await rows(
                "INSERT INTO statement_call (number, statement_id, called_at, script, answer, note, called_by,"
                " recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING 1",
                number,
                held["id"],
                call.called_at,
                call.script,
                call.answer.value,
                call.note,
                by,
                self.clock(),
            )
            if call.answer is not CallAnswer.AGREED:
                return Confirmed(number=number, confirmed=0, held=0)
            return await self.confirm_all(held, number, "phone", call.called_at, by)

    async def hold(self, statement: str) -> dict[str, Any]:
        """The statement's row until the transaction ends. Raises :class:`StatementUnknown`."""
        found = await row(
            "SELECT s.id, s.number, s.quarter, s.issued_at, h.code AS household FROM household_statement s"
            " JOIN household h ON h.id = s.household_id WHERE s.number = $1 FOR UPDATE OF s",
            statement,
        )
        if found is None:
            raise StatementUnknown(statement=statement[:40])
        return found

    def check_moment(self, held: dict[str, Any], moment: datetime) -> None:
        """Raises :class:`ConfirmationTooEarly` for a moment before the issue, or to come."""
        if not held["issued_at"] <= moment <= self.clock():
            raise ConfirmationTooEarly()

    async def confirm_all(self, held: dict[str, Any], known_by: str, kind: str, moment: datetime, by: str) -> Confirmed:
        """Confirm each row of a held statement that is neither confirmed nor disputed, in the caller's transaction."""
        household, months = held["household"], months_of(held["quarter"])
        for candidate in await paid_rows(household, months=months):
            await hold_source(PAID_BY[candidate.kind], candidate.source_id)
        # Read again: whoever confirmed, disputed or took back a row meanwhile has committed.
        standing = await paid_rows(household, months=months)
        confirmed = [each for each in standing if each.is_open]
        for each in confirmed:
            await self.payouts.confirm(each.kind, each.source_id, kind, f"{held['number']} {known_by}", moment, by)
        return Confirmed(
            number=known_by, confirmed=len(confirmed), held=sum(each.dispute is not None for each in standing)
        )


@household_rights()
async def statement_standing(statement: str, *, with_words: bool) -> StatementStanding:
    """One statement row by row, with what was said on the phone or without. Raises :class:`StatementUnknown`."""
    found = await row(
        "SELECT s.id, s.number, s.quarter, h.code AS household FROM household_statement s"
        " JOIN household h ON h.id = s.household_id WHERE s.number = $1",
        statement,
    )
    if found is None:
        raise StatementUnknown(statement=statement[:40])
    calls = await rows(
        "SELECT number, called_at, CASE WHEN $2 THEN script END AS script, answer, CASE WHEN $2 THEN note END AS note,"
        " called_by FROM statement_call WHERE statement_id = $1 ORDER BY id LIMIT 100",
        found["id"],
        with_words,
    )
    sheets = await rows(
        "SELECT number, state, signed_on::text AS signed_on FROM statement_sheet WHERE statement_id = $1"
        " ORDER BY id LIMIT 100",
        found["id"],
    )
    return StatementStanding(
        number=found["number"],
        household=found["household"],
        quarter=found["quarter"],
        paid=await paid_rows(found["household"], months=months_of(found["quarter"])),
        calls=[msgspec.convert(each, CallCard) for each in calls],
        sheets=[msgspec.convert(each, FiledSheet) for each in sheets],
    )
