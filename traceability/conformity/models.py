"""Certificates of conformity, one to a lot."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from traceability.models import Lot


class ConformityBasis(StrEnum):
    """What the promise rests on, as the form says it: 自我检测, 委托检测, 质量安全控制, 自我承诺."""

    OWN_TEST = "own_test"
    COMMISSIONED_TEST = "commissioned_test"
    QUALITY_CONTROL = "quality_control"
    OWN_PROMISE = "own_promise"


class ConformityCertificate(Model):
    """What a producer promises of one lot (form of 2020, order 4/2025 of the ministry; domain reference 3.5).

    Everything is copied when it is issued, for the record is kept for years. ``producer`` is the seller's name,
    ``origin`` the townships that the goods came from, ``issued_on`` a day in China.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    lot: fields.ForeignKeyRelation[Lot] = fields.ForeignKeyField(
        "longchuan.Lot", related_name=False, on_delete=OnDelete.RESTRICT
    )
    product_name = fields.CharField(max_length=120)
    mass_gram = fields.BigIntField()
    producer = fields.CharField(max_length=120)
    origin = fields.CharField(max_length=200)
    contact = fields.CharField(max_length=60)
    basis = fields.CharEnumField(ConformityBasis, max_length=20)
    issued_on = fields.DateField()
    issued_at = fields.DatetimeField()
    issued_by = fields.CharField(max_length=60)
    withdrawn_at = fields.DatetimeField(null=True)
    withdrawn_by = fields.CharField(max_length=60, null=True)
    withdrawn_because = fields.CharField(max_length=200, default="")

    class Meta:
        table = "conformity_certificate"
        indexes = (Index(fields=("lot_id", "id"), name="conformity_certificate_lot"),)
        constraints = (
            CheckConstraint(check="mass_gram > 0 AND contact <> ''", name="conformity_certificate_content"),
            CheckConstraint(
                check="(withdrawn_at IS NULL) = (withdrawn_by IS NULL)"
                " AND (withdrawn_at IS NULL OR withdrawn_because <> '')",
                name="conformity_certificate_withdrawn",
            ),
            UniqueConstraint(
                fields=("lot_id",), name="conformity_certificate_one_valid", condition="withdrawn_at IS NULL"
            ),
        )
