"""Suppliers, intakes, lots and what lines took from them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model

if TYPE_CHECKING:
    from traceability.plots.models import Plot


class SupplierKind(StrEnum):
    """What a supplier is in trade. Never what it is to the poverty office."""

    FARMER = "farmer"
    COOPERATIVE = "cooperative"
    COMPANY = "company"


class IntakeMode(StrEnum):
    """Bought outright with money at the scale, or taken to be sold for the supplier."""

    PAID_AT_SCALE = "paid_at_scale"
    CONSIGNMENT = "consignment"


class LotKind(StrEnum):
    """Where in the chain a lot was made."""

    INTAKE = "intake"
    PACKED = "packed"
    PROCESSED = "processed"


class LotUnit(StrEnum):
    """How a lot is counted: loose goods by mass, packed goods of one size by the piece."""

    GRAM = "gram"
    PIECE = "piece"


class LateReason(StrEnum):
    """Why a line is bound to its lots after it was packed. A few words, so that nothing else can be told by them."""

    SEALED_LATE = "sealed_late"
    NOT_SCANNED = "not_scanned"
    DEVICE_OFFLINE = "device_offline"
    FOUND_BY_CHECK = "found_by_check"


class Supplier(Model):
    """Somebody who delivers goods.

    ``township`` is a division code, ``merchant`` who entered it, if a merchant.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=60)
    kind = fields.CharEnumField(SupplierKind, max_length=12)
    township = fields.CharField(max_length=12)
    merchant = fields.CharField(max_length=32, null=True)
    entered_by = fields.CharField(max_length=60)
    entered_at = fields.DatetimeField()

    class Meta:
        table = "supplier"
        indexes = (Index(fields=("township",), name="supplier_township"),)


class Intake(Model):
    """One delivery: weighed, graded, priced; append-only.

    ``unit_price_fen`` is per kilogram; ``amount_fen`` is price × mass, half a fen rounded up. On
    consignment both are the price that was agreed as a reference, and no money has moved. ``client_id`` is
    chosen by the device, so that a batch sent again after it was offline changes nothing.

    What came from a ``plot`` says when it was harvested, a day in China. ``site`` is the station's code, empty in the
    field; a delivery that was weighed in something has ``gross_gram`` and ``tare_gram``.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    supplier: fields.ForeignKeyRelation[Supplier] = fields.ForeignKeyField(
        "longchuan.Supplier", related_name=False, on_delete=OnDelete.RESTRICT
    )
    merchant = fields.CharField(max_length=32)
    product = fields.CharField(max_length=32)
    mass_gram = fields.BigIntField()
    grade = fields.CharField(max_length=20)
    unit_price_fen = fields.BigIntField()
    amount_fen = fields.BigIntField()
    mode = fields.CharEnumField(IntakeMode, max_length=16)
    evidence = fields.CharField(max_length=200)
    weighed_at = fields.DatetimeField()
    paid_at = fields.DatetimeField(null=True)
    taken_by = fields.CharField(max_length=60)
    township = fields.CharField(max_length=12)
    client_id = fields.CharField(max_length=64)
    received_at = fields.DatetimeField()
    site = fields.CharField(max_length=24, default="")
    plot: fields.ForeignKeyNullableRelation[Plot] = fields.ForeignKeyField(
        "longchuan.Plot", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    harvested_on = fields.DateField(null=True)
    gross_gram = fields.BigIntField(null=True)
    tare_gram = fields.BigIntField(null=True)

    class Meta:
        table = "intake"
        unique_together = (("taken_by", "client_id"),)
        indexes = (Index(fields=("merchant", "product"), name="intake_merchant_product"),)
        constraints = (
            CheckConstraint(check="mass_gram > 0", name="intake_mass"),
            CheckConstraint(check="unit_price_fen >= 0 AND amount_fen >= 0", name="intake_price"),
            CheckConstraint(check="(mode = 'paid_at_scale') = (paid_at IS NOT NULL)", name="intake_paid"),
            CheckConstraint(
                check="mode <> 'paid_at_scale' OR (amount_fen > 0 AND evidence <> '')", name="intake_evidence"
            ),
            CheckConstraint(check="plot_id IS NULL OR harvested_on IS NOT NULL", name="intake_harvest_day"),
            CheckConstraint(
                check="(gross_gram IS NULL) = (tare_gram IS NULL)"
                " AND (gross_gram IS NULL OR (tare_gram >= 0 AND gross_gram - tare_gram = mass_gram))",
                name="intake_gross",
            ),
        )


class Lot(Model):
    """Goods of one product of one merchant, made of contributions; sealed once, then only taken from.

    A processed lot is made of other lots (``traceability.processing``): its ``input_gram`` is what came out.

    ``bound_gram`` is what lines have taken; it moves after sealing, by conditional UPDATE, as does ``held_at``: since
    when nothing may be taken (``traceability.quality``).
    ``piece_gram`` is the mass of one piece of a lot that is counted in pieces; ``best_before`` and ``harvest_*`` are
    days in China; the batch numbers are the producer's own (NY/T 4712-2025).
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    kind = fields.CharEnumField(LotKind, max_length=12)
    product = fields.CharField(max_length=32)
    merchant = fields.CharField(max_length=32)
    input_gram = fields.BigIntField()
    bound_gram = fields.BigIntField(default=0)
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()
    sealed_by = fields.CharField(max_length=60, null=True)
    sealed_at = fields.DatetimeField(null=True)
    unit = fields.CharEnumField(LotUnit, max_length=8, default=LotUnit.GRAM)
    piece_gram = fields.BigIntField(null=True)
    harvest_from = fields.DateField(null=True)
    harvest_until = fields.DateField(null=True)
    best_before = fields.DateField(null=True)
    in_batch_no = fields.CharField(max_length=40, default="")
    out_batch_no = fields.CharField(max_length=40, default="")
    held_at = fields.DatetimeField(null=True)

    class Meta:
        table = "lot"
        indexes = (Index(fields=("merchant", "product"), name="lot_merchant_product"),)
        constraints = (
            CheckConstraint(check="input_gram > 0", name="lot_input"),
            CheckConstraint(check="bound_gram BETWEEN 0 AND input_gram", name="lot_bound"),
            CheckConstraint(check="sealed_at IS NOT NULL OR bound_gram = 0", name="lot_sealed_before_bound"),
            CheckConstraint(
                check="(unit = 'piece') = (piece_gram IS NOT NULL) AND (piece_gram IS NULL OR (piece_gram > 0"
                " AND input_gram % piece_gram = 0))",
                name="lot_pieces",
            ),
            CheckConstraint(
                check="(harvest_from IS NULL) = (harvest_until IS NULL) AND (harvest_until IS NULL"
                " OR (harvest_from <= harvest_until AND (best_before IS NULL OR harvest_until <= best_before)))",
                name="lot_days",
            ),
        )


