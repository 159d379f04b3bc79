"""What merchants hold back for refunds, and what is claimed back from households."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from poverty_alleviation.models import Household


class ReserveTerm(Model):
    """What part of its own share of a line a merchant leaves in its reserve, and for how many days after the line is
    earned. It holds for lines earned from a day on, until the next row. Only added; 0 basis points end it."""

    id = fields.BigIntField(primary_key=True)
    merchant = fields.CharField(max_length=32)
    basis_points = fields.IntField()
    hold_days = fields.IntField()
    valid_from = fields.DateField()
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "reserve_term"
        unique_together = (("merchant", "valid_from"),)
        constraints = (
            CheckConstraint(
                check="basis_points BETWEEN 0 AND 10000 AND hold_days BETWEEN 1 AND 365", name="reserve_term_numbers"
            ),
        )


class ClawbackState(StrEnum):
    """Where a claim stands. Only an approved one is in the books."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


CLAWBACK_TRANSITIONS: dict[ClawbackState, frozenset[ClawbackState]] = {
    ClawbackState.PROPOSED: frozenset({ClawbackState.APPROVED, ClawbackState.REFUSED}),
    ClawbackState.APPROVED: frozenset(),
    ClawbackState.REFUSED: frozenset(),
}


class ClawbackFault(StrEnum):
    """What the household is found to have done."""

    GOODS_OF_OTHERS = "goods_of_others"
    ADULTERATED = "adulterated"
    SHORT_WEIGHT = "short_weight"
    OVER_LIMIT = "over_limit"


class Clawback(Model):
    """A claim that a household gives back what the reserve bore for it on one order line.

    ``finding`` names the paper by which the fault was found.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    state = fields.CharEnumField(ClawbackState, max_length=8)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    order_line = fields.CharField(max_length=80)
    merchant = fields.CharField(max_length=32)
    amount_fen = fields.BigIntField()
    fault = fields.CharEnumField(ClawbackFault, max_length=16)
    finding = fields.CharField(max_length=200)
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "clawback"
        indexes = (Index(fields=("state", "id"), name="clawback_state"),)
        constraints = (
            UniqueConstraint(
                fields=("order_line", "household_id"), name="clawback_one_proposal", condition="state = 'proposed'"
            ),
            CheckConstraint(check="amount_fen > 0", name="clawback_amount"),
            CheckConstraint(check="finding <> ''", name="clawback_finding"),
            CheckConstraint(check="state <> 'approved' OR decided_by <> made_by", name="clawback_two_persons"),
            CheckConstraint(
                check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
                name="clawback_decided_whole",
            ),
        )


class ClawbackOffset(Model):
    """What was set off against a claim at once: earned by the household later, and not paid out. Only added."""

    id = fields.BigIntField(primary_key=True)
    clawback: fields.ForeignKeyRelation[Clawback] = fields.ForeignKeyField(
        "longchuan.Clawback", related_name=False, on_delete=OnDelete.RESTRICT
    )
    position = fields.IntField()
    amount_fen = fields.BigIntField()
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()

    class Meta:
        table = "clawback_offset"
        unique_together = (("clawback", "position"),)
        constraints = (CheckConstraint(check="amount_fen > 0 AND position > 0", name="clawback_offset_amount"),)
