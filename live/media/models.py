"""Tables of taking pictures in."""

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint

from kit.models import Model
from live.media.vitals import WarningKind
from live.models import LiveSession, SessionState


class SessionBan(Model):
    """An officer has cut a session: who, why, when, and in which state it was. Never changed, never deleted."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    actor = fields.CharField(max_length=120)
    reason = fields.CharField(max_length=500)
    state_before = fields.CharEnumField(SessionState, max_length=16)
    banned_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "live_session_ban"
        unique_together = (("session_id",),)


class Vitals(Model):
    """How a session's pictures and sound arrived at ``measured_at``; the last values alone are kept.

    ``delay_ms`` is how much later they arrived than the best of this publish did: the host's line holds them up.
    ``frame_rate_milli`` counts thousandths of a picture per second, ``sound_level_milli`` thousandths of a dB of full
    scale (the root mean square of the last second).
    """

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    measured_at = fields.DatetimeField()
    bits_per_s = fields.BigIntField()
    frame_rate_milli = fields.IntField()
    key_frame_interval_ms = fields.IntField(null=True)
    key_frame_age_ms = fields.BigIntField(null=True)
    delay_ms = fields.BigIntField()
    sound_level_milli = fields.IntField(null=True)

    class Meta:
        table = "live_vitals"
        unique_together = (("session_id",),)


class HostWarning(Model):
    """Something was wrong with a session's pictures or sound from one moment to another."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    kind = fields.CharEnumField(WarningKind, max_length=16)
    begun_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "live_host_warning"
        indexes = (Index(fields=("session_id", "begun_at")),)
        constraints = (
            UniqueConstraint(fields=("session_id", "kind"), name="live_one_warning", condition="ended_at IS NULL"),
        )


class Rehearsal(Model):
    """A host tries picture and sound before the broadcast. ``client`` is the connection that publishes now.

    Over when ``ended_at`` is set, and done with when its pictures are deleted: ``cleared_at``.
    """

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    begun_at = fields.DatetimeField()
    client = fields.CharField(max_length=32, null=True)
    address = fields.CharField(max_length=64, null=True)
    published_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    cleared_at = fields.DatetimeField(null=True)

    class Meta:
        table = "live_rehearsal"
        constraints = (
            UniqueConstraint(fields=("session_id",), name="live_one_rehearsal", condition="cleared_at IS NULL"),
        )


class Rung(Model):
    """A host has asked for a smaller rendition; ``running_since`` is set while there are pictures of it."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    asked_by = fields.CharField(max_length=60)
    asked_at = fields.DatetimeField()
    running_since = fields.DatetimeField(null=True)
    given_up_by = fields.CharField(max_length=60, null=True)
    given_up_at = fields.DatetimeField(null=True)

    class Meta:
        table = "live_rung"
        constraints = (UniqueConstraint(fields=("session_id",), name="live_one_rung", condition="given_up_at IS NULL"),)


class CloudCopy(Model):
    """A session that is handed on to the cloud. ``push_key`` names the push that the cloud told of last."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    wanted_at = fields.DatetimeField()
    push_key = fields.CharField(max_length=64, null=True)
    begun_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    forbidden_at = fields.DatetimeField(null=True)

    class Meta:
        table = "live_cloud_copy"
        unique_together = (("session_id",),)


class CloudNotice(Model):
    """A notice of the cloud that was believed; the same one is not believed twice."""

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=120, unique=True)
    received_at = fields.DatetimeField()

    class Meta:
        table = "live_cloud_notice"


class CloudRecording(Model):
    """A file that the cloud has made of a session; ours beside it is the evidence."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    file_id = fields.CharField(max_length=64, unique=True)
    url = fields.CharField(max_length=500)
    size_bytes = fields.BigIntField()
    duration_s = fields.BigIntField()
    begun_at = fields.DatetimeField()
    ended_at = fields.DatetimeField()

    class Meta:
        table = "live_cloud_recording"


class SpaceCount(Model):
    """What a walk over the kept pictures and files has come to, and what was reckoned at that moment, in octets."""

    id = fields.BigIntField(primary_key=True)
    counted_at = fields.DatetimeField()
    walked_bytes = fields.BigIntField()
    reckoned_bytes = fields.BigIntField()

    class Meta:
        table = "live_space_count"


class RelayTarget(Model):
    """Another platform that a session is handed on to. Its address holds a key and stands sealed; ``server`` is shown.

    ``running_since`` is set while it is handed on, ``failed_at`` when that ended by itself the last time.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    title = fields.CharField(max_length=40)
    server = fields.CharField(max_length=253)
    address_sealed = fields.BinaryField()
    created_at = fields.DatetimeField()
    removed_at = fields.DatetimeField(null=True)
    running_since = fields.DatetimeField(null=True)
    failed_at = fields.DatetimeField(null=True)
    failures = fields.IntField(default=0)

    class Meta:
        table = "live_relay_target"
        indexes = (Index(fields=("session_id",)),)
