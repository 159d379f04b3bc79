"""Accounts, journals and postings. Rows are added and never changed; ``guards.sql`` enforces it."""

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class LedgerAccount(Model):
    """A code of the chart for one owner, in one state and income category (empty where they say nothing)."""

    id = fields.BigIntField(primary_key=True)
    book = fields.CharField(max_length=12)
    code = fields.CharField(max_length=8)
    owner = fields.CharField(max_length=80)
    state = fields.CharField(max_length=12)
    category = fields.CharField(max_length=12)

    class Meta:
        table = "ledger_account"
        unique_together = (("code", "owner", "state", "category"),)
        indexes = (Index(fields=("owner", "code"), name="ledger_account_owner"),)
        constraints = (
            CheckConstraint(check="book IN ('cash', 'statistics')", name="ledger_account_book"),
            CheckConstraint(
                check="state IN ('', 'accrued', 'earned', 'paid', 'confirmed')", name="ledger_account_state"
            ),
        )


class LedgerJournal(Model):
    """One balanced change, made by one step of one source.

    ``period`` is the calendar month in China of ``booked_at``. ``seq``, ``prev_hash`` and ``hash`` are filled
    once, together, by the sealer.
    """

    id = fields.BigIntField(primary_key=True)
    period = fields.CharField(max_length=7)
    source_type = fields.CharField(max_length=40)
    source_id = fields.CharField(max_length=100)
    rule = fields.CharField(max_length=60)
    step = fields.IntField()
    occurred_at = fields.DatetimeField()
    booked_at = fields.DatetimeField()
    note = fields.CharField(max_length=300)
    posting_count = fields.IntField()
    reverses: fields.OneToOneNullableRelation["LedgerJournal"] = fields.OneToOneField(
        "longchuan.LedgerJournal", null=True, related_name=False, on_delete=OnDelete.RESTRICT
    )
    corrects_period = fields.CharField(max_length=7, null=True)
    seq = fields.BigIntField(null=True)
    prev_hash = fields.CharField(max_length=64, null=True)
    hash = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "ledger_journal"
        unique_together = (("source_type", "source_id", "rule", "step"), ("period", "seq"))
        constraints = (
            CheckConstraint(check="posting_count >= 2", name="ledger_journal_posting_count"),
            CheckConstraint(
                check="(seq IS NULL) = (hash IS NULL) AND (hash IS NULL) = (prev_hash IS NULL)",
                name="ledger_journal_sealed_whole",
            ),
        )


class LedgerPosting(Model):
    """One amount on one account, in fen: debit positive, credit negative, never zero.

    ``subject`` is the opaque thing that the amount stands for (an order line, an intake); ``rule`` and
    ``contribution`` say by which benefit rule and for which lot and intake.
    """

    id = fields.BigIntField(primary_key=True)
    journal: fields.ForeignKeyRelation[LedgerJournal] = fields.ForeignKeyField(
        "longchuan.LedgerJournal", related_name=False, on_delete=OnDelete.RESTRICT
    )
    account: fields.ForeignKeyRelation[LedgerAccount] = fields.ForeignKeyField(
        "longchuan.LedgerAccount", related_name=False, on_delete=OnDelete.RESTRICT
    )
    subject = fields.CharField(max_length=80)
    rule = fields.CharField(max_length=60)
    contribution = fields.CharField(max_length=80)
    amount_fen = fields.BigIntField()

    class Meta:
        table = "ledger_posting"
        indexes = (
            Index(fields=("subject",), name="ledger_posting_subject"),
            Index(fields=("account_id",), name="ledger_posting_account"),
            Index(fields=("journal_id",), name="ledger_posting_journal"),
        )
        constraints = (CheckConstraint(check="amount_fen <> 0", name="ledger_posting_amount"),)
