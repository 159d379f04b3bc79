"""Paying households what they have earned, and hearing from them that it arrived."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, utc_now
from kit.database import Row, row, rows, scalar, transaction
from kit.numbers import public_number
from ledger.chart import HOUSEHOLD, State
from ledger.inputs import Input
from ledger.service import Entry, JournalDraft, Journals, hold_source
from poverty_alleviation.confirming.holds import refuse_disputed
from poverty_alleviation.errors import (
    ConfirmedBefore,
    HouseholdUnknown,
    IncomeUnknown,
    PayoutDiffers,
    PayoutInRun,
    VoucherUsed,
)
from poverty_alleviation.models import IncomeConfirmation, Payout
from poverty_alleviation.vault import household_rights
from traceability.events import IntakePaid

PAYOUT = "poverty_alleviation.payout"
PERIOD_INCOME = "poverty_alleviation.period_income"
CONFIRMATION = "poverty_alleviation.confirmation"
PAID_BY = {"payout": PAYOUT, "intake": IntakePaid.topic, "period_income": PERIOD_INCOME}
"""What the journals that paid a household are named by, by what a confirmation calls them."""

# When the payout p was taken back by a correction, as SQL; NULL while it stands.
_REVERSED_AT = (
    "(SELECT r.booked_at FROM ledger_journal j JOIN ledger_journal r ON r.reverses_id = j.id"
    f" WHERE j.source_type = '{PAYOUT}' AND j.source_id = p.number)"
)
UNDISPUTED = (
    "NOT EXISTS (SELECT 1 FROM disputed_row d WHERE (d.kind, d.source_id, d.household_code)"
    " = ('line', p.subject, {household}) AND d.released_at IS NULL)"
)
"""That a household does not dispute its part of the order line of the posting p, as SQL."""
_EARNED = (
    "SELECT h.code AS household, b.merchant, p.subject, a.category, p.rule, p.contribution,"
    " -sum(p.amount_fen)::bigint AS amount_fen FROM ledger_account a JOIN ledger_posting p ON"
    " p.account_id = a.id"
    " JOIN line_basis b ON b.line = p.subject JOIN household h ON h.code = a.owner"
    f" WHERE a.code = '2101' AND a.state = 'earned' AND {UNDISPUTED.format(household='h.code')}"
    " AND NOT EXISTS (SELECT 1 FROM payout_part r WHERE (r.household_code, r.order_line) = (h.code, p.subject)"
    " AND r.released_at IS NULL)"
)


class Due(msgspec.Struct, frozen=True):
    """What a household has earned with a merchant, not been paid, does not dispute, and no run is about to pay."""

    household: str
    merchant: str
    amount_fen: int
    lines: int


class PayoutCard(msgspec.Struct, frozen=True):
    """A recorded payout. ``reversed_at``: a correction has taken it back, and its confirmation with it."""

    number: str
    household: str
    merchant: str
    amount_fen: int
    bank_voucher: str
    paid_on: date
    recorded_by: str
    confirmed_at: datetime | None
    reversed_at: datetime | None


@dataclass(frozen=True)
class Payouts:
    """EARNED -> PAID -> CONFIRMED, each a journal between sub-accounts of 2101."""

    journals: Journals = field(default_factory=Journals)
    clock: Clock = utc_now

    @household_rights()
    async def record(
        self, household: str, merchant: str, amount_fen: int, bank_voucher: str, paid_on: date, by: str
    ) -> str:
        """Record that a merchant's bank paid a household everything it has earned with that merchant.

        Answers the payout's number. The voucher's amount must be what is earned now, to the fen, so that
        every payout names the lines it pays. Raises :class:`HouseholdUnknown`, :class:`PayoutDiffers` (with
        ``earned_fen``), :class:`PayoutInRun` for what a run is about to pay, :class:`VoucherUsed`.
        """
        async with transaction():
            if await scalar("SELECT 1 FROM household WHERE code = $1", household) is None:
                raise HouseholdUnknown(household=household)
            earned = await held_parts(household, merchant)
            total = sum(part["amount_fen"] for part in earned)
            if total != amount_fen or total <= 0:
                await refuse_held_by_run(household, merchant, amount_fen, total)
                raise PayoutDiffers(earned_fen=total, amount_fen=amount_fen)
            return await self.record_parts(household, merchant, earned, bank_voucher, paid_on, by)

    async def record_parts(
        self, household: str, merchant: str, parts: Sequence[Row], bank_voucher: str, paid_on: date, by: str
    ) -> str:
        """Record that these parts of what was earned were paid, in the caller's transaction, which holds their lines.

        Answers the payout's number. Raises :class:`HouseholdUnknown`, :class:`VoucherUsed`.
        """
        household_id = await scalar("SELECT id FROM household WHERE code = $1", household)
        if household_id is None:
            raise HouseholdUnknown(household=household)
        number = public_number(self.clock(), "P")
        taken_back = await scalar(
            f"SELECT count(*) FROM payout p WHERE p.merchant = $1 AND p.bank_voucher = $2 AND p.household_id = $3"
            f" AND {_REVERSED_AT} IS NOT NULL",
            merchant,
            bank_voucher,
            household_id,
        )
        try:
            async with transaction():
                await Payout.create(
                    number=number,
                    household_id=household_id,
                    merchant=merchant,
                    amount_fen=sum(part["amount_fen"] for part in parts),
                    bank_voucher=bank_voucher,
                    taken_back=taken_back,
                    paid_on=paid_on,
                    recorded_by=by,
                    recorded_at=self.clock(),
                )
        except IntegrityError:
            raise VoucherUsed(bank_voucher=bank_voucher) from None
        await self.book(number, household, parts, bank_voucher, paid_on)
        return number

    async def book(self, number: str, household: str, parts: Sequence[Row], bank_voucher: str, paid_on: date) -> None:
        """Post a payout that is on record. Which parts it pays stands nowhere else, so it is noted with it."""
        (booked_at,) = await self.journals.note(Input(PAYOUT, number, noted_parts(parts)))
        await self.journals.post(
            JournalDraft(
                source_type=PAYOUT,
                source_id=number,
                occurred_at=datetime(paid_on.year, paid_on.month, paid_on.day, 4, tzinfo=UTC),
                booked_at=booked_at,
                entries=moves(household, parts, State.EARNED, State.PAID),
                note=bank_voucher,
            )
        )

    @household_rights()
    async def confirm(
        self, source_type: str, source_id: str, kind: str, evidence: str, confirmed_at: datetime, by: str
    ) -> None:
        """Record that a household confirmed a payout, an intake paid at the scale, or a line of a sheet of income.

        ``source_type`` is ``payout``, ``intake`` or ``period_income``. The same confirmation again changes nothing.
        What a correction has taken back is no income. Raises :class:`IncomeUnknown`, :class:`ConfirmedBefore`,
        ``RowDisputed``.
        """
        async with transaction():
            await hold_source(PAID_BY[source_type], source_id)
            await refuse_disputed(source_type, source_id)
            paid = await _paid(source_type, source_id)
            if not paid:
                raise IncomeUnknown(source=source_id)
            if await self._note(source_type, source_id, paid[0]["step"], kind, evidence, confirmed_at, by):
                await self._post_confirmation(source_type, source_id, paid, evidence, confirmed_at)

    async def book_confirmation(self, source_type: str, source_id: str, evidence: str, confirmed_at: datetime) -> None:
        """Post a confirmation that is on record."""
        paid = await _paid(source_type, source_id)
        await self._post_confirmation(source_type, source_id, paid, evidence, confirmed_at)

    async def _post_confirmation(
        self, source_type: str, source_id: str, paid: Sequence[Row], evidence: str, confirmed_at: datetime
    ) -> None:
        source, step = f"{source_type}:{source_id}", paid[0]["step"]
        (booked_at,) = await self.journals.note(Input(CONFIRMATION, f"{source}:{step}"))
        await self.journals.post(
            JournalDraft(
                source_type=CONFIRMATION,
                source_id=source,
                step=step,
                occurred_at=confirmed_at,
                booked_at=booked_at,
                entries=moves(paid[0]["owner"], paid, State.PAID, State.CONFIRMED),
                note=evidence,
            )
        )

    async def _note(
        self, source_type: str, source_id: str, step: int, kind: str, evidence: str, confirmed_at: datetime, by: str
    ) -> bool:
        """Whether the confirmation is new."""
        try:
            async with transaction():
                await IncomeConfirmation.create(
                    source_type=source_type,
                    source_id=source_id,
                    step=step,
                    kind=kind,
                    evidence=evidence,
                    confirmed_at=confirmed_at,
                    recorded_by=by,
                    recorded_at=self.clock(),
                )
        except IntegrityError:
            old = await row(
                "SELECT kind, evidence FROM income_confirmation WHERE (source_type, source_id, step) = ($1, $2, $3)",
                source_type,
                source_id,
                step,
            )
            if old != {"kind": kind, "evidence": evidence}:
                raise ConfirmedBefore(source=source_id) from None
            return False
        return True


_PART = ("subject", "category", "rule", "contribution", "amount_fen")


def noted_parts(parts: Sequence[Row]) -> str:
    """What is moved, as the books' log keeps it."""
    return msgspec.json.encode({"parts": [{name: part[name] for name in _PART} for part in parts]}).decode()


