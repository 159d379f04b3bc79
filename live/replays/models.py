"""Tables of what is made of a recording."""

from tortoise import fields
from tortoise.fields.base import OnDelete

from kit.models import Model
from live.models import ArchiveState, LiveSession


class ClipFile(Model):
    """The file of one clip that somebody has asked for. ``chapter`` counts the session's pins from 1."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    chapter = fields.IntField()
    asked_by = fields.CharField(max_length=120)
    asked_at = fields.DatetimeField()
    archive_state = fields.CharEnumField(ArchiveState, max_length=12, default=ArchiveState.WAITING)
    attempts = fields.IntField(default=0)
    next_attempt_at = fields.DatetimeField()
    file_bytes = fields.BigIntField(null=True)
    sha256 = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "live_clip_file"
        unique_together = (("session_id", "chapter"),)
