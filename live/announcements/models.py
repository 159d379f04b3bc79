"""Announcements of rooms."""

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations.constraints import UniqueConstraint

from kit.models import Model
from live.models import LiveSession


class Announcement(Model):
    """What a host has announced, by its place in the feed. ``replaced_at`` is when it was no longer shown."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    offset = fields.BigIntField()
    text = fields.CharField(max_length=200)
    said_at = fields.DatetimeField()
    replaced_at = fields.DatetimeField(null=True)

    class Meta:
        table = "live_announcement"
        unique_together = (("session_id", "offset"),)
        constraints = (
            UniqueConstraint(fields=("session_id",), name="live_one_announcement", condition="replaced_at IS NULL"),
        )
