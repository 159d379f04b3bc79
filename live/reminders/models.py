"""Wishes to be told of a beginning. A row lives until its person is told that the session begins or was called off."""

from tortoise import fields
from tortoise.fields.base import OnDelete

from kit.models import Model
from live.models import LiveSession


class Reminder(Model):
    """A consumer wants to be told once when a session begins, or that it does not."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    consumer = fields.CharField(max_length=32, db_index=True)
    asked_at = fields.DatetimeField()

    class Meta:
        table = "live_reminder"
        unique_together = (("session_id", "consumer"),)
