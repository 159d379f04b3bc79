"""Recipes, runs, what a run consumed, and the shares that its lot inherits."""

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model
from traceability.models import Intake, Lot, Supplier


class Recipe(Model):
    """How a merchant makes a product. It never changes: another way is another recipe, and a run keeps its own.

    ``max_yield_bp``: at most so many basis points of the input's mass come out. ``document`` says where that is from.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    merchant = fields.CharField(max_length=32)
    product = fields.CharField(max_length=32)
    inputs: fields.Field[list[str]] = fields.JSONField()
    max_yield_bp = fields.IntField()
    document = fields.CharField(max_length=120)
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()

    class Meta:
        table = "recipe"
        indexes = (Index(fields=("merchant", "id"), name="recipe_merchant"),)
        constraints = (CheckConstraint(check="max_yield_bp BETWEEN 1 AND 100000", name="recipe_yield"),)


class ProcessRun(Model):
    """One run of a recipe, which made one lot."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    recipe: fields.ForeignKeyRelation[Recipe] = fields.ForeignKeyField(
        "longchuan.Recipe", related_name=False, on_delete=OnDelete.RESTRICT
    )
    lot: fields.OneToOneRelation[Lot] = fields.OneToOneField(
        "longchuan.Lot", related_name=False, on_delete=OnDelete.RESTRICT
    )
    finished_at = fields.DatetimeField()
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()

    class Meta:
        table = "process_run"


class ProcessInput(Model):
    """What a run took from a lot, in gram."""

    id = fields.BigIntField(primary_key=True)
    run: fields.ForeignKeyRelation[ProcessRun] = fields.ForeignKeyField(
        "longchuan.ProcessRun", related_name=False, on_delete=OnDelete.RESTRICT
    )
    lot: fields.ForeignKeyRelation[Lot] = fields.ForeignKeyField(
        "longchuan.Lot", related_name=False, on_delete=OnDelete.RESTRICT
    )
    mass_gram = fields.BigIntField()

    class Meta:
        table = "process_input"
        unique_together = (("run", "lot"),)
        constraints = (CheckConstraint(check="mass_gram > 0", name="process_input_mass"),)


class InheritedShare(Model):
    """A delivery's exact part of a processed lot: ``weight`` of the sum of the lot's weights, in lowest terms.

    Weights are whole numbers and no grams: they say proportions exactly, where grams would have to be rounded.
    """

    id = fields.BigIntField(primary_key=True)
    lot: fields.ForeignKeyRelation[Lot] = fields.ForeignKeyField(
        "longchuan.Lot", related_name=False, on_delete=OnDelete.RESTRICT
    )
    intake: fields.ForeignKeyRelation[Intake] = fields.ForeignKeyField(
        "longchuan.Intake", related_name=False, on_delete=OnDelete.RESTRICT
    )
    supplier: fields.ForeignKeyRelation[Supplier] = fields.ForeignKeyField(
        "longchuan.Supplier", related_name=False, on_delete=OnDelete.RESTRICT
    )
    weight = fields.DecimalField(max_digits=200, decimal_places=0)

    class Meta:
        table = "inherited_share"
        unique_together = (("lot", "intake"),)
        constraints = (CheckConstraint(check="weight > 0", name="inherited_share_weight"),)
