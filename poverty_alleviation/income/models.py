"""Agreements under which a household is paid for a period, what was worked, and the sheets by which it was paid."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model
from poverty_alleviation.allocation import IncomeCategory
from poverty_alleviation.models import Household


class AgreementKind(StrEnum):
    """What a household gives: somebody's work, a share's capital, or a thing let."""

    EMPLOYMENT = "employment"
    SHARE = "share"
    LEASE = "lease"


class SheetKind(StrEnum):
    """What a sheet pays (domain reference 2.4)."""

    WAGE = "wage"
    DIVIDEND = "dividend"
    RENT = "rent"
    RETURN = "return"


class IncomeSheetState(StrEnum):
    """Where a sheet stands. Only an approved one is in the books."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


SHEET_TRANSITIONS: dict[IncomeSheetState, frozenset[IncomeSheetState]] = {
    IncomeSheetState.PROPOSED: frozenset({IncomeSheetState.APPROVED, IncomeSheetState.REFUSED}),
    IncomeSheetState.APPROVED: frozenset(),
    IncomeSheetState.REFUSED: frozenset(),
}


class HouseholdAgreement(Model):
    """Days on which a household is paid by somebody for something, by a document.

    ``payer`` is the number of a merchant or the code of a site; ``about`` says in words the work, what was contributed,
    or the thing let. ``member`` is who works, ``workshop`` the number of the payer's workshop where that is.
    ``rent_fen`` is due every ``every_months`` months, first in the month in which the lease begins. ``agreed_from`` is
    the first day as it was agreed: earlier than ``valid_from`` where the agreement came over from another household.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    kind = fields.CharEnumField(AgreementKind, max_length=12)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    payer = fields.CharField(max_length=32)
    about = fields.CharField(max_length=60)
    member = fields.CharField(max_length=40, null=True)
    workshop = fields.CharField(max_length=32, null=True)
    shares = fields.BigIntField(null=True)
    rent_fen = fields.BigIntField(null=True)
    every_months = fields.SmallIntField(null=True)
    document = fields.CharField(max_length=120)
    agreed_from = fields.DateField()
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "household_agreement"
        indexes = (
            Index(fields=("household_id",), name="household_agreement_of"),
            Index(fields=("payer", "kind"), name="household_agreement_payer"),
        )
        constraints = (
            CheckConstraint(
                check="(valid_until IS NULL OR valid_until > valid_from) AND agreed_from <= valid_from",
                name="household_agreement_span",
            ),
            CheckConstraint(
                check="(kind = 'employment') = (member IS NOT NULL) AND (kind = 'share') = (shares IS NOT NULL)"
                " AND (kind = 'lease') = (rent_fen IS NOT NULL) AND (rent_fen IS NULL) = (every_months IS NULL)"
                " AND (shares IS NULL OR shares > 0) AND (rent_fen IS NULL OR rent_fen > 0)"
                " AND (every_months IS NULL OR every_months BETWEEN 1 AND 60)"
                " AND (workshop IS NULL OR kind = 'employment')",
                name="household_agreement_whole",
            ),
        )


class Attendance(Model):
    """What was worked under an employment in a month. Only added: of one month the newest row holds."""

    id = fields.BigIntField(primary_key=True)
    agreement: fields.ForeignKeyRelation[HouseholdAgreement] = fields.ForeignKeyField(
        "longchuan.HouseholdAgreement", related_name=False, on_delete=OnDelete.RESTRICT
    )
    period = fields.CharField(max_length=7)
    half_days = fields.SmallIntField()
    pieces = fields.IntField()
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "attendance"
        indexes = (Index(fields=("agreement_id", "period"), name="attendance_of"),)
        constraints = (
            CheckConstraint(check="half_days BETWEEN 0 AND 62 AND pieces >= 0", name="attendance_possible"),
            CheckConstraint(check="period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'", name="attendance_month"),
        )


class IncomeSheet(Model):
    """What one payer has paid several households for a month: written by one account, decided by another.

    ``document`` is the wage sheet, the resolution, the notice or the list; ``slip`` the bank's. ``rule`` is the version
    of the benefit rule by which a return was computed, ``as_of`` the day whose shares a dividend was divided by.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    kind = fields.CharEnumField(SheetKind, max_length=10)
    state = fields.CharEnumField(IncomeSheetState, max_length=8)
    payer = fields.CharField(max_length=32)
    period = fields.CharField(max_length=7)
    category = fields.CharEnumField(IncomeCategory, max_length=12)
    rule = fields.CharField(max_length=60, default="")
    as_of = fields.DateField(null=True)
    total_fen = fields.BigIntField()
    document = fields.CharField(max_length=120)
    slip = fields.CharField(max_length=80)
    paid_on = fields.DateField()
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "income_sheet"
        indexes = (Index(fields=("payer", "period"), name="income_sheet_of"),)
        constraints = (
            CheckConstraint(check="state <> 'approved' OR decided_by <> made_by", name="income_sheet_two_persons"),
            CheckConstraint(
                check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
                name="income_sheet_decided_whole",
            ),
            CheckConstraint(
                check="CASE kind WHEN 'wage' THEN category = 'wage' WHEN 'return' THEN category IN"
                " ('production', 'transfer') ELSE category = 'property' END AND (kind = 'return') = (rule <> '')"
                " AND (kind = 'dividend') = (as_of IS NOT NULL)",
                name="income_sheet_category",
            ),
            CheckConstraint(check="total_fen > 0", name="income_sheet_total"),
        )


class IncomeLine(Model):
    """One household's part of a sheet: for which agreement, or by which rule, and from what it was computed.

    ``weight`` is half days and pieces worked, the shares, the fen of attributed sales; 0 for a rent, which is agreed.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=40, unique=True)
    sheet: fields.ForeignKeyRelation[IncomeSheet] = fields.ForeignKeyField(
        "longchuan.IncomeSheet", related_name=False, on_delete=OnDelete.RESTRICT
    )
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    reference = fields.CharField(max_length=60)
    weight = fields.BigIntField()
    amount_fen = fields.BigIntField()

    class Meta:
        table = "income_line"
        unique_together = (("sheet", "household", "reference"),)
        indexes = (Index(fields=("reference",), name="income_line_reference"),)
        constraints = (CheckConstraint(check="amount_fen > 0 AND weight >= 0", name="income_line_amount"),)
