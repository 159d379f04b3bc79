"""What was published where and when, and complaints about it, which have a last day for their answer."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model


class DisclosureKind(StrEnum):
    """What the plan makes public (domain reference D01)."""

    PLAN = "plan"
    CONTENT = "content"
    FUNDS = "funds"
    DECISIONS = "decisions"
    TENDER = "tender"
    PROGRESS = "progress"


class Medium(StrEnum):
    """Where something is published (domain reference D02)."""

    PORTAL = "portal"
    TELEVISION = "television"
    NEWSPAPER = "newspaper"
    WECHAT = "wechat"


class DisclosureItem(Model):
    """One thing that was published; ``proof`` is the address or paper that shows it. Withdrawn once, with a reason.

    ``objections_until`` is the last day on which objections are asked for (公示期).
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    kind = fields.CharEnumField(DisclosureKind, max_length=10)
    medium = fields.CharEnumField(Medium, max_length=10)
    title = fields.CharField(max_length=120)
    proof = fields.CharField(max_length=200)
    published_on = fields.DateField()
    objections_until = fields.DateField(null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    withdrawn_by = fields.CharField(max_length=60, null=True)
    withdrawn_at = fields.DatetimeField(null=True)
    withdrawal_reason = fields.CharField(max_length=200, default="")

    class Meta:
        table = "disclosure_item"
        constraints = (
            CheckConstraint(check="objections_until >= published_on", name="disclosure_item_days"),
            CheckConstraint(
                check="(withdrawn_at IS NULL) = (withdrawn_by IS NULL)"
                " AND (withdrawn_at IS NULL) = (withdrawal_reason = '')",
                name="disclosure_item_withdrawn_whole",
            ),
        )


class DisclosureComplaintKind(StrEnum):
    """Complaints and reports are counted (domain reference T13); an objection is to something that was published."""

    COMPLAINT = "complaint"
    REPORT = "report"
    OBJECTION = "objection"


class DisclosureComplaintState(StrEnum):
    """Where it stands. Withdrawn: by who complained."""

    RECEIVED = "received"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


DISCLOSURE_TRANSITIONS: dict[DisclosureComplaintState, frozenset[DisclosureComplaintState]] = {
    DisclosureComplaintState.RECEIVED: frozenset(
        {DisclosureComplaintState.ANSWERED, DisclosureComplaintState.WITHDRAWN}
    ),
    DisclosureComplaintState.ANSWERED: frozenset(),
    DisclosureComplaintState.WITHDRAWN: frozenset(),
}


class DisclosureComplaint(Model):
    """What somebody said, in an officer's words and without a name: who it was stands in the ``document`` alone.

    ``due_on`` follows from the days that held when it was received.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    kind = fields.CharEnumField(DisclosureComplaintKind, max_length=10)
    item: fields.ForeignKeyNullableRelation[DisclosureItem] = fields.ForeignKeyField(
        "longchuan.DisclosureItem", related_name=False, on_delete=OnDelete.RESTRICT, null=True, db_index=True
    )
    about = fields.CharField(max_length=500)
    document = fields.CharField(max_length=120)
    received_on = fields.DateField()
    due_on = fields.DateField()
    state = fields.CharEnumField(DisclosureComplaintState, max_length=10)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    answer = fields.CharField(max_length=500, default="")
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "disclosure_complaint"
        indexes = (Index(fields=("state", "due_on"), name="disclosure_complaint_due"),)
        constraints = (
            CheckConstraint(check="kind <> 'objection' OR item_id IS NOT NULL", name="disclosure_complaint_item"),
            CheckConstraint(
                check="(state = 'received') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)"
                " AND (ended_at IS NULL) = (answer = '')",
                name="disclosure_complaint_ended_whole",
            ),
        )
