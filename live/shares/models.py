"""Codes that lead into a room. What is in one is a key and says nothing of anybody."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from live.models import LiveSession


class ShareKind(StrEnum):
    """A viewer's own code, one for each session; or one that the host has made for a place, which its note names."""

    VIEWER = "viewer"
    PLACE = "place"


class ShareCode(Model):
    """One code, the scene of its mini-program code, and its figures. ``caller`` made it; None once erased.

    ``opens`` counts looks, ``viewers`` different persons whom this code brought first, ``orders`` and ``pieces`` what
    those persons have paid for in this room; refunds take nothing off.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=16, unique=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    kind = fields.CharEnumField(ShareKind, max_length=6)
    note = fields.CharField(max_length=60, default="")
    caller = fields.CharField(max_length=120, null=True, db_index=True)
    made_at = fields.DatetimeField()
    opens = fields.IntField(default=0)
    viewers = fields.IntField(default=0)
    orders = fields.IntField(default=0)
    pieces = fields.IntField(default=0)

    class Meta:
        table = "live_share_code"
        constraints = (
            UniqueConstraint(fields=("session_id", "caller"), name="live_share_once", condition="kind = 'viewer'"),
            CheckConstraint(check="code ~ '^[0-9A-Z]{16}$'", name="live_share_shape"),
            CheckConstraint(check="(kind = 'place') = (note <> '')", name="live_share_note"),
        )


class SharedVisit(Model):
    """Who came by which code first, by the room's name of the person; nobody else can tell whose it is."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    viewer = fields.CharField(max_length=26)
    share: fields.ForeignKeyRelation[ShareCode] = fields.ForeignKeyField(
        "longchuan.ShareCode", related_name=False, on_delete=OnDelete.RESTRICT
    )
    came_at = fields.DatetimeField()

    class Meta:
        table = "live_shared_visit"
        unique_together = (("session_id", "viewer"),)