class LotContribution(Model):
    """What one intake gave to a lot: all of it, and to one lot alone."""

    id = fields.BigIntField(primary_key=True)
    lot: fields.ForeignKeyRelation[Lot] = fields.ForeignKeyField(
        "longchuan.Lot", related_name=False, on_delete=OnDelete.RESTRICT
    )
    intake: fields.OneToOneRelation[Intake] = fields.OneToOneField(
        "longchuan.Intake", related_name=False, on_delete=OnDelete.RESTRICT
    )
    supplier: fields.ForeignKeyRelation[Supplier] = fields.ForeignKeyField(
        "longchuan.Supplier", related_name=False, on_delete=OnDelete.RESTRICT
    )
    mass_gram = fields.BigIntField()

    class Meta:
        table = "lot_contribution"
        indexes = (Index(fields=("lot_id",), name="lot_contribution_lot"),)
        constraints = (CheckConstraint(check="mass_gram > 0", name="lot_contribution_mass"),)


class LineLot(Model):
    """What an order line took from a lot. ``line`` is an opaque reference; ``mass_gram`` is of all pieces.

    ``late_reason`` and ``late_by`` say why and by whom it was bound only after the line had been packed.
    """

    id = fields.BigIntField(primary_key=True)
    line = fields.CharField(max_length=80)
    lot: fields.ForeignKeyRelation[Lot] = fields.ForeignKeyField(
        "longchuan.Lot", related_name=False, on_delete=OnDelete.RESTRICT
    )
    quantity = fields.IntField()
    mass_gram = fields.BigIntField()
    bound_at = fields.DatetimeField()
    late_reason = fields.CharEnumField(LateReason, max_length=20, null=True)
    late_by = fields.CharField(max_length=60, null=True)

    class Meta:
        table = "line_lot"
        unique_together = (("line", "lot"),)
        constraints = (
            CheckConstraint(check="quantity > 0 AND mass_gram > 0", name="line_lot_quantity"),
            CheckConstraint(check="(late_reason IS NULL) = (late_by IS NULL)", name="line_lot_late"),
        )
