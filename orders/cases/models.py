"""After-sales cases, the pieces that they claim, what happened to them, and where a merchant takes goods back."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model
from orders.models import CaseState, Order, OrderLine


class CaseKind(StrEnum):
    """What the buyer wants."""

    REFUND_ONLY = "refund_only"
    RETURN_REFUND = "return_refund"
    EXCHANGE = "exchange"
    BAD_FRUIT = "bad_fruit"


class Cause(StrEnum):
    """Why. All but the first two are the seller's to answer for."""

    CHANGED_MIND = "changed_mind"
    ORDERED_WRONG = "ordered_wrong"
    NOT_SHIPPED = "not_shipped"
    NOT_ARRIVED = "not_arrived"
    PIECES_MISSING = "pieces_missing"
    WRONG_GOODS = "wrong_goods"
    DAMAGED = "damaged"
    QUALITY = "quality"
    ROTTEN = "rotten"


BUYERS_CAUSES = frozenset({Cause.CHANGED_MIND, Cause.ORDERED_WRONG})


class CaseEvent(StrEnum):
    """What can happen to a case."""

    APPROVE = "approve"
    """The claim is granted, by the merchant, or by the county after an escalation."""
    AWARD = "award"
    """The money is granted without the goods coming back."""
    REFUSE = "refuse"
    OFFER = "offer"
    ACCEPT = "accept"
    DECLINE = "decline"
    ESCALATE = "escalate"
    DISMISS = "dismiss"
    """The county lets the refusal stand."""
    SEND_BACK = "send_back"
    TAKE_BACK = "take_back"
    SHIP_AGAIN = "ship_again"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    """The deadline of the state has passed."""
    PAY = "pay"
    FAIL = "fail"


def _of_money(granted: CaseState) -> dict[CaseState, dict[CaseEvent, CaseState]]:
    """What every kind shares; ``granted`` is where a claim goes that is granted."""
    s, e = CaseState, CaseEvent
    return {
        s.REQUESTED: {
            e.APPROVE: granted, e.OFFER: s.OFFERED, e.REFUSE: s.REFUSED, e.WITHDRAW: s.CLOSED, e.LAPSE: granted,
        },
        s.OFFERED: {
            e.ACCEPT: s.REFUNDING, e.DECLINE: s.REQUESTED, e.APPROVE: granted, e.WITHDRAW: s.CLOSED,
            e.LAPSE: s.CLOSED,
        },
        s.REFUSED: {e.ESCALATE: s.ESCALATED, e.WITHDRAW: s.CLOSED, e.LAPSE: s.CLOSED},
        s.ESCALATED: {e.APPROVE: granted, e.DISMISS: s.CLOSED, e.WITHDRAW: s.CLOSED, e.LAPSE: granted},
        s.REFUNDING: {e.PAY: s.REFUNDED, e.FAIL: s.FAILED},
        s.FAILED: {e.APPROVE: s.REFUNDING, e.PAY: s.REFUNDED},
        s.REFUNDED: {},
        s.CLOSED: {},
    }  # fmt: skip


def _of_goods(checked: CaseState) -> dict[CaseState, dict[CaseEvent, CaseState]]:
    """A kind whose goods come back; ``checked`` is where it goes when the parcel has been confirmed."""
    s, e = CaseState, CaseEvent
    table = _of_money(s.RETURNING)
    for state in (s.REQUESTED, s.OFFERED, s.ESCALATED):
        table[state][e.AWARD] = s.REFUNDING
    return table | {
        s.RETURNING: {e.SEND_BACK: s.RETURNED, e.AWARD: s.REFUNDING, e.WITHDRAW: s.CLOSED, e.LAPSE: s.CLOSED},
        s.RETURNED: {e.TAKE_BACK: checked, e.REFUSE: s.RETURN_REFUSED, e.LAPSE: s.REFUNDING},
        s.RETURN_REFUSED: {e.ESCALATE: s.RETURN_ESCALATED, e.TAKE_BACK: checked, e.LAPSE: s.CLOSED},
        s.RETURN_ESCALATED: {e.APPROVE: checked, e.DISMISS: s.CLOSED, e.LAPSE: s.REFUNDING},
    }


CASE_STEPS: dict[CaseKind, dict[CaseState, dict[CaseEvent, CaseState]]] = {
    CaseKind.REFUND_ONLY: _of_money(CaseState.REFUNDING),
    CaseKind.BAD_FRUIT: _of_money(CaseState.REFUNDING),
    CaseKind.RETURN_REFUND: _of_goods(CaseState.REFUNDING),
    CaseKind.EXCHANGE: _of_goods(CaseState.EXCHANGING)
    | {
        CaseState.EXCHANGING: {
            CaseEvent.SHIP_AGAIN: CaseState.EXCHANGED,
            CaseEvent.AWARD: CaseState.REFUNDING,
            CaseEvent.LAPSE: CaseState.REFUNDING,
        },
        CaseState.EXCHANGED: {CaseEvent.CONFIRM: CaseState.COMPLETED, CaseEvent.LAPSE: CaseState.COMPLETED},
        CaseState.COMPLETED: {},
    },
}
"""Kind -> state -> event -> state. What is not here is refused."""

CASE_TRANSITIONS: dict[CaseKind, dict[CaseState, frozenset[CaseState]]] = {
    kind: {state: frozenset(steps.values()) for state, steps in table.items()} for kind, table in CASE_STEPS.items()
}

