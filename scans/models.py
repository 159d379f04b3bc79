"""Scan codes."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


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
