"""A share that was counted on a day, and by whom it consists: marks alone, in the vault."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from poverty_alleviation.models import Household


class ShareCircle(StrEnum):
    """Of which people: who works at the project's sites (domain reference T12), who was trained (R02)."""

    STAFF = "staff"
    TRAINEES = "trainees"


class AssistedShareState(StrEnum):
    """Where a share stands. Only an approved one is read outside the poverty office."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


SHARE_TRANSITIONS: dict[AssistedShareState, frozenset[AssistedShareState]] = {
    AssistedShareState.PROPOSED: frozenset({AssistedShareState.APPROVED, AssistedShareState.REFUSED}),
    AssistedShareState.APPROVED: frozenset(),
    AssistedShareState.REFUSED: frozenset(),
}


class AssistedShare(Model):
    """Of ``persons`` on ``day`` so many were ``assisted``. Counted when it was proposed; nobody enters a number.

    ``is_shown``: neither the count nor what it would tell beside an earlier one is too small to be read by others.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    circle = fields.CharEnumField(ShareCircle, max_length=8)
    day = fields.DateField()
    persons = fields.IntField()
    assisted = fields.IntField()
    is_shown = fields.BooleanField()
    state = fields.CharEnumField(AssistedShareState, max_length=8)
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "assisted_share"
        constraints = (
            UniqueConstraint(fields=("circle",), name="assisted_share_one_open", condition="state = 'proposed'"),
            CheckConstraint(check="assisted BETWEEN 0 AND persons AND persons > 0", name="assisted_share_part"),
            CheckConstraint(check="state <> 'approved' OR decided_by <> made_by", name="assisted_share_two_persons"),
            CheckConstraint(
                check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
                name="assisted_share_decided_whole",
            ),
        )


class AssistedSharePerson(Model):
    """One of the people, by the blind index of the register alone; of which household, when it was assisted."""

    id = fields.BigIntField(primary_key=True)
    share: fields.ForeignKeyRelation[AssistedShare] = fields.ForeignKeyField(
        "longchuan.AssistedShare", related_name=False, on_delete=OnDelete.RESTRICT
    )
    mark = fields.BinaryField(null=True)
    household: fields.ForeignKeyNullableRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT, null=True, db_index=True
    )

    class Meta:
        table = "assisted_share_person"
        indexes = (Index(fields=("share_id",), name="assisted_share_person_of"),)