async def _paid(source_type: str, source_id: str) -> list[Row]:
    """What a source has paid a household, unless that was taken back."""
    return await rows(
        "SELECT j.step, a.owner, a.category, p.subject, p.rule, p.contribution, -p.amount_fen AS amount_fen"
        " FROM ledger_journal j JOIN ledger_posting p ON p.journal_id = j.id"
        " JOIN ledger_account a ON a.id = p.account_id WHERE j.source_type = $1 AND j.source_id = $2"
        " AND a.code = '2101' AND a.state = 'paid'"
        " AND NOT EXISTS (SELECT 1 FROM ledger_journal r WHERE r.reverses_id = j.id) ORDER BY p.id",
        PAID_BY[source_type],
        source_id,
    )


def moves(household: str, parts: Sequence[Row], old: State, new: State) -> list[Entry]:
    """Each part out of the one state (debit) and into the next (credit)."""
    return [
        Entry(
            code=HOUSEHOLD,
            owner=household,
            amount_fen=amount_fen,
            state=state,
            category=part["category"],
            subject=part["subject"],
            rule=part["rule"],
            contribution=part["contribution"],
        )
        for part in parts
        for state, amount_fen in ((old, part["amount_fen"]), (new, -part["amount_fen"]))
    ]


async def held_parts(household: str, merchant: str) -> list[Row]:
    """What is due to a household with a merchant, by line, category, rule and contribution; the lines stay locked.

    The caller holds the vault.
    """
    lines = await rows(
        f"SELECT DISTINCT subject FROM ({_EARNED} AND h.code = $1 AND b.merchant = $2"
        " GROUP BY 1, 2, 3, 4, 5, 6) AS each",
        household,
        merchant,
    )
    references = sorted(line["subject"] for line in lines)
    await rows("SELECT 1 FROM line_basis WHERE line = ANY($1) ORDER BY line FOR UPDATE", references)
    return await rows(
        f"{_EARNED} AND h.code = $1 AND p.subject = ANY($2) GROUP BY 1, 2, 3, 4, 5, 6"
        " HAVING sum(p.amount_fen) <> 0 ORDER BY 3, 4, 5, 6",
        household,
        references,
    )


