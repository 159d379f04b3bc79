"""Entering a fund, deciding its budgets and payments, and taking in what the bank says (domain reference F01 to F05).

Whoever changes budgets holds all lines of the fund in order, whoever pays holds the line: no two overdraw it together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
from tortoise.exceptions import IntegrityError

from county.funds.errors import (
    FundBankPaymentInvalid,
    FundChangeInvalid,
    FundLineExceeded,
    FundLineExists,
    FundLineUnknown,
    FundPaymentNotReversible,
    FundRecordDecided,
    FundRecordUnknown,
    FundReferenceTaken,
    FundTotalExceeded,
    FundUnknown,
)
from county.funds.models import (
    FUND_TRANSITIONS,
    Fund,
    FundBankPayment,
    FundChange,
    FundLine,
    FundMove,
    FundPayment,
    FundState,
)
from county.funds.queries import PAID
from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.numbers import public_number
from ledger.errors import SecondPersonNeeded


class LineDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A line as the arrangement of funds names it."""

    name: str
    scope: str
    standard: str
    procedure: str


class PaymentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """To which organisation how much, what for, by which clause of the fund's rules, and on which papers."""

    payee: str
    amount_fen: int
    purpose: str
    clause: str
    evidence: str


class BankPayment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment in the bank's list; ``payment`` is the number of ours that it carried out, if it was one."""

    reference: str
    line: str
    payee: str
    amount_fen: int
    paid_on: date
    payment: str | None = None


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """How many payments of a list are new, and how many were there."""

    entered: int
    known: int


