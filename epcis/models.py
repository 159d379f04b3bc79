"""Events, as they were written down."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class EpcisEvent(Model):
    """One event; append-only. ``event_id`` is the hash of ``body`` (``epcis.hashes``), so one event is one row.

    ``things`` are the addresses of all goods in it, by which it is found; ``merchant`` is whose goods they are.
    """

    id = fields.BigIntField(primary_key=True)
    event_id = fields.CharField(max_length=100, unique=True)
    merchant = fields.CharField(max_length=32)
    event_time = fields.DatetimeField()
    biz_step = fields.CharField(max_length=40)
    things: fields.Field[list[str]] = fields.JSONField()
    body: fields.Field[dict[str, Any]] = fields.JSONField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "epcis_event"
        indexes = (Index(fields=("merchant", "id"), name="epcis_event_merchant"),)