async def refuse_held_by_run(household: str, merchant: str, amount_fen: int, earned_fen: int) -> None:
    """Raises :class:`PayoutInRun` when that amount is what a run holds of it, alone or with what is due besides, or
    when nothing else is due."""
    held = await row(
        "SELECT min(u.number) AS run, sum(r.amount_fen)::bigint AS amount_fen FROM payout_part r"
        " JOIN payout_line l ON l.id = r.line_id JOIN payout_run u ON u.id = l.run_id"
        " WHERE r.household_code = $1 AND u.merchant = $2 AND r.released_at IS NULL AND l.ended_at IS NULL",
        household,
        merchant,
    )
    in_run = held["amount_fen"] if held else None
    if held and in_run and (earned_fen == 0 or amount_fen in (in_run, in_run + earned_fen)):
        raise PayoutInRun(run=held["run"], in_run_fen=in_run, earned_fen=earned_fen, amount_fen=amount_fen)


async def earned_parts(merchant: str) -> list[Row]:
    """What is due with a merchant, by household, line, category, rule and contribution. The caller holds the vault."""
    return await rows(
        f"{_EARNED} AND b.merchant = $1 GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(p.amount_fen) <> 0 ORDER BY 1, 3, 4, 5, 6",
        merchant,
    )


@household_rights()
async def due(merchant: str | None = None) -> list[Due]:
    """The list for the bank: per household and merchant what is earned and not paid."""
    found = await rows(
        "SELECT household, merchant, sum(amount_fen)::bigint AS amount_fen, count(DISTINCT subject) AS lines"
        f" FROM ({_EARNED} AND ($1::text IS NULL OR b.merchant = $1) GROUP BY 1, 2, 3, 4, 5, 6) AS each"
        " GROUP BY 1, 2 HAVING sum(amount_fen) > 0 ORDER BY 1, 2",
        merchant,
    )
    return [msgspec.convert(each, Due) for each in found]


@household_rights()
async def payout_cards(household: str | None, numbers: Sequence[str] | None = None) -> list[PayoutCard]:
    """The payouts of a household, or all, newest first (at most 500)."""
    found = await rows(
        "SELECT p.number, h.code AS household, p.merchant, p.amount_fen, p.bank_voucher,"
        " p.paid_on, p.recorded_by,"
        f" c.confirmed_at, {_REVERSED_AT} AS reversed_at FROM payout p"
        " JOIN household h ON h.id = p.household_id LEFT JOIN"
        " income_confirmation c"
        " ON c.source_type = 'payout' AND c.source_id = p.number WHERE ($1::text IS NULL OR h.code = $1)"
        " AND ($2::text[] IS NULL OR p.number = ANY($2)) ORDER BY p.id DESC LIMIT 500",
        household,
        list(numbers) if numbers is not None else None,
    )
    return [msgspec.convert(each, PayoutCard) for each in found]
