"""Terms of retention, holds, and erasures of households."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from poverty_alleviation.models import Household


class RetentionClass(StrEnum):
    """What has a term. Of a household: names, papers and accounts; words about it; photographs. And people who were
    trained, incubated or employed by the project, and hosts of live sessions."""

    REGISTER = "register"
    WORDS = "words"
    PHOTOGRAPHS = "photographs"
    TRAINED = "trained"
    HOSTS = "hosts"


OF_HOUSEHOLDS = frozenset({RetentionClass.REGISTER, RetentionClass.WORDS, RetentionClass.PHOTOGRAPHS})


class RetentionRule(Model):
    """For how many days after the last matter a class is kept. Only added: of a class the newest holds."""

    id = fields.BigIntField(primary_key=True)
    kept = fields.CharEnumField(RetentionClass, max_length=12)
    days = fields.IntField()
    valid_from = fields.DateField()
    basis = fields.CharField(max_length=120)
    source = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "retention_rule"
        constraints = (CheckConstraint(check="days BETWEEN 1 AND 36525", name="retention_rule_days"),)


class HouseholdHold(Model):
    """That nothing of a household may be destroyed, for a reason and by a paper, until somebody else lifts it."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    document = fields.CharField(max_length=120)
    placed_by = fields.CharField(max_length=60)
    placed_at = fields.DatetimeField()
    released_by = fields.CharField(max_length=60, null=True)
    released_at = fields.DatetimeField(null=True)
    release_document = fields.CharField(max_length=120, null=True)

    class Meta:
        table = "household_hold"
        indexes = (Index(fields=("household_id",), name="household_hold_of"),)
        constraints = (
            CheckConstraint(
                check="num_nonnulls(released_by, released_at, release_document) IN (0, 3)",
                name="household_hold_released_whole",
            ),
            CheckConstraint(check="released_by IS NULL OR released_by <> placed_by", name="household_hold_two_persons"),
        )


class ErasureGround(StrEnum):
    """Why a household is erased: its time is over, or it has asked for it."""

    RETENTION = "retention"
    REQUEST = "request"


class ErasureState(StrEnum):
    """Where an erasure stands. What is approved is done by a job, as soon as nothing stands against it."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    ERASED = "erased"


ERASURE_TRANSITIONS: dict[ErasureState, frozenset[ErasureState]] = {
    ErasureState.PROPOSED: frozenset({ErasureState.APPROVED, ErasureState.REFUSED}),
    ErasureState.APPROVED: frozenset({ErasureState.ERASED}),
    ErasureState.REFUSED: frozenset(),
    ErasureState.ERASED: frozenset(),
}


class Erasure(Model):
    """Of every erasure: who asked and who decided, by which paper."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    ground = fields.CharEnumField(ErasureGround, max_length=12)
    state = fields.CharEnumField(ErasureState, max_length=8)
    document = fields.CharField(max_length=120)
    proposed_by = fields.CharField(max_length=60)
    proposed_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_note = fields.CharField(max_length=200, default="")
    erased_at = fields.DatetimeField(null=True)

    class Meta:
        """No table."""

        abstract = True


class HouseholdErasure(Erasure):
    """One erasure of a household, and how much was destroyed of what (``report``)."""

    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    report: fields.Field[dict[str, int] | None] = fields.JSONField(null=True)

    class Meta:
        table = "household_erasure"
        constraints = (
            UniqueConstraint(
                fields=("household_id",), name="household_erasure_open", condition="state IN ('proposed', 'approved')"
            ),
            CheckConstraint(
                check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)"
                " AND (state = 'erased') = (erased_at IS NOT NULL) AND (erased_at IS NULL) = (report IS NULL)",
                name="household_erasure_whole",
            ),
            CheckConstraint(
                check="state NOT IN ('approved', 'erased') OR decided_by <> proposed_by",
                name="household_erasure_two_persons",
            ),
        )