@dataclass(frozen=True)
class Funds:
    """The use cases. ``by`` is the account held to it."""

    clock: Clock = utc_now

    async def enter(self, name: str, total_fen: int, document: str, by: str) -> str:
        """Enter a fund by the paper that grants it; answers its number."""
        number = public_number(self.clock(), "ZX")
        await Fund.create(
            number=number,
            name=name,
            total_fen=total_fen,
            document=document,
            recorded_by=by,
            recorded_at=self.clock(),
        )
        return number

    async def add_line(self, fund: str, draft: LineDraft, by: str) -> str:
        """Add a line, as yet without a budget; answers its number. Raises FundUnknown, FundLineExists."""
        number = public_number(self.clock(), "ZK")
        try:
            async with transaction():
                await FundLine.create(
                    number=number,
                    fund_id=await _fund_id(fund),
                    **msgspec.structs.asdict(draft),
                    recorded_by=by,
                    recorded_at=self.clock(),
                )
        except IntegrityError:
            raise FundLineExists() from None
        return number

    async def propose_change(self, fund: str, moves: Mapping[str, int], document: str, by: str) -> str:
        """Propose to give lines more or less, in fen by line; answers the change's number.

        Raises :class:`FundUnknown`, :class:`FundLineUnknown`, :class:`FundChangeInvalid`.
        """
        if not moves or 0 in moves.values():
            raise FundChangeInvalid()
        number = public_number(self.clock(), "ZT")
        async with transaction():
            fund_id = await _fund_id(fund)
            found = await rows(
                "SELECT id, number FROM fund_line WHERE fund_id = $1 AND number = ANY($2::text[])", fund_id, list(moves)
            )
            if len(found) < len(moves):
                raise FundLineUnknown()
            change = await FundChange.create(
                number=number,
                fund_id=fund_id,
                document=document,
                state=FundState.PROPOSED,
                made_by=by,
                made_at=self.clock(),
            )
            await FundMove.bulk_create(
                [FundMove(change_id=change.id, line_id=each["id"], delta_fen=moves[each["number"]]) for each in found]
            )
        return number

    async def decide_change(self, number: str, by: str, note: str, *, is_approved: bool) -> None:
        """Approve a change, which moves the budgets, or refuse it. The same decision again changes nothing.

        Who proposed it may only take it back, as a refusal. Raises :class:`FundRecordUnknown`,
        :class:`FundRecordDecided`, ``SecondPersonNeeded``, :class:`FundTotalExceeded`, :class:`FundLineExceeded`.
        """
        async with transaction():
            found = await row("SELECT * FROM fund_change WHERE number = $1 FOR UPDATE", number)
            if not await self._decide("fund_change", found, by, note, is_approved=is_approved) or not is_approved:
                return
            assert found is not None
            lines = await rows("SELECT id FROM fund_line WHERE fund_id = $1 ORDER BY id FOR UPDATE", found["fund_id"])
            moved = {
                each["line_id"]: each["delta_fen"]
                for each in await rows("SELECT line_id, delta_fen FROM fund_move WHERE change_id = $1", found["id"])
            }
            spare_fen = await scalar(
                "SELECT f.total_fen - (SELECT sum(l.budget_fen) FROM fund_line l WHERE l.fund_id = f.id)::bigint"
                " FROM county_fund f WHERE f.id = $1",
                found["fund_id"],
            )
            if sum(moved.values()) > spare_fen:
                raise FundTotalExceeded(left_fen=spare_fen)
            for line in [each["id"] for each in lines if each["id"] in moved]:
                left_fen = await _left_fen(line)
                if moved[line] < 0 and left_fen + moved[line] < 0:
                    raise FundLineExceeded(left_fen=left_fen)
                await execute("UPDATE fund_line SET budget_fen = budget_fen + $2 WHERE id = $1", line, moved[line])

    async def propose_payment(self, line: str, draft: PaymentDraft, by: str) -> str:
        """Propose a payment out of a line; answers its number. Raises FundLineUnknown, FundLineExceeded."""
        async with transaction():
            return await self._propose(await _held_line(line), draft, None, by)

    async def propose_reversal(self, number: str, evidence: str, by: str) -> str:
        """Propose to take an approved payment back that the bank has not carried out; answers the reversal's number.

        Raises :class:`FundRecordUnknown`, :class:`FundPaymentNotReversible`.
        """
        try:
            async with transaction():
                found = await _held_payment(number)
                await _check_reversible(found)
                draft = PaymentDraft(
                    payee=found["payee"],
                    amount_fen=-found["amount_fen"],
                    purpose=found["purpose"],
                    clause=found["clause"],
                    evidence=evidence,
                )
                return await self._propose(found["line_id"], draft, found["id"], by)
        except IntegrityError:
            raise FundPaymentNotReversible() from None

    async def decide_payment(self, number: str, by: str, note: str, *, is_approved: bool) -> None:
        """Approve a payment or a reversal, or refuse it. The same decision again changes nothing.

        Who proposed it may only take it back, as a refusal. Raises :class:`FundRecordUnknown`,
        :class:`FundRecordDecided`, ``SecondPersonNeeded``, :class:`FundLineExceeded`,
        :class:`FundPaymentNotReversible`.
        """
        async with transaction():
            found = await _held_payment(number)
            if not await self._decide("fund_payment", found, by, note, is_approved=is_approved) or not is_approved:
                return
            if found["reverses_id"] is not None:
                reversed_one = await row("SELECT * FROM fund_payment WHERE id = $1", found["reverses_id"])
                assert reversed_one is not None
                await _check_reversible(reversed_one)
            elif (left_fen := await _left_fen(found["line_id"])) < 0:  # this one counts already
                raise FundLineExceeded(left_fen=left_fen + found["amount_fen"])

    async def import_bank_payments(self, listed: Sequence[BankPayment], by: str) -> Imported:
        """Take in a list of the bank's, all or nothing. Nothing is refused for want of budget: it was paid.

        The same reference again changes nothing. Raises :class:`FundLineUnknown`, :class:`FundBankPaymentInvalid`,
        :class:`FundReferenceTaken`.
        """
        async with transaction():
            held = await rows(
                "SELECT id, number FROM fund_line WHERE number = ANY($1::text[]) ORDER BY id FOR UPDATE",
                [each.line for each in listed],
            )
            lines = {each["number"]: each["id"] for each in held}
            for each in listed:
                if each.line not in lines:
                    raise FundLineUnknown(line=each.line)
            entered = sum([await self._take_in(each, lines[each.line], by) for each in listed])
            return Imported(entered=entered, known=len(listed) - entered)

    async def _take_in(self, paid: BankPayment, line_id: int, by: str) -> bool:
        known = await row(
            "SELECT b.line_id, b.payee, b.amount_fen, b.paid_on, p.number AS payment FROM fund_bank_payment b"
            " LEFT JOIN fund_payment p ON p.id = b.payment_id WHERE b.reference = $1",
            paid.reference,
        )
        told = {
            "line_id": line_id, "payee": paid.payee, "amount_fen": paid.amount_fen, "paid_on": paid.paid_on,
            "payment": paid.payment,
        }  # fmt: skip
        if known is not None:
            if known != told:
                raise FundReferenceTaken(reference=paid.reference)
            return False
        payment_id = None if paid.payment is None else await _payable(paid.payment, line_id)
        if paid.amount_fen == 0 or (paid.payment is not None and payment_id is None):
            raise FundBankPaymentInvalid(reference=paid.reference)
        try:
            async with transaction():
                await FundBankPayment.create(
                    reference=paid.reference,
                    line_id=line_id,
                    payment_id=payment_id,
                    payee=paid.payee,
                    amount_fen=paid.amount_fen,
                    paid_on=paid.paid_on,
                    recorded_by=by,
                    recorded_at=self.clock(),
                )
        except IntegrityError:  # another line's list says the same reference at this moment
            raise FundReferenceTaken(reference=paid.reference) from None
        return True

    async def _propose(self, line_id: int, draft: PaymentDraft, reverses_id: int | None, by: str) -> str:
        left_fen = await _left_fen(line_id)
        if draft.amount_fen > max(left_fen, 0):
            raise FundLineExceeded(left_fen=left_fen)
        number = public_number(self.clock(), "ZF")
        await FundPayment.create(
            number=number,
            line_id=line_id,
            **msgspec.structs.asdict(draft),
            reverses_id=reverses_id,
            state=FundState.PROPOSED,
            made_by=by,
            made_at=self.clock(),
        )
        return number

    async def _decide(self, table: str, found: Row | None, by: str, note: str, *, is_approved: bool) -> bool:
        """Decide a held row of one of the two tables; False when this account has decided so before."""
        if found is None:
            raise FundRecordUnknown()
        to = FundState.APPROVED if is_approved else FundState.REFUSED
        if (found["state"], found["decided_by"]) == (to, by):
            return False
        if to not in FUND_TRANSITIONS[FundState(found["state"])]:
            raise FundRecordDecided(state=found["state"])
        if is_approved and found["made_by"] == by:
            raise SecondPersonNeeded()
        await execute(
            f"UPDATE {table} SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5"
            " WHERE id = $1 AND state = 'proposed'",
            found["id"],
            str(to),
            by,
            self.clock(),
            note,
        )
        return True


