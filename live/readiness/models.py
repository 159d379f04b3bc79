"""What the gate before the air leaves behind. All of it is evidence and only ever added."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index

from kit.models import Model
from live.models import LiveSession


class ReverificationKind(StrEnum):
    """An officer has seen the host again, or the host has declared to be the one on record."""

    OFFICER = "officer"
    DECLARATION = "declaration"


class SessionReverification(Model):
    """That the host of this session is who the roster says, shortly before it (live reference 5: 动态核验)."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    kind = fields.CharEnumField(ReverificationKind, max_length=11)
    document = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "session_reverification"


class ShelfSignOff(Model):
    """An officer has looked at a product of the shelf and found nothing against it.

    It holds for the place on the shelf (``item``) and for what was seen: title and list price, in fen, which stood
    since ``price_standing_since``. Another title, another price or another place needs another one.
    """

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    item = fields.BigIntField()
    code = fields.CharField(max_length=64)
    title = fields.CharField(max_length=120)
    list_price_fen = fields.BigIntField()
    price_standing_since = fields.DatetimeField(null=True)
    signed_by = fields.CharField(max_length=60)
    signed_at = fields.DatetimeField()

    class Meta:
        table = "shelf_sign_off"
        indexes = (Index(fields=("session_id", "item"), name="shelf_sign_off_item"),)


class SessionClearance(Model):
    """That a session was found ready: on whose word, for which day, and with which products on its shelf."""

    id = fields.BigIntField(primary_key=True)
    session: fields.OneToOneRelation[LiveSession] = fields.OneToOneField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    planned_at = fields.DatetimeField()
    shelf: fields.Field[list[str]] = fields.JSONField()
    cleared_by = fields.CharField(max_length=60)
    cleared_at = fields.DatetimeField()

    class Meta:
        table = "session_clearance"
