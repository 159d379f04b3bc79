"""Payments, refunds, what the channel told us and what its bills say. Amounts are fen, moments aware UTC."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model
from payments.ports import BillLineKind


class PaymentState(StrEnum):
    """Where a payment is.

    ``closing``: it may no longer be offered, and the channel is being told. ``late``: the money came after
    ``closed`` was announced and its owner decides. ``held``: money came that does not fit; a person
    gives it back at the channel and closes the payment, unless the channel itself corrects the amount.
    """

    PENDING = "pending"
    CLOSING = "closing"
    CLOSED = "closed"
    SUCCEEDED = "succeeded"
    LATE = "late"
    HELD = "held"


PAYMENT_TRANSITIONS: dict[PaymentState, frozenset[PaymentState]] = {
    PaymentState.PENDING: frozenset(
        {PaymentState.CLOSING, PaymentState.CLOSED, PaymentState.SUCCEEDED, PaymentState.HELD}
    ),
    PaymentState.CLOSING: frozenset({PaymentState.CLOSED, PaymentState.SUCCEEDED, PaymentState.HELD}),
    PaymentState.CLOSED: frozenset({PaymentState.LATE, PaymentState.HELD}),
    PaymentState.LATE: frozenset({PaymentState.SUCCEEDED}),
    PaymentState.HELD: frozenset({PaymentState.SUCCEEDED, PaymentState.LATE, PaymentState.CLOSED}),
    PaymentState.SUCCEEDED: frozenset(),
}

CAPTURED_STATES = (PaymentState.SUCCEEDED, PaymentState.LATE)
"""The money is there: it can be refunded, and it will stand in the bill."""


class RefundRowState(StrEnum):
    """Where a refund is. ``sent``: the channel may or may not have it, so it is asked again with the same
    number.

    ``abnormal``: the channel could not pay the payer's account; it stays open until a person has settled it
    there.
    """

    REQUESTED = "requested"
    SENT = "sent"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    ABNORMAL = "abnormal"
    CLOSED = "closed"


REFUND_TRANSITIONS: dict[RefundRowState, frozenset[RefundRowState]] = {
    # The channel may know of a refund whose sending was put back: its answer was lost.
    RefundRowState.REQUESTED: frozenset(
        {
            RefundRowState.SENT,
            RefundRowState.PROCESSING,
            RefundRowState.SUCCEEDED,
            RefundRowState.ABNORMAL,
            RefundRowState.CLOSED,
        }
    ),
    RefundRowState.SENT: frozenset(
        {
            RefundRowState.REQUESTED,
            RefundRowState.PROCESSING,
            RefundRowState.SUCCEEDED,
            RefundRowState.ABNORMAL,
            RefundRowState.CLOSED,
        }
    ),
    RefundRowState.PROCESSING: frozenset({RefundRowState.SUCCEEDED, RefundRowState.ABNORMAL, RefundRowState.CLOSED}),
    RefundRowState.ABNORMAL: frozenset({RefundRowState.SUCCEEDED, RefundRowState.CLOSED}),
    RefundRowState.SUCCEEDED: frozenset(),
    RefundRowState.CLOSED: frozenset(),
}


class NoticeOutcome(StrEnum):
    """What became of a notice.

    A ``received`` one was not finished and is taken up again when it comes again.
    """

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"
    REFUSED = "refused"


class Payment(Model):
    """One payment of one ``reference``; ``number`` is the channel's ``out_trade_no`` and never changes.

    ``bundle`` names what is prepaid and closed together: the payments of one bundle share payer, expiry and cashier.
    Several of them are a combination, and ``combination`` is the channel's ``combine_out_trade_no``.
    ``to_share`` has the channel freeze the money until its share is split off.
    ``prepay_expires_at`` is fixed by the first call, because repeats must be identical.
    ``prepay_claimed_until`` is the lease of a call in flight: a close waits for it.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    reference = fields.CharField(max_length=64, unique=True)
    bundle = fields.CharField(max_length=64, default="")
    combination = fields.CharField(max_length=32, null=True)
    payee = fields.CharField(max_length=64)
    sub_mchid = fields.CharField(max_length=32, null=True)
    channel = fields.CharField(max_length=32)
    payer_openid = fields.CharField(max_length=128)
    amount_fen = fields.BigIntField()
    description = fields.CharField(max_length=127)
    to_share = fields.BooleanField(default=False)
    state = fields.CharEnumField(PaymentState, max_length=12, default=PaymentState.PENDING)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    prepay_expires_at = fields.DatetimeField(null=True)
    prepay_claimed_until = fields.DatetimeField(null=True)
    prepay_id = fields.CharField(max_length=64, null=True)
    prepaid_at = fields.DatetimeField(null=True)
    next_query_at = fields.DatetimeField(null=True)
    queries = fields.IntField(default=0)
    next_close_at = fields.DatetimeField(null=True)
    closes = fields.IntField(default=0)
    transaction_id = fields.CharField(max_length=64, null=True, unique=True)
    captured_fen = fields.BigIntField(default=0)
    captured_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    held_reason = fields.CharField(max_length=200, null=True)
    held_fen = fields.BigIntField(null=True)
    held_transaction_id = fields.CharField(max_length=64, null=True)
    refund_free_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payment"
        indexes = (
            PartialIndex(fields=("expires_at",), condition={"state": "pending"}),
            PartialIndex(fields=("next_close_at",), condition={"state": "closing"}),
            Index(fields=("captured_at",)),
            Index(fields=("bundle",), name="idx_payment_bundle"),
        )
        constraints = (
            CheckConstraint(check="amount_fen > 0", name="payment_amount_positive"),
            CheckConstraint(
                check="(state IN ('succeeded', 'late')) = (transaction_id IS NOT NULL AND captured_fen > 0)",
                name="payment_captured_has_transaction",
            ),
        )