async def _fund_id(number: str) -> int:
    found = await scalar("SELECT id FROM county_fund WHERE number = $1", number)
    if found is None:
        raise FundUnknown()
    return int(found)


async def _held_line(number: str) -> int:
    found = await scalar("SELECT id FROM fund_line WHERE number = $1 FOR UPDATE", number)
    if found is None:
        raise FundLineUnknown()
    return int(found)


async def _held_payment(number: str) -> Row:
    """A payment under the lock of its line, which everything that moves payments takes."""
    await row(
        "SELECT id FROM fund_line WHERE id = (SELECT line_id FROM fund_payment WHERE number = $1) FOR UPDATE", number
    )
    found = await row("SELECT * FROM fund_payment WHERE number = $1", number)
    if found is None:
        raise FundRecordUnknown()
    return found


async def _check_reversible(payment: Row) -> None:
    carried_out = await scalar("SELECT 1 FROM fund_bank_payment WHERE payment_id = $1", payment["id"])
    if payment["state"] != FundState.APPROVED or payment["reverses_id"] is not None or carried_out is not None:
        raise FundPaymentNotReversible()


async def _payable(number: str, line_id: int) -> int | None:
    """An approved payment of a line that neither was carried out nor is being taken back; None for any other."""
    found = await scalar(
        "SELECT p.id FROM fund_payment p WHERE p.number = $1 AND p.line_id = $2 AND p.state = 'approved'"
        " AND p.reverses_id IS NULL AND NOT EXISTS (SELECT 1 FROM fund_bank_payment b WHERE b.payment_id = p.id)"
        " AND NOT EXISTS (SELECT 1 FROM fund_payment r WHERE r.reverses_id = p.id AND r.state <> 'refused')",
        number,
        line_id,
    )
    return None if found is None else int(found)


async def _left_fen(line_id: int) -> int:
    """What a line has left of its budget, in fen; below zero when it is over."""
    return int(await scalar(f"SELECT l.budget_fen - {PAID} FROM fund_line l WHERE l.id = $1", line_id))
