"""Categories and what they demand, certificates, knives, and the history of decisions and prices."""

from enum import StrEnum

from tortoise import fields
from tortoise.contrib.postgres.fields import TSVectorField
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from merchants.models import Merchant
from products.models import Product, ProductState, Sku

MAX_DEPTH = 3


class ProductClass(StrEnum):
    """What kind of thing it is for the law and for delivery; a voucher is a service that nobody ships."""

    GOODS = "goods"
    FRESH = "fresh"
    PROCESSED_FOOD = "processed_food"
    CRAFT = "craft"
    KNIFE = "knife"
    VOUCHER = "voucher"


class Category(Model):
    """A node of the county's tree of at most three levels. ``root`` is the grandparent of a node of the third level."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=24, unique=True)
    name = fields.CharField(max_length=20)
    parent: fields.ForeignKeyNullableRelation["Category"] = fields.ForeignKeyField(
        "longchuan.Category", related_name=False, on_delete=OnDelete.RESTRICT, null=True, db_index=True
    )
    root: fields.ForeignKeyNullableRelation["Category"] = fields.ForeignKeyField(
        "longchuan.Category", related_name=False, on_delete=OnDelete.RESTRICT, null=True, db_index=True
    )
    depth = fields.SmallIntField()
    position = fields.IntField(default=0)
    product_class = fields.CharEnumField(ProductClass, max_length=16)
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "category"
        constraints = (
            CheckConstraint(
                check="depth BETWEEN 1 AND 3 AND (depth = 1) = (parent_id IS NULL)"
                " AND (depth = 3) = (root_id IS NOT NULL)",
                name="category_depth",
            ),
        )


class RequirementKind(StrEnum):
    """Whose paper it is: the merchant's, the product's own certificate, or one of each lot that leaves."""

    MERCHANT_PAPER = "merchant_paper"
    CERTIFICATE = "certificate"
    LOT_CERTIFICATE = "lot_certificate"


class CategoryRequirement(Model):
    """One of these papers must be valid on the day of every listing and every sale, in this category and below it.

    One of a lot must be there when its goods are packed; it holds up no listing and no sale.

    Rows are dated data with their source, because the rules change (domain reference 3.5 and 5).
    """

    id = fields.BigIntField(primary_key=True)
    category: fields.ForeignKeyRelation[Category] = fields.ForeignKeyField(
        "longchuan.Category", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    kind = fields.CharEnumField(RequirementKind, max_length=16)
    any_of: fields.Field[list[str]] = fields.JSONField()
    effective_from = fields.DateField()
    effective_until = fields.DateField(null=True)
    source_document = fields.CharField(max_length=200)
    entered_at = fields.DatetimeField()
    entered_by = fields.CharField(max_length=120)

    class Meta:
        table = "category_requirement"
        constraints = (
            CheckConstraint(
                check="effective_until IS NULL OR effective_until >= effective_from", name="category_requirement_span"
            ),
        )


class CertificateKind(StrEnum):
    """What a product's certificate says; ``commitment`` is 承诺达标合格证."""

    COMMITMENT = "commitment"
    QUARANTINE = "quarantine"
    TEST_REPORT = "test_report"
    GREEN_FOOD = "green_food"
    ORGANIC = "organic"
    GEOGRAPHICAL = "geographical"


class CertificateState(StrEnum):
    """Handed in, accepted or refused by the county, or its acceptance taken back."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REVOKED = "revoked"


CERTIFICATE_TRANSITIONS = {
    CertificateState.SUBMITTED: frozenset({CertificateState.ACCEPTED, CertificateState.REFUSED}),
    CertificateState.ACCEPTED: frozenset({CertificateState.REVOKED}),
    CertificateState.REFUSED: frozenset[CertificateState](),
    CertificateState.REVOKED: frozenset[CertificateState](),
}


class ProductCertificate(Model):
    """One certificate of one product; but for its state nothing in it changes. ``picture`` is a picture's number."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "longchuan.Product", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    kind = fields.CharEnumField(CertificateKind, max_length=16)
    document = fields.CharField(max_length=60)
    issuer = fields.CharField(max_length=60)
    issued_on = fields.DateField()
    valid_from = fields.DateField()
    valid_until = fields.DateField()
    picture = fields.CharField(max_length=40, default="")
    state = fields.CharEnumField(CertificateState, max_length=10, default=CertificateState.SUBMITTED)

    class Meta:
        table = "product_certificate"
        indexes = (Index(fields=("state", "valid_until", "id"), name="product_certificate_by_end"),)
        constraints = (
            CheckConstraint(check="valid_until >= valid_from", name="product_certificate_span"),
            UniqueConstraint(
                fields=("product_id", "kind", "document"),
                name="product_certificate_once",
                condition="state IN ('submitted', 'accepted')",
            ),
        )