class PaymentNotice(Model):
    """A notice as it came, sealed by the channel. Stored before anything is done with it."""

    id = fields.BigIntField(primary_key=True)
    notice_id = fields.CharField(max_length=64, unique=True)
    body_hash = fields.BinaryField()
    event_type = fields.CharField(max_length=64)
    body = fields.BinaryField()
    received_at = fields.DatetimeField(db_index=True)
    times = fields.IntField(default=1)
    outcome = fields.CharEnumField(NoticeOutcome, max_length=12, default=NoticeOutcome.RECEIVED)
    reason = fields.CharField(max_length=80, null=True)
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payment_notice"


class Refund(Model):
    """One intent to give money back.

    ``number`` is the channel's ``out_refund_no``, ``reference`` its owner's.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    reference = fields.CharField(max_length=64, unique=True)
    payment: fields.ForeignKeyRelation[Payment] = fields.ForeignKeyField(
        "longchuan.Payment", related_name=False, on_delete=fields.RESTRICT
    )
    amount_fen = fields.BigIntField()
    reason = fields.CharField(max_length=80)
    state = fields.CharEnumField(RefundRowState, max_length=12, default=RefundRowState.REQUESTED)
    refund_id = fields.CharField(max_length=64, null=True, unique=True)
    attempts = fields.IntField(default=0)
    refusals = fields.IntField(default=0)
    next_attempt_at = fields.DatetimeField(null=True)
    failure = fields.CharField(max_length=80, null=True)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payment_refund"
        indexes = (Index(fields=("payment_id",)), Index(fields=("next_attempt_at",)))
        constraints = (CheckConstraint(check="amount_fen > 0", name="refund_amount_positive"),)


class Bill(Model):
    """The channel's trade bill of one day in China."""

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=32)
    day = fields.DateField()
    sha1 = fields.CharField(max_length=40)
    line_count = fields.IntField()
    imported_at = fields.DatetimeField()

    class Meta:
        table = "payment_bill"
        unique_together = (("channel", "day"),)


class BillLine(Model):
    """One line of a bill. ``difference`` says why it does not match; None means that it does.

    ``refund_number`` is an empty text on captures, so that the key is whole.
    """

    id = fields.BigIntField(primary_key=True)
    bill: fields.ForeignKeyRelation[Bill] = fields.ForeignKeyField(
        "longchuan.Bill", related_name=False, on_delete=fields.RESTRICT
    )
    kind = fields.CharEnumField(BillLineKind, max_length=8)
    traded_at = fields.DatetimeField()
    mchid = fields.CharField(max_length=32)
    sub_mchid = fields.CharField(max_length=32, null=True)
    transaction_id = fields.CharField(max_length=64)
    payment_number = fields.CharField(max_length=64)
    refund_number = fields.CharField(max_length=64, default="")
    gross_fen = fields.BigIntField()
    fee_fen = fields.BigIntField()
    difference = fields.CharField(max_length=40, null=True, default="not_compared")

    class Meta:
        table = "payment_bill_line"
        unique_together = (("bill", "kind", "transaction_id", "refund_number"),)


