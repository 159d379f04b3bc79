"""Who may claim what, and what comes back: pure rules over an order as it stands (domain reference 5)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta

import msgspec

from kit.clock import CHINA
from kit.database import Row
from orders.cases.models import BUYERS_CAUSES, CaseKind, Cause
from orders.errors import (
    AfterSalesOver,
    CancellationOver,
    ClaimNotPossible,
    NothingToRefund,
    OrderStateConflict,
    PicturesMissing,
)
from orders.models import OrderState
from products.calendars import Booking
from products.drafts import ReturnPolicy
from products.terms import AfterSalesTerms

MAX_PICTURES = 9
WHOLE_BP = 10_000
BEFORE_SHIPMENT = frozenset({OrderState.PAID, OrderState.PACKED})
CLAIMABLE = frozenset({*BEFORE_SHIPMENT, OrderState.SHIPPED, OrderState.RECEIVED})
_NO_REASON = frozenset({ReturnPolicy.SEVEN_DAYS, ReturnPolicy.SEVEN_DAYS_UNOPENED})


class Item(msgspec.Struct, frozen=True):
    """Some pieces of one line with their shares of its money, in fen; ``line`` is the row's id.

    ``kept_fen`` is the seller's part of what the pieces cost, of a booking that is given up late.
    """

    line: int
    quantity: int
    amount_fen: int
    freight_fen: int
    kept_fen: int = 0


def share_fen(left_fen: int, pieces: int, left_pieces: int) -> int:
    """What ``pieces`` carry of the money that is left with ``left_pieces``; the last pieces take the rest.

    Only stored shares are divided and only what nobody else has is given, so any order of partial refunds ends at
    exactly the line's money (commerce regression R15).
    """
    return left_fen * pieces // left_pieces if left_pieces else left_fen


def items_of(
    order_state: str, lines: Sequence[Row], wanted: Mapping[str, int], cause: Cause, refund_bp: int = WHOLE_BP
) -> list[Item]:
    """What a claim on some pieces (by line reference) takes, in the order of the lines.

    Of what the pieces cost ``refund_bp`` basis points go back, rounded up to the fen; the seller keeps the rest.

    Freight comes back whole when nothing of an unshipped order is left, by the line's share where the seller is to
    blame, and not at all for a change of mind. Raises NothingToRefund.
    """
    left = {line["reference"]: line["quantity"] - line["refunded_quantity"] - line["held_quantity"] for line in lines}
    for reference, pieces in wanted.items():
        if pieces > left[reference]:
            raise NothingToRefund(left=left[reference])
    is_the_end = order_state in BEFORE_SHIPMENT and all(left[name] == wanted.get(name, 0) for name in left)
    found = []
    for line in lines:
        reference, pieces = line["reference"], wanted.get(line["reference"], 0)
        freight = max(0, line["freight_fen"] - line["refunded_freight_fen"] - line["held_freight_fen"])
        if not is_the_end:
            freight = 0 if cause in BUYERS_CAUSES or not pieces else share_fen(freight, pieces, left[reference])
        if pieces or freight:
            goods = max(0, line["net_fen"] - line["refunded_fen"] - line["kept_fen"] - line["held_fen"])
            share = share_fen(goods, pieces, left[reference]) if pieces else 0
            back = -(-share * refund_bp // WHOLE_BP)
            found.append(Item(line["id"], pieces, back, freight, share - back))
    return found


def check_right(
    order: Row,
    policy: str,
    kind: CaseKind,
    cause: Cause,
    pictures: Sequence[str],
    terms: AfterSalesTerms,
    now: datetime,
) -> None:
    """Refuse a claim that the order's state, its windows or the line's return policy do not allow.

    Raises OrderStateConflict, AfterSalesOver, ClaimNotPossible, PicturesMissing.
    """
    if order["state"] not in CLAIMABLE:
        raise OrderStateConflict(state=order["state"])
    _refuse_when_over(order, now)
    before = order["state"] in BEFORE_SHIPMENT
    if kind is CaseKind.REFUND_ONLY:
        if not before and cause in BUYERS_CAUSES:
            raise ClaimNotPossible(because="goods_must_come_back")
    elif before:
        raise ClaimNotPossible(because="not_shipped")
    elif kind is CaseKind.BAD_FRUIT:
        _check_bad_fruit(order, policy, cause, pictures, terms, now)
    else:
        _check_return(order, policy, cause, terms, now)


def free_until(booking: Booking) -> datetime:
    """Until when a buyer gives a booking up freely: hours before its first day begins in China."""
    begins = datetime.combine(booking.days[0].day, time(), CHINA)
    return begins - timedelta(hours=booking.terms.cancel_hours)


def giving_up_bp(booking: str, now: datetime) -> int:
    """What part of the money of a booking comes back, in basis points, by the rule that was copied onto its line.

    Raises CancellationOver when nothing would.
    """
    read = msgspec.json.decode(booking, type=Booking)
    until = free_until(read)
    if now < until:
        return WHOLE_BP
    if not read.terms.late_refund_bp:
        raise CancellationOver(free_until=until.isoformat())
    return read.terms.late_refund_bp


def return_freight_by(kind: CaseKind, cause: Cause) -> str:
    """Who pays the way back: whoever the reason lies with."""
    if kind in (CaseKind.REFUND_ONLY, CaseKind.BAD_FRUIT):
        return "nobody"
    return "buyer" if cause in BUYERS_CAUSES else "merchant"


def _check_bad_fruit(
    order: Row, policy: str, cause: Cause, pictures: Sequence[str], terms: AfterSalesTerms, now: datetime
) -> None:
    if policy != ReturnPolicy.NONE_FRESH:
        raise ClaimNotPossible(because="not_fresh")
    if cause in BUYERS_CAUSES:
        raise ClaimNotPossible(because="no_return_right")
    if not pictures:
        raise PicturesMissing()
    _refuse_after(_signed_at(order), terms.bad_fruit_s, now)


def _check_return(order: Row, policy: str, cause: Cause, terms: AfterSalesTerms, now: datetime) -> None:
    """Fresh goods and vouchers never come back; what fits no other buyer only when the seller is to blame."""
    if policy in (ReturnPolicy.NONE_FRESH, ReturnPolicy.VOUCHER):
        raise ClaimNotPossible(because="goods_cannot_come_back")
    if cause in BUYERS_CAUSES:
        if policy not in _NO_REASON:
            raise ClaimNotPossible(because="no_return_right")
        _refuse_after(_signed_at(order), terms.no_reason_s, now)


def _signed_at(order: Row) -> datetime | None:
    found: datetime | None = order["delivered_at"] or order["received_at"]
    return found


def _refuse_after(signed_at: datetime | None, window_s: int, now: datetime) -> None:
    if signed_at is not None and signed_at + timedelta(seconds=window_s) <= now:
        raise AfterSalesOver()


def _refuse_when_over(order: Row, now: datetime) -> None:
    if order["earned_at"] is not None:
        raise AfterSalesOver()
    _refuse_after(order["received_at"], order["after_sales_window_s"], now)
