"""The plan of a session. Its parts are replaced until it is on air; every change stays on record."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from live.models import LiveSession


class AssistantRole(StrEnum):
    """A moderator has the talk alone; a shelf assistant the shelf and the pins."""

    MODERATOR = "moderator"
    SHELF = "shelf"


class SessionPlan(Model):
    """What viewers read before it begins. ``cover`` is a picture's number."""

    id = fields.BigIntField(primary_key=True)
    session: fields.OneToOneRelation[LiveSession] = fields.OneToOneField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    cover = fields.CharField(max_length=26, null=True)
    notice = fields.CharField(max_length=500, default="")

    class Meta:
        table = "session_plan"


class RunDownStep(Model):
    """One product of the run-down: how many minutes, and what is to be said."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    position = fields.SmallIntField()
    code = fields.CharField(max_length=64)
    minutes = fields.SmallIntField()
    script = fields.CharField(max_length=2000)

    class Meta:
        table = "run_down_step"
        unique_together = (("session_id", "position"),)
        constraints = (CheckConstraint(check="minutes > 0", name="run_down_step_minutes"),)


class SessionSlot(Model):
    """Whose goods are sold from one minute of the plan to another, that one excluded."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    merchant = fields.CharField(max_length=64)
    from_minute = fields.SmallIntField()
    until_minute = fields.SmallIntField()

    class Meta:
        table = "session_slot"
        constraints = (
            CheckConstraint(check="from_minute >= 0 AND until_minute > from_minute", name="session_slot_minutes"),
        )


class SessionAssistant(Model):
    """Somebody who helps the host of one session, from when until when, and by whose word."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    account = fields.CharField(max_length=32, db_index=True)
    role = fields.CharEnumField(AssistantRole, max_length=9)
    added_by = fields.CharField(max_length=60)
    added_at = fields.DatetimeField()
    removed_by = fields.CharField(max_length=60, null=True)
    removed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "session_assistant"
        constraints = (
            UniqueConstraint(
                fields=("session_id", "account", "role"), name="session_assistant_once", condition="removed_at IS NULL"
            ),
            CheckConstraint(check="(removed_by IS NULL) = (removed_at IS NULL)", name="session_assistant_removed"),
        )


class PlanChange(Model):
    """A part of a plan as it was and as it became; ``changed_by`` is the account held to it. Only added."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    part = fields.CharField(max_length=12)
    before: fields.Field[object] = fields.JSONField()
    after: fields.Field[object] = fields.JSONField()
    changed_by = fields.CharField(max_length=60)
    changed_at = fields.DatetimeField()

    class Meta:
        table = "plan_change"
