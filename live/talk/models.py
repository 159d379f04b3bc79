"""Tables of what is said in a room: its rules, who may not speak or watch, and what was done about it by whom."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model
from live.models import LiveSession


class RoomTalk(Model):
    """The rules of a session's talk and its likes; without a row everybody may speak, at the usual pace.

    ``slow_mode_s`` seconds lie between two messages of one viewer.
    """

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    slow_mode_s = fields.SmallIntField(default=0)
    is_closed = fields.BooleanField(default=False)
    likes = fields.BigIntField(default=0)

    class Meta:
        table = "live_talk"
        unique_together = (("session_id",),)
        constraints = (CheckConstraint(check="slow_mode_s BETWEEN 0 AND 60 AND likes >= 0", name="live_talk_bounds"),)


class RoomKeyword(Model):
    """A word that may not be said in this room, as the filter sees it; on top of the county's list."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    word = fields.CharField(max_length=40)

    class Meta:
        table = "live_keyword"
        unique_together = (("session_id", "word"),)


class RestrictionKind(StrEnum):
    """May not speak; may neither speak nor watch."""

    MUTE = "mute"
    BAN = "ban"


class RoomRestriction(Model):
    """What a viewer may not do in a room, until a moment or (None) for as long as the room is there.

    ``author`` is the caller whose messages these were, ``viewer`` what the room calls the same person. ``noted_at`` is
    when it began: while play addresses from before are good, they are refused.
    """

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    author = fields.CharField(max_length=120, db_index=True)
    viewer = fields.CharField(max_length=26)
    kind = fields.CharEnumField(RestrictionKind, max_length=8)
    until = fields.DatetimeField(null=True)
    noted_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "live_restriction"
        unique_together = (("session_id", "viewer", "kind"),)
        constraints = (CheckConstraint(check="(kind = 'mute') = (until IS NOT NULL)", name="live_restriction_span"),)


class ModerationStep(Model):
    """One act of a host or an officer in a room. Rows are only ever added: they are the evidence.

    ``viewer`` is the room's name of whom it was about, ``offset`` the message; ``before`` and ``after`` what changed.
    """

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    at = fields.DatetimeField()
    by = fields.CharField(max_length=120)
    act = fields.CharField(max_length=20)
    viewer = fields.CharField(max_length=26, null=True)
    offset = fields.BigIntField(null=True)
    reason = fields.CharField(max_length=200)
    before: fields.Field[dict[str, object]] = fields.JSONField()
    after: fields.Field[dict[str, object]] = fields.JSONField()

    class Meta:
        table = "live_moderation_step"
        indexes = (Index(fields=("session_id", "id"), name="live_moderation_of_session"),)


class RoomViewer(Model):
    """Somebody who was in a room while it was on air, by the room's name of the person; nobody else can tell whose."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    viewer = fields.CharField(max_length=26)

    class Meta:
        table = "live_viewer"
        unique_together = (("session_id", "viewer"),)


class AudienceMinute(Model):
    """A minute of a room on air: the most who watched at once in it, and how many different viewers until then."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    minute = fields.DatetimeField()
    viewers = fields.IntField()
    distinct_viewers = fields.IntField()

    class Meta:
        table = "live_audience_minute"
        unique_together = (("session_id", "minute"),)
