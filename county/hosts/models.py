"""Holds upon hosts, and their erasures."""

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index

from county.erasure_models import Hold, erasure_constraints, hold_constraints
from live.roster.models import LiveHost
from poverty_alleviation.retention.models import Erasure


class LiveHostHold(Hold):
    """A hold upon one host's record."""

    host: fields.ForeignKeyRelation[LiveHost] = fields.ForeignKeyField(
        "longchuan.LiveHost", related_name=False, on_delete=OnDelete.RESTRICT
    )

    class Meta:
        table = "live_host_hold"
        indexes = (Index(fields=("host_id",), name="live_host_hold_of"),)
        constraints = hold_constraints("live_host_hold")


class LiveHostErasure(Erasure):
    """One erasure of a host's record. What is approved a job does (decision 0084)."""

    host: fields.ForeignKeyRelation[LiveHost] = fields.ForeignKeyField(
        "longchuan.LiveHost", related_name=False, on_delete=OnDelete.RESTRICT
    )

    class Meta:
        table = "live_host_erasure"
        constraints = erasure_constraints("live_host_erasure", "host_id")
