"""Merchants and what may become of them."""

from datetime import date
from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from merchants.errors import MerchantNotMovable
from merchants.licences import LicenceKind
from places.models import Division


class MerchantState(StrEnum):
    """Applied for, approved by the county, suspended by the county."""

    APPLIED = "applied"
    APPROVED = "approved"
    SUSPENDED = "suspended"


TRANSITIONS = {
    MerchantState.APPLIED: frozenset({MerchantState.APPROVED}),
    MerchantState.APPROVED: frozenset({MerchantState.SUSPENDED}),
    MerchantState.SUSPENDED: frozenset({MerchantState.APPROVED}),
}


class Merchant(Model):
    """A seller. ``sub_mchid`` is its own WeChat Pay number; none in direct mode (wechat reference 2.5)."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    name = fields.CharField(max_length=60)
    licence_kind = fields.CharEnumField(LicenceKind, max_length=12)
    licence_number = fields.CharField(max_length=40, unique=True)
    licence_from = fields.DateField()
    licence_until = fields.DateField(null=True)
    sub_mchid = fields.CharField(max_length=10, null=True, unique=True)
    township: fields.ForeignKeyRelation[Division] = fields.ForeignKeyField(
        "longchuan.Division", related_name=False, on_delete=OnDelete.RESTRICT
    )
    state = fields.CharEnumField(MerchantState, max_length=10, default=MerchantState.APPLIED)
    applied_at = fields.DatetimeField()
    entered_by = fields.CharField(max_length=120)
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=120, null=True)
    suspension_reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "merchant"
        indexes = (Index(fields=("state", "id"), name="merchant_by_state"),)
        constraints = (
            CheckConstraint(
                check="licence_until IS NULL OR licence_until >= licence_from", name="merchant_licence_span"
            ),
            CheckConstraint(
                check="state <> 'suspended' OR suspension_reason IS NOT NULL",
                name="merchant_suspension_reason",
            ),
        )

    def licensed_on(self, day: date) -> bool:
        """Whether the licence is valid on a day; one without an end stays valid."""
        return self.licence_from <= day and (self.licence_until is None or day <= self.licence_until)

    async def move(self, to: MerchantState, **noted: object) -> None:
        """Go to another state if it can be reached from the one in the database now.

        Raises :class:`MerchantNotMovable`.
        """
        sources = [state for state, targets in TRANSITIONS.items() if to in targets]
        if not await Merchant.filter(id=self.id, state__in=sources).update(state=to, **noted):
            raise MerchantNotMovable(state=self.state.value, to=to.value)
