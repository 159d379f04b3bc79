"""What happened to a merchant's money, line by line, and the statements that these lines went into."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class EntryKind(StrEnum):
    """Why money of a merchant moved. All but the last four move money at the channel and sum to what landed there."""

    GROSS = "gross"
    DISCOUNT = "discount"
    FREIGHT = "freight"
    REFUND = "refund"
    FREIGHT_REFUND = "freight_refund"
    LATE_MONEY = "late_money"
    LATE_MONEY_RETURNED = "late_money_returned"
    FEE = "fee"
    SPLIT = "split"
    SPLIT_RETURNED = "split_returned"
    COMMISSION = "commission"
    COUNTY_OWES = "county_owes"
    COUNTY_OWES_SHARE = "county_owes_share"
    MERCHANT_OWES = "merchant_owes"


class Bearer(StrEnum):
    """Who pays for a discount."""

    NOBODY = ""
    MERCHANT = "merchant"
    COUNTY = "county"


class Statement(Model):
    """A period that was issued: every entry up to its last day that no earlier statement has. Never changed."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    merchant = fields.CharField(max_length=32)
    first_day = fields.DateField()
    last_day = fields.DateField()
    entry_count = fields.IntField()
    landed_fen = fields.BigIntField()
    issued_at = fields.DatetimeField()
    issued_by = fields.CharField(max_length=120)

    class Meta:
        table = "settlement_statement"
        constraints = (
            UniqueConstraint(fields=("merchant", "last_day"), name="settlement_statement_once"),
            CheckConstraint(check="last_day >= first_day AND entry_count > 0", name="settlement_statement_span"),
        )


class SettlementEntry(Model):
    """One amount of one fact, positive when it is the merchant's gain. ``day`` is China's, ``line`` empty for an order.

    Rows are only ever added; the statement that takes one up is noted once (``guards.sql``).
    """

    id = fields.BigIntField(primary_key=True)
    merchant = fields.CharField(max_length=32)
    order_number = fields.CharField(max_length=40)
    line = fields.CharField(max_length=44, default="")
    channel = fields.CharField(max_length=32)
    kind = fields.CharEnumField(EntryKind, max_length=20)
    bearer = fields.CharEnumField(Bearer, max_length=10, default=Bearer.NOBODY)
    amount_fen = fields.BigIntField()
    day = fields.DateField()
    occurred_at = fields.DatetimeField()
    source = fields.CharField(max_length=100)
    statement: fields.ForeignKeyNullableRelation[Statement] = fields.ForeignKeyField(
        "longchuan.Statement", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )

    class Meta:
        table = "settlement_entry"
        indexes = (
            Index(fields=("merchant", "day", "id"), name="settlement_entry_merchant"),
            Index(fields=("order_number",), name="settlement_entry_order"),
            Index(fields=("statement_id", "id"), name="settlement_entry_statement"),
        )
        constraints = (
            UniqueConstraint(fields=("source", "kind", "bearer", "line"), name="settlement_entry_once"),
            CheckConstraint(check="amount_fen <> 0", name="settlement_entry_amount"),
        )


class SettlementLine(Model):
    """What is known of an order line: from it the host's commission and the county's debt are computed anew."""

    id = fields.BigIntField(primary_key=True)
    line = fields.CharField(max_length=44, unique=True)
    order_number = fields.CharField(max_length=40)
    merchant = fields.CharField(max_length=32)
    channel = fields.CharField(max_length=32)
    quantity = fields.IntField()
    remaining_quantity = fields.IntField()
    remaining_net_fen = fields.BigIntField()
    county_fen = fields.BigIntField(default=0)
    host_commission_bp = fields.IntField(default=0)
    refund_step = fields.IntField(default=0)
    earned_at = fields.DatetimeField(null=True)

    class Meta:
        table = "settlement_line"
        constraints = (
            CheckConstraint(
                check="remaining_quantity BETWEEN 0 AND quantity AND remaining_net_fen >= 0 AND county_fen >= 0",
                name="settlement_line_remaining",
            ),
        )
