"""What is sold by the day: nights and visits, how many there are on each, and who holds them."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from products.models import ReservationState, Sku


class BookingKind(StrEnum):
    """A stay takes every night from arrival to the day before departure, a visit takes one day."""

    STAY = "stay"
    VISIT = "visit"


class OnExpiry(StrEnum):
    """What becomes of the money of a voucher that nobody has used, as the product says (domain reference 5)."""

    REFUND = "refund"
    FORFEIT = "forfeit"


class BookingRule(Model):
    """How a SKU is booked. The buyer gives up freely until ``cancel_hours`` before the first day begins in China.

    Who gives up later gets ``late_refund_bp`` of the money back, in basis points; 0 takes no such wish. A voucher is
    good from its first day to ``grace_days`` after its last.
    """

    id = fields.BigIntField(primary_key=True)
    sku: fields.OneToOneRelation[Sku] = fields.OneToOneField(
        "longchuan.Sku", related_name=False, on_delete=OnDelete.RESTRICT
    )
    kind = fields.CharEnumField(BookingKind, max_length=8)
    cancel_hours = fields.IntField()
    late_refund_bp = fields.SmallIntField(default=0)
    grace_days = fields.SmallIntField()
    on_expiry = fields.CharEnumField(OnExpiry, max_length=8)
    changed_at = fields.DatetimeField()
    changed_by = fields.CharField(max_length=120)

    class Meta:
        table = "booking_rule"
        constraints = (
            CheckConstraint(
                check="cancel_hours BETWEEN 0 AND 2160 AND grace_days BETWEEN 0 AND 30", name="booking_rule_spans"
            ),
            CheckConstraint(check="late_refund_bp BETWEEN 0 AND 10000", name="booking_rule_late_refund"),
        )


class CalendarDay(Model):
    """One day of a SKU: ``capacity`` rooms or places at ``price_fen`` each, of which ``taken`` are held or sold."""

    id = fields.BigIntField(primary_key=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField(
        "longchuan.Sku", related_name=False, on_delete=OnDelete.RESTRICT
    )
    day = fields.DateField()
    capacity = fields.IntField()
    taken = fields.IntField(default=0)
    price_fen = fields.BigIntField()
    is_open = fields.BooleanField(default=True)

    class Meta:
        table = "calendar_day"
        constraints = (
            CheckConstraint(
                check="taken BETWEEN 0 AND capacity AND capacity <= 10000 AND price_fen BETWEEN 1 AND 100000000",
                name="calendar_day_taken",
            ),
            UniqueConstraint(fields=("sku_id", "day"), name="calendar_day_once"),
        )


class DayBooking(Model):
    """Places of one day under an opaque reference; ``returned`` of them were given back later."""

    id = fields.BigIntField(primary_key=True)
    reference = fields.CharField(max_length=64)
    day: fields.ForeignKeyRelation[CalendarDay] = fields.ForeignKeyField(
        "longchuan.CalendarDay", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    quantity = fields.IntField()
    returned = fields.IntField(default=0)
    state = fields.CharEnumField(ReservationState, max_length=10)

    class Meta:
        table = "day_booking"
        constraints = (
            CheckConstraint(
                check="quantity > 0 AND returned BETWEEN 0 AND quantity AND (returned = 0 OR state = 'sold')",
                name="day_booking_quantities",
            ),
            UniqueConstraint(fields=("reference", "day_id"), name="day_booking_once"),
        )
