"""Splits of payments, what came back of them, and whom the channel knows as a receiver."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from payments.models import Payment, Refund


class SplitState(StrEnum):
    """Where a split is. ``asked``: the channel may or may not have it. ``unfrozen``: there was nothing to split.

    ``owed``: the channel did not split it, so the payee owes it; it is stated, never lost.
    """

    PLANNED = "planned"
    ASKED = "asked"
    PROCESSING = "processing"
    SPLIT = "split"
    UNFROZEN = "unfrozen"
    OWED = "owed"


SPLIT_TRANSITIONS: dict[SplitState, frozenset[SplitState]] = {
    SplitState.PLANNED: frozenset({SplitState.ASKED, SplitState.UNFROZEN, SplitState.OWED}),
    SplitState.ASKED: frozenset(
        {SplitState.PLANNED, SplitState.PROCESSING, SplitState.SPLIT, SplitState.UNFROZEN, SplitState.OWED}
    ),
    SplitState.PROCESSING: frozenset({SplitState.SPLIT, SplitState.UNFROZEN, SplitState.OWED}),
    SplitState.SPLIT: frozenset(),
    SplitState.UNFROZEN: frozenset(),
    SplitState.OWED: frozenset(),
}


class ReturnState(StrEnum):
    """Where a return of a share is. ``failed``: the channel gave up, and the next attempt has a number of its own.

    ``owed``: it is too late for the channel, so the receiver owes it to the payee.
    """

    REQUESTED = "requested"
    ASKED = "asked"
    PROCESSING = "processing"
    RETURNED = "returned"
    FAILED = "failed"
    OWED = "owed"


RETURN_TRANSITIONS: dict[ReturnState, frozenset[ReturnState]] = {
    ReturnState.REQUESTED: frozenset({ReturnState.ASKED}),
    ReturnState.ASKED: frozenset(
        {ReturnState.REQUESTED, ReturnState.PROCESSING, ReturnState.RETURNED, ReturnState.FAILED}
    ),
    ReturnState.PROCESSING: frozenset({ReturnState.RETURNED, ReturnState.FAILED}),
    ReturnState.RETURNED: frozenset(),
    ReturnState.FAILED: frozenset(),
    ReturnState.OWED: frozenset(),
}


class Split(Model):
    """The one split of a payment. The channel knows it by ``number`` and, from the second round on, ``-round``.

    ``due_fen`` is the share of what the payment still held, ``base_fen``, when it was computed. Once it is asked for,
    ``amount_fen`` of it goes to the receiver (0: the money is only unfrozen) and ``owed_fen`` exceeds the limit.
    ``owner`` is the staff number of who looks after it.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    round = fields.SmallIntField(default=1)
    payment: fields.OneToOneRelation[Payment] = fields.OneToOneField(
        "longchuan.Payment", related_name=False, on_delete=fields.RESTRICT
    )
    due_fen = fields.BigIntField()
    base_fen = fields.BigIntField()
    amount_fen = fields.BigIntField(null=True)
    owed_fen = fields.BigIntField(default=0)
    state = fields.CharEnumField(SplitState, max_length=10, default=SplitState.PLANNED)
    order_id = fields.CharField(max_length=64, null=True)
    attempts = fields.IntField(default=0)
    refusals = fields.IntField(default=0)
    next_attempt_at = fields.DatetimeField(null=True)
    failure = fields.CharField(max_length=80, null=True)
    owner = fields.CharField(max_length=24, null=True)
    note = fields.CharField(max_length=200, default="")
    planned_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payment_split"
        indexes = (
            PartialIndex(fields=("next_attempt_at",), condition={"finished_at": None}, name="payment_split_due"),
            Index(fields=("state", "id"), name="payment_split_state"),
        )
        constraints = (
            CheckConstraint(
                check="base_fen > 0 AND due_fen BETWEEN 0 AND base_fen AND owed_fen >= 0"
                " AND (amount_fen IS NULL OR amount_fen + owed_fen = due_fen)",
                name="payment_split_amounts",
            ),
            CheckConstraint(
                check="(state IN ('split', 'unfrozen', 'owed')) = (finished_at IS NOT NULL)"
                " AND (state = 'planned' OR amount_fen IS NOT NULL)",
                name="payment_split_finished",
            ),
        )


class SplitReturn(Model):
    """What a refund takes back of a split: ``amount_fen`` comes back at the channel, ``waived_fen`` is owed no more.

    A refund that has failed for good takes nothing: ``owed_again_fen`` is what the payee owes since, and
    ``kept_fen`` of an owed ``amount_fen`` the receiver keeps.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    split: fields.ForeignKeyRelation[Split] = fields.ForeignKeyField(
        "longchuan.Split", related_name=False, on_delete=fields.RESTRICT
    )
    refund: fields.ForeignKeyRelation[Refund] = fields.ForeignKeyField(
        "longchuan.Refund", related_name=False, on_delete=fields.RESTRICT
    )
    attempt = fields.SmallIntField(default=1)
    amount_fen = fields.BigIntField()
    waived_fen = fields.BigIntField(default=0)
    owed_again_fen = fields.BigIntField(default=0)
    kept_fen = fields.BigIntField(default=0)
    state = fields.CharEnumField(ReturnState, max_length=10, default=ReturnState.REQUESTED)
    return_id = fields.CharField(max_length=64, null=True)
    attempts = fields.IntField(default=0)
    next_attempt_at = fields.DatetimeField(null=True)
    failure = fields.CharField(max_length=80, null=True)
    requested_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payment_split_return"
        indexes = (
            PartialIndex(fields=("next_attempt_at",), condition={"finished_at": None}, name="payment_split_return_due"),
            Index(fields=("split_id", "id"), name="payment_split_return_split"),
        )
        constraints = (
            UniqueConstraint(fields=("refund_id", "attempt"), name="payment_split_return_once"),
            CheckConstraint(
                check="amount_fen >= 0 AND waived_fen >= 0 AND owed_again_fen >= 0"
                " AND kept_fen BETWEEN 0 AND amount_fen"
                " AND (state IN ('returned', 'owed') OR owed_again_fen = 0) AND (state = 'owed' OR kept_fen = 0)",
                name="payment_split_return_amounts",
            ),
            CheckConstraint(
                check="(state IN ('returned', 'failed', 'owed')) = (finished_at IS NOT NULL)",
                name="payment_split_return_finished",
            ),
        )


class ShareReceiver(Model):
    """That the channel knows ``account`` as a receiver of the shares of ``sub_mchid``."""

    id = fields.BigIntField(primary_key=True)
    sub_mchid = fields.CharField(max_length=32)
    account = fields.CharField(max_length=32)
    registered_at = fields.DatetimeField()

    class Meta:
        table = "share_receiver"
        constraints = (UniqueConstraint(fields=("sub_mchid", "account"), name="share_receiver_once"),)
