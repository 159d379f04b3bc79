"""Writes down what orders and payments announce, each amount once; computes commission and the county's debt anew."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from kit.clock import china_day
from kit.database import Row, execute, row, rows, scalar
from orders.events import ChannelSettled, LateMoneyRefused, LineRefunded, OrderEarned, OrderPaid
from payments.events import PaymentSettled, RefundSucceeded
from payments.sharing.events import PaymentShared, ShareRestored, SplitReturned
from promotions.queries import county_shares
from settlements.models import Bearer, EntryKind

BASIS_POINTS = 10_000


class Amount(msgspec.Struct, frozen=True):
    """One amount to write down, in fen; ``line`` is empty when it belongs to the order as a whole."""

    kind: EntryKind
    fen: int
    line: str = ""
    bearer: Bearer = Bearer.NOBODY


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """Where amounts come from. ``source`` names the fact once for ever: its replay writes nothing."""

    merchant: str
    order: str
    channel: str
    source: str
    at: datetime


async def write(happened: Happened, amounts: list[Amount]) -> None:
    """Add the amounts that are not 0, in one statement."""
    kept = [amount for amount in amounts if amount.fen]
    if kept:
        await rows(
            "INSERT INTO settlement_entry (merchant, order_number, channel, source, occurred_at, day, kind, amount_fen,"
            " line, bearer) SELECT $1, $2, $3, $4, $5, $6, a.kind, a.fen, a.line, a.bearer"
            " FROM unnest($7::text[], $8::bigint[], $9::text[], $10::text[]) AS a (kind, fen, line, bearer)"
            " ON CONFLICT (source, kind, bearer, line) DO NOTHING RETURNING 1",
            happened.merchant,
            happened.order,
            happened.channel,
            happened.source,
            happened.at,
            china_day(happened.at),
            [amount.kind.value for amount in kept],
            [amount.fen for amount in kept],
            [amount.line for amount in kept],
            [amount.bearer.value for amount in kept],
        )


@dataclass(frozen=True)
class SettlementEntries:
    """Every method runs in the transaction of a delivered fact and may run again for the same fact."""

    async def record_paid_order(self, fact: OrderPaid) -> None:
        """Gross, discounts by who bears them, and freight."""
        happened = Happened(
            merchant=fact.merchant,
            order=fact.order,
            channel=fact.channel,
            source=f"{fact.topic}:{fact.order}",
            at=fact.paid_at,
        )
        amounts = [Amount(EntryKind.FREIGHT, fact.freight_fen)]
        shares = await county_shares([line.line for line in fact.lines])
        for line in fact.lines:
            amounts.append(Amount(EntryKind.GROSS, line.gross_fen, line.line))
            county_fen = min(shares.get(line.line, 0), line.discount_fen)
            amounts.append(Amount(EntryKind.DISCOUNT, county_fen - line.discount_fen, line.line, Bearer.MERCHANT))
            amounts.append(Amount(EntryKind.DISCOUNT, -county_fen, line.line, Bearer.COUNTY))
            await execute(
                "INSERT INTO settlement_line (line, order_number, merchant, channel, quantity, remaining_quantity,"
                " remaining_net_fen, county_fen, host_commission_bp, refund_step)"
                " VALUES ($1, $2, $3, $4, $5, $5, $6, $8, $7, 0) ON CONFLICT (line) DO NOTHING",
                line.line,
                fact.order,
                fact.merchant,
                fact.channel,
                line.quantity,
                line.net_fen,
                line.host_commission_bp,
                county_fen,
            )
        await write(happened, amounts)

    async def record_earned_order(self, fact: OrderEarned) -> None:
        """The host's commission is due from now on."""
        for line in sorted(fact.lines):
            await execute(
                "UPDATE settlement_line SET earned_at = $2 WHERE line = $1 AND earned_at IS NULL", line, fact.earned_at
            )
            await self._compute(line, f"{fact.topic}:{fact.order}", fact.earned_at)

    async def record_refunded_line(self, fact: LineRefunded) -> None:
        """Money went back; commission and the county's debt shrink with what is left."""
        await execute(
            "UPDATE settlement_line SET remaining_quantity = $2, remaining_net_fen = $3, refund_step = $4"
            " WHERE line = $1 AND refund_step < $4",
            fact.line,
            fact.remaining_quantity,
            fact.remaining_net_fen,
            fact.refund_step,
        )
        source = f"{fact.topic}:{fact.refund}"
        found = await self._line(fact.line)
        await write(
            _happened(found, source, fact.occurred_at),
            [
                Amount(EntryKind.REFUND, -fact.amount_fen, fact.line),
                Amount(EntryKind.FREIGHT_REFUND, -fact.freight_fen, fact.line),
            ],
        )
        await self._compute(fact.line, source, fact.occurred_at)

    async def record_late_money(self, fact: LateMoneyRefused) -> None:
        """Money came for an order that no longer is; it lies with the merchant until it has gone back."""
        happened = Happened(
            merchant=fact.merchant,
            order=fact.order,
            channel=fact.channel,
            source=f"{fact.topic}:{fact.order}",
            at=fact.occurred_at,
        )
        await write(happened, [Amount(EntryKind.LATE_MONEY, fact.amount_fen)])

    async def record_returned_late_money(self, fact: RefundSucceeded) -> None:
        """The money of an order that no longer is went back; every other refund comes with ``LineRefunded``."""
        late = "SELECT 1 FROM settlement_entry WHERE order_number = $1 AND kind = 'late_money'"
        if await scalar(late, fact.reference) is None:
            return
        happened = _of_payment(fact, fact.refund_number)
        await write(happened, [Amount(EntryKind.LATE_MONEY_RETURNED, -fact.amount_fen)])

    async def record_settlement(self, fact: PaymentSettled) -> None:
        """The channel's fee; on a refund it comes back."""
        happened = _of_payment(fact, f"{fact.number}:{fact.refund_reference or 'capture'}")
        await write(happened, [Amount(EntryKind.FEE, -fact.fee_fen)])

    async def record_split(self, fact: PaymentShared) -> None:
        """The county's commission: split off at the channel, or owed where it was not."""
        happened = _of_payment(fact, fact.number)
        owed = Amount(EntryKind.MERCHANT_OWES, -fact.owed_fen)
        await write(happened, [Amount(EntryKind.SPLIT, -fact.split_fen), owed])

    async def record_returned_split(self, fact: SplitReturned) -> None:
        """A refund took its part of the commission back; what is too old for the channel the county owes."""
        happened = _of_payment(fact, fact.return_number)
        waived = Amount(EntryKind.MERCHANT_OWES, fact.waived_fen)
        owed = Amount(EntryKind.COUNTY_OWES_SHARE, fact.owed_fen)
        await write(happened, [Amount(EntryKind.SPLIT_RETURNED, fact.returned_fen), waived, owed])

    async def record_share_restored(self, fact: ShareRestored) -> None:
        """The refund behind a return has failed: the commission is owed as before."""
        happened = _of_payment(fact, fact.return_number)
        owed = Amount(EntryKind.MERCHANT_OWES, -fact.owed_fen)
        await write(happened, [Amount(EntryKind.COUNTY_OWES_SHARE, -fact.kept_fen), owed])

    async def record_channel_settlement(self, fact: ChannelSettled) -> None:
        """The fee of another channel, as its file told it."""
        happened = Happened(
            merchant=fact.merchant,
            order=fact.order,
            channel=fact.channel,
            source=f"{fact.topic}:{fact.settlement}",
            at=fact.occurred_at,
        )
        await write(happened, [Amount(EntryKind.FEE, -fact.fee_fen)])

    async def _line(self, line: str) -> Row:
        found = await row("SELECT * FROM settlement_line WHERE line = $1 FOR UPDATE", line)
        if found is None:
            raise LookupError(f"the line {line} was not recorded when it was paid")
        return found

    async def _compute(self, line: str, source: str, at: datetime) -> None:
        """Write down target - written of commission and debt; the line stays locked until the transaction ends."""
        found = await self._line(line)
        if found["earned_at"] is None:
            return
        written = await row(
            "SELECT COALESCE(sum(amount_fen) FILTER (WHERE kind = 'commission'), 0)::bigint AS commission,"
            " COALESCE(sum(amount_fen) FILTER (WHERE kind = 'county_owes'), 0)::bigint AS owed"
            " FROM settlement_entry WHERE order_number = $1 AND line = $2",
            found["order_number"],
            line,
        )
        assert written is not None
        commission = found["remaining_net_fen"] * found["host_commission_bp"] // BASIS_POINTS
        gone = found["quantity"] - found["remaining_quantity"]
        owed = found["county_fen"] - found["county_fen"] * gone // found["quantity"]
        await write(
            _happened(found, source, at),
            [
                Amount(EntryKind.COMMISSION, -commission - written["commission"], line),
                Amount(EntryKind.COUNTY_OWES, owed - written["owed"], line),
            ],
        )


def _of_payment(
    fact: RefundSucceeded | PaymentSettled | PaymentShared | SplitReturned | ShareRestored, number: str
) -> Happened:
    """What payments have told of an order; ``number`` tells it from the others of its topic."""
    return Happened(
        merchant=fact.payee,
        order=fact.reference,
        channel=fact.channel,
        source=f"{fact.topic}:{number}",
        at=fact.occurred_at,
    )


def _happened(line: Row, source: str, at: datetime) -> Happened:
    return Happened(
        merchant=line["merchant"], order=line["order_number"], channel=line["channel"], source=source, at=at
    )
