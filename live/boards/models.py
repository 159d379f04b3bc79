"""Tables of what viewers look at."""

from tortoise import fields
from tortoise.fields.base import OnDelete

from kit.models import Model
from live.models import LiveSession


class ProductViewer(Model):
    """Somebody opened a product in a room on air, by the room's name of the person; once, however often it was."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    code = fields.CharField(max_length=64)
    viewer = fields.CharField(max_length=26)

    class Meta:
        table = "live_product_viewer"
        unique_together = (("session_id", "code", "viewer"),)


class ProductClicks(Model):
    """How many different viewers opened a product; it stays when the names in the room are forgotten."""

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    code = fields.CharField(max_length=64)
    viewers = fields.IntField()

    class Meta:
        table = "live_product_clicks"
        unique_together = (("session_id", "code"),)
