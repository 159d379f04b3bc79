"""Cold rooms, devices, readings, what was out of range, and where lots stood."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from traceability.models import Lot


class ReadingKind(StrEnum):
    """What a device measures: thousandths of a degree Celsius, or of a percent of relative humidity."""

    TEMPERATURE = "temperature"
    HUMIDITY = "humidity"


class ColdRoom(Model):
    """A merchant's cold room with what it is to keep; other limits are another room.

    ``site`` is a site's code, empty elsewhere. A room without a span of humidity keeps none.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    merchant = fields.CharField(max_length=32)
    site = fields.CharField(max_length=24, default="")
    name = fields.CharField(max_length=60)
    min_celsius_milli = fields.IntField()
    max_celsius_milli = fields.IntField()
    min_humidity_milli = fields.IntField(null=True)
    max_humidity_milli = fields.IntField(null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    closed_by = fields.CharField(max_length=60, null=True)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "cold_room"
        indexes = (Index(fields=("merchant", "id"), name="cold_room_merchant"),)
        constraints = (
            CheckConstraint(
                check="min_celsius_milli < max_celsius_milli"
                " AND (min_humidity_milli IS NULL) = (max_humidity_milli IS NULL)"
                " AND (min_humidity_milli IS NULL OR min_humidity_milli < max_humidity_milli)",
                name="cold_room_limits",
            ),
            CheckConstraint(check="(closed_at IS NULL) = (closed_by IS NULL)", name="cold_room_closed"),
        )


class SensorDevice(Model):
    """A device that reads in one room for its whole life. Its key signs what it sends; here it is sealed."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    room: fields.ForeignKeyRelation[ColdRoom] = fields.ForeignKeyField(
        "longchuan.ColdRoom", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    name = fields.CharField(max_length=60)
    sealed_key = fields.BinaryField(null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    revoked_by = fields.CharField(max_length=60, null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "sensor_device"
        constraints = (
            CheckConstraint(check="(revoked_at IS NULL) = (revoked_by IS NULL)", name="sensor_device_revoked"),
            CheckConstraint(check="revoked_at IS NULL OR sealed_key IS NULL", name="sensor_device_key"),
        )


class SensorReading(Model):
    """One reading, kept as it came; ``client_id`` is the device's own, so what is sent again changes nothing.

    ``is_out`` says whether the room's limits were missed.
    """

    id = fields.BigIntField(primary_key=True)
    device: fields.ForeignKeyRelation[SensorDevice] = fields.ForeignKeyField(
        "longchuan.SensorDevice", related_name=False, on_delete=OnDelete.RESTRICT
    )
    room: fields.ForeignKeyRelation[ColdRoom] = fields.ForeignKeyField(
        "longchuan.ColdRoom", related_name=False, on_delete=OnDelete.RESTRICT
    )
    client_id = fields.CharField(max_length=64)
    kind = fields.CharEnumField(ReadingKind, max_length=12)
    at = fields.DatetimeField()
    value_milli = fields.IntField()
    is_out = fields.BooleanField()
    received_at = fields.DatetimeField()

    class Meta:
        table = "sensor_reading"
        unique_together = (("device", "client_id"),)
        indexes = (
            Index(fields=("device_id", "kind", "at"), name="sensor_reading_device"),
            Index(fields=("room_id", "kind", "at", "value_milli"), name="sensor_reading_room"),
        )


class SensorEpisode(Model):
    """A time in which one device read out of range without a break, made anew from the readings whenever some arrive.

    It ends with the first reading in range.
    """

    id = fields.BigIntField(primary_key=True)
    device: fields.ForeignKeyRelation[SensorDevice] = fields.ForeignKeyField(
        "longchuan.SensorDevice", related_name=False, on_delete=OnDelete.RESTRICT
    )
    kind = fields.CharEnumField(ReadingKind, max_length=12)
    started_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    lowest_milli = fields.IntField()
    highest_milli = fields.IntField()
    readings = fields.IntField()

    class Meta:
        table = "sensor_episode"
        unique_together = (("device", "kind", "started_at"),)
        constraints = (CheckConstraint(check="ended_at > started_at", name="sensor_episode_span"),)


class ColdDay(Model):
    """A day in China on which something was read in a room; ``told_at`` is empty while what is told is not what is."""

    id = fields.BigIntField(primary_key=True)
    room: fields.ForeignKeyRelation[ColdRoom] = fields.ForeignKeyField(
        "longchuan.ColdRoom", related_name=False, on_delete=OnDelete.RESTRICT
    )
    day = fields.DateField()
    told_at = fields.DatetimeField(null=True)

    class Meta:
        table = "cold_day"
        unique_together = (("room", "day"),)


class LotPlacement(Model):
    """That a lot stood in a room, from when to when."""

    id = fields.BigIntField(primary_key=True)
    lot: fields.ForeignKeyRelation[Lot] = fields.ForeignKeyField(
        "longchuan.Lot", related_name=False, on_delete=OnDelete.RESTRICT
    )
    room: fields.ForeignKeyRelation[ColdRoom] = fields.ForeignKeyField(
        "longchuan.ColdRoom", related_name=False, on_delete=OnDelete.RESTRICT
    )
    placed_at = fields.DatetimeField()
    placed_by = fields.CharField(max_length=60)
    removed_at = fields.DatetimeField(null=True)
    removed_by = fields.CharField(max_length=60, null=True)

    class Meta:
        table = "lot_placement"
        indexes = (Index(fields=("lot_id", "placed_at"), name="lot_placement_lot"),)
        constraints = (
            CheckConstraint(
                check="(removed_at IS NULL) = (removed_by IS NULL) AND removed_at >= placed_at",
                name="lot_placement_span",
            ),
            UniqueConstraint(fields=("lot_id",), name="lot_placement_one_open", condition="removed_at IS NULL"),
        )
