"""Accounts, journals, postings and periods. Rows are added and never changed; ``guards.sql`` enforces it."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model


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
                check="state IN ('', 'accrued', 'earned', 'paid', 'confirmed', 'clawback')", name="ledger_account_state"
            ),
        )


class LedgerJournal(Model):
    """One balanced change, made by one step of one source.

    ``period`` is the calendar month in China in which it happened, as long as that month is open; what comes later is
    booked into the open one, and ``corrects_period`` names the month in which it happened. ``seq``,
    ``prev_hash`` and ``hash`` are filled
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


class LedgerInput(Model):
    """Something that the books were told or that they depend on, in the order in which it took effect (decision 0051).

    ``kind`` is the topic of a fact, the name of a record that was booked, or the table of a row that changed, and
    ``source_id`` which one. ``body`` is the fact, or what no record of its own says; ``booked_at`` the moment that its
    journals have. Rows are only ever added.
    """

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=40)
    source_id = fields.CharField(max_length=100)
    body: fields.Field[dict[str, object]] = fields.JSONField()
    booked_at = fields.DatetimeField()

    class Meta:
        table = "ledger_input"


class LedgerAnchor(Model):
    """How far a month, or the access log, had come on a day, signed, and kept outside of the database as well.

    ``message`` is the signed text, ``signature`` and ``public_key`` are hexadecimal. ``stored_at`` is filled once.
    """

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField()
    period = fields.CharField(max_length=7)
    seq = fields.BigIntField()
    hash = fields.CharField(max_length=64)
    message = fields.CharField(max_length=600)
    signature = fields.CharField(max_length=128)
    public_key = fields.CharField(max_length=64)
    made_at = fields.DatetimeField()
    stored_at = fields.DatetimeField(null=True)

    class Meta:
        table = "ledger_anchor"
        unique_together = (("day", "period"),)
        indexes = (Index(fields=("period", "seq"), name="ledger_anchor_period"),)
        constraints = (CheckConstraint(check="seq > 0", name="ledger_anchor_seq"),)


class LedgerPosting(Model):
    """One amount on one account, in fen: debit positive, credit negative, never zero.

    ``subject`` is the opaque thing that the amount stands for (an order line, an intake); ``rule`` and
    ``contribution`` say by which benefit rule and for which lot and intake. That journal and account exist is checked
    once a statement by its guards, not row by row, and neither can ever be deleted (decision 0070).
    """

    id = fields.BigIntField(primary_key=True)
    journal_id = fields.BigIntField()
    account_id = fields.BigIntField()
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


class LedgerTotal(Model):
    """What the sealed postings of an account come to in a month, or (``period`` '') in all months.

    A trigger keeps it in the transaction of the seal; the application itself may only read it.
    """

    id = fields.BigIntField(primary_key=True)
    account: fields.ForeignKeyRelation[LedgerAccount] = fields.ForeignKeyField(
        "longchuan.LedgerAccount", related_name=False, on_delete=OnDelete.RESTRICT
    )
    period = fields.CharField(max_length=7)
    debit_fen = fields.BigIntField()
    credit_fen = fields.BigIntField()
    postings = fields.BigIntField()

    class Meta:
        table = "ledger_total"
        unique_together = (("account", "period"),)
        indexes = (Index(fields=("period",), name="ledger_total_period"),)


class PeriodState(StrEnum):
    """Where a month stands. Closing: nothing is posted into it any more, and its certificate is being signed."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


PERIOD_TRANSITIONS: dict[PeriodState, frozenset[PeriodState]] = {
    PeriodState.OPEN: frozenset({PeriodState.CLOSING}),
    PeriodState.CLOSING: frozenset({PeriodState.OPEN, PeriodState.CLOSED}),
    PeriodState.CLOSED: frozenset(),
}


class Signatory(StrEnum):
    """For whom somebody signs a month (domain reference 2.5, period close)."""

    POVERTY_OFFICE = "poverty_office"
    OPERATOR = "operator"


class LedgerPeriod(Model):
    """A month that somebody has begun to close; a month without a row is open.

    ``round`` counts the attempts. ``root`` is the hash of the last journal, noted when it is closed.
    """

    id = fields.BigIntField(primary_key=True)
    period = fields.CharField(max_length=7, unique=True)
    state = fields.CharEnumField(PeriodState, max_length=8, default=PeriodState.OPEN)
    round = fields.IntField(default=0)
    root = fields.CharField(max_length=64, null=True)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "ledger_period"
        constraints = (
            CheckConstraint(check="period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'", name="ledger_period_month"),
            CheckConstraint(
                check="(state = 'closed') = (root IS NOT NULL) AND (root IS NULL) = (closed_at IS NULL)",
                name="ledger_period_closed_whole",
            ),
        )


class LedgerPeriodStep(Model):
    """One step of a month: what it came to, by whom and why. Rows are only ever added."""

    id = fields.BigIntField(primary_key=True)
    period: fields.ForeignKeyRelation[LedgerPeriod] = fields.ForeignKeyField(
        "longchuan.LedgerPeriod", related_name=False, on_delete=OnDelete.RESTRICT
    )
    state = fields.CharEnumField(PeriodState, max_length=8)
    at = fields.DatetimeField()
    by = fields.CharField(max_length=120)
    note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "ledger_period_step"
        indexes = (Index(fields=("period_id",), name="ledger_period_step_period"),)


class PeriodItem(Model):
    """Something that keeps a month from agreeing, listed with the reason why it is closed all the same.

    It holds for this amount alone: a difference that grows is another one.
    """

    id = fields.BigIntField(primary_key=True)
    period = fields.CharField(max_length=7)
    kind = fields.CharField(max_length=24)
    key = fields.CharField(max_length=80)
    amount_fen = fields.BigIntField()
    reason = fields.CharField(max_length=200)
    listed_by = fields.CharField(max_length=120)
    listed_at = fields.DatetimeField()

    class Meta:
        table = "ledger_period_item"
        unique_together = (("period", "kind", "key", "amount_fen"),)
        constraints = (CheckConstraint(check="reason <> ''", name="ledger_period_item_reason"),)


class PeriodCertificate(Model):
    """What is signed: the month's figures, checks and items as one text, and its SHA-256. Never changed."""

    id = fields.BigIntField(primary_key=True)
    period: fields.ForeignKeyRelation[LedgerPeriod] = fields.ForeignKeyField(
        "longchuan.LedgerPeriod", related_name=False, on_delete=OnDelete.RESTRICT
    )
    round = fields.IntField()
    text = fields.TextField()
    digest = fields.CharField(max_length=64)
    root = fields.CharField(max_length=64)
    made_by = fields.CharField(max_length=120)
    made_at = fields.DatetimeField()

    class Meta:
        table = "ledger_certificate"
        unique_together = (("period", "round"),)
        indexes = (Index(fields=("digest",), name="ledger_certificate_digest"),)


class PeriodSignature(Model):
    """That somebody stands for a certificate: one for each signatory, and never the same account twice."""

    id = fields.BigIntField(primary_key=True)
    certificate: fields.ForeignKeyRelation[PeriodCertificate] = fields.ForeignKeyField(
        "longchuan.PeriodCertificate", related_name=False, on_delete=OnDelete.RESTRICT
    )
    signatory = fields.CharEnumField(Signatory, max_length=16)
    signed_by = fields.CharField(max_length=120)
    name = fields.CharField(max_length=60)
    signed_at = fields.DatetimeField()

    class Meta:
        table = "ledger_signature"
        unique_together = (("certificate", "signatory"), ("certificate", "signed_by"))