class CertificateReview(Model):
    """One step of a certificate: what it came to, when, by whom and why. Rows are only ever added."""

    id = fields.BigIntField(primary_key=True)
    certificate: fields.ForeignKeyRelation[ProductCertificate] = fields.ForeignKeyField(
        "longchuan.ProductCertificate", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    state = fields.CharEnumField(CertificateState, max_length=10)
    reviewed_at = fields.DatetimeField()
    reviewed_by = fields.CharField(max_length=120)
    reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "certificate_review"
        constraints = (
            CheckConstraint(
                check="state NOT IN ('refused', 'revoked') OR reason IS NOT NULL", name="certificate_review_reason"
            ),
        )


class KnifeForm(StrEnum):
    """What the blade is made for; a long knife of a people's costume is one whatever its edge."""

    KITCHEN = "kitchen"
    TOOL = "tool"
    CRAFT = "craft"
    SCRAPER = "scraper"
    LONG = "long"


class KnifeFacts(Model):
    """What decides whether a blade may be sold here (domain reference 5), and who has looked at it."""

    id = fields.BigIntField(primary_key=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField(
        "longchuan.Sku", related_name=False, on_delete=OnDelete.RESTRICT
    )
    form = fields.CharEnumField(KnifeForm, max_length=10)
    blade_mm = fields.IntField()
    tip_degrees = fields.IntField()
    tip_radius_um = fields.IntField()
    sharpened = fields.BooleanField()
    has_groove = fields.BooleanField()
    has_guard = fields.BooleanField()
    has_lock = fields.BooleanField()
    allowed = fields.BooleanField()
    reviewed_at = fields.DatetimeField(null=True)
    reviewed_by = fields.CharField(max_length=120, null=True)
    review_document = fields.CharField(max_length=60, null=True)

    class Meta:
        table = "knife_facts"
        constraints = (
            UniqueConstraint(fields=("sku_id",), name="knife_facts_once"),
            CheckConstraint(
                check="blade_mm BETWEEN 1 AND 2000 AND tip_degrees BETWEEN 1 AND 180"
                " AND tip_radius_um BETWEEN 0 AND 100000",
                name="knife_facts_measures",
            ),
            CheckConstraint(check="allowed OR reviewed_at IS NULL", name="knife_facts_reviewed_is_allowed"),
            CheckConstraint(
                check="(reviewed_at IS NULL) = (review_document IS NULL)", name="knife_facts_review_document"
            ),
        )


class ListingDecision(Model):
    """One step of a product on its way to the shelf and off it. Rows are only ever added."""

    id = fields.BigIntField(primary_key=True)
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "longchuan.Product", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    state = fields.CharEnumField(ProductState, max_length=10)
    decided_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=120)
    reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "listing_decision"


class PriceChange(Model):
    """A price that was changed. Rows are only ever added."""

    id = fields.BigIntField(primary_key=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField(
        "longchuan.Sku", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    old_price_fen = fields.BigIntField()
    new_price_fen = fields.BigIntField()
    changed_at = fields.DatetimeField()
    changed_by = fields.CharField(max_length=120)

    class Meta:
        table = "price_change"


class CatalogueEntry(Model):
    """What lists filter and sort a product by from ``holds_from`` until ``holds_until``, kept by triggers alone.

    A product without open flash offers has one, from -infinity to infinity; else it has one for each span between the
    begins and ends of its offers. Price, stock flag and place change in the transaction that changes the product, its
    SKUs or their offers (``guards.sql``); ``sold`` follows within a minute by a job, because a hot product's row would
    otherwise be everybody's lock.
    """

    id = fields.BigIntField(primary_key=True)
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "longchuan.Product", related_name=False, on_delete=OnDelete.RESTRICT
    )
    holds_from = fields.DatetimeField()
    holds_until = fields.DatetimeField()
    listed = fields.BooleanField(default=False)
    listed_at = fields.DatetimeField(null=True)
    township = fields.CharField(max_length=9)
    category: fields.ForeignKeyNullableRelation[Category] = fields.ForeignKeyField(
        "longchuan.Category", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    price_from_fen = fields.BigIntField(null=True)
    in_stock = fields.BooleanField(default=False)
    on_offer = fields.BooleanField(default=False)
    sold = fields.BigIntField(default=0)

    class Meta:
        table = "catalogue_entry"
        constraints = (UniqueConstraint(fields=("product_id", "holds_from"), name="catalogue_entry_once"),)


class SearchEntry(Model):
    """The words under which a product is found, and the text from which they were made."""

    id = fields.BigIntField(primary_key=True)
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "longchuan.Product", related_name=False, on_delete=OnDelete.RESTRICT
    )
    source = fields.TextField()
    title = fields.CharField(max_length=120)
    words = TSVectorField()

    class Meta:
        table = "search_entry"
        constraints = (UniqueConstraint(fields=("product_id",), name="search_entry_once"),)


class SearchWord(Model):
    """A word in Latin letters that some product had at some time, for whoever mistypes it."""

    id = fields.BigIntField(primary_key=True)
    word = fields.CharField(max_length=60, unique=True)

    class Meta:
        table = "search_word"


class CatalogueImport(Model):
    """A table that was brought in, and what came of it. The same file again changes nothing. Rows are only added."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "longchuan.Merchant", related_name=False, on_delete=OnDelete.RESTRICT
    )
    file_hash = fields.CharField(max_length=64)
    report: fields.Field[dict[str, object]] = fields.JSONField()
    imported_at = fields.DatetimeField()
    imported_by = fields.CharField(max_length=120)

    class Meta:
        table = "catalogue_import"
        constraints = (UniqueConstraint(fields=("merchant_id", "file_hash"), name="catalogue_import_once"),)
