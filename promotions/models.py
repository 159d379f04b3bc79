"""Coupon campaigns, coupons, and the stored share of every line that a coupon made cheaper."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class CampaignState(StrEnum):
    """Where a campaign is. Paused: neither claimed nor used. Ended: not claimed; what is claimed stays good."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


CAMPAIGN_TRANSITIONS: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.RUNNING, CampaignState.ENDED}),
    CampaignState.RUNNING: frozenset({CampaignState.PAUSED, CampaignState.ENDED}),
    CampaignState.PAUSED: frozenset({CampaignState.RUNNING, CampaignState.ENDED}),
    CampaignState.ENDED: frozenset(),
}


class CouponState(StrEnum):
    """What became of a coupon."""

    CLAIMED = "claimed"
    HELD = "held"
    SPENT = "spent"
    EXPIRED = "expired"
    VOID = "void"


COUPON_TRANSITIONS: dict[CouponState, frozenset[CouponState]] = {
    # Straight to spent: a late payment of a trade that had given it back.
    CouponState.CLAIMED: frozenset({CouponState.HELD, CouponState.SPENT, CouponState.EXPIRED, CouponState.VOID}),
    CouponState.HELD: frozenset({CouponState.SPENT, CouponState.CLAIMED}),
    CouponState.SPENT: frozenset({CouponState.CLAIMED}),  # what it was spent on came to nothing
    CouponState.EXPIRED: frozenset(),
    CouponState.VOID: frozenset(),
}


class CouponCampaign(Model):
    """Terms under which coupons are given out. They never change once the row exists; only the state does.

    ``merchant`` is a public number, None for the county. A coupon takes off ``off_fen``, or ``off_bp`` of the price and
    at most ``cap_fen``. ``products`` are the product codes it is good for, None for all. Of the discount the merchant
    bears ``merchant_bears_bp``, the county the rest. ``budget_fen`` bounds what all coupons together can take off: the
    quantity is checked against it beforehand, so a claimed coupon is never refused for want of money. With an opaque
    ``source`` coupons are claimed there alone; they are used anywhere.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    merchant = fields.CharField(max_length=32, null=True)
    title = fields.CharField(max_length=60)
    threshold_fen = fields.BigIntField()
    off_fen = fields.BigIntField(default=0)
    off_bp = fields.IntField(default=0)
    cap_fen = fields.BigIntField()
    products: fields.Field[list[str] | None] = fields.JSONField(null=True)
    source = fields.CharField(max_length=64, null=True)
    quantity = fields.IntField()
    claimed = fields.IntField(default=0)
    per_person = fields.IntField()
    claim_from = fields.DatetimeField()
    claim_until = fields.DatetimeField()
    use_from = fields.DatetimeField()
    use_until = fields.DatetimeField()
    merchant_bears_bp = fields.IntField()
    budget_fen = fields.BigIntField()
    source_document = fields.CharField(max_length=200)
    state = fields.CharEnumField(CampaignState, max_length=10, default=CampaignState.DRAFT)
    created_at = fields.DatetimeField()
    created_by = fields.CharField(max_length=120)
    moved_at = fields.DatetimeField()
    moved_by = fields.CharField(max_length=120)

    class Meta:
        table = "coupon_campaign"
        indexes = (
            Index(fields=("merchant", "id"), name="coupon_campaign_merchant"),
            Index(fields=("state", "id"), name="coupon_campaign_state"),
        )
        constraints = (
            # Something is always left to pay: an amount is below its threshold, a percentage below the whole.
            CheckConstraint(
                check="(off_fen BETWEEN 1 AND 100000000 AND off_bp = 0 AND threshold_fen > off_fen"
                " AND cap_fen = off_fen)"
                " OR (off_fen = 0 AND off_bp BETWEEN 1 AND 9999 AND threshold_fen >= 1"
                " AND cap_fen BETWEEN 1 AND 100000000)",
                name="coupon_campaign_off",
            ),
            CheckConstraint(check="threshold_fen <= 100000000", name="coupon_campaign_threshold"),
            CheckConstraint(
                check="quantity BETWEEN 1 AND 10000000 AND claimed BETWEEN 0 AND quantity"
                " AND per_person BETWEEN 1 AND 20 AND cap_fen * quantity <= budget_fen",
                name="coupon_campaign_quantity",
            ),
            CheckConstraint(
                check="claim_until > claim_from AND use_until > use_from AND use_until >= claim_until",
                name="coupon_campaign_windows",
            ),
            CheckConstraint(
                check="merchant_bears_bp BETWEEN 0 AND 10000 AND (merchant IS NULL OR merchant_bears_bp = 10000)",
                name="coupon_campaign_bearer",
            ),
        )


class Coupon(Model):
    """One coupon of one person; ``owner`` is opaque, ``reference`` is the trade that holds or has spent it."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    campaign: fields.ForeignKeyRelation[CouponCampaign] = fields.ForeignKeyField(
        "longchuan.CouponCampaign", related_name=False, on_delete=OnDelete.RESTRICT
    )
    owner = fields.CharField(max_length=64)
    ordinal = fields.SmallIntField()
    state = fields.CharEnumField(CouponState, max_length=10, default=CouponState.CLAIMED)
    reference = fields.CharField(max_length=64, null=True)
    use_until = fields.DatetimeField()
    claimed_at = fields.DatetimeField()
    held_at = fields.DatetimeField(null=True)
    spent_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    void_reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "coupon"
        indexes = (
            Index(fields=("owner", "id"), name="coupon_owner"),
            Index(fields=("reference",), name="coupon_reference"),
            PartialIndex(fields=("use_until",), name="coupon_due", condition={"state": "claimed"}),
        )
        constraints = (
            # The limit for one person stands here, whatever two requests read at the same time.
            UniqueConstraint(fields=("campaign_id", "owner", "ordinal"), name="coupon_once_each"),
            CheckConstraint(
                check="(state IN ('held', 'spent')) = (reference IS NOT NULL)", name="coupon_reference_held"
            ),
        )


class CouponShare(Model):
    """What one coupon takes off one line of one trade, and who bears it. Written at the hold.

    ``line_fen`` is the line at its price, ``net_fen`` what is left of it after every coupon. It counts from
    ``spent_at`` on, when the line was paid, as long as the coupon is spent on ``reference``; other rows stay and count
    for nothing.
    """

    id = fields.BigIntField(primary_key=True)
    coupon: fields.ForeignKeyRelation[Coupon] = fields.ForeignKeyField(
        "longchuan.Coupon", related_name=False, on_delete=OnDelete.RESTRICT
    )
    reference = fields.CharField(max_length=64)
    line = fields.CharField(max_length=64)
    line_fen = fields.BigIntField()
    discount_fen = fields.BigIntField()
    merchant_fen = fields.BigIntField()
    county_fen = fields.BigIntField()
    net_fen = fields.BigIntField()
    spent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "coupon_share"
        indexes = (Index(fields=("reference",), name="coupon_share_reference"),)
        constraints = (
            CheckConstraint(
                check="discount_fen >= 0 AND net_fen >= 0 AND discount_fen + net_fen <= line_fen"
                " AND merchant_fen >= 0 AND county_fen >= 0 AND merchant_fen + county_fen = discount_fen",
                name="coupon_share_amounts",
            ),
            UniqueConstraint(fields=("coupon_id", "reference", "line"), name="coupon_share_once"),
        )
