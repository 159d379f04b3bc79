"""Events that WeChat has pushed, and messages that people are sent."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model


class PushedEvent(Model):
    """One event or message that WeChat has pushed, once however often it came.

    ``key`` is the hash of the message id, or of sender, moment and event. ``subject`` is what the event is about:
    a trace id, an order's number, an openid.
    """

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=64, unique=True)
    sender = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=40)
    event = fields.CharField(max_length=60)
    subject = fields.CharField(max_length=80)
    members: fields.Field[dict[str, object]] = fields.JSONField()
    received_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "pushed_event"
        indexes = (Index(fields=("event", "subject"), name="pushed_event_subject"),)


class MessageMoment(StrEnum):
    """What a subscribe message is about."""

    ORDER_SHIPPED = "order_shipped"
    REFUND_ARRIVED = "refund_arrived"
    LATE_MONEY_RETURNED = "late_money_returned"
    ORDER_EXPIRING = "order_expiring"
    COUPON_EXPIRING = "coupon_expiring"
    GROUP_FORMED = "group_formed"
    GROUP_FAILED = "group_failed"
    PICKUP_READY = "pickup_ready"
    PICKUP_REMINDED = "pickup_reminded"
    LIVE_STARTED = "live_started"
    LIVE_CALLED_OFF = "live_called_off"


class MessageTemplate(Model):
    """Which template of WeChat's tells of a moment. ``fields_by_name`` maps its fields (``thing1``) to our values.

    ``page`` may hold ``{reference}``. A moment without a row, or with an inactive one, sends nothing.
    """

    id = fields.BigIntField(primary_key=True)
    moment = fields.CharEnumField(MessageMoment, max_length=20, unique=True)
    template = fields.CharField(max_length=64)
    page = fields.CharField(max_length=120)
    fields_by_name: fields.Field[dict[str, str]] = fields.JSONField()
    active = fields.BooleanField()
    set_by = fields.CharField(max_length=120)
    set_at = fields.DatetimeField()

    class Meta:
        table = "message_template"


class MessageConsent(Model):
    """How many messages of a template a person has agreed to and not had yet: one accept is one message."""

    id = fields.BigIntField(primary_key=True)
    openid = fields.CharField(max_length=64)
    template = fields.CharField(max_length=64)
    left = fields.IntField()

    class Meta:
        table = "message_consent"
        unique_together = (("openid", "template"),)
        constraints = (CheckConstraint(check='"left" BETWEEN 0 AND 100', name="message_consent_left"),)


class MessageState(StrEnum):
    """Waiting for a worker; being sent; sent; not wanted (no consent); refused for good; nobody knows."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNWANTED = "unwanted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


MESSAGE_TRANSITIONS: dict[MessageState, frozenset[MessageState]] = {
    MessageState.WAITING: frozenset({MessageState.SENDING, MessageState.UNWANTED}),
    MessageState.SENDING: frozenset(
        {MessageState.SENT, MessageState.UNWANTED, MessageState.REFUSED, MessageState.UNKNOWN, MessageState.WAITING}
    ),
    MessageState.SENT: frozenset(),
    MessageState.UNWANTED: frozenset(),
    MessageState.REFUSED: frozenset(),
    MessageState.UNKNOWN: frozenset(),
}


class SubscribeMessage(Model):
    """One message, once for a moment, a reference and a person. ``contents`` are our values, before WeChat's limits."""

    id = fields.BigIntField(primary_key=True)
    moment = fields.CharEnumField(MessageMoment, max_length=20)
    reference = fields.CharField(max_length=64)
    openid = fields.CharField(max_length=64)
    contents: fields.Field[dict[str, str]] = fields.JSONField()
    state = fields.CharEnumField(MessageState, max_length=10)
    attempts = fields.SmallIntField(default=0)
    next_attempt_at = fields.DatetimeField()
    errcode = fields.IntField(null=True)
    noted_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "subscribe_message"
        unique_together = (("moment", "reference", "openid"),)
