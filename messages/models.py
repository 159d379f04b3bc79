"""Events that WeChat has pushed."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


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