DEADLINES: dict[CaseState, str] = {
    CaseState.REQUESTED: "decide_s",
    CaseState.OFFERED: "answer_s",
    CaseState.REFUSED: "escalate_s",
    CaseState.RETURN_REFUSED: "escalate_s",
    CaseState.ESCALATED: "county_s",
    CaseState.RETURN_ESCALATED: "county_s",
    CaseState.RETURNING: "return_s",
    CaseState.RETURNED: "inspect_s",
    CaseState.EXCHANGING: "exchange_s",
    CaseState.EXCHANGED: "replaced_s",
}
"""State -> the window of the order's terms after which LAPSE comes. A refund has none: payments pursue it."""

FINAL_STATES = frozenset({CaseState.REFUNDED, CaseState.COMPLETED, CaseState.CLOSED})
FINAL = "('refunded', 'completed', 'closed')"
"""The final states for SQL; a case in any other one is open: it holds its pieces and keeps the order unearned."""


class AfterSalesCase(Model):
    """A buyer's claim on some pieces of an order.

    ``number`` is what the payments room knows the refund by; the second ``refund_attempt`` is ``<number>-2``.
    ``quantity`` pieces were claimed; ``amount_fen`` (goods) and ``freight_fen`` are what the buyer gets when it ends
    in a refund; an accepted offer replaces them. ``pictures`` are numbers of the content room.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "longchuan.Order", on_delete=fields.RESTRICT, related_name=False
    )
    kind = fields.CharEnumField(CaseKind, max_length=16)
    cause = fields.CharEnumField(Cause, max_length=16)
    state = fields.CharEnumField(CaseState, max_length=20, default=CaseState.REQUESTED)
    due_at = fields.DatetimeField(null=True)
    quantity = fields.IntField()
    amount_fen = fields.BigIntField()
    freight_fen = fields.BigIntField(default=0)
    reason = fields.CharField(max_length=200)
    pictures: fields.Field[list[str]] = fields.JSONField(default=list)
    return_freight_by = fields.CharField(max_length=8)
    offer_fen = fields.BigIntField(null=True)
    offers = fields.SmallIntField(default=0)
    decision = fields.CharField(max_length=240, null=True)
    refund_attempt = fields.SmallIntField(default=1)
    return_address = fields.BinaryField(null=True)
    return_carrier = fields.CharField(max_length=16, null=True)
    return_waybill = fields.CharField(max_length=40, null=True)
    exchange_carrier = fields.CharField(max_length=16, null=True)
    exchange_waybill = fields.CharField(max_length=40, null=True)
    requested_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    returned_at = fields.DatetimeField(null=True)
    refunded_at = fields.DatetimeField(null=True)

    class Meta:
        table = "after_sales_case"
        indexes = (Index(fields=("order_id", "id"), name="idx_case_order"),)
        constraints = (
            CheckConstraint(check="quantity > 0 AND amount_fen >= 0", name="ck_case_amounts"),
            CheckConstraint(check="freight_fen >= 0", name="ck_case_freight"),
            CheckConstraint(check="offer_fen IS NULL OR offer_fen > 0", name="ck_case_offer"),
            CheckConstraint(check="return_freight_by IN ('buyer', 'merchant', 'nobody')", name="ck_case_freight_by"),
        )


class AfterSalesItem(Model):
    """Some pieces of one line in a case, with their shares of the line's stored money in fen.

    ``quantity`` is 0 when the buyer keeps the pieces and got a part of the money; ``kept_fen`` is the seller's part of
    a booking that is given up late.
    """

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[AfterSalesCase] = fields.ForeignKeyField(
        "longchuan.AfterSalesCase", on_delete=fields.RESTRICT, related_name=False
    )
    line: fields.ForeignKeyRelation[OrderLine] = fields.ForeignKeyField(
        "longchuan.OrderLine", on_delete=fields.RESTRICT, related_name=False
    )
    quantity = fields.IntField()
    amount_fen = fields.BigIntField()
    freight_fen = fields.BigIntField(default=0)
    kept_fen = fields.BigIntField(default=0)

    class Meta:
        table = "after_sales_item"
        unique_together = (("case_id", "line_id"),)
        indexes = (Index(fields=("line_id",), name="idx_case_item_line"),)
        constraints = (
            CheckConstraint(
                check="quantity >= 0 AND amount_fen >= 0 AND freight_fen >= 0 AND kept_fen >= 0",
                name="ck_case_item_amounts",
            ),
        )


class AfterSalesEvent(Model):
    """One step of a case: what happened, by whom, with which words."""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[AfterSalesCase] = fields.ForeignKeyField(
        "longchuan.AfterSalesCase", on_delete=fields.RESTRICT, related_name=False
    )
    event = fields.CharField(max_length=16)
    state = fields.CharEnumField(CaseState, max_length=20)
    actor = fields.CharField(max_length=64)
    note = fields.CharField(max_length=240, null=True)
    happened_at = fields.DatetimeField()

    class Meta:
        table = "after_sales_event"
        indexes = (Index(fields=("case_id", "id"), name="idx_case_event_case"),)


class OrderDesk(Model):
    """What a merchant has set for its orders: where it takes goods back, sealed."""

    id = fields.BigIntField(primary_key=True)
    merchant = fields.CharField(max_length=32, unique=True)
    return_address = fields.BinaryField()
    changed_at = fields.DatetimeField()
    changed_by = fields.CharField(max_length=64)

    class Meta:
        table = "order_desk"