class PaymentSettlement(Model):
    """A capture or a refund that the bill has confirmed, with the fee the channel kept or gave back."""

    id = fields.BigIntField(primary_key=True)
    line: fields.OneToOneRelation[BillLine] = fields.OneToOneField(
        "longchuan.BillLine", related_name=False, on_delete=fields.RESTRICT
    )
    payment: fields.ForeignKeyRelation[Payment] = fields.ForeignKeyField(
        "longchuan.Payment", related_name=False, on_delete=fields.RESTRICT
    )
    refund: fields.ForeignKeyNullableRelation[Refund] = fields.ForeignKeyField(
        "longchuan.Refund", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    gross_fen = fields.BigIntField()
    fee_fen = fields.BigIntField()
    settled_at = fields.DatetimeField()

    class Meta:
        table = "payment_settlement"


class PaymentFundBill(Model):
    """The channel's fund-flow bill of one account and one day in China; without lines when nothing moved.

    ``opening_fen`` is the balance before its first line, ``closing_fen`` after its last; both None without lines.
    """

    id = fields.BigIntField(primary_key=True)
    channel = fields.CharField(max_length=32)
    account = fields.CharField(max_length=32)
    day = fields.DateField()
    sha1 = fields.CharField(max_length=40)
    line_count = fields.IntField()
    opening_fen = fields.BigIntField(null=True)
    closing_fen = fields.BigIntField(null=True)
    imported_at = fields.DatetimeField()

    class Meta:
        table = "payment_fund_bill"
        unique_together = (("channel", "account", "day"),)


class PaymentFundLine(Model):
    """One movement of an account, income positive. ``difference`` says why it fits nothing of ours; None: it does."""

    id = fields.BigIntField(primary_key=True)
    bill: fields.ForeignKeyRelation[PaymentFundBill] = fields.ForeignKeyField(
        "longchuan.PaymentFundBill", related_name=False, on_delete=fields.RESTRICT
    )
    flow_number = fields.CharField(max_length=64)
    booked_at = fields.DatetimeField()
    transaction_id = fields.CharField(max_length=64)
    business = fields.CharField(max_length=40)
    amount_fen = fields.BigIntField()
    balance_fen = fields.BigIntField()
    remark = fields.CharField(max_length=200, default="")
    voucher = fields.CharField(max_length=64, default="")
    difference = fields.CharField(max_length=40, null=True, default="not_compared")

    class Meta:
        table = "payment_fund_line"
        unique_together = (("bill", "flow_number"),)
        indexes = (Index(fields=("transaction_id",), name="payment_fund_line_transaction"),)


class DifferenceState(StrEnum):
    """Where a difference is. Resolved: bill and rows agree by now. Closed: a person ended it with a reason."""

    OPEN = "open"
    ASSIGNED = "assigned"
    CLOSED = "closed"
    RESOLVED = "resolved"


DIFFERENCE_TRANSITIONS: dict[DifferenceState, frozenset[DifferenceState]] = {
    DifferenceState.OPEN: frozenset({DifferenceState.ASSIGNED, DifferenceState.RESOLVED}),
    DifferenceState.ASSIGNED: frozenset({DifferenceState.ASSIGNED, DifferenceState.CLOSED, DifferenceState.RESOLVED}),
    DifferenceState.CLOSED: frozenset(),
    DifferenceState.RESOLVED: frozenset({DifferenceState.OPEN}),
}


class BillDifferenceItem(Model):
    """One thing on which a bill and our rows do not agree. ``key`` names it for ever; ``owner`` is a staff number."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    key = fields.CharField(max_length=80, unique=True)
    bill = fields.CharField(max_length=8)
    day = fields.DateField()
    account = fields.CharField(max_length=32)
    reason = fields.CharField(max_length=40)
    payment_number = fields.CharField(max_length=64)
    refund_number = fields.CharField(max_length=64)
    transaction_id = fields.CharField(max_length=64)
    amount_fen = fields.BigIntField()
    state = fields.CharEnumField(DifferenceState, max_length=10, default=DifferenceState.OPEN)
    owner = fields.CharField(max_length=24, null=True)
    seen_at = fields.DatetimeField()

    class Meta:
        table = "bill_difference"
        indexes = (Index(fields=("state", "id"), name="bill_difference_state"),)
        constraints = (
            CheckConstraint(
                check="state NOT IN ('assigned', 'closed') OR owner IS NOT NULL", name="bill_difference_owner"
            ),
        )


class BillDifferenceStep(Model):
    """One step of an item: what it came to, by whom, whose it became, and the note. Rows are only ever added."""

    id = fields.BigIntField(primary_key=True)
    item: fields.ForeignKeyRelation[BillDifferenceItem] = fields.ForeignKeyField(
        "longchuan.BillDifferenceItem", related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    state = fields.CharEnumField(DifferenceState, max_length=10)
    at = fields.DatetimeField()
    by = fields.CharField(max_length=120)
    owner = fields.CharField(max_length=24, null=True)
    note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "bill_difference_step"
        constraints = (CheckConstraint(check="state <> 'closed' OR note <> ''", name="bill_difference_step_reason"),)
