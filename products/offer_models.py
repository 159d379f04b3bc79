"""Flash and group offers, the buckets of their pieces, their buyers, and what a group promises."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import PartialIndex
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from products.models import Sku


class OfferState(StrEnum):
    """Whether an offer still holds pieces. One that has not begun is open too: its pieces are set aside."""

    OPEN = "open"
    ENDED = "ended"


OFFER_TRANSITIONS: dict[OfferState, frozenset[OfferState]] = {
    OfferState.OPEN: frozenset({OfferState.ENDED}),
    OfferState.ENDED: frozenset(),
}


class OfferKind(StrEnum):
    """Who buys under an offer: everybody while it runs, those who buy together, or those who buy at one source."""

    FLASH = "flash"
    GROUP = "group"
    LIVE = "live"


class FlashOffer(Model):
    """A SKU at another price for a time, with ``pieces`` of its own. ``list_price_fen`` is the SKU's, copied.

    ``source`` is the opaque place at which alone it is sold so; elsewhere the SKU is sold at its own price.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField(
        "longchuan.Sku", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    kind = fields.CharEnumField(OfferKind, max_length=10, default=OfferKind.FLASH)
    source = fields.CharField(max_length=64, null=True)
    price_fen = fields.BigIntField()
    list_price_fen = fields.BigIntField()
    pieces = fields.IntField()
    buckets = fields.SmallIntField()
    limit_per_buyer = fields.IntField(null=True)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    state = fields.CharEnumField(OfferState, max_length=10, default=OfferState.OPEN)
    opened_at = fields.DatetimeField()
    opened_by = fields.CharField(max_length=120)
    ended_at = fields.DatetimeField(null=True)
    ended_by = fields.CharField(max_length=120, null=True)
    returned = fields.IntField(null=True)

    class Meta:
        table = "flash_offer"
        indexes = (PartialIndex(fields=("ends_at",), name="flash_offer_due", condition={"state": "open"}),)
        constraints = (
            CheckConstraint(
                check="price_fen >= 1 AND price_fen < list_price_fen AND pieces BETWEEN 1 AND 1000000"
                " AND buckets BETWEEN 1 AND 16 AND (limit_per_buyer IS NULL OR limit_per_buyer BETWEEN 1 AND 10000)"
                " AND ends_at > starts_at",
                name="flash_offer_terms",
            ),
            CheckConstraint(check="(kind = 'live') = (source IS NOT NULL)", name="flash_offer_source"),
            UniqueConstraint(fields=("sku_id",), name="flash_offer_one_open", condition="state = 'open'"),
        )


class FlashBucket(Model):
    """A part of an open offer's pieces that are not taken."""

    id = fields.BigIntField(primary_key=True)
    offer: fields.ForeignKeyRelation[FlashOffer] = fields.ForeignKeyField(
        "longchuan.FlashOffer", related_name=False, on_delete=OnDelete.RESTRICT
    )
    position = fields.SmallIntField()
    available = fields.BigIntField()

    class Meta:
        table = "flash_bucket"
        constraints = (
            CheckConstraint(check="available >= 0", name="flash_bucket_available"),
            UniqueConstraint(fields=("offer_id", "position"), name="flash_bucket_once"),
        )


class FlashBuyer(Model):
    """How many pieces of a limited offer one buyer holds or has bought; ``most`` is the limit."""

    id = fields.BigIntField(primary_key=True)
    offer: fields.ForeignKeyRelation[FlashOffer] = fields.ForeignKeyField(
        "longchuan.FlashOffer", related_name=False, on_delete=OnDelete.RESTRICT
    )
    buyer = fields.CharField(max_length=64)
    pieces = fields.IntField()
    most = fields.IntField()

    class Meta:
        table = "flash_buyer"
        constraints = (
            CheckConstraint(check="pieces BETWEEN 0 AND most", name="flash_buyer_limit"),
            UniqueConstraint(fields=("offer_id", "buyer"), name="flash_buyer_once"),
        )


class GroupTerms(Model):
    """When a group under a group offer is formed, and where its goods are fetched.

    Formed: ``min_buyers`` have paid and ``min_pieces`` are paid for, within ``form_within_s`` of its opening and before
    the offer ends. ``sites`` are codes of pick-up places, each with a group of its own; empty: sent as a parcel.
    """

    id = fields.BigIntField(primary_key=True)
    offer: fields.ForeignKeyRelation[FlashOffer] = fields.ForeignKeyField(
        "longchuan.FlashOffer", related_name=False, on_delete=OnDelete.RESTRICT, unique=True
    )
    min_buyers = fields.IntField()
    min_pieces = fields.IntField()
    form_within_s = fields.IntField()
    sites: fields.Field[list[str]] = fields.JSONField(default=[])
    end_reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "group_terms"
        constraints = (
            CheckConstraint(
                check="min_buyers BETWEEN 1 AND 500 AND min_pieces BETWEEN 1 AND 1000000"
                " AND min_buyers + min_pieces > 2 AND form_within_s BETWEEN 600 AND 2592000",
                name="group_terms_minimum",
            ),
        )
