"""Orders, their lines, and what happened to them. After-sales cases stand in ``orders.cases.models``."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model


class OrderState(StrEnum):
    """Where an order is. Refunds do not show here: they are counted on the lines."""

    PENDING_PAYMENT = "pending_payment"
    PAID = "paid"
    PACKED = "packed"
    SHIPPED = "shipped"
    RECEIVED = "received"
    CLOSED = "closed"


ORDER_TRANSITIONS: dict[OrderState, frozenset[OrderState]] = {
    OrderState.PENDING_PAYMENT: frozenset({OrderState.PAID, OrderState.CLOSED}),
    OrderState.PAID: frozenset({OrderState.PACKED, OrderState.RECEIVED, OrderState.CLOSED}),  # a voucher is not sent
    OrderState.PACKED: frozenset({OrderState.SHIPPED, OrderState.CLOSED}),
    OrderState.SHIPPED: frozenset({OrderState.RECEIVED, OrderState.CLOSED}),
    OrderState.RECEIVED: frozenset({OrderState.CLOSED}),
    OrderState.CLOSED: frozenset({OrderState.PAID}),  # a payment that arrived late, when stock is still there
}


class DeliveryKind(StrEnum):
    """How a buyer comes by it: sent to an address, fetched at a station with a code, or used where it is offered."""

    ADDRESS = "address"
    PICKUP = "pickup"
    VOUCHER = "voucher"


class CaseState(StrEnum):
    """Where an after-sales case is; the first migration knows it in this module."""

    REQUESTED = "requested"
    OFFERED = "offered"
    REFUSED = "refused"
    ESCALATED = "escalated"
    RETURNING = "returning"
    RETURNED = "returned"
    RETURN_REFUSED = "return_refused"
    RETURN_ESCALATED = "return_escalated"
    EXCHANGING = "exchanging"
    EXCHANGED = "exchanged"
    REFUNDING = "refunding"
    FAILED = "failed"
    REFUNDED = "refunded"
    COMPLETED = "completed"
    CLOSED = "closed"


class Trade(Model):
    """One checkout of one consumer: one payment by one password, and an order with each merchant.

    It has no state of its own: its orders have, and each of them goes on by itself once it is paid.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    consumer = fields.CharField(max_length=32)
    amount_fen = fields.BigIntField()
    order_count = fields.SmallIntField()
    placed_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "trade"
        indexes = (Index(fields=("consumer", "id"), name="idx_trade_consumer"),)
        constraints = (CheckConstraint(check="amount_fen > 0 AND order_count > 0", name="ck_trade_amount"),)


