"""Demonstrations, and the help of a household: who gives it, what was seen and asked for, and what was done."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from poverty_alleviation.models import Household


class DemonstrationKind(StrEnum):
    """Whom it names (domain reference T17, T18): a merchant, or a household."""

    ENTERPRISE = "enterprise"
    HOUSEHOLD = "household"


class DemonstrationState(StrEnum):
    """Where it stands. Only an approved one counts, on its days."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


DEMONSTRATION_TRANSITIONS: dict[DemonstrationState, frozenset[DemonstrationState]] = {
    DemonstrationState.PROPOSED: frozenset({DemonstrationState.APPROVED, DemonstrationState.REFUSED}),
    DemonstrationState.APPROVED: frozenset(),
    DemonstrationState.REFUSED: frozenset(),
}


class Demonstration(Model):
    """One enterprise or household that others are shown. ``named`` is a merchant's number or a household's code."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    kind = fields.CharEnumField(DemonstrationKind, max_length=10)
    named = fields.CharField(max_length=40)
    state = fields.CharEnumField(DemonstrationState, max_length=8)
    criteria = fields.CharField(max_length=300)
    document = fields.CharField(max_length=120)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_note = fields.CharField(max_length=200, default="")
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "demonstration"
        constraints = (
            UniqueConstraint(
                fields=("kind", "named"), name="demonstration_one_proposal", condition="state = 'proposed'"
            ),
            CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="demonstration_span"),
            CheckConstraint(check="state <> 'approved' OR decided_by <> made_by", name="demonstration_two_persons"),
            CheckConstraint(
                check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)"
                " AND (ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL OR state = 'approved')",
                name="demonstration_decided_whole",
            ),
        )


class NeedState(StrEnum):
    """Where a need stands."""

    RAISED = "raised"
    ANSWERED = "answered"
    MET = "met"
    REFUSED = "refused"


NEED_TRANSITIONS: dict[NeedState, frozenset[NeedState]] = {
    NeedState.RAISED: frozenset({NeedState.ANSWERED, NeedState.REFUSED}),
    NeedState.ANSWERED: frozenset({NeedState.MET, NeedState.REFUSED}),
    NeedState.MET: frozenset(),
    NeedState.REFUSED: frozenset(),
}


class Helper(Model):
    """Somebody of a unit who is responsible for the help of households (AK11, AC08). Holds no account by that.

    Whoever changes unit, post or phone is entered again.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name_cipher = fields.BinaryField()
    phone_cipher = fields.BinaryField()
    unit = fields.CharField(max_length=60)
    post = fields.CharField(max_length=60)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "helper"


class HelpSpan(Model):
    """Days on which a helper is responsible for a household, by a document."""

    id = fields.BigIntField(primary_key=True)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    helper: fields.ForeignKeyRelation[Helper] = fields.ForeignKeyField(
        "longchuan.Helper", related_name=False, on_delete=OnDelete.RESTRICT
    )
    document = fields.CharField(max_length=120)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "help_span"
        indexes = (
            Index(fields=("household_id",), name="help_span_household"),
            Index(fields=("helper_id",), name="help_span_helper"),
        )
        constraints = (CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="help_span_span"),)


class HouseholdVisit(Model):
    """That somebody was at a household and what was seen; without a helper it was the officer who wrote it down."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    helper: fields.ForeignKeyNullableRelation[Helper] = fields.ForeignKeyField(
        "longchuan.Helper", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    visited_on = fields.DateField()
    seen = fields.CharField(max_length=500)
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "household_visit"
        indexes = (Index(fields=("household_id",), name="household_visit_of"),)


class HelpMeasure(Model):
    """What is done for a household from a day on, against which risk, and what public money it took, in fen.

    ``kind`` and ``risk`` are codes of labels (measure, cause). The money is no income and in no book.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    kind = fields.CharField(max_length=20)
    risk = fields.CharField(max_length=20, null=True)
    about = fields.CharField(max_length=120)
    funds_fen = fields.BigIntField()
    funds_source = fields.CharField(max_length=60)
    document = fields.CharField(max_length=120)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    result = fields.CharField(max_length=200, default="")
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "help_measure"
        indexes = (Index(fields=("household_id",), name="help_measure_of"),)
        constraints = (
            CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="help_measure_span"),
            CheckConstraint(
                check="funds_fen >= 0 AND (funds_fen = 0) = (funds_source = '')", name="help_measure_funds"
            ),
            CheckConstraint(
                check="(valid_until IS NULL) = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)"
                " AND (ended_at IS NULL) = (result = '')",
                name="help_measure_ended_whole",
            ),
        )


class MeasureFit(Model):
    """Whether a kind of measure answers a risk, by a document. Only added: of both the newest row holds.

    Against a risk without any row every kind may be taken.
    """

    id = fields.BigIntField(primary_key=True)
    measure = fields.CharField(max_length=20)
    risk = fields.CharField(max_length=20)
    fits = fields.BooleanField()
    source = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "measure_fit"
        indexes = (Index(fields=("risk", "measure"), name="measure_fit_of"),)


class HouseholdNeed(Model):
    """What a household asks for, on a day, by itself or at a visit; ``kind`` is the label of a measure."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    visit: fields.ForeignKeyNullableRelation[HouseholdVisit] = fields.ForeignKeyField(
        "longchuan.HouseholdVisit", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    state = fields.CharEnumField(NeedState, max_length=8)
    kind = fields.CharField(max_length=20)
    said = fields.CharField(max_length=500)
    raised_on = fields.DateField()
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "household_need"
        indexes = (
            Index(fields=("household_id",), name="household_need_of"),
            Index(fields=("state",), name="household_need_state"),
        )


class NeedStep(Model):
    """One step of a need: what it came to, in words, and the measure that answers it. Only added."""

    id = fields.BigIntField(primary_key=True)
    need: fields.ForeignKeyRelation[HouseholdNeed] = fields.ForeignKeyField(
        "longchuan.HouseholdNeed", related_name=False, on_delete=OnDelete.RESTRICT
    )
    state = fields.CharEnumField(NeedState, max_length=8)
    measure: fields.ForeignKeyNullableRelation[HelpMeasure] = fields.ForeignKeyField(
        "longchuan.HelpMeasure", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    note = fields.CharField(max_length=300)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "need_step"
        unique_together = (("need", "state"),)


class Workshop(Model):
    """An idle house or land where people are given work, registered by a document from a day on (P04).

    ``site`` is the code of the site that it belongs to, ``operator`` the merchant or the site that pays the wages.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=60)
    site = fields.CharField(max_length=40)
    operator = fields.CharField(max_length=40)
    asset = fields.CharField(max_length=60)
    lease_document = fields.CharField(max_length=120)
    document = fields.CharField(max_length=120)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "workshop"
        constraints = (
            CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="workshop_span"),
            CheckConstraint(
                check="(ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL OR valid_until IS NOT NULL)",
                name="workshop_ended_whole",
            ),
        )
