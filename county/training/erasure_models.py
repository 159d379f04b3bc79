"""Holds upon people of the project, and their erasures."""

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from county.training.models import ProjectPerson
from kit.models import Model
from poverty_alleviation.retention.models import Erasure


class ProjectPersonHold(Model):
    """That nothing of a person may be destroyed, by a paper, until somebody else lifts it."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    person: fields.ForeignKeyRelation[ProjectPerson] = fields.ForeignKeyField(
        "longchuan.ProjectPerson", related_name=False, on_delete=OnDelete.RESTRICT
    )
    document = fields.CharField(max_length=120)
    placed_by = fields.CharField(max_length=60)
    placed_at = fields.DatetimeField()
    released_by = fields.CharField(max_length=60, null=True)
    released_at = fields.DatetimeField(null=True)
    release_document = fields.CharField(max_length=120, null=True)

    class Meta:
        table = "project_person_hold"
        indexes = (Index(fields=("person_id",), name="project_person_hold_of"),)
        constraints = (
            CheckConstraint(
                check="num_nonnulls(released_by, released_at, release_document) IN (0, 3)",
                name="project_person_hold_released_whole",
            ),
            CheckConstraint(
                check="released_by IS NULL OR released_by <> placed_by", name="project_person_hold_two_persons"
            ),
        )


class ProjectPersonErasure(Erasure):
    """One erasure of a person. What is approved a job does (decision 0067)."""

    person: fields.ForeignKeyRelation[ProjectPerson] = fields.ForeignKeyField(
        "longchuan.ProjectPerson", related_name=False, on_delete=OnDelete.RESTRICT
    )

    class Meta:
        table = "project_person_erasure"
        constraints = (
            UniqueConstraint(
                fields=("person_id",), name="project_person_erasure_open", condition="state IN ('proposed', 'approved')"
            ),
            CheckConstraint(
                check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)"
                " AND (state = 'erased') = (erased_at IS NOT NULL)",
                name="project_person_erasure_whole",
            ),
            CheckConstraint(
                check="state NOT IN ('approved', 'erased') OR decided_by <> proposed_by",
                name="project_person_erasure_two_persons",
            ),
        )
