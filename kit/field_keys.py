"""What the database knows of the keys that seal its fields: their names and fingerprints, never the keys."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model


class FieldKey(Model):
    """One key that a process has started with; the blind index's has no name and no algorithm.

    The one with the latest ``writing_since`` seals. ``emptied_at``: the walks found nothing left that it seals.
    ``retired_at``: nothing was left, and no process starts with it any more.
    """

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=32, unique=True)
    algorithm = fields.CharField(max_length=16)
    fingerprint = fields.CharField(max_length=64)
    first_seen_at = fields.DatetimeField()
    writing_since = fields.DatetimeField(null=True)
    emptied_at = fields.DatetimeField(null=True)
    retired_at = fields.DatetimeField(null=True)

    class Meta:
        table = "field_key"
        constraints = (
            CheckConstraint(check="retired_at IS NULL OR emptied_at IS NOT NULL", name="field_key_retired_empty"),
        )


class FieldWalk(Model):
    """How far the walk over one table has come that seals its rows anew by one key, in the order of their ids.

    ``unreadable`` rows were left as they are, because no key of the ring opens them.
    """

    id = fields.BigIntField(primary_key=True)
    key = fields.CharField(max_length=32)
    table_name = fields.CharField(max_length=40)
    last_id = fields.BigIntField(default=0)
    moved = fields.BigIntField(default=0)
    unreadable = fields.BigIntField(default=0)
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "field_walk"
        unique_together = (("key", "table_name"),)
