"""Waves, their orders, and the lots that were proposed for their lines."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from orders.models import Order


class PackingWave(Model):
    """Orders of one merchant that are picked together. Its number is what is scanned; the first scan is kept."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    merchant = fields.CharField(max_length=32)
    made_by = fields.CharField(max_length=64)
    made_at = fields.DatetimeField()
    confirmed_by = fields.CharField(max_length=64, null=True)
    confirmed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "packing_wave"
        indexes = (Index(fields=("merchant", "id"), name="idx_packing_wave_merchant"),)
        constraints = (
            CheckConstraint(check="(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="ck_packing_wave_confirmed"),
        )


class WaveOrder(Model):
    """One order of a wave: it waits for the scan, and is packed by it or refused with a ``code``.

    An order waits in one wave at a time; one that was refused may come into a later wave.
    """

    id = fields.BigIntField(primary_key=True)
    wave: fields.ForeignKeyRelation[PackingWave] = fields.ForeignKeyField(
        "longchuan.PackingWave", on_delete=fields.RESTRICT, related_name=False
    )
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "longchuan.Order", on_delete=fields.RESTRICT, related_name=False
    )
    packed_at = fields.DatetimeField(null=True)
    refused_code = fields.CharField(max_length=60, null=True)

    class Meta:
        table = "packing_wave_order"
        unique_together = (("wave", "order"),)
        constraints = (
            CheckConstraint(check="packed_at IS NULL OR refused_code IS NULL", name="ck_packing_wave_order_outcome"),
            UniqueConstraint(
                fields=("order_id",),
                name="uq_packing_wave_order_waiting",
                condition="packed_at IS NULL AND refused_code IS NULL",
            ),
        )


class WaveLot(Model):
    """Pieces of a line that are to be taken from a lot; ``line`` and ``lot`` are public numbers."""

    id = fields.BigIntField(primary_key=True)
    wave_order: fields.ForeignKeyRelation[WaveOrder] = fields.ForeignKeyField(
        "longchuan.WaveOrder", on_delete=fields.RESTRICT, related_name=False
    )
    line = fields.CharField(max_length=40)
    lot = fields.CharField(max_length=32)
    quantity = fields.IntField()
    mass_gram = fields.BigIntField()

    class Meta:
        table = "packing_wave_lot"
        unique_together = (("wave_order", "line", "lot"),)
        constraints = (CheckConstraint(check="quantity > 0 AND mass_gram > 0", name="ck_packing_wave_lot_quantity"),)
