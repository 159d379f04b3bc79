"""A special fund in lines. Budgets and payments are proposed by one account and decided by another; nothing is edited.

All money is in fen. What a line has paid is summed from its payments and never kept.
"""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class FundState(StrEnum):
    """Where a budget change or a payment stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


FUND_TRANSITIONS: dict[FundState, frozenset[FundState]] = {
    FundState.PROPOSED: frozenset({FundState.APPROVED, FundState.REFUSED}),
    FundState.APPROVED: frozenset(),
    FundState.REFUSED: frozenset(),
}
"""A payment that should not have been approved is taken back by another one, its reversal."""


class Fund(Model):
    """Money for one project, kept apart from all other (专款专用). Its lines never have more than its total."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=60)
    total_fen = fields.BigIntField()
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "county_fund"
        constraints = (CheckConstraint(check="total_fen > 0", name="county_fund_total"),)


class FundLine(Model):
    """What part of a fund is for: scope, standard and procedure as the arrangement of funds says (F03).

    ``budget_fen`` moves by approved changes alone and is the sum of their moves.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    fund: fields.ForeignKeyRelation[Fund] = fields.ForeignKeyField(
        "longchuan.Fund", related_name=False, on_delete=OnDelete.RESTRICT
    )
    name = fields.CharField(max_length=60)
    scope = fields.CharField(max_length=200)
    standard = fields.CharField(max_length=200)
    procedure = fields.CharField(max_length=200)
    budget_fen = fields.BigIntField(default=0)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "fund_line"
        unique_together = (("fund_id", "name"),)
        constraints = (CheckConstraint(check="budget_fen >= 0", name="fund_line_budget"),)


class FundChange(Model):
    """The first arrangement of a fund, more for a line, or money moved between lines."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    fund: fields.ForeignKeyRelation[Fund] = fields.ForeignKeyField(
        "longchuan.Fund", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    document = fields.CharField(max_length=120)
    state = fields.CharEnumField(FundState, max_length=8)
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "fund_change"
        constraints = (
            CheckConstraint(check="state <> 'approved' OR decided_by <> made_by", name="fund_change_two_persons"),
            CheckConstraint(
                check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
                name="fund_change_decided_whole",
            ),
        )


class FundMove(Model):
    """What a change does to one line."""

    id = fields.BigIntField(primary_key=True)
    change: fields.ForeignKeyRelation[FundChange] = fields.ForeignKeyField(
        "longchuan.FundChange", related_name=False, on_delete=OnDelete.RESTRICT
    )
    line: fields.ForeignKeyRelation[FundLine] = fields.ForeignKeyField(
        "longchuan.FundLine", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    delta_fen = fields.BigIntField()

    class Meta:
        table = "fund_move"
        unique_together = (("change_id", "line_id"),)
        constraints = (CheckConstraint(check="delta_fen <> 0", name="fund_move_moves"),)


class FundPayment(Model):
    """A payment out of a line, to an organisation, under a clause of the rules of the fund (F09).

    ``reverses``: it takes an approved payment back, and its amount is that one's below zero.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    line: fields.ForeignKeyRelation[FundLine] = fields.ForeignKeyField(
        "longchuan.FundLine", related_name=False, on_delete=OnDelete.RESTRICT
    )
    payee = fields.CharField(max_length=60)
    amount_fen = fields.BigIntField()
    purpose = fields.CharField(max_length=200)
    clause = fields.CharField(max_length=120)
    evidence = fields.CharField(max_length=200)
    reverses: fields.ForeignKeyNullableRelation["FundPayment"] = fields.ForeignKeyField(
        "longchuan.FundPayment", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    state = fields.CharEnumField(FundState, max_length=8)
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "fund_payment"
        indexes = (Index(fields=("line_id", "id"), name="fund_payment_line"),)
        constraints = (
            CheckConstraint(check="state <> 'approved' OR decided_by <> made_by", name="fund_payment_two_persons"),
            CheckConstraint(
                check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
                name="fund_payment_decided_whole",
            ),
            CheckConstraint(
                check="amount_fen <> 0 AND (amount_fen < 0) = (reverses_id IS NOT NULL)", name="fund_payment_sign"
            ),
            UniqueConstraint(
                fields=("reverses_id",), name="fund_payment_reversed_once", condition="state <> 'refused'"
            ),
        )


class FundBankPayment(Model):
    """What the bank says was paid, a fact. Below zero: money that came back.

    ``payment``: the approved payment that it carried out; without one it counts on its own.
    """

    id = fields.BigIntField(primary_key=True)
    reference = fields.CharField(max_length=64, unique=True)
    line: fields.ForeignKeyRelation[FundLine] = fields.ForeignKeyField(
        "longchuan.FundLine", related_name=False, on_delete=OnDelete.RESTRICT
    )
    payment: fields.OneToOneNullableRelation[FundPayment] = fields.OneToOneField(
        "longchuan.FundPayment", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    payee = fields.CharField(max_length=60)
    amount_fen = fields.BigIntField()
    paid_on = fields.DateField()
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "fund_bank_payment"
        indexes = (Index(fields=("line_id", "id"), name="fund_bank_payment_line"),)
        constraints = (CheckConstraint(check="amount_fen <> 0", name="fund_bank_payment_amount"),)
