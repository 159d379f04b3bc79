"""Complaints, their clock, what was done about them, and what is said to WeChat Pay."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model


class Origin(StrEnum):
    """Where a buyer complained."""

    WECHAT_PAY = "wechat_pay"
    MINIAPP = "miniapp"


class ComplaintState(StrEnum):
    """Where a complaint is: nobody has replied, somebody has, it has ended."""

    RECEIVED = "received"
    ANSWERED = "answered"
    CLOSED = "closed"


COMPLAINT_TRANSITIONS: dict[ComplaintState, frozenset[ComplaintState]] = {
    ComplaintState.RECEIVED: frozenset({ComplaintState.ANSWERED, ComplaintState.CLOSED}),
    ComplaintState.ANSWERED: frozenset({ComplaintState.ANSWERED, ComplaintState.RECEIVED, ComplaintState.CLOSED}),
    ComplaintState.CLOSED: frozenset({ComplaintState.RECEIVED}),  # the buyer complains again
}


class UtteranceState(StrEnum):
    """Where something for WeChat Pay is. ``sending``: it may or may not have arrived, so it is looked for first."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


UTTERANCE_TRANSITIONS: dict[UtteranceState, frozenset[UtteranceState]] = {
    UtteranceState.WAITING: frozenset({UtteranceState.SENDING}),
    UtteranceState.SENDING: frozenset({UtteranceState.SENDING, UtteranceState.SENT, UtteranceState.FAILED}),
    UtteranceState.SENT: frozenset(),
    UtteranceState.FAILED: frozenset(),
}


class PictureFetchState(StrEnum):
    """Where a picture of a complaint is: still at WeChat Pay, kept here, or never to be had."""

    WAITING = "waiting"
    KEPT = "kept"
    FAILED = "failed"


PICTURE_FETCH_TRANSITIONS: dict[PictureFetchState, frozenset[PictureFetchState]] = {
    PictureFetchState.WAITING: frozenset({PictureFetchState.KEPT, PictureFetchState.FAILED}),
    PictureFetchState.KEPT: frozenset(),
    PictureFetchState.FAILED: frozenset(),
}


class ComplaintClock(Model):
    """From a day on: within how many hours a complaint of an origin is answered and closed. Rows are only added."""

    id = fields.BigIntField(primary_key=True)
    origin = fields.CharEnumField(Origin, max_length=12)
    valid_from = fields.DateField()
    reply_hours = fields.IntField()
    close_hours = fields.IntField()
    source_document = fields.CharField(max_length=200)
    entered_at = fields.DatetimeField()
    entered_by = fields.CharField(max_length=120)

    class Meta:
        table = "complaint_clock"
        unique_together = (("origin", "valid_from"),)
        constraints = (
            CheckConstraint(
                check="reply_hours BETWEEN 1 AND 8760 AND close_hours BETWEEN reply_hours AND 8760",
                name="complaint_clock_hours",
            ),
        )


