"""Dated numbers with their source, and the alarms with their steps."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model


class OfficeThreshold(Model):
    """A number that an alarm or a small cell is judged by, from a day on until the next row. Only added."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=40)
    value = fields.BigIntField()
    valid_from = fields.DateField()
    source = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "office_threshold"
        unique_together = (("name", "valid_from"),)
        constraints = (CheckConstraint(check="value > 0", name="office_threshold_value"),)


class PovertyLine(Model):
    """A line of a year, in fen for a person and a year, as a document gives it. A supporting figure, never a decision.

    ``area`` is a division code or ``CN``. ``is_verified``: the office has the document in its hands.
    """

    id = fields.BigIntField(primary_key=True)
    year = fields.SmallIntField()
    area = fields.CharField(max_length=12)
    kind = fields.CharField(max_length=20)
    fen = fields.BigIntField()
    source = fields.CharField(max_length=120)
    is_verified = fields.BooleanField(default=False)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "poverty_line"
        indexes = (Index(fields=("year", "area", "kind"), name="poverty_line_of"),)
        constraints = (CheckConstraint(check="fen > 0 AND year BETWEEN 2000 AND 2100", name="poverty_line_is"),)


class CostRate(Model):
    """What part of the income from a kind of crop is counted as cost, from a day on until the next row."""

    id = fields.BigIntField(primary_key=True)
    crop = fields.CharField(max_length=20)
    basis_points = fields.IntField()
    valid_from = fields.DateField()
    source = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "cost_rate"
        unique_together = (("crop", "valid_from"),)
        constraints = (CheckConstraint(check="basis_points BETWEEN 0 AND 10000", name="cost_rate_part"),)


class ProductCrop(Model):
    """Which kind of crop a product counts as; of several rows the newest holds."""

    id = fields.BigIntField(primary_key=True)
    product = fields.CharField(max_length=32)
    crop = fields.CharField(max_length=20)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "product_crop"
        indexes = (Index(fields=("product",), name="product_crop_product"),)


class MarketPrice(Model):
    """What a product's raw goods cost on the market, in fen per kilogram, from a day on until the next row."""

    id = fields.BigIntField(primary_key=True)
    product = fields.CharField(max_length=32)
    fen_per_kg = fields.BigIntField()
    valid_from = fields.DateField()
    source = fields.CharField(max_length=120)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "market_price"
        unique_together = (("product", "valid_from"),)
        constraints = (CheckConstraint(check="fen_per_kg > 0", name="market_price_positive"),)


class AlarmState(StrEnum):
    """Where an alarm stands in the work list."""

    NEW = "new"
    ASSIGNED = "assigned"
    EXPLAINED = "explained"
    CONFIRMED = "confirmed"
    CLOSED = "closed"


ALARM_TRANSITIONS: dict[AlarmState, frozenset[AlarmState]] = {
    AlarmState.NEW: frozenset({AlarmState.ASSIGNED}),
    AlarmState.ASSIGNED: frozenset({AlarmState.ASSIGNED, AlarmState.EXPLAINED, AlarmState.CONFIRMED}),
    AlarmState.EXPLAINED: frozenset({AlarmState.ASSIGNED, AlarmState.CLOSED}),
    AlarmState.CONFIRMED: frozenset({AlarmState.ASSIGNED, AlarmState.CLOSED}),
    AlarmState.CLOSED: frozenset(),
}
"""Explained: nothing is wrong, and here is why. Confirmed: something is wrong, and here is what was done."""


class Alarm(Model):
    """Something that does not look right. ``digest`` is of the facts: the same facts are raised once for ever."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    rule = fields.CharField(max_length=32)
    key = fields.CharField(max_length=160)
    facts = fields.TextField()
    digest = fields.CharField(max_length=64)
    state = fields.CharEnumField(AlarmState, max_length=12, default=AlarmState.NEW)
    assignee = fields.CharField(max_length=60, null=True)
    raised_at = fields.DatetimeField()

    class Meta:
        table = "household_alarm"
        unique_together = (("rule", "key", "digest"),)
        indexes = (Index(fields=("state",), name="household_alarm_state"),)
        constraints = (CheckConstraint(check="(state = 'new') = (assignee IS NULL)", name="household_alarm_assignee"),)


class AlarmStep(Model):
    """One step of an alarm: what it came to, who said so, and why."""

    id = fields.BigIntField(primary_key=True)
    alarm: fields.ForeignKeyRelation[Alarm] = fields.ForeignKeyField(
        "longchuan.Alarm", related_name=False, on_delete=OnDelete.RESTRICT
    )
    state = fields.CharEnumField(AlarmState, max_length=12)
    assignee = fields.CharField(max_length=60)
    note = fields.CharField(max_length=300)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "household_alarm_step"
        indexes = (Index(fields=("alarm_id",), name="household_alarm_step_alarm"),)


class AlarmRun(Model):
    """That the detectors have run for a day or for the close of a month: once for each."""

    id = fields.BigIntField(primary_key=True)
    occasion = fields.CharField(max_length=20, unique=True)
    ran_at = fields.DatetimeField()

    class Meta:
        table = "alarm_run"
