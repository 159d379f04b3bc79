"""Calls, photographed sheets, and disputes with the rows that they hold."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from poverty_alleviation.models import Household
from poverty_alleviation.statements.models import HouseholdStatement


class CallAnswer(StrEnum):
    """What came of a call. Only who agrees confirms."""

    AGREED = "agreed"
    DISAGREED = "disagreed"
    NOT_REACHED = "not_reached"


class StatementCall(Model):
    """One call about a statement: who called, when, what was read out, what was answered. Never changed."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    statement: fields.ForeignKeyRelation[HouseholdStatement] = fields.ForeignKeyField(
        "longchuan.HouseholdStatement", related_name=False, on_delete=OnDelete.RESTRICT
    )
    called_at = fields.DatetimeField()
    script = fields.CharField(max_length=500)
    answer = fields.CharEnumField(CallAnswer, max_length=12)
    note = fields.CharField(max_length=300, default="")
    called_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "statement_call"


class SheetState(StrEnum):
    """Its code was not read; it is filed under its statement; a person has seen it signed, or not."""

    UNREAD = "unread"
    FILED = "filed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


SHEET_TRANSITIONS: dict[SheetState, frozenset[SheetState]] = {
    SheetState.UNREAD: frozenset({SheetState.FILED, SheetState.REJECTED}),
    SheetState.FILED: frozenset({SheetState.FILED, SheetState.ACCEPTED, SheetState.REJECTED}),
    SheetState.ACCEPTED: frozenset({SheetState.FILED}),
    SheetState.REJECTED: frozenset({SheetState.FILED}),
}
"""What is filed already, accepted or rejected is filed anew, by a person, and its filing before stays as it was."""


class Unfiled(StrEnum):
    """Why a picture did not file itself: no code in it, a code of no statement, two sheets in one picture."""

    NO_CODE = "no_code"
    NO_STATEMENT = "no_statement"
    SEVERAL_SHEETS = "several_sheets"


class StatementSheet(Model):
    """One photographed sheet under the number of its evidence. ``filed_by`` is null when its code filed it.

    ``unfiled``: why its code did not. ``filings``: how often it was filed anew; who did so last does not accept it.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=26, unique=True)
    state = fields.CharEnumField(SheetState, max_length=8)
    statement: fields.ForeignKeyNullableRelation[HouseholdStatement] = fields.ForeignKeyField(
        "longchuan.HouseholdStatement", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    taken_by = fields.CharField(max_length=60)
    taken_at = fields.DatetimeField()
    unfiled = fields.CharEnumField(Unfiled, max_length=14, null=True)
    filed_by = fields.CharField(max_length=60, null=True)
    filings = fields.SmallIntField(default=0)
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    signed_on = fields.DateField(null=True)
    note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "statement_sheet"
        indexes = (Index(fields=("state", "id"), name="statement_sheet_state"),)
        constraints = (
            CheckConstraint(
                check="state NOT IN ('filed', 'accepted') OR statement_id IS NOT NULL", name="statement_sheet_filed"
            ),
            CheckConstraint(
                check="(state IN ('accepted', 'rejected')) = (decided_at IS NOT NULL)"
                " AND (decided_at IS NULL) = (decided_by IS NULL)",
                name="statement_sheet_decided",
            ),
            CheckConstraint(check="(state = 'accepted') = (signed_on IS NOT NULL)", name="statement_sheet_signed"),
            CheckConstraint(check="state <> 'unread' OR unfiled IS NOT NULL", name="statement_sheet_unfiled"),
            CheckConstraint(
                check="filings = 0 OR filed_by IS NOT NULL AND (state <> 'accepted' OR decided_by <> filed_by)",
                name="statement_sheet_two_persons",
            ),
        )


class EarlierFiling(Model):
    """A filing of a sheet as it stood when a person filed the sheet anew: the ``place``-th. Only added."""

    id = fields.BigIntField(primary_key=True)
    sheet: fields.ForeignKeyRelation[StatementSheet] = fields.ForeignKeyField(
        "longchuan.StatementSheet", related_name=False, on_delete=OnDelete.RESTRICT
    )
    place = fields.SmallIntField()
    state = fields.CharEnumField(SheetState, max_length=8)
    statement: fields.ForeignKeyNullableRelation[HouseholdStatement] = fields.ForeignKeyField(
        "longchuan.HouseholdStatement", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    filed_by = fields.CharField(max_length=60, null=True)
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    signed_on = fields.DateField(null=True)
    note = fields.CharField(max_length=200, default="")
    replaced_by = fields.CharField(max_length=60)
    replaced_at = fields.DatetimeField()

    class Meta:
        table = "earlier_filing"
        unique_together = (("sheet", "place"),)


class DisputeState(StrEnum):
    """Where a household's objection stands. Its rows are held until it is settled or rejected."""

    OPEN = "open"
    ANSWERED = "answered"
    SETTLED = "settled"
    REJECTED = "rejected"