class Order(Model):
    """One purchase from one merchant. ``consumer`` and ``merchant`` are public numbers.

    With a ``group`` it is not packed before that is formed.

    ``address_mark`` is a keyed hash of where it is sent, so that orders to one address are found without opening any;
    ``device_mark`` of the network address and the phone's model that it was placed from.

    ``source`` is opaque and stands here when all lines have the same; each line has its own. ``commission_bp`` is the
    merchant's share for the county on that day; ``to_share``: it will be split off the payment.
    """

    id = fields.BigIntField(primary_key=True)
    trade: fields.ForeignKeyRelation[Trade] = fields.ForeignKeyField(
        "longchuan.Trade", on_delete=fields.RESTRICT, related_name=False
    )
    number = fields.CharField(max_length=32, unique=True)
    group: fields.ForeignKeyNullableRelation[Model] = fields.ForeignKeyField(
        "longchuan.BuyingGroup", on_delete=fields.RESTRICT, related_name=False, null=True
    )
    consumer = fields.CharField(max_length=32)
    merchant = fields.CharField(max_length=32)
    state = fields.CharEnumField(OrderState, max_length=20, default=OrderState.PENDING_PAYMENT)
    channel = fields.CharField(max_length=32)
    source = fields.CharField(max_length=64, null=True)
    goods_fen = fields.BigIntField()
    discount_fen = fields.BigIntField(default=0)
    freight_fen = fields.BigIntField(default=0)
    amount_fen = fields.BigIntField()
    commission_bp = fields.IntField(default=0)
    to_share = fields.BooleanField(default=False)
    delivery_kind = fields.CharEnumField(DeliveryKind, max_length=10, default=DeliveryKind.ADDRESS)
    delivery = fields.BinaryField()
    address_mark = fields.BinaryField(null=True)
    device_mark = fields.BinaryField(null=True)
    after_sales_window_s = fields.IntField()
    after_sales_terms: fields.Field[dict[str, int]] = fields.JSONField(default=dict)
    placed_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    paid_at = fields.DatetimeField(null=True)
    packed_at = fields.DatetimeField(null=True)
    shipped_at = fields.DatetimeField(null=True)
    carrier = fields.CharField(max_length=32, null=True)
    waybill = fields.CharField(max_length=64, null=True)
    delivered_at = fields.DatetimeField(null=True)
    receive_by = fields.DatetimeField(null=True)
    receipt_extended_at = fields.DatetimeField(null=True)
    receipt_check_at = fields.DatetimeField(null=True)
    receipt_checks = fields.SmallIntField(null=True)
    reminded_at = fields.DatetimeField(null=True)
    received_at = fields.DatetimeField(null=True)
    earned_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    close_reason = fields.CharField(max_length=40, null=True)

    class Meta:
        table = "customer_order"
        indexes = (
            Index(fields=("trade_id",), name="idx_order_trade"),
            Index(fields=("consumer", "id"), name="idx_order_consumer"),
            Index(fields=("merchant", "state", "id"), name="idx_order_merchant"),
            Index(fields=("source",), name="idx_order_source"),
        )
        constraints = (
            CheckConstraint(
                check="goods_fen >= 0 AND freight_fen >= 0 AND discount_fen BETWEEN 0 AND goods_fen"
                " AND amount_fen = goods_fen - discount_fen + freight_fen AND amount_fen > 0",
                name="ck_order_amounts",
            ),
        )


class OrderLine(Model):
    """One SKU of an order with everything copied. ``reference`` is the opaque name other rooms use.

    ``source_offset_ms`` is the place in what the opaque ``source`` shows: the buyer's picture of a live room.
    ``net_fen`` is what the goods cost, without freight. ``discounts`` are the stored shares of each coupon, which sum
    to ``discount_fen``; ``freight_fen`` is the line's share of the freight by ``freight_terms``. ``booking`` has the
    days of a booked service, each with its price; of what was given up late the seller keeps ``kept_fen``.
    ``confirmed`` is the tick without which some return policies do not hold against the buyer (domain reference 5).
    ``unattributed_since`` is when the line was packed without a lot, until it is bound to its lots.
    """

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "longchuan.Order", on_delete=fields.RESTRICT, related_name=False
    )
    reference = fields.CharField(max_length=40, unique=True)
    position = fields.SmallIntField()
    sku = fields.CharField(max_length=40)
    product = fields.CharField(max_length=40)
    source = fields.CharField(max_length=64, null=True)
    source_offset_ms = fields.BigIntField(null=True)
    title = fields.CharField(max_length=120)
    spec = fields.CharField(max_length=120)
    image = fields.CharField(max_length=255)
    marks: fields.Field[list[str]] = fields.JSONField()
    unit_price_fen = fields.BigIntField()
    quantity = fields.IntField()
    gross_fen = fields.BigIntField()
    discount_fen = fields.BigIntField(default=0)
    discounts: fields.Field[list[dict[str, object]]] = fields.JSONField(default=list)
    net_fen = fields.BigIntField()
    freight_fen = fields.BigIntField(default=0)
    freight_terms = fields.CharField(max_length=64, default="")
    host_commission_bp = fields.IntField(default=0)
    mass_gram = fields.IntField()
    return_policy = fields.CharField(max_length=32)
    confirmed = fields.BooleanField(default=False)
    ships_from = fields.DateField(null=True)
    booking: fields.Field[dict[str, object] | None] = fields.JSONField(null=True)
    refunded_quantity = fields.IntField(default=0)
    refunded_fen = fields.BigIntField(default=0)
    kept_fen = fields.BigIntField(default=0)
    refunded_freight_fen = fields.BigIntField(default=0)
    refund_steps = fields.SmallIntField(default=0)
    unattributed_since = fields.DatetimeField(null=True)

    class Meta:
        table = "order_line"
        indexes = (Index(fields=("order_id",), name="idx_order_line_order"),)
        constraints = (
            CheckConstraint(
                check="quantity > 0 AND gross_fen = unit_price_fen * quantity AND discount_fen BETWEEN 0 AND gross_fen"
                " AND net_fen = gross_fen - discount_fen",
                name="ck_order_line_amounts",
            ),
            CheckConstraint(check="freight_fen >= 0", name="ck_order_line_freight"),
            CheckConstraint(
                check="source_offset_ms IS NULL OR source IS NOT NULL AND source_offset_ms >= 0",
                name="ck_order_line_source_offset",
            ),
            CheckConstraint(
                check="confirmed OR return_policy NOT IN ('seven_days_unopened', 'none_activated', 'none_near_expiry')",
                name="ck_order_line_confirmed",
            ),
            CheckConstraint(
                check="refunded_quantity BETWEEN 0 AND quantity AND refunded_fen BETWEEN 0 AND net_fen",
                name="ck_order_line_refunds",
            ),
            CheckConstraint(check="kept_fen BETWEEN 0 AND net_fen - refunded_fen", name="ck_order_line_kept"),
            CheckConstraint(
                check="refunded_freight_fen BETWEEN 0 AND freight_fen", name="ck_order_line_refunded_freight"
            ),
        )


