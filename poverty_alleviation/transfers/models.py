"""One transfer of one line of a run, under one number for ever."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model
from poverty_alleviation.payout_runs.models import PayoutLine


class TransferState(StrEnum):
    """Where a transfer is. ``asked``: the channel may or may not have it. ``accepted``: it has."""

    PLANNED = "planned"
    ASKED = "asked"
    ACCEPTED = "accepted"
    PAID = "paid"
    FAILED = "failed"


TRANSFER_TRANSITIONS: dict[TransferState, frozenset[TransferState]] = {
    TransferState.PLANNED: frozenset({TransferState.ASKED}),
    TransferState.ASKED: frozenset({TransferState.ACCEPTED, TransferState.PAID, TransferState.FAILED}),
    TransferState.ACCEPTED: frozenset({TransferState.PAID, TransferState.FAILED}),
    TransferState.PAID: frozenset(),
    TransferState.FAILED: frozenset(),
}


class PayoutTransfer(Model):
    """What the channel is asked to pay for one line. ``number`` is the only one that it ever hears of this line.

    ``payer`` is the merchant's number at the channel when it was planned, empty where all goods' money is one
    account's.

    ``refusal`` is the channel's last word against it while nobody knows of it there; ``package`` lets the payee's phone
    agree. A line that failed is due again, and another run gives it another number.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    line: fields.OneToOneRelation[PayoutLine] = fields.OneToOneField(
        "longchuan.PayoutLine", related_name=False, on_delete=OnDelete.RESTRICT
    )
    payer = fields.CharField(max_length=32)
    amount_fen = fields.BigIntField()
    state = fields.CharEnumField(TransferState, max_length=8, default=TransferState.PLANNED)
    attempts = fields.IntField(default=0)
    refusal = fields.CharField(max_length=80, default="")
    package = fields.TextField(default="")
    bill = fields.CharField(max_length=64, default="")
    next_attempt_at = fields.DatetimeField()
    planned_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payout_transfer"
        indexes = (
            PartialIndex(fields=("next_attempt_at",), condition={"finished_at": None}, name="payout_transfer_due"),
            Index(fields=("state", "id"), name="payout_transfer_state"),
        )
        constraints = (
            CheckConstraint(check="amount_fen > 0 AND attempts >= 0", name="payout_transfer_amount"),
            CheckConstraint(
                check="(state IN ('paid', 'failed')) = (finished_at IS NOT NULL)", name="payout_transfer_finished"
            ),
            CheckConstraint(check="state NOT IN ('accepted', 'paid') OR bill <> ''", name="payout_transfer_bill"),
        )
