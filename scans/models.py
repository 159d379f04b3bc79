"""Scan codes and labels."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from traceability.models import Lot


class ScanPlace(StrEnum):
    """Where a code hangs."""

    SHELF = "shelf"
    LABEL = "label"
    LIVE_SCREEN = "live_screen"


class ScanCode(Model):
    """One printed code. ``code`` is all that is in it, and the scene of the mini-program code: a key, never data."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=20, unique=True)
    place = fields.CharEnumField(ScanPlace, max_length=12)
    note = fields.CharField(max_length=60)
    product = fields.CharField(max_length=40)
    merchant = fields.CharField(max_length=32)
    made_by = fields.CharField(max_length=120)
    made_at = fields.DatetimeField()
    retired_at = fields.DatetimeField(null=True)

    class Meta:
        table = "scan_code"
        indexes = (Index(fields=("merchant", "id"), name="scan_code_of_merchant"),)
        constraints = (CheckConstraint(check="code ~ '^[0-9A-Z]{16}$'", name="scan_code_shape"),)


class TraceLabel(Model):
    """What is printed on the pieces of a sealed lot. Without a serial it is the same on every piece of the SKU.

    ``gtin`` is the SKU's on the day on which the label was made: what is printed does not change. Rows only come.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=20, unique=True)
    lot: fields.ForeignKeyRelation[Lot] = fields.ForeignKeyField(
        "longchuan.Lot", related_name=False, on_delete=OnDelete.RESTRICT
    )
    sku = fields.CharField(max_length=24)
    gtin = fields.CharField(max_length=14, null=True)
    serial = fields.CharField(max_length=20, null=True)
    batch = fields.CharField(max_length=32)
    made_by = fields.CharField(max_length=120)
    made_at = fields.DatetimeField()

    class Meta:
        table = "trace_label"
        indexes = (
            Index(fields=("lot_id", "serial"), name="trace_label_serial"),
            Index(fields=("batch", "id"), name="trace_label_batch"),
        )
        constraints = (
            CheckConstraint(check="code ~ '^[0-9A-Z]{16}$'", name="trace_label_shape"),
            UniqueConstraint(fields=("lot_id", "sku"), condition="serial IS NULL", name="trace_label_of_lot"),
        )


class LabelScan(Model):
    """When a label was first scanned and how often since; nothing about who did."""

    id = fields.BigIntField(primary_key=True)
    label: fields.OneToOneRelation[TraceLabel] = fields.OneToOneField(
        "longchuan.TraceLabel", related_name=False, on_delete=OnDelete.RESTRICT
    )
    first_at = fields.DatetimeField()
    count = fields.IntField()

    class Meta:
        table = "label_scan"
        constraints = (CheckConstraint(check="count > 0", name="label_scan_count"),)