class OrderEvent(Model):
    """One step of an order's life; replaying them gives the present state."""

    id = fields.BigIntField(primary_key=True)
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField(
        "longchuan.Order", on_delete=fields.RESTRICT, related_name=False
    )
    state = fields.CharEnumField(OrderState, max_length=20)
    actor = fields.CharField(max_length=64)
    reason = fields.CharField(max_length=120, null=True)
    happened_at = fields.DatetimeField()

    class Meta:
        table = "order_event"
        indexes = (Index(fields=("order_id", "id"), name="idx_order_event_order"),)


class CartLine(Model):
    """What a consumer means to buy. ``seen_price_fen`` is the price when it was last put there.

    What is booked by the day has ``check_in``, and a stay ``check_out`` (:class:`orders.quotes.CheckoutLine`); other
    days of it are another line (``guards.sql``).
    ``attribution`` is the live room's signed word, kept as it came and verified when the order is placed, with
    ``position_ms``, where its pictures stood for the viewer.
    """

    id = fields.BigIntField(primary_key=True)
    consumer = fields.CharField(max_length=32)
    sku = fields.CharField(max_length=40)
    quantity = fields.IntField()
    selected = fields.BooleanField(default=True)
    seen_price_fen = fields.BigIntField()
    check_in = fields.DateField(null=True)
    check_out = fields.DateField(null=True)
    attribution = fields.CharField(max_length=400, null=True)
    position_ms = fields.BigIntField(null=True)
    put_at = fields.DatetimeField()

    class Meta:
        table = "cart_line"
        constraints = (
            CheckConstraint(check="quantity BETWEEN 1 AND 999 AND seen_price_fen > 0", name="ck_cart_line_quantity"),
            CheckConstraint(check="check_out IS NULL OR check_out > check_in", name="ck_cart_line_stay"),
            CheckConstraint(
                check="position_ms IS NULL OR attribution IS NOT NULL AND position_ms >= 0",
                name="ck_cart_line_position",
            ),
        )


class OrderGift(Model):
    """That an order is a gift. Its words are a text of ``content``; both go when the buyer's data do."""

    id = fields.BigIntField(primary_key=True)
    order: fields.OneToOneRelation[Order] = fields.OneToOneField(
        "longchuan.Order", on_delete=fields.RESTRICT, related_name=False
    )
    hides_price = fields.BooleanField(default=False)

    class Meta:
        table = "order_gift"


class OrderShortage(Model):
    """Pieces that the merchant sold and did not have; ``case_number`` is the after-sales case that refunds them."""

    id = fields.BigIntField(primary_key=True)
    case_number = fields.CharField(max_length=32, unique=True)
    sku = fields.CharField(max_length=40)
    quantity = fields.IntField()
    reported_at = fields.DatetimeField()
    reported_by = fields.CharField(max_length=120)
    written_off_at = fields.DatetimeField(null=True)

    class Meta:
        table = "order_shortage"
        constraints = (CheckConstraint(check="quantity > 0", name="ck_order_shortage_quantity"),)
