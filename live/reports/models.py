"""Reports of rooms, and the table of what may follow what."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model
from live.models import LiveSession


class ReportReason(StrEnum):
    """What is wrong: false claims, forbidden goods, abuse, indecency, fraud or trade outside, minors, anything else."""

    FALSE_CLAIM = "false_claim"
    FORBIDDEN_GOODS = "forbidden_goods"
    ABUSE = "abuse"
    INDECENT = "indecent"
    FRAUD = "fraud"
    MINORS = "minors"
    OTHER = "other"


class RoomReportState(StrEnum):
    """Nobody has looked; an officer does; something was done about it; nothing was found."""

    RECEIVED = "received"
    TAKEN = "taken"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


REPORT_TRANSITIONS: dict[RoomReportState, frozenset[RoomReportState]] = {
    RoomReportState.RECEIVED: frozenset({RoomReportState.TAKEN, RoomReportState.UPHELD, RoomReportState.DISMISSED}),
    RoomReportState.TAKEN: frozenset({RoomReportState.UPHELD, RoomReportState.DISMISSED}),
    RoomReportState.UPHELD: frozenset(),
    RoomReportState.DISMISSED: frozenset(),
}


class RoomReport(Model):
    """What one consumer reported about a session: one of a reason and a day in China.

    ``message`` is the offset of a chat message, ``sku`` a code of the shelf; ``offset_ms`` is the place in
    the pictures at which it was reported.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    consumer = fields.CharField(max_length=32)
    reason = fields.CharEnumField(ReportReason, max_length=16)
    day = fields.DateField()
    detail = fields.CharField(max_length=200, default="")
    message = fields.BigIntField(null=True)
    sku = fields.CharField(max_length=64, null=True)
    offset_ms = fields.BigIntField()
    state = fields.CharEnumField(RoomReportState, max_length=10, default=RoomReportState.RECEIVED)
    reported_at = fields.DatetimeField()
    taken_by = fields.CharField(max_length=120, null=True)
    decided_by = fields.CharField(max_length=120, null=True)
    decided_at = fields.DatetimeField(null=True)
    answer = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "live_report"
        unique_together = (("session_id", "consumer", "reason", "day"),)
        indexes = (
            Index(fields=("state", "id"), name="live_report_state"),
            Index(fields=("consumer", "id"), name="live_report_consumer"),
        )
        constraints = (
            CheckConstraint(
                check="(state IN ('upheld', 'dismissed')) = (answer IS NOT NULL AND decided_by IS NOT NULL"
                " AND decided_at IS NOT NULL)",
                name="live_report_answered",
            ),
            CheckConstraint(check="state <> 'taken' OR taken_by IS NOT NULL", name="live_report_taken"),
        )