class Complaint(Model):
    """One complaint. ``external_id`` is WeChat Pay's; the phone number that it tells is kept encrypted.

    ``due`` moments are None while there is no clock for its day; WeChat Pay's has always one.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    origin = fields.CharEnumField(Origin, max_length=12)
    external_id = fields.CharField(max_length=64, null=True, unique=True)
    external_mchid = fields.CharField(max_length=32, null=True)
    times = fields.IntField(default=1)
    consumer = fields.CharField(max_length=32, null=True)
    merchant = fields.CharField(max_length=32, null=True)
    order_number = fields.CharField(max_length=40, null=True)
    product = fields.CharField(max_length=40, null=True)
    problem = fields.CharField(max_length=40)
    detail = fields.CharField(max_length=500)
    amount_fen = fields.BigIntField(default=0)
    phone_cipher = fields.BinaryField(null=True)
    state = fields.CharEnumField(ComplaintState, max_length=10, default=ComplaintState.RECEIVED)
    owner = fields.CharField(max_length=24, null=True)
    complained_at = fields.DatetimeField()
    reply_due_at = fields.DatetimeField(null=True)
    close_due_at = fields.DatetimeField(null=True)
    answered_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "complaint"
        indexes = (
            Index(fields=("state", "id"), name="complaint_state"),
            Index(fields=("merchant", "id"), name="complaint_merchant"),
            Index(fields=("consumer", "id"), name="complaint_consumer"),
        )
        constraints = (
            CheckConstraint(
                check="(origin = 'wechat_pay') = (external_id IS NOT NULL)"
                " AND (origin = 'miniapp') = (consumer IS NOT NULL)",
                name="complaint_origin",
            ),
        )


class ComplaintStep(Model):
    """One step of a complaint: what was done, by whom, in which words. Rows are only ever added."""

    id = fields.BigIntField(primary_key=True)
    complaint: fields.ForeignKeyRelation[Complaint] = fields.ForeignKeyField(
        "longchuan.Complaint", related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    kind = fields.CharField(max_length=16)
    at = fields.DatetimeField()
    by = fields.CharField(max_length=120)
    text = fields.CharField(max_length=500, default="")

    class Meta:
        table = "complaint_step"


class ComplaintMessage(Model):
    """A reply, or the word that a complaint is dealt with, on its way to WeChat Pay."""

    id = fields.BigIntField(primary_key=True)
    complaint: fields.ForeignKeyRelation[Complaint] = fields.ForeignKeyField(
        "longchuan.Complaint", related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    is_completion = fields.BooleanField()
    text = fields.CharField(max_length=200)
    by = fields.CharField(max_length=120)
    state = fields.CharEnumField(UtteranceState, max_length=10, default=UtteranceState.WAITING)
    attempts = fields.IntField(default=0)
    next_attempt_at = fields.DatetimeField(null=True)
    failure = fields.CharField(max_length=80, null=True)
    created_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "complaint_message"
        indexes = (Index(fields=("next_attempt_at",), name="complaint_message_due"),)


class ComplaintReplyPicture(Model):
    """A picture of a reply, by its number here. ``media`` is what WeChat Pay calls it, once it was handed in there."""

    id = fields.BigIntField(primary_key=True)
    message: fields.ForeignKeyRelation[ComplaintMessage] = fields.ForeignKeyField(
        "longchuan.ComplaintMessage", related_name=False, on_delete=fields.RESTRICT
    )
    position = fields.SmallIntField()
    picture = fields.CharField(max_length=26)
    media = fields.CharField(max_length=512, null=True)

    class Meta:
        table = "complaint_reply_picture"
        unique_together = (("message_id", "position"),)


class ComplaintPicture(Model):
    """A picture that a buyer sent with a complaint at WeChat Pay. ``picture`` is the number of the private one here.

    ``next_attempt_at`` is also the lease of a call that is under way.
    """

    id = fields.BigIntField(primary_key=True)
    complaint: fields.ForeignKeyRelation[Complaint] = fields.ForeignKeyField(
        "longchuan.Complaint", related_name=False, on_delete=fields.RESTRICT
    )
    url = fields.CharField(max_length=500)
    state = fields.CharEnumField(PictureFetchState, max_length=10, default=PictureFetchState.WAITING)
    picture = fields.CharField(max_length=26, null=True)
    attempts = fields.IntField(default=0)
    noted_at = fields.DatetimeField()
    next_attempt_at = fields.DatetimeField()
    failure = fields.CharField(max_length=80, null=True)

    class Meta:
        table = "complaint_picture"
        unique_together = (("complaint_id", "url"),)
        constraints = (
            CheckConstraint(check="(state = 'kept') = (picture IS NOT NULL)", name="complaint_picture_kept"),
            CheckConstraint(check="(state = 'failed') <= (failure IS NOT NULL)", name="complaint_picture_says_why"),
        )
