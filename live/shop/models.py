"""Tables of the shop in the room."""

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from live.models import LiveSession


class RoomCoupon(Model):
    """A campaign of coupons while a room showed it, by its number; offsets count in the pictures."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    campaign = fields.CharField(max_length=24)
    shown_at = fields.DatetimeField()
    offset_ms = fields.BigIntField()
    taken_down_at = fields.DatetimeField(null=True)

    class Meta:
        table = "live_room_coupon"
        constraints = (
            UniqueConstraint(
                fields=("session_id", "campaign"), name="live_room_coupon_once", condition="taken_down_at IS NULL"
            ),
        )


class RoomPrice(Model):
    """A price of a SKU in one room for a time, as the room showed it; the ``offer`` of the products' room sells it.

    ``ends_at`` is the server's time; ``ended_at`` is when it was over. Offsets count in the pictures. ``lowest_fen`` is
    the lowest price of the week before (``products.price_evidence``): when it is below ``list_price_fen``, no list
    price was shown beside the room's.
    """

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    code = fields.CharField(max_length=64)
    offer = fields.CharField(max_length=24, unique=True)
    price_fen = fields.BigIntField()
    list_price_fen = fields.BigIntField()
    lowest_fen = fields.BigIntField()
    opened_at = fields.DatetimeField()
    opened_by = fields.CharField(max_length=120)
    offset_ms = fields.BigIntField()
    ends_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    ended_by = fields.CharField(max_length=120, null=True)
    end_offset_ms = fields.BigIntField(null=True)

    class Meta:
        table = "live_room_price"
        constraints = (
            UniqueConstraint(
                fields=("session_id", "code"), name="live_room_price_one_open", condition="ended_at IS NULL"
            ),
            CheckConstraint(check="price_fen BETWEEN 1 AND list_price_fen - 1", name="live_room_price_lower"),
            CheckConstraint(check="(ended_at IS NULL) = (end_offset_ms IS NULL)", name="live_room_price_end"),
        )
