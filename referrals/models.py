"""The county's dated terms, merchants who take part, referrers, and the stored commission of every line."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class ReferralTerms(Model):
    """What a referral brings from a day on: basis points of a line's net money, at most so much an order and a month.

    0 basis points end the programme for what is placed from then on.
    """

    id = fields.BigIntField(primary_key=True)
    valid_from = fields.DateField(unique=True)
    commission_bp = fields.IntField()
    order_cap_fen = fields.BigIntField()
    month_cap_fen = fields.BigIntField()
    source_document = fields.CharField(max_length=200)
    set_at = fields.DatetimeField()
    set_by = fields.CharField(max_length=120)

    class Meta:
        table = "referral_terms"
        constraints = (
            CheckConstraint(
                check="commission_bp BETWEEN 0 AND 5000 AND order_cap_fen BETWEEN 1 AND 100000000"
                " AND month_cap_fen BETWEEN 1 AND 100000000",
                name="referral_terms_limits",
            ),
        )


class ReferralOptIn(Model):
    """A merchant bears commission for one ``product``, or, where that is '', for all of its own."""

    id = fields.BigIntField(primary_key=True)
    merchant = fields.CharField(max_length=32)
    product = fields.CharField(max_length=40, default="")
    opted_in_at = fields.DatetimeField()
    opted_in_by = fields.CharField(max_length=120)
    ended_at = fields.DatetimeField(null=True)
    ended_by = fields.CharField(max_length=120, null=True)

    class Meta:
        table = "referral_opt_in"
        constraints = (
            UniqueConstraint(fields=("merchant", "product"), name="referral_opt_in_once", condition="ended_at IS NULL"),
        )


class Referrer(Model):
    """A consumer who has agreed to the programme's terms. Nobody's recruit: there is no column for who brought one."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=16, unique=True)
    consumer = fields.CharField(max_length=32)
    agreed_version = fields.IntField()
    joined_at = fields.DatetimeField()
    left_at = fields.DatetimeField(null=True)

    class Meta:
        table = "referrer"
        constraints = (
            CheckConstraint(check="code ~ '^[0-9A-Z]{16}$'", name="referrer_code_shape"),
            UniqueConstraint(fields=("consumer",), name="referrer_once", condition="left_at IS NULL"),
        )


class ShareState(StrEnum):
    """What became of a commission. Void: nothing was paid, or everything came back."""

    PLACED = "placed"
    PENDING = "pending"
    DUE = "due"
    PAID = "paid"
    VOID = "void"


SHARE_TRANSITIONS: dict[ShareState, frozenset[ShareState]] = {
    ShareState.PLACED: frozenset({ShareState.PENDING, ShareState.VOID}),
    ShareState.PENDING: frozenset({ShareState.DUE, ShareState.VOID}),
    ShareState.DUE: frozenset({ShareState.PAID}),
    ShareState.PAID: frozenset(),
    ShareState.VOID: frozenset({ShareState.PENDING}),  # a payment that came late
}


class ReferralPayout(Model):
    """The county has paid a referrer what was due less ``clawback_fen``, overpaid before, by its bank's ``voucher``."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    referrer: fields.ForeignKeyRelation[Referrer] = fields.ForeignKeyField(
        "longchuan.Referrer", related_name=False, on_delete=OnDelete.RESTRICT
    )
    amount_fen = fields.BigIntField()
    clawback_fen = fields.BigIntField(default=0)
    voucher = fields.CharField(max_length=64, unique=True)
    paid_at = fields.DatetimeField()
    paid_by = fields.CharField(max_length=120)

    class Meta:
        table = "referral_payout"
        constraints = (CheckConstraint(check="amount_fen > 0 AND clawback_fen >= 0", name="referral_payout_amount"),)


class ReferralShare(Model):
    """The commission of one order line, borne by its merchant. ``line`` and ``order_number`` are opaque.

    ``share_fen`` of ``base_fen`` was fixed when the order was placed; ``left_fen`` is what refunds have left of it.
    ``due_fen`` of that is owed in ``month`` (of China), less when the referrer's month is full. Of a paid share a
    refund takes ``clawed_fen`` back, of which ``recovered_fen`` has come off what was paid later.
    """

    id = fields.BigIntField(primary_key=True)
    line = fields.CharField(max_length=40, unique=True)
    order_number = fields.CharField(max_length=32)
    referrer: fields.ForeignKeyRelation[Referrer] = fields.ForeignKeyField(
        "longchuan.Referrer", related_name=False, on_delete=OnDelete.RESTRICT
    )
    terms: fields.ForeignKeyRelation[ReferralTerms] = fields.ForeignKeyField(
        "longchuan.ReferralTerms", related_name=False, on_delete=OnDelete.RESTRICT
    )
    merchant = fields.CharField(max_length=32)
    base_fen = fields.BigIntField()
    share_fen = fields.BigIntField()
    left_fen = fields.BigIntField()
    due_fen = fields.BigIntField(null=True)
    clawed_fen = fields.BigIntField(default=0)
    recovered_fen = fields.BigIntField(default=0)
    month = fields.DateField(null=True)
    state = fields.CharEnumField(ShareState, max_length=10, default=ShareState.PLACED)
    payout: fields.ForeignKeyNullableRelation[ReferralPayout] = fields.ForeignKeyField(
        "longchuan.ReferralPayout", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    placed_at = fields.DatetimeField()
    due_at = fields.DatetimeField(null=True)

    class Meta:
        table = "referral_share"
        indexes = (
            Index(fields=("order_number",), name="referral_share_order"),
            Index(fields=("referrer_id", "state", "month"), name="referral_share_referrer"),
        )
        constraints = (
            CheckConstraint(
                check="share_fen > 0 AND share_fen <= base_fen AND left_fen BETWEEN 0 AND share_fen"
                " AND (due_fen IS NULL OR due_fen BETWEEN 0 AND left_fen)",
                name="referral_share_amounts",
            ),
            CheckConstraint(
                check="recovered_fen BETWEEN 0 AND clawed_fen AND clawed_fen <= COALESCE(due_fen, 0)"
                " AND (state = 'paid' OR clawed_fen = 0)",
                name="referral_share_clawed",
            ),
            CheckConstraint(
                check="(state IN ('due', 'paid')) = (due_fen IS NOT NULL AND month IS NOT NULL)"
                " AND (state = 'paid') = (payout_id IS NOT NULL)",
                name="referral_share_due",
            ),
        )
