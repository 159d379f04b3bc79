"""Posting what happens to orders, deliveries and settlements (domain reference 2.5)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec

from kit.clock import china_day
from kit.database import execute, rows, scalar
from kit.facts import Fact
from ledger.chart import LATE_MONEY
from ledger.inputs import told
from ledger.queries import Posted, posted
from ledger.service import Entry, JournalDraft, Journals
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
from poverty_alleviation.bases import (
    as_json,
    claim,
    claim_sold,
    held_known_lines,
    held_line,
    held_lines,
    uses,
    uses_of,
)
from poverty_alleviation.errors import OrderDoesNotAdd
from poverty_alleviation.mechanisms import Recognition
from poverty_alleviation.postings import (
    commission_entries,
    freight_entries,
    late_entries,
    payout_entries,
    referral_entries,
    scale_entries,
    settled_entries,
)
from poverty_alleviation.targets import Basis, difference
from poverty_alleviation.terms import households_of, income_at_scale, rules_of_sales
from referrals.events import CommissionOwed, CommissionReduced, ReferrerPaid
from traceability.events import IntakePaid
from traceability.queries import BoundLot, line_lots

_Told = PaymentSucceeded | PaymentArrivedLate | RefundSucceeded | ChannelPaid | ChannelRefunded


@dataclass(frozen=True)
class SalesBooks:
    """Keeps the two books in step with what the rooms below announce.

    Every method runs in the transaction of a delivered fact and may run again for the same fact. Lines are
    locked in the order of their references, and what is booked is noted while they are (decision 0051).
    """

    journals: Journals = field(default_factory=Journals)
    lots: Callable[[Sequence[str]], Awaitable[list[BoundLot]]] = line_lots

    async def record_paid_orders(self, facts: Sequence[OrderPaid]) -> None:
        """1101 of the channel against unattributed goods money per line, and freight.

        Raises OrderDoesNotAdd.
        """
        for fact in facts:
            if fact.amount_fen != fact.freight_fen + sum(line.net_fen for line in fact.lines):
                raise OrderDoesNotAdd(order=fact.order)
        paid = sorted(((fact, line) for fact in facts for line in fact.lines), key=lambda pair: pair[1].line)
        await rows(
            "INSERT INTO line_basis (line, order_number, merchant, source, channel, product, title, quantity, net_fen,"
            " host_basis_points, paid_at, lots, rules, remaining_quantity, remaining_net_fen, refund_step,"
            " reserve_basis_points) SELECT p.*, '[]', '[]', p.quantity, p.net_fen, 0, 0 FROM unnest($1::text[],"
            " $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::bigint[],"
            " $10::int[], $11::timestamptz[])"
            " AS p (line, order_number, merchant, source, channel, product, title, quantity, net_fen, host, paid_at)"
            " ORDER BY p.line ON CONFLICT (line) DO NOTHING RETURNING 1",
            [line.line for _, line in paid],
            [fact.order for fact, _ in paid],
            [fact.merchant for fact, _ in paid],
            [line.source for _, line in paid],
            [fact.channel for fact, _ in paid],
            [line.product for _, line in paid],
            [line.title for _, line in paid],
            [line.quantity for _, line in paid],
            [line.net_fen for _, line in paid],
            [line.host_commission_bp for _, line in paid],
            [fact.paid_at for fact, _ in paid],
        )
        found = await self._by_line(await held_lines([line.line for _, line in paid]))
        # Who bought is nothing that the books divide by.
        booked = await self.journals.note(
            *(told(msgspec.structs.replace(fact, consumer=""), fact.order) for fact in facts)
        )
        drafts = []
        for fact, booked_at in zip(facts, booked, strict=True):
            freight = freight_entries(fact.order, fact.merchant, fact.channel, fact.freight_fen)
            entries = [entry for line in fact.lines for entry in found[line.line]]
            drafts += _draft(fact.topic, fact.order, fact.paid_at, booked_at, [*entries, *freight])
        await self.journals.post_many(drafts)

    async def record_packed_orders(self, facts: Sequence[OrderPacked]) -> None:
        """Fix each line's lots, households and rules, and divide its money.

        A line without a lot stays in 2109 until it has one. Lots are read once the lines are locked: what is bound
        afterwards is told by a fact that waits for the lock and then finds the line packed.
        """
        packed_at = {line: fact.packed_at for fact in facts for line in fact.lines}
        fresh = [basis for basis in await held_known_lines(list(packed_at)) if not basis.is_packed]
        bound: dict[str, list[BoundLot]] = {basis.line: [] for basis in fresh}
        for lot in await self.lots(list(bound)):
            bound[lot.line].append(lot)
        booked = await self.journals.note(
            *(told(fact, fact.order, bound=[line for line in fact.lines if bound.get(line)]) for fact in facts)
        )
        if not fresh:
            return
        booked_at = {line: moment for fact, moment in zip(facts, booked, strict=True) for line in fact.lines}
        fixed = await self._fix(fresh, bound, packed_at)
        await self._post_lines(OrderPacked.topic, fixed, packed_at, booked_at)

    async def _fix(
        self, fresh: Sequence[Basis], bound: Mapping[str, Sequence[BoundLot]], packed_at: Mapping[str, datetime]
    ) -> list[Basis]:
        """Write down what each of these lines is divided by; answers them so."""
        by_day: dict[date, list[Basis]] = {}
        for basis in fresh:
            by_day.setdefault(china_day(packed_at[basis.line]), []).append(basis)
        fixed = [each for of in by_day.values() for each in await self._terms(of, bound, packed_at[of[0].line])]
        await claim_sold([use for each in fixed if each.rules for use in each.lots])
        await execute(
            "UPDATE line_basis b SET packed_at = f.packed_at, lots = f.lots::jsonb, rules = f.rules::jsonb"
            " FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[]) AS f (line, packed_at, lots, rules)"
            " WHERE b.line = f.line",
            [each.line for each in fixed],
            [packed_at[each.line] for each in fixed],
            [as_json(each.lots) for each in fixed],
            [as_json(each.rules) for each in fixed],
        )
        return fixed

    async def _terms(
        self, of: Sequence[Basis], bound: Mapping[str, Sequence[BoundLot]], moment: datetime
    ) -> list[Basis]:
        """Lines that were packed on one day, with their lots and rules."""
        households = await households_of(
            (part.supplier for basis in of for lot in bound[basis.line] for part in lot.contributions), moment
        )
        rules = await rules_of_sales([(basis.merchant, basis.product) for basis in of], moment)
        return [
            msgspec.structs.replace(
                basis,
                is_packed=True,
                lots=uses(bound[basis.line], households),
                rules=rules[basis.merchant, basis.product],
            )
            for basis in of
        ]

    async def record_assigned_lots(self, fact: LotsAssigned) -> None:
        """A line that was packed without a lot has its lots: its money leaves 2109 for whom it was earned by.

        Rules, links and households are those of the day of packing, the accounts those of the line's state now, so
        that the books end as if the lots had been bound at packing. A line that is not known to be packed yet reads
        them when it is.
        """
        found = await held_line(fact.line)
        (booked_at,) = await self.journals.note(told(fact, fact.line))
        if found.is_packed and not found.lots:
            packed_at = await scalar("SELECT packed_at FROM line_basis WHERE line = $1", fact.line)
            lots = await uses_of(await self.lots([fact.line]), packed_at)
            if found.rules:
                await claim_sold(lots)
            await execute("UPDATE line_basis SET lots = $2::jsonb WHERE line = $1", fact.line, as_json(lots))
            found = msgspec.structs.replace(found, lots=lots)
        await self._post_lines(fact.topic, [found], {fact.line: fact.assigned_at}, {fact.line: booked_at})

    async def record_earned_orders(self, facts: Sequence[OrderEarned]) -> None:
        """Accrued amounts of both books become earned; the merchant's reserve holds back its part of them."""
        earned_at = {line: fact.earned_at for fact in facts for line in fact.lines}
        found = await held_known_lines(list(earned_at))
        booked = await self.journals.note(*(told(fact, fact.order) for fact in facts))
        booked_at = {line: moment for fact, moment in zip(facts, booked, strict=True) for line in fact.lines}
        earned = await rows(
            "UPDATE line_basis b SET earned_at = f.earned_at, reserve_basis_points = coalesce(t.basis_points, 0),"
            " reserve_until = CASE WHEN t.basis_points > 0 THEN f.day + t.hold_days END FROM unnest($1::text[],"
            " $2::timestamptz[], $3::date[]) AS f (line, earned_at, day) JOIN line_basis o ON o.line = f.line"
            " LEFT JOIN LATERAL (SELECT r.basis_points, r.hold_days FROM reserve_term r WHERE r.merchant = o.merchant"
            " AND r.valid_from <= f.day ORDER BY r.valid_from DESC LIMIT 1) AS t ON true"
            " WHERE b.id = o.id AND b.earned_at IS NULL RETURNING b.line, b.reserve_basis_points",
            list(earned_at),
            list(earned_at.values()),
            [china_day(each) for each in earned_at.values()],
        )
        reserve = {each["line"]: each["reserve_basis_points"] for each in earned}
        changed = {
            basis.line: msgspec.structs.replace(basis, is_earned=True, reserve_basis_points=reserve[basis.line])
            for basis in found
            if basis.line in reserve
        }
        found = [changed.get(basis.line, basis) for basis in found]
        await self._post_lines(OrderEarned.topic, found, earned_at, booked_at)

    async def record_refunded_line(self, fact: LineRefunded) -> None:
        """Divide what remains and post the difference; freight that went back leaves 2105."""
        found = await held_line(fact.line)
        await execute(
            "UPDATE line_basis SET remaining_quantity = $2, remaining_net_fen = $3, refund_step = $4"
            " WHERE line = $1 AND refund_step < $4",
            fact.line,
            fact.remaining_quantity,
            fact.remaining_net_fen,
            fact.refund_step,
        )
        entries = (await self._by_line([await held_line(fact.line)]))[fact.line]
        freight = freight_entries(found.order_number, found.merchant, found.channel, -fact.freight_fen)
        source = f"{fact.refund}:{fact.line}"
        await self._post(fact, source, fact.occurred_at, [*entries, *freight], step=fact.refund_step)

    async def record_late_money(self, fact: LateMoneyRefused) -> None:
        """Money without an order: 1101 against what is owed to the payer, until it has gone back."""
        entries = late_entries(fact.order, fact.merchant, fact.channel, fact.amount_fen)
        await self._post(fact, fact.order, fact.occurred_at, entries)

    async def record_paid_intake(self, fact: IntakePaid) -> None:
        """Income at the scale, once: the merchant's own cash, so neither 1101 nor 1102 moves.

        Raises IncomeClaimedTwice when a sale has counted the delivery as income before.
        """
        await claim([fact.intake], Recognition.INTAKE_PAID)
        (booked_at,) = await self.journals.note(told(fact, fact.intake))
        whose = await income_at_scale(fact.supplier, fact.merchant, fact.product, fact.paid_at)
        entries = scale_entries(fact.intake, fact.merchant, fact.amount_fen, whose)
        draft = _draft(fact.topic, fact.intake, fact.paid_at, booked_at, entries, note=fact.evidence)
        await self.journals.post_many(draft)

    async def record_settlements(self, facts: Sequence[PaymentSettled]) -> None:
        """What the channel's bill confirms leaves 1101 for the bank and the fees; a refund is negative."""
        sources = [f"{fact.number}:{fact.refund_reference or 'capture'}" for fact in facts]
        booked = await self.journals.note(*(told(fact, source) for fact, source in zip(facts, sources, strict=True)))
        drafts = []
        for fact, source, booked_at in zip(facts, sources, booked, strict=True):
            entries = settled_entries(fact.reference, fact.channel, fact.gross_fen, fact.fee_fen)
            drafts += _draft(fact.topic, source, fact.occurred_at, booked_at, entries)
        await self.journals.post_many(drafts)

    async def record_channel_settlement(self, fact: ChannelSettled) -> None:
        """The same for another channel, as its file told it."""
        entries = settled_entries(fact.order, fact.channel, fact.gross_fen, fact.fee_fen)
        await self._post(fact, fact.settlement, fact.occurred_at, entries)

    async def record_split(self, fact: PaymentShared) -> None:
        """The county's commission leaves what the merchant is due: paid where it was split off, else owed to us."""
        entries = commission_entries(fact.reference, fact.payee, paid_fen=fact.split_fen, owed_fen=fact.owed_fen)
        await self._post(fact, fact.number, fact.occurred_at, entries)

    async def record_returned_split(self, fact: SplitReturned) -> None:
        """A refund takes its part of the commission back, at the channel or as the county's debt."""
        owed_fen = -fact.waived_fen - fact.owed_fen
        entries = commission_entries(fact.reference, fact.payee, paid_fen=-fact.returned_fen, owed_fen=owed_fen)
        await self._post(fact, fact.return_number, fact.occurred_at, entries)

    async def record_share_restored(self, fact: ShareRestored) -> None:
        """The refund behind a return has failed: the commission is due as before."""
        entries = commission_entries(fact.reference, fact.payee, paid_fen=0, owed_fen=fact.owed_fen + fact.kept_fen)
        await self._post(fact, fact.return_number, fact.occurred_at, entries)

    async def record_referral(self, fact: CommissionOwed) -> None:
        """A part of what the merchant's split brings the county is owed to whoever has brought the buyer."""
        entries = referral_entries(fact.order, fact.merchant, fact.referrer, fact.fen)
        await self._post(fact, f"{fact.order}:{fact.referrer}", fact.due_at, entries)

    async def record_reduced_referral(self, fact: CommissionReduced) -> None:
        """A refund has taken its part of that back; what was paid already the referrer owes until the next payment."""
        entries = referral_entries(fact.order, fact.merchant, fact.referrer, -fact.fen)
        await self._post(fact, f"{fact.refund}:{fact.line}", fact.reduced_at, entries)

    async def record_paid_referrer(self, fact: ReferrerPaid) -> None:
        """The county has paid it."""
        entries = payout_entries(fact.payout, fact.referrer, fact.fen, fact.offsets)
        await self._post(fact, fact.payout, fact.paid_at, entries, note=fact.voucher)

    async def record_captures(self, facts: Sequence[PaymentSucceeded | PaymentArrivedLate]) -> None:
        """Keep what the payments room says it captured, to compare the books with."""
        await self._tell([(each, each.reference, each.number, each.amount_fen, each.occurred_at) for each in facts])

    async def record_refund(self, fact: RefundSucceeded) -> None:
        """Keep what it says went back; what was owed to a payer without an order is owed no more.

        The refund of an order's line posts with ``LineRefunded``.
        """
        (booked_at,) = await self._tell(
            [(fact, fact.reference, fact.refund_number, -fact.amount_fen, fact.occurred_at)]
        )
        if any(each.code == LATE_MONEY for each in await posted([fact.reference])):
            entries = late_entries(fact.reference, fact.payee, fact.channel, -fact.amount_fen)
            draft = _draft(fact.topic, fact.refund_number, fact.occurred_at, booked_at, entries)
            await self.journals.post_many(draft)

    async def record_channel_sale(self, fact: ChannelPaid) -> None:
        """Keep what another channel's file says an order brought."""
        await self._tell([(fact, fact.order, fact.order, fact.amount_fen, fact.occurred_at)])

    async def record_channel_refund(self, fact: ChannelRefunded) -> None:
        """Keep what it says went back."""
        await self._tell([(fact, fact.order, fact.refund, -fact.amount_fen, fact.occurred_at)])

    async def _tell(self, moved: Sequence[tuple[_Told, str, str, int, datetime]]) -> list[datetime]:
        """Keep money that moved for a reference by a source, in fen, negative when it went back; answers when.

        In the month in which the books have it, so that a closed month stays what was compared.
        """
        booked = await self.journals.note(*(told(fact, source) for fact, _, source, _, _ in moved))
        await rows(
            "WITH frozen AS MATERIALIZED (SELECT ledger_frozen() AS month)"
            " INSERT INTO channel_money (kind, reference, source_id, channel, amount_fen, occurred_at, period)"
            " SELECT CASE WHEN m.fen > 0 THEN 'captured' ELSE 'refunded' END, m.reference, m.source, m.channel, m.fen,"
            " m.at, place.period FROM frozen CROSS JOIN unnest($1::text[], $2::text[], $3::text[], $4::bigint[],"
            " $5::timestamptz[], $6::timestamptz[]) AS m (reference, source, channel, fen, at, booked_at)"
            " CROSS JOIN LATERAL ledger_place(m.at, m.booked_at, frozen.month) AS place ORDER BY m.source"
            " ON CONFLICT (kind, source_id) DO NOTHING RETURNING 1",
            [reference for _, reference, _, _, _ in moved],
            [source for _, _, source, _, _ in moved],
            [fact.channel for fact, _, _, _, _ in moved],
            [fen for _, _, _, fen, _ in moved],
            [at for _, _, _, _, at in moved],
            booked,
        )
        return booked

    async def _by_line(self, bases: Sequence[Basis]) -> dict[str, list[Entry]]:
        """Target − posted of each of these lines, which the caller holds."""
        standing: dict[str, list[Posted]] = {}
        for each in await posted([basis.line for basis in bases]):
            standing.setdefault(each.subject, []).append(each)
        return {basis.line: difference(basis, standing.get(basis.line, [])) for basis in bases}

    async def _post_lines(
        self, topic: str, bases: Sequence[Basis], at: Mapping[str, datetime], booked_at: Mapping[str, datetime]
    ) -> None:
        """Post what brings each of these lines to its target."""
        found = await self._by_line(bases)
        await self.journals.post_many(
            [each for line in found for each in _draft(topic, line, at[line], booked_at[line], found[line])]
        )

    async def _post(
        self, fact: Fact, source_id: str, at: datetime, entries: Sequence[Entry], *, step: int = 0, note: str = ""
    ) -> None:
        """Note and post a fact, unless nothing changes. The source is named once; its replay is a no-op."""
        (booked_at,) = await self.journals.note(told(fact, source_id))
        await self.journals.post_many(_draft(fact.topic, source_id, at, booked_at, entries, step=step, note=note))


def _draft(
    source_type: str,
    source_id: str,
    at: datetime,
    booked_at: datetime,
    entries: Sequence[Entry],
    *,
    step: int = 0,
    note: str = "",
) -> list[JournalDraft]:
    """The journal of a source; none when nothing changes."""
    if not any(entry.amount_fen for entry in entries):
        return []
    return [JournalDraft(source_type, source_id, at, entries, step=step, note=note, booked_at=booked_at)]
