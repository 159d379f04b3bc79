"""A run, its lines, and the amounts that each line pays: frozen when it is drafted, nobody else's until it is over."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from poverty_alleviation.models import Household


class PayoutWay(StrEnum):
    """By whom a run is carried out: a bank by a file, or WeChat transfer by transfer."""

    BANK = "bank"
    WECHAT = "wechat"


class RunState(StrEnum):
    """Where a list for the bank stands."""

    DRAFTED = "drafted"
    APPROVED = "approved"
    EXPORTED = "exported"
    PAID = "paid"
    DISCARDED = "discarded"


RUN_TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.DRAFTED: frozenset({RunState.APPROVED, RunState.DISCARDED}),
    RunState.APPROVED: frozenset({RunState.EXPORTED, RunState.DISCARDED}),
    RunState.EXPORTED: frozenset({RunState.PAID}),
    RunState.PAID: frozenset(),
    RunState.DISCARDED: frozenset(),
}


class LineState(StrEnum):
    """Stopped for a decision, to be paid, paid, failed at the bank, or taken out."""

    STOPPED = "stopped"
    READY = "ready"
    PAID = "paid"
    FAILED = "failed"
    DROPPED = "dropped"


LINE_TRANSITIONS: dict[LineState, frozenset[LineState]] = {
    LineState.STOPPED: frozenset({LineState.READY, LineState.DROPPED}),
    LineState.READY: frozenset({LineState.PAID, LineState.FAILED, LineState.DROPPED}),
    LineState.PAID: frozenset(),
    LineState.FAILED: frozenset(),
    LineState.DROPPED: frozenset(),
}


class PayoutRun(Model):
    """One merchant's list of payouts. ``exports`` counts how often its file was answered, or that it was sent."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    merchant = fields.CharField(max_length=32)
    way = fields.CharEnumField(PayoutWay, max_length=8, default=PayoutWay.BANK)
    state = fields.CharEnumField(RunState, max_length=10)
    drafted_by = fields.CharField(max_length=60)
    drafted_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    note = fields.CharField(max_length=200, default="")
    exports = fields.IntField(default=0)
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payout_run"
        indexes = (Index(fields=("state", "id"), name="payout_run_state"),)
        constraints = (
            CheckConstraint(
                check="state NOT IN ('approved', 'exported', 'paid') OR decided_by <> drafted_by",
                name="payout_run_two_persons",
            ),
            CheckConstraint(check="exports >= 0", name="payout_run_exports"),
        )


class PayoutLine(Model):
    """What one household gets. ``reason`` is why it is stopped, dropped or failed; ``payout`` the one it became.

    ``account`` is the code of a bank account, or of a WeChat account in a run by transfer.
    """

    id = fields.BigIntField(primary_key=True)
    run: fields.ForeignKeyRelation[PayoutRun] = fields.ForeignKeyField(
        "longchuan.PayoutRun", related_name=False, on_delete=OnDelete.RESTRICT
    )
    position = fields.IntField()
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    state = fields.CharEnumField(LineState, max_length=8)
    account = fields.CharField(max_length=26, null=True)
    is_own_account = fields.BooleanField()
    amount_fen = fields.BigIntField()
    reason = fields.CharField(max_length=200, default="")
    decided_by = fields.CharField(max_length=60, null=True)
    payout = fields.CharField(max_length=32, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payout_line"
        unique_together = (("run", "position"), ("run", "household"))
        constraints = (
            CheckConstraint(check="amount_fen > 0", name="payout_line_amount"),
            CheckConstraint(
                check="state NOT IN ('ready', 'paid', 'failed') OR (account IS NOT NULL AND (is_own_account"
                " OR decided_by IS NOT NULL))",
                name="payout_line_account",
            ),
            CheckConstraint(check="(state = 'paid') = (payout IS NOT NULL)", name="payout_line_paid"),
            CheckConstraint(
                check="(state IN ('paid', 'failed', 'dropped')) = (ended_at IS NOT NULL)", name="payout_line_ended"
            ),
        )


class PayoutPart(Model):
    """One amount of a line: an order line, and by which rule and contribution the household has it.

    Held by one run at a time until ``released_at``, so that nobody else pays it meanwhile.
    """

    id = fields.BigIntField(primary_key=True)
    line: fields.ForeignKeyRelation[PayoutLine] = fields.ForeignKeyField(
        "longchuan.PayoutLine", related_name=False, on_delete=OnDelete.RESTRICT
    )
    household_code = fields.CharField(max_length=40)
    order_line = fields.CharField(max_length=80)
    category = fields.CharField(max_length=12)
    rule = fields.CharField(max_length=60)
    contribution = fields.CharField(max_length=80)
    amount_fen = fields.BigIntField()
    released_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payout_part"
        indexes = (Index(fields=("line_id",), name="payout_part_line"),)
        constraints = (
            UniqueConstraint(
                fields=("household_code", "order_line", "category", "rule", "contribution"),
                name="payout_part_held_once",
                condition="released_at IS NULL",
            ),
        )
