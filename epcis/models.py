"""Events, as they were written down, and the files that others handed in."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class EventSource(StrEnum):
    """Who says it: the house from its own facts, a merchant or the county by a file, or a partner whose file it is."""

    HOUSE = "house"
    CAPTURED = "captured"
    PARTNER = "partner"


class Behaviour(StrEnum):
    """What a fault in one event does to the others of its file: nothing is kept, or the others are."""

    ROLLBACK = "rollback"
    PROCEED = "proceed"


class EpcisCapture(Model):
    """One file that was handed in, and what became of it; append-only.

    ``merchant`` is whose clerk did, '' for the county; ``partner`` whose file it is, '' for their own. ``file_hash``
    is the SHA-256 of the file: one that was taken whole is taken once.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    merchant = fields.CharField(max_length=32)
    partner = fields.CharField(max_length=60)
    file_hash = fields.CharField(max_length=64)
    behaviour = fields.CharEnumField(Behaviour, max_length=8)
    success = fields.BooleanField()
    total = fields.IntField()
    captured = fields.IntField()
    known = fields.IntField()
    findings: fields.Field[list[dict[str, Any]]] = fields.JSONField()
    captured_by = fields.CharField(max_length=60)
    captured_at = fields.DatetimeField()

    class Meta:
        table = "epcis_capture"
        indexes = (Index(fields=("merchant", "id"), name="epcis_capture_merchant"),)
        constraints = (
            CheckConstraint(
                check="captured >= 0 AND known >= 0 AND captured + known <= total", name="epcis_capture_counts"
            ),
            UniqueConstraint(
                fields=("merchant", "partner", "file_hash"), name="epcis_capture_once", condition="success"
            ),
        )


class EpcisEvent(Model):
    """One event; append-only. ``digest`` is the hash of ``body`` (``epcis.hashes``), ``event_id`` what it is called.

    The house's own are called by their hash. ``merchant`` is whose goods they are or whose clerk handed them in, ''
    for the county. An event that declares another one wrong says the same and bears its id; ``is_declaration`` tells
    them apart. ``things`` are the addresses of all goods in it, as they are written and as canonical links, by which
    it is found; ``biz_step`` and ``disposition`` are bare words of the vocabulary or addresses.
    """

    id = fields.BigIntField(primary_key=True)
    event_id = fields.CharField(max_length=100)
    digest = fields.CharField(max_length=100)
    source = fields.CharEnumField(EventSource, max_length=8)
    partner = fields.CharField(max_length=60)
    merchant = fields.CharField(max_length=32)
    is_declaration = fields.BooleanField()
    capture: fields.ForeignKeyNullableRelation[EpcisCapture] = fields.ForeignKeyField(
        "longchuan.EpcisCapture", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    event_time = fields.DatetimeField()
    biz_step = fields.TextField()
    disposition = fields.TextField()
    things: fields.Field[list[str]] = fields.JSONField()
    body: fields.Field[dict[str, Any]] = fields.JSONField()
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "epcis_event"
        unique_together = (("event_id", "merchant", "source", "partner", "is_declaration"),)
        indexes = (Index(fields=("merchant", "id"), name="epcis_event_merchant"),)
        constraints = (
            CheckConstraint(check="(source = 'partner') = (partner <> '')", name="epcis_event_partner"),
            CheckConstraint(
                check="source <> 'house' OR (event_id = digest AND capture_id IS NULL)", name="epcis_event_house"
            ),
        )
