"""What holds upon people, and their erasures, have in common."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class Hold(Model):
    """That nothing of somebody may be destroyed, by a paper, until somebody else lifts it."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    document = fields.CharField(max_length=120)
    placed_by = fields.CharField(max_length=60)
    placed_at = fields.DatetimeField()
    released_by = fields.CharField(max_length=60, null=True)
    released_at = fields.DatetimeField(null=True)
    release_document = fields.CharField(max_length=120, null=True)

    class Meta:
        """No table."""

        abstract = True


def hold_constraints(table: str) -> tuple[CheckConstraint, ...]:
    """A hold is lifted whole, and by another account."""
    return (
        CheckConstraint(
            check="num_nonnulls(released_by, released_at, release_document) IN (0, 3)", name=f"{table}_released_whole"
        ),
        CheckConstraint(check="released_by IS NULL OR released_by <> placed_by", name=f"{table}_two_persons"),
    )


def erasure_constraints(table: str, of: str) -> tuple[CheckConstraint | UniqueConstraint, ...]:
    """One erasure of somebody is under way; it is decided whole, and approved by another account."""
    return (
        UniqueConstraint(fields=(of,), name=f"{table}_open", condition="state IN ('proposed', 'approved')"),
        CheckConstraint(
            check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)"
            " AND (state = 'erased') = (erased_at IS NOT NULL)",
            name=f"{table}_whole",
        ),
        CheckConstraint(
            check="state NOT IN ('approved', 'erased') OR decided_by <> proposed_by", name=f"{table}_two_persons"
        ),
    )
