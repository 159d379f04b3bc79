"""What was named a demonstration, why, and from when to when."""

from enum import StrEnum

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


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
