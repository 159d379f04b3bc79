"""Parcels that wait at a station, vouchers of booked services, and the wrong codes that were tried."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from orders.models import Order


class PickupState(StrEnum):
    """Where a parcel is that its buyer fetches."""

    AWAITED = "awaited"
    READY = "ready"
    REDEEMED = "redeemed"
    LAPSED = "lapsed"


PICKUP_TRANSITIONS: dict[PickupState, frozenset[PickupState]] = {
    PickupState.AWAITED: frozenset({PickupState.READY}),
    PickupState.READY: frozenset({PickupState.REDEEMED, PickupState.LAPSED}),
    PickupState.REDEEMED: frozenset(),
    PickupState.LAPSED: frozenset(),
}


class OrderPickup(Model):
    """One order at the station where it is fetched; ``township`` is the keeper's. ``code`` is sealed and used once.

    A parcel waits as long as it is ready and its order is shipped: a refund of everything closes the order alone.
    """

    id = fields.BigIntField(primary_key=True)
    order: fields.OneToOneRelation[Order] = fields.OneToOneField(
        "longchuan.Order", on_delete=fields.RESTRICT, related_name=False
    )
    site = fields.CharField(max_length=24)
    township = fields.CharField(max_length=9)
    state = fields.CharEnumField(PickupState, max_length=10, default=PickupState.AWAITED)
    code = fields.BinaryField(null=True)
    ready_at = fields.DatetimeField(null=True)
    ready_by = fields.CharField(max_length=64, null=True)
    remind_at = fields.DatetimeField(null=True)
    reminded_at = fields.DatetimeField(null=True)
    due_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    ended_by = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "order_pickup"
        indexes = (Index(fields=("township", "state", "due_at"), name="idx_pickup_township"),)
        constraints = (
            CheckConstraint(check="(state = 'ready') = (code IS NOT NULL)", name="ck_pickup_code"),
            CheckConstraint(
                check="(state = 'awaited') = (ready_at IS NULL)"
                " AND (state IN ('redeemed', 'lapsed')) = (ended_at IS NOT NULL)",
                name="ck_pickup_moments",
            ),
        )


class RedemptionFailure(Model):
    """One wrong code at a desk (a station) for a thing; they are counted, and never kept as they were typed."""

    id = fields.BigIntField(primary_key=True)
    desk = fields.CharField(max_length=40)
    subject = fields.CharField(max_length=40)
    actor = fields.CharField(max_length=64)
    failed_at = fields.DatetimeField()

    class Meta:
        table = "redemption_failure"
        indexes = (Index(fields=("desk", "failed_at"), name="idx_redemption_failure_desk"),)


class VoucherState(StrEnum):
    """What became of a voucher."""

    ISSUED = "issued"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    VOID = "void"


VOUCHER_TRANSITIONS: dict[VoucherState, frozenset[VoucherState]] = {
    VoucherState.ISSUED: frozenset({VoucherState.REDEEMED, VoucherState.EXPIRED, VoucherState.VOID}),
    VoucherState.REDEEMED: frozenset(),
    VoucherState.EXPIRED: frozenset(),
    VoucherState.VOID: frozenset(),
}


class Voucher(Model):
    """The right to one piece of a booked service, from day to day; the sealed ``code`` is used once."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "longchuan.Order", on_delete=fields.RESTRICT, related_name=False
    )
    position = fields.SmallIntField()
    valid_from = fields.DateField()
    valid_until = fields.DateField()
    on_expiry = fields.CharField(max_length=8)
    state = fields.CharEnumField(VoucherState, max_length=10, default=VoucherState.ISSUED)
    code = fields.BinaryField(null=True)
    ended_at = fields.DatetimeField(null=True)
    ended_by = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "voucher"
        constraints = (
            UniqueConstraint(fields=("order_id", "position"), name="uq_voucher_position"),
            CheckConstraint(
                check="(state = 'issued') = (code IS NOT NULL) AND (state = 'issued') = (ended_at IS NULL)",
                name="ck_voucher_code",
            ),
        )
