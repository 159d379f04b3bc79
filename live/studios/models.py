"""Studio rooms of the centre, and their bookings. No two bookings of one room that stand overlap: the table says so."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from live.models import LiveSession


class Studio(Model):
    """A room to broadcast from; ``site`` is the number of the site where it is, ``capacity`` in persons.

    A room that is closed is booked no more; what is booked stands until the centre cancels it.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=60, unique=True)
    site = fields.CharField(max_length=24)
    equipment: fields.Field[list[str]] = fields.JSONField()
    capacity = fields.SmallIntField()
    is_open = fields.BooleanField(default=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "studio"
        constraints = (CheckConstraint(check="capacity > 0", name="studio_capacity"),)


class StudioBookingState(StrEnum):
    """Where a booking stands."""

    BOOKED = "booked"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


BOOKING_TRANSITIONS: dict[StudioBookingState, frozenset[StudioBookingState]] = {
    StudioBookingState.BOOKED: frozenset({StudioBookingState.CONFIRMED, StudioBookingState.CANCELLED}),
    StudioBookingState.CONFIRMED: frozenset({StudioBookingState.CANCELLED}),
    StudioBookingState.CANCELLED: frozenset(),
}
"""A booking holds the room from the beginning; the centre's word makes it sure. What is cancelled is booked anew."""


class StudioBooking(Model):
    """A room for a session from one moment to another, that one excluded."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    studio: fields.ForeignKeyRelation[Studio] = fields.ForeignKeyField(
        "longchuan.Studio", related_name=False, on_delete=OnDelete.RESTRICT
    )
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    begins_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    state = fields.CharEnumField(StudioBookingState, max_length=9)
    booked_by = fields.CharField(max_length=60)
    booked_at = fields.DatetimeField()
    confirmed_by = fields.CharField(max_length=60, null=True)
    confirmed_at = fields.DatetimeField(null=True)
    cancelled_by = fields.CharField(max_length=60, null=True)
    cancelled_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=200, default="")

    class Meta:
        table = "studio_booking"
        indexes = (Index(fields=("studio_id", "begins_at"), name="studio_booking_day"),)
        constraints = (
            CheckConstraint(check="ends_at > begins_at", name="studio_booking_span"),
            UniqueConstraint(
                fields=("session_id",), name="studio_booking_one_of_session", condition="state <> 'cancelled'"
            ),
        )
