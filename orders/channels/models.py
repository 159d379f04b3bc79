"""Files of other channels, the orders and refunds they told of, and what the channels have paid out."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model
from orders.models import Order, OrderLine


class SalesChannel(StrEnum):
    """Where an order can be sold besides the mini-program."""

    DOUYIN = "douyin"
    PINDUODUO = "pinduoduo"
    GROUP_PURCHASE = "group_purchase"


class FileKind(StrEnum):
    """What a file of a channel tells."""

    ORDERS = "orders"
    REFUNDS = "refunds"
    SETTLEMENTS = "settlements"


class ChannelImport(Model):
    """A file that was taken in whole. ``digest`` is the SHA-256 of its bytes, by which it is known again."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    merchant = fields.CharField(max_length=32)
    channel = fields.CharEnumField(SalesChannel, max_length=20)
    kind = fields.CharEnumField(FileKind, max_length=12)
    digest = fields.BinaryField()
    row_count = fields.IntField()
    recorded = fields.IntField()
    known = fields.IntField()
    without_region = fields.IntField()
    imported_by = fields.CharField(max_length=120)
    imported_at = fields.DatetimeField()

    class Meta:
        table = "channel_import"
        unique_together = (("merchant", "channel", "kind", "digest"),)
        constraints = (
            CheckConstraint(check="recorded >= 0 AND known >= 0 AND row_count > 0", name="ck_channel_import_counts"),
        )


class ChannelOrder(Model):
    """What a channel calls an order. ``content`` is a keyed hash of its rows, to tell a change from a repeat."""

    id = fields.BigIntField(primary_key=True)
    order: fields.OneToOneRelation[Order] = fields.OneToOneField(
        "longchuan.Order", on_delete=fields.RESTRICT, related_name=False
    )
    file: fields.ForeignKeyRelation[ChannelImport] = fields.ForeignKeyField(
        "longchuan.ChannelImport", on_delete=fields.RESTRICT, related_name=False
    )
    merchant = fields.CharField(max_length=32)
    channel = fields.CharEnumField(SalesChannel, max_length=20)
    external_number = fields.CharField(max_length=64)
    content = fields.BinaryField()

    class Meta:
        table = "channel_order"
        unique_together = (("merchant", "channel", "external_number"),)


class ChannelRefund(Model):
    """Money that a channel gave back for one line. ``quantity`` is 0 when the buyer keeps the pieces. Fen."""

    id = fields.BigIntField(primary_key=True)
    line: fields.ForeignKeyRelation[OrderLine] = fields.ForeignKeyField(
        "longchuan.OrderLine", on_delete=fields.RESTRICT, related_name=False
    )
    file: fields.ForeignKeyRelation[ChannelImport] = fields.ForeignKeyField(
        "longchuan.ChannelImport", on_delete=fields.RESTRICT, related_name=False
    )
    number = fields.CharField(max_length=32)
    merchant = fields.CharField(max_length=32)
    channel = fields.CharEnumField(SalesChannel, max_length=20)
    external_number = fields.CharField(max_length=64)
    content = fields.BinaryField()
    quantity = fields.IntField()
    amount_fen = fields.BigIntField()
    freight_fen = fields.BigIntField()
    refunded_at = fields.DatetimeField()

    class Meta:
        table = "channel_refund"
        unique_together = (("merchant", "channel", "external_number", "line_id"),)
        indexes = (Index(fields=("line_id",), name="idx_channel_refund_line"),)
        constraints = (
            CheckConstraint(
                check="quantity >= 0 AND amount_fen >= 0 AND freight_fen >= 0 AND amount_fen + freight_fen > 0",
                name="ck_channel_refund_amounts",
            ),
        )


class ChannelSettlement(Model):
    """What a channel paid out for an order on one day, and kept as its fee; both are negative when it took back."""

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "longchuan.Order", on_delete=fields.RESTRICT, related_name=False
    )
    file: fields.ForeignKeyRelation[ChannelImport] = fields.ForeignKeyField(
        "longchuan.ChannelImport", on_delete=fields.RESTRICT, related_name=False
    )
    number = fields.CharField(max_length=32, unique=True)
    day = fields.DateField()
    paid_out_fen = fields.BigIntField()
    fee_fen = fields.BigIntField()

    class Meta:
        table = "channel_settlement"
        unique_together = (("order_id", "day"),)
        constraints = (CheckConstraint(check="paid_out_fen <> 0 OR fee_fen <> 0", name="ck_channel_settlement_money"),)
