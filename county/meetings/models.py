"""Which meetings are due how often, and the meetings that were held. Rows are only added."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model


class MeetingKind(StrEnum):
    """What the plan makes a rhythm of: joint meetings of two levels (G02), inspections (E01), reviews (E03)."""

    JOINT_LEADERS = "joint_leaders"
    JOINT_DEPUTIES = "joint_deputies"
    INSPECTION = "inspection"
    REVIEW = "review"


class MeetingRhythm(Model):
    """From a day on: once in so many calendar months a meeting of this kind is due; 0: none any more."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharEnumField(MeetingKind, max_length=16)
    every_months = fields.SmallIntField()
    valid_from = fields.DateField()
    source = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "meeting_rhythm"
        unique_together = (("kind", "valid_from"),)
        constraints = (CheckConstraint(check="every_months IN (0, 1, 2, 3, 6, 12)", name="meeting_rhythm_months"),)


class Meeting(Model):
    """A meeting with its minutes. ``matters`` are problems, each with its solution and who sees to it."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    kind = fields.CharEnumField(MeetingKind, max_length=16)
    held_on = fields.DateField()
    convener = fields.CharField(max_length=60)
    summary = fields.CharField(max_length=500)
    matters: fields.Field[list[object]] = fields.JSONField()
    minutes = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "meeting"
        indexes = (Index(fields=("kind", "held_on"), name="meeting_kind"),)
