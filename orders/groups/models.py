"""Groups. Who is in one is not kept here: its orders say it."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class GroupState(StrEnum):
    """Where a group is. Failed: its orders are being undone. Settled: nothing of a failed group is open any more."""

    OPEN = "open"
    FORMED = "formed"
    FAILED = "failed"
    SETTLED = "settled"


GROUP_TRANSITIONS: dict[GroupState, frozenset[GroupState]] = {
    GroupState.OPEN: frozenset({GroupState.FORMED, GroupState.FAILED}),
    GroupState.FORMED: frozenset(),
    GroupState.FAILED: frozenset({GroupState.SETTLED}),
    GroupState.SETTLED: frozenset(),
}


class BuyingGroup(Model):
    """Consumers who buy under one group offer together; ``offer`` and ``merchant`` are public numbers.

    The minimum is copied from the offer. ``site`` is the pick-up place of all its orders, '' when goods are sent.
    Nobody joins after ``closes_at``, by which every order is to be paid; one of the last minute has three minutes.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    offer = fields.CharField(max_length=24)
    merchant = fields.CharField(max_length=32)
    site = fields.CharField(max_length=24, default="")
    state = fields.CharEnumField(GroupState, max_length=10, default=GroupState.OPEN)
    min_buyers = fields.IntField()
    min_pieces = fields.IntField()
    opened_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    formed_at = fields.DatetimeField(null=True)
    failed_at = fields.DatetimeField(null=True)
    settled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "buying_group"
        indexes = (
            Index(fields=("offer", "id"), name="buying_group_offer"),
            PartialIndex(fields=("closes_at",), name="buying_group_due", condition={"state": "open"}),
            PartialIndex(fields=("id",), name="buying_group_failed", condition={"state": "failed"}),
        )
        constraints = (
            CheckConstraint(check="min_buyers > 0 AND min_pieces > 0", name="ck_buying_group_minimum"),
            # One community gathers in one group at a time.
            UniqueConstraint(
                fields=("offer", "site"), name="uq_buying_group_site", condition="state = 'open' AND site <> ''"
            ),
        )
