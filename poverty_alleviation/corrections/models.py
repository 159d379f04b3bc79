"""Corrections: proposed by one, decided by another."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model


class CorrectionState(StrEnum):
    """Where a correction stands. Only an approved one is in the books."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


CORRECTION_TRANSITIONS: dict[CorrectionState, frozenset[CorrectionState]] = {
    CorrectionState.PROPOSED: frozenset({CorrectionState.APPROVED, CorrectionState.REFUSED}),
    CorrectionState.APPROVED: frozenset(),
    CorrectionState.REFUSED: frozenset(),
}


class CorrectionKind(StrEnum):
    """What is corrected, and so how.

    A delivery paid at the scale, a settlement, a payout, a line of a sheet of income and a claim on a household are
    journals of their own and are reversed; a delivery may be booked anew with it, as of a day. An order line is
    re-based: a plain reversal of one of its journals would be undone by its next fact, which posts target − posted.
    """

    INTAKE = "intake"
    SETTLEMENT = "settlement"
    CHANNEL_SETTLEMENT = "channel_settlement"
    PAYOUT = "payout"
    PERIOD_INCOME = "period_income"
    CLAWBACK = "clawback"
    LINE = "line"


class CorrectionReason(StrEnum):
    """Why."""

    WRONG_HOUSEHOLD = "wrong_household"
    WRONG_LOT = "wrong_lot"
    WRONG_RULE = "wrong_rule"
    WRONG_RECORD = "wrong_record"
    RECORDED_TWICE = "recorded_twice"
    MONEY_CAME_BACK = "money_came_back"


class Correction(Model):
    """One correction. ``target`` is the delivery's, payout's or line's number, or the source of the settlement.

    A line's ``lots`` and ``rules``, or a delivery's ``income`` (``ScaleIncome``), are the basis that is proposed,
    computed as of the day ``as_of``; ``basis_was`` is the SHA-256 of the one that it replaces, so that what is approved
    is what was read.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    state = fields.CharEnumField(CorrectionState, max_length=8)
    kind = fields.CharEnumField(CorrectionKind, max_length=20)
    target = fields.CharField(max_length=80)
    as_of = fields.DateField(null=True)
    lots: fields.Field[list[object] | None] = fields.JSONField(null=True)
    rules: fields.Field[list[object] | None] = fields.JSONField(null=True)
    income: fields.Field[dict[str, object] | None] = fields.JSONField(null=True)
    basis_was = fields.CharField(max_length=64, null=True)
    reason = fields.CharEnumField(CorrectionReason, max_length=20)
    evidence = fields.CharField(max_length=200)
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "correction"
        indexes = (Index(fields=("kind", "target"), name="correction_target"),)
        constraints = (
            CheckConstraint(check="state <> 'approved' OR decided_by <> made_by", name="correction_two_persons"),
            CheckConstraint(
                check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
                name="correction_decided_whole",
            ),
            CheckConstraint(
                check="CASE kind WHEN 'line' THEN as_of IS NOT NULL WHEN 'intake' THEN true ELSE as_of IS NULL END"
                " AND (kind = 'line') = (lots IS NOT NULL) AND (lots IS NULL) = (rules IS NULL)"
                " AND (kind = 'intake' AND as_of IS NOT NULL) = (income IS NOT NULL)"
                " AND (as_of IS NULL) = (basis_was IS NULL)",
                name="correction_basis_whole",
            ),
            CheckConstraint(check="evidence <> ''", name="correction_evidence"),
        )
