"""Addresses, freight templates and their versions."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class DeliveryAddress(Model):
    """One address of an opaque owner. Who, phone and street are sealed, each bound to this row and its column."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    owner = fields.CharField(max_length=32)
    recipient = fields.BinaryField()
    phone = fields.BinaryField()
    street = fields.BinaryField()
    region = fields.CharField(max_length=6)
    region_name = fields.CharField(max_length=60)
    is_default = fields.BooleanField(default=False)
    entered_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "delivery_address"
        indexes = (Index(fields=("owner", "id"), name="delivery_address_owner"),)
        constraints = (
            CheckConstraint(check="region ~ '^[1-9][0-9]{5}$'", name="delivery_address_region"),
            UniqueConstraint(fields=("owner",), condition="is_default", name="delivery_address_one_default"),
        )


class FreightUnit(StrEnum):
    """What freight is counted by."""

    PIECE = "piece"
    WEIGHT = "weight"


class FreightTemplate(Model):
    """A merchant's way of charging freight; the versions say how. Retired: no product may take it up any more."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=24, unique=True)
    merchant = fields.CharField(max_length=32)
    made_at = fields.DatetimeField()
    made_by = fields.CharField(max_length=120)
    retired_at = fields.DatetimeField(null=True)
    retired_by = fields.CharField(max_length=120, null=True)

    class Meta:
        table = "freight_template"
        indexes = (Index(fields=("merchant", "id"), name="freight_template_merchant"),)


class FreightVersion(Model):
    """What a template says from a moment on; a change is the next version, and orders keep the one they used.

    ``terms`` holds the rules and the regions that are not served, as :mod:`logistics.freight` reads them.
    """

    id = fields.BigIntField(primary_key=True)
    template: fields.ForeignKeyRelation[FreightTemplate] = fields.ForeignKeyField(
        "longchuan.FreightTemplate", related_name=False, on_delete=OnDelete.RESTRICT
    )
    version = fields.IntField()
    name = fields.CharField(max_length=40)
    unit = fields.CharEnumField(FreightUnit, max_length=10)
    terms: fields.Field[dict[str, object]] = fields.JSONField()
    effective_from = fields.DatetimeField()
    made_by = fields.CharField(max_length=120)

    class Meta:
        table = "freight_version"
        unique_together = (("template_id", "version"),)
        constraints = (CheckConstraint(check="version BETWEEN 1 AND 1000", name="freight_version_number"),)
