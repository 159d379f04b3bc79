"""The issued statement of a household and a quarter."""

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model
from poverty_alleviation.models import Household


class HouseholdStatement(Model):
    """One household's quarter, issued once its months are closed. Text and digest never change.

    ``page_hash`` is the SHA-256 of what its code leads to; ``attempts`` counts wrong second factors in a row.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    quarter = fields.CharField(max_length=7)
    text = fields.TextField()
    digest = fields.CharField(max_length=64)
    page_hash = fields.CharField(max_length=64, unique=True)
    issued_by = fields.CharField(max_length=120)
    issued_at = fields.DatetimeField()
    attempts = fields.IntField(default=0)
    blocked_until = fields.DatetimeField(null=True)

    class Meta:
        table = "household_statement"
        unique_together = (("household", "quarter"),)
        constraints = (
            CheckConstraint(check="quarter ~ '^[0-9]{4}-Q[1-4]$'", name="household_statement_quarter"),
            CheckConstraint(check="attempts >= 0", name="household_statement_attempts"),
        )
