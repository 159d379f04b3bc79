"""Holds upon people of the project, and their erasures."""

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index

from county.erasure_models import Hold, erasure_constraints, hold_constraints
from county.training.models import ProjectPerson
from poverty_alleviation.retention.models import Erasure


class ProjectPersonHold(Hold):
    """A hold upon one person."""

    person: fields.ForeignKeyRelation[ProjectPerson] = fields.ForeignKeyField(
        "longchuan.ProjectPerson", related_name=False, on_delete=OnDelete.RESTRICT
    )

    class Meta:
        table = "project_person_hold"
        indexes = (Index(fields=("person_id",), name="project_person_hold_of"),)
        constraints = hold_constraints("project_person_hold")


class ProjectPersonErasure(Erasure):
    """One erasure of a person. What is approved a job does (decision 0067)."""

    person: fields.ForeignKeyRelation[ProjectPerson] = fields.ForeignKeyField(
        "longchuan.ProjectPerson", related_name=False, on_delete=OnDelete.RESTRICT
    )

    class Meta:
        table = "project_person_erasure"
        constraints = erasure_constraints("project_person_erasure", "person_id")
