"""Booking inputs again, in their order and with their moments, into books that are empty at first.

The same services book that booked before. What they read of the registers is brought to where it stood then, by the
log itself; lots, payouts, confirmations, corrections and sheets are the records of that time, which nobody may delete.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

import msgspec

from kit.database import Row, after_commit, execute, rows, transaction
from kit.facts import Fact
from ledger.inputs import Input, NotedInput
from ledger.service import Account, Journals
from orders.events import (
    ChannelPaid,
    ChannelRefunded,
    ChannelSettled,
    LateMoneyRefused,
    LineRefunded,
    LotsAssigned,
    OrderEarned,
    OrderPacked,
    OrderPaid,
)
from payments.events import PaymentArrivedLate, PaymentSettled, PaymentSucceeded, RefundSucceeded
from payments.sharing.events import PaymentShared, ShareRestored, SplitReturned
from poverty_alleviation.corrections.plans import CORRECTION
from poverty_alleviation.corrections.queries import read_planned
from poverty_alleviation.corrections.service import Corrections
from poverty_alleviation.income.sheets import SHEET, IncomeSheets
from poverty_alleviation.payout_runs.results import LATE_DIFFERENCE, BankResults
from poverty_alleviation.payouts import CONFIRMATION, PAYOUT, Payouts
from poverty_alleviation.replay.records import MERGED, SPANS, Records
from poverty_alleviation.reserves.clawbacks import CLAWBACK, CLAWBACK_OFFSET, Clawbacks
from poverty_alleviation.reserves.terms import RESERVE_RELEASE, Reserves
from poverty_alleviation.sales import SalesBooks
from referrals.events import CommissionOwed, CommissionReduced, ReferrerPaid
from traceability.events import IntakePaid
from traceability.queries import BoundLot

MANY: dict[type[Fact], Callable[[SalesBooks, Sequence[Any]], Awaitable[None]]] = {
    OrderPaid: SalesBooks.record_paid_orders,
    OrderPacked: SalesBooks.record_packed_orders,
    OrderEarned: SalesBooks.record_earned_orders,
    PaymentSettled: SalesBooks.record_settlements,
    PaymentSucceeded: SalesBooks.record_captures,
    PaymentArrivedLate: SalesBooks.record_captures,
}
ONE: dict[type[Fact], Callable[[SalesBooks, Any], Awaitable[None]]] = {
    LotsAssigned: SalesBooks.record_assigned_lots,
    LineRefunded: SalesBooks.record_refunded_line,
    LateMoneyRefused: SalesBooks.record_late_money,
    RefundSucceeded: SalesBooks.record_refund,
    IntakePaid: SalesBooks.record_paid_intake,
    ChannelPaid: SalesBooks.record_channel_sale,
    ChannelRefunded: SalesBooks.record_channel_refund,
    ChannelSettled: SalesBooks.record_channel_settlement,
    PaymentShared: SalesBooks.record_split,
    SplitReturned: SalesBooks.record_returned_split,
    ShareRestored: SalesBooks.record_share_restored,
    CommissionOwed: SalesBooks.record_referral,
    CommissionReduced: SalesBooks.record_reduced_referral,
    ReferrerPaid: SalesBooks.record_paid_referrer,
}
FACTS = {fact.topic: fact for fact in (*MANY, *ONE)}
"""The facts that the books follow from, by topic."""

CHANGING = {
    "household_status": ("valid_until",),
    "supplier_link": ("valid_until",),
    "benefit_contract": (
        "state", "valid_until", "submitted_at", "decided_by", "decided_at", "decision_note",
        "ended_by", "ended_at", "end_document",
    ),
    "benefit_rule": ("state", "valid_until", "decided_by", "decided_at", "decision_note"),
    "reserve_term": (),
}  # fmt: skip
"""The tables of terms and their columns that may change; the rows are put into the empty books as they stood."""

PERIOD = "ledger_period"
BOOKS = ("ledger_total", "ledger_posting", "ledger_journal", "ledger_account", "line_basis", "income_claim")
"""The tables that a rebuilding fills, those that refer to another one before it."""


class RecordMissing(Exception):
    """An input names a record that is not there, or that says something else."""


@dataclass(frozen=True)
class NotedBefore(Journals):
    """Books that were told everything before: nothing is noted, each input has the moment that it had.

    Nobody else opens accounts there, so their row ids are remembered once they are committed.
    """

    moments: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _known: dict[Account, int] = field(default_factory=dict)

    async def note(self, *inputs: Input) -> list[datetime]:
        """The moments of these inputs."""
        return [self.moments[each.kind, each.source_id] for each in inputs]

    async def account_ids(self, accounts: Sequence[Account]) -> list[int]:
        """Those that were not asked for before, from the books."""
        new = [each for each in accounts if each not in self._known]
        if not new:
            return [self._known[each] for each in accounts]
        found = dict(zip(new, await super().account_ids(new), strict=True))

        async def remember() -> None:
            self._known.update(found)

        after_commit(remember)
        return [found.get(each) or self._known[each] for each in accounts]


@dataclass
class Replay:
    """One rebuilding. ``counts``: how many inputs of each kind were booked again."""

    counts: Counter[str] = field(default_factory=Counter)
    journals: NotedBefore = field(default_factory=NotedBefore)
    _lots: Mapping[str, Sequence[BoundLot]] = field(default_factory=dict)
    _booked: int = 0
    _analysed_at: int = 1

    async def prepare(self) -> None:
        """Rows of terms are copies here: what guards their first steps, and tells the log of them, stands back.

        Whatever is rebuilt can be rebuilt again, so no log of it is written for a crash.
        """
        for table in (*CHANGING, MERGED):
            await execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for table in BOOKS:
            await execute(f"ALTER TABLE {table} SET UNLOGGED")

    async def book(self, inputs: Sequence[NotedInput], records: Records) -> None:
        """Book these inputs, which follow those before. Raises :class:`RecordMissing`.

        Between two inputs of another kind, facts of different subjects may change places: so they go in batches, as
        the dispatcher delivers them. So do terms of one table that follow each other.
        """
        self._lots = records.lots
        for kind, of in groupby(inputs, key=lambda each: "" if each.kind in FACTS else each.kind):
            if not kind:
                await self._book_facts(list(of))
            elif kind in CHANGING:
                await self._place_terms(kind, of, records)
            else:
                for each in of:
                    self.journals.moments[each.kind, each.source_id] = each.booked_at
                    async with transaction():
                        await self._book_record(each, records)
                    del self.journals.moments[each.kind, each.source_id]
        self.counts.update(each.kind for each in inputs)

    async def _book_facts(self, inputs: Sequence[NotedInput]) -> None:
        earlier: Counter[str] = Counter()
        turns: dict[tuple[int, str], list[tuple[NotedInput, Fact]]] = defaultdict(list)
        for each in inputs:
            fact = msgspec.convert(each.body, FACTS[each.kind])
            turns[earlier[fact.key], each.kind].append((each, fact))
            earlier[fact.key] += 1
        for (_, kind), of in sorted(turns.items(), key=lambda turn: turn[0]):
            self.journals.moments.update({(kind, each.source_id): each.booked_at for each, _ in of})
            # Different subjects do not wait for each other: while the database writes one half, the other is computed.
            halves = [half for half in (of[::2], of[1::2]) if half]
            for ended in await asyncio.gather(*(self._deliver(kind, half) for half in halves), return_exceptions=True):
                if ended:
                    raise ended
            self.journals.moments.clear()
        self._booked += len(inputs)
        if self._booked >= self._analysed_at:
            # Statements that were planned for empty tables would read them whole for ever.
            await execute(f"ANALYZE {', '.join(BOOKS)}")
            self._analysed_at = 4 * self._booked

    async def _deliver(self, kind: str, of: Sequence[tuple[NotedInput, Fact]]) -> None:
        books = SalesBooks(self.journals, self._lots_then([each for each, _ in of]))
        async with transaction():
            if FACTS[kind] in MANY:
                await MANY[FACTS[kind]](books, [fact for _, fact in of])
            else:
                for _, fact in of:
                    await ONE[FACTS[kind]](books, fact)

    def _lots_then(self, inputs: Sequence[NotedInput]) -> Callable[[Sequence[str]], Awaitable[list[BoundLot]]]:
        """The lots that the books saw when these were booked: of a packed line none if it had none yet."""
        seen = {line for each in inputs for line in each.body.get("bound", (each.source_id,))}

        async def lots(lines: Sequence[str]) -> list[BoundLot]:
            return [lot for line in lines if line in seen for lot in self._lots.get(line, ())]

        return lots

    async def _book_record(self, each: NotedInput, records: Records) -> None:
        payouts, claims = Payouts(self.journals), Clawbacks(self.journals)
        match each.kind:
            case kind if kind == PAYOUT:
                paid = _found(records.payouts, each)
                parts = _parts(each, paid)
                await payouts.book(each.source_id, paid["household"], parts, paid["bank_voucher"], paid["paid_on"])
            case kind if kind == CONFIRMATION:
                said = _found(records.confirmations, each)
                source = said["source_type"], said["source_id"]
                await payouts.book_confirmation(*source, said["evidence"], said["confirmed_at"])
            case kind if kind == CORRECTION:
                found = _found(records.corrections, each)
                signed = f"{found['made_by']}; {found['decided_by']}"
                await Corrections(self.journals).book(read_planned(found), signed)
            case kind if kind == SHEET:
                sheet = _found(records.sheets, each)
                await IncomeSheets(self.journals).book(sheet, records.sheet_lines[each.source_id])
            case kind if kind == RESERVE_RELEASE:
                await Reserves(self.journals).book(each.source_id, each.body["lines"])
            case kind if kind == CLAWBACK:
                claim = _found(records.claims, each)
                await claims.book(claim, claim["decided_by"])
            case kind if kind == CLAWBACK_OFFSET:
                taken = _found(records.offsets, each)
                note = f"{taken['claim']} ({taken['made_by']})"
                await claims.book_offset(each.source_id, taken["household"], _parts(each, taken), note)
            case kind if kind == LATE_DIFFERENCE:
                await BankResults(payouts).book_difference(each.source_id, each.body["lines"])
            case _:
                await self._move(each, records)

    async def _place_terms(self, table: str, inputs: Iterable[NotedInput], records: Records) -> None:
        """What postings depend on, as it stood when its changes were committed; a row that changes again waits."""
        together: dict[str, dict[str, Any]] = {}
        for each in inputs:
            if each.source_id in together:
                await self._place_rows(table, together.values(), records)
                together = {}
            whole: dict[str, Any] = {}
            if table in SPANS:
                whole = msgspec.json.decode(_found(records.spans[table], each)["row"])
            together[each.source_id] = whole | each.body
        await self._place_rows(table, together.values(), records)

    async def _place_rows(self, table: str, terms: Iterable[dict[str, Any]], records: Records) -> None:
        changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in CHANGING[table] or ("id",))
        async with transaction():
            if table in SPANS:
                await self._enter_households([each["household_id"] for each in terms], records)
            await rows(
                f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb)"
                f" ON CONFLICT (id) DO UPDATE SET {changes} RETURNING 1",
                msgspec.json.encode(list(terms)).decode(),
            )

    async def _move(self, each: NotedInput, records: Records) -> None:
        """Who stands for whom, or which months are frozen."""
        if each.kind == MERGED:
            merged, into = int(each.source_id), each.body["merged_into_id"]
            await self._enter_households([merged, into], records)
            day = date.fromisoformat(each.body["merged_on"])
            await execute("UPDATE household SET merged_into_id = $2, merged_on = $3 WHERE id = $1", merged, into, day)
        elif each.kind == PERIOD:
            await self._move_period(each)
        else:
            raise RecordMissing(f"{each.kind} {each.source_id}: 不认识的来源 / nobody books this kind")

    async def _enter_households(self, row_ids: Sequence[int], records: Records) -> None:
        """A household is a code here, and nothing else."""
        await rows(
            "INSERT INTO household (id, code, name_cipher, township, village, entered_by, entered_at)"
            " SELECT id, code, '?', '', '', '', now() FROM unnest($1::bigint[], $2::text[]) AS h (id, code)"
            " ON CONFLICT (id) DO NOTHING RETURNING 1",
            row_ids,
            [records.households[each] for each in row_ids],
        )

    async def _move_period(self, each: NotedInput) -> None:
        """A month is frozen, or open again. Whether it was closed afterwards decides nothing here."""
        await rows(
            "INSERT INTO ledger_period (period, state, round) VALUES ($1, 'open', 0) ON CONFLICT (period) DO NOTHING"
            " RETURNING 1",
            each.source_id,
        )
        await execute("UPDATE ledger_period SET state = $2 WHERE period = $1", each.source_id, each.body["state"])


def _parts(each: NotedInput, record: Mapping[str, Any]) -> list[Row]:
    """The parts that were noted, which come to what is on record."""
    parts: list[Row] = each.body["parts"]
    if sum(part["amount_fen"] for part in parts) != record["amount_fen"]:
        raise RecordMissing(f"{each.kind} {each.source_id}: 明细之和与记录不符 / its parts are not its amount")
    return parts


def _found(records: Mapping[str, Any], each: NotedInput) -> Any:
    if each.source_id not in records:
        raise RecordMissing(f"{each.kind} {each.source_id}: 缺少原始记录 / its record is missing")
    return records[each.source_id]