DISPUTE_TRANSITIONS: dict[DisputeState, frozenset[DisputeState]] = {
    DisputeState.OPEN: frozenset({DisputeState.ANSWERED}),
    DisputeState.ANSWERED: frozenset({DisputeState.SETTLED, DisputeState.REJECTED}),
    DisputeState.SETTLED: frozenset(),
    DisputeState.REJECTED: frozenset(),
}


class IncomeDispute(Model):
    """A household says that rows of its income are wrong. ``correction`` is the one that settled it, if one did."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    state = fields.CharEnumField(DisputeState, max_length=8)
    reason = fields.CharField(max_length=500)
    opened_by = fields.CharField(max_length=60)
    opened_at = fields.DatetimeField()
    answer = fields.CharField(max_length=500, default="")
    answered_by = fields.CharField(max_length=60, null=True)
    answered_at = fields.DatetimeField(null=True)
    verdict = fields.CharField(max_length=500, default="")
    correction = fields.CharField(max_length=32, null=True)
    closed_by = fields.CharField(max_length=60, null=True)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "income_dispute"
        indexes = (Index(fields=("state", "id"), name="income_dispute_state"),)
        constraints = (
            CheckConstraint(
                check="(state IN ('settled', 'rejected')) = (closed_at IS NOT NULL)"
                " AND (closed_at IS NULL) = (closed_by IS NULL)",
                name="income_dispute_closed",
            ),
            CheckConstraint(check="correction IS NULL OR state = 'settled'", name="income_dispute_correction"),
        )


class DisputedKind(StrEnum):
    """What a row is: money paid out, goods paid at the scale, a line of a sheet of income (wages, dividends, rents,
    returns), an order line that is earned and not paid, or a claim on the household."""

    PAYOUT = "payout"
    INTAKE = "intake"
    PERIOD_INCOME = "period_income"
    LINE = "line"
    CLAWBACK = "clawback"


class DisputedRow(Model):
    """A row of one household that is held until ``released_at``: by one dispute at a time.

    A line is several households' at once; ``household_code`` says whose part of it is held.
    """

    id = fields.BigIntField(primary_key=True)
    dispute: fields.ForeignKeyRelation[IncomeDispute] = fields.ForeignKeyField(
        "longchuan.IncomeDispute", related_name=False, on_delete=OnDelete.RESTRICT
    )
    household_code = fields.CharField(max_length=40)
    kind = fields.CharEnumField(DisputedKind, max_length=16)
    source_id = fields.CharField(max_length=80)
    amount_fen = fields.BigIntField()
    released_at = fields.DatetimeField(null=True)

    class Meta:
        table = "disputed_row"
        unique_together = (("dispute", "kind", "source_id"),)
        constraints = (
            UniqueConstraint(
                fields=("kind", "source_id", "household_code"),
                name="disputed_row_held_once",
                condition="released_at IS NULL",
            ),
        )
