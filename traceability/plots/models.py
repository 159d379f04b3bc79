"""Crops, plots and norms of yield."""

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model
from traceability.models import Supplier


class Crop(Model):
    """What may grow on a plot, as the county names it."""

    code = fields.CharField(max_length=24, primary_key=True)
    name = fields.CharField(max_length=40)

    class Meta:
        table = "crop"


class Plot(Model):
    """A supplier's land under one crop, from a day on. It has a village and an extent and no position.

    ``village`` is a division code of 12 digits, ``area_mu_milli`` thousandths of a mu, ``merchant`` who entered it, if
    a merchant. ``valid_*`` are days in China, the last one included; other land or another crop is another plot.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    supplier: fields.ForeignKeyRelation[Supplier] = fields.ForeignKeyField(
        "longchuan.Supplier", related_name=False, on_delete=OnDelete.RESTRICT
    )
    village = fields.CharField(max_length=12)
    crop: fields.ForeignKeyRelation[Crop] = fields.ForeignKeyField(
        "longchuan.Crop", related_name=False, on_delete=OnDelete.RESTRICT
    )
    area_mu_milli = fields.BigIntField()
    trees = fields.IntField(null=True)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    merchant = fields.CharField(max_length=32, null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "plot"
        indexes = (Index(fields=("supplier_id",), name="plot_supplier"),)
        constraints = (
            CheckConstraint(
                check="area_mu_milli > 0 AND (trees IS NULL OR trees > 0) AND length(village) = 12", name="plot_extent"
            ),
            CheckConstraint(
                check="valid_until >= valid_from AND (valid_until IS NULL) = (ended_at IS NULL)"
                " AND (ended_at IS NULL) = (ended_by IS NULL)",
                name="plot_span",
            ),
        )


class YieldNorm(Model):
    """How much of a crop is plausible in a year, from a day on until the next row; never changed, with its source."""

    id = fields.BigIntField(primary_key=True)
    crop: fields.ForeignKeyRelation[Crop] = fields.ForeignKeyField(
        "longchuan.Crop", related_name=False, on_delete=OnDelete.RESTRICT
    )
    max_gram_per_mu = fields.BigIntField()
    max_gram_per_tree = fields.BigIntField(null=True)
    effective_from = fields.DateField()
    source_document = fields.CharField(max_length=200)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "yield_norm"
        unique_together = (("crop", "effective_from"),)
        constraints = (
            CheckConstraint(
                check="max_gram_per_mu > 0 AND (max_gram_per_tree IS NULL OR max_gram_per_tree > 0)",
                name="yield_norm_mass",
            ),
        )
