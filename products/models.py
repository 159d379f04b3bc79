"""Products, SKUs, sale policies, marks, and the history of every piece of stock."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from merchants.models import Merchant
from places.models import Division
from products.drafts import ReturnPolicy
from products.errors import ProductNotMovable


class ProductState(StrEnum):
    """Where a product is on its way to the shelf."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    LISTED = "listed"
    DELISTED = "delisted"


TRANSITIONS = {
    ProductState.DRAFT: frozenset({ProductState.IN_REVIEW}),
    ProductState.IN_REVIEW: frozenset({ProductState.LISTED, ProductState.DRAFT}),
    ProductState.LISTED: frozenset({ProductState.DELISTED}),
    ProductState.DELISTED: frozenset({ProductState.DRAFT}),
}


class SalePolicy(Model):
    """How long a buyer may take to pay and to complain. Rows are dated; a product carries the code."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=24)
    effective_from = fields.DatetimeField()
    payment_window_s = fields.IntField()
    after_sales_window_s = fields.IntField()
    refund_rule = fields.CharField(max_length=40)
    after_sales_terms: fields.Field[dict[str, int]] = fields.JSONField(default=dict)
    source_document = fields.CharField(max_length=200)

    class Meta:
        table = "sale_policy"
        unique_together = (("code", "effective_from"),)
        constraints = (
            CheckConstraint(
                check="payment_window_s BETWEEN 10 AND 86400 AND after_sales_window_s BETWEEN 1 AND 7776000",
                name="sale_policy_windows",
            ),
        )


class Product(Model):
    """Something a merchant offers, in a leaf of the county's tree. The SKUs carry the prices.

    ``axes`` names what its SKUs differ in, ``pictures`` are picture numbers with their kinds. Until the day
    ``ships_from`` it is a pre-sale.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=24, unique=True)
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "longchuan.Merchant", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    township: fields.ForeignKeyRelation[Division] = fields.ForeignKeyField(
        "longchuan.Division", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    category: fields.ForeignKeyNullableRelation[Model] = fields.ForeignKeyField(
        "longchuan.Category", related_name=False, on_delete=OnDelete.RESTRICT, null=True, db_index=True
    )
    title = fields.CharField(max_length=60)
    subtitle = fields.CharField(max_length=120, default="")
    description = fields.TextField(default="")
    image = fields.CharField(max_length=300, default="")
    pictures: fields.Field[list[dict[str, str]]] = fields.JSONField(default=[])
    axes: fields.Field[list[str]] = fields.JSONField(default=[])
    return_policy = fields.CharEnumField(ReturnPolicy, max_length=24)
    sale_policy = fields.CharField(max_length=24)
    host_commission_bp = fields.IntField(default=0)
    freight_template = fields.CharField(max_length=24, default="")
    ships_from = fields.DateField(null=True)
    state = fields.CharEnumField(ProductState, max_length=10, default=ProductState.DRAFT)
    drafted_at = fields.DatetimeField()
    drafted_by = fields.CharField(max_length=120)
    submitted_at = fields.DatetimeField(null=True)
    reviewed_at = fields.DatetimeField(null=True)
    reviewed_by = fields.CharField(max_length=120, null=True)
    refusal_reason = fields.CharField(max_length=200, null=True)
    listed_at = fields.DatetimeField(null=True)
    delisted_at = fields.DatetimeField(null=True)
    delisted_by = fields.CharField(max_length=120, null=True)
    delisted_reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "product"
        indexes = (Index(fields=("state", "listed_at", "id"), name="product_shelf"),)
        constraints = (
            CheckConstraint(check="host_commission_bp BETWEEN 0 AND 5000", name="product_commission"),
            CheckConstraint(check="state <> 'listed' OR listed_at IS NOT NULL", name="product_listed_at"),
            CheckConstraint(check="state <> 'listed' OR category_id IS NOT NULL", name="product_listed_in_category"),
        )

    async def move(self, to: ProductState, source: ProductState | None = None, **noted: object) -> None:
        """Go to another state if it can be reached from the one in the database now (and that is ``source``).

        Raises :class:`ProductNotMovable`.
        """
        sources = [state for state in TRANSITIONS if source in (None, state) and to in TRANSITIONS[state]]
        if not await Product.filter(id=self.id, state__in=sources).update(state=to, **noted):
            raise ProductNotMovable(state=self.state.value, to=to.value)


class Sku(Model):
    """One thing that can be bought, with its price and its stock.

    ``options`` has one word for each axis of the product; ``return_policy`` is the product's when it is null.
    ``available`` may be reserved, ``reserved`` waits for payment, ``sold`` is paid for, and ``set_aside`` is what an
    open offer holds, taken or not. The columns change by conditional UPDATE alone, and the reservations and movements
    say why.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=24, unique=True)
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "longchuan.Product", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    position = fields.IntField(default=0)
    spec = fields.CharField(max_length=60)
    options: fields.Field[list[str]] = fields.JSONField(default=[])
    return_policy = fields.CharEnumField(ReturnPolicy, max_length=24, null=True)
    price_fen = fields.BigIntField()
    mass_gram = fields.IntField()
    gtin = fields.CharField(max_length=14, null=True)
    active = fields.BooleanField(default=True)
    available = fields.BigIntField(default=0)
    reserved = fields.BigIntField(default=0)
    sold = fields.BigIntField(default=0)
    set_aside = fields.BigIntField(default=0)

    class Meta:
        table = "sku"
        constraints = (
            CheckConstraint(check="price_fen BETWEEN 1 AND 100000000", name="sku_price"),
            CheckConstraint(check="mass_gram BETWEEN 0 AND 1000000", name="sku_mass"),
            CheckConstraint(check="available >= 0 AND reserved >= 0 AND sold >= 0", name="sku_stock"),
            CheckConstraint(check="set_aside >= 0", name="sku_set_aside"),
        )


class ReservationState(StrEnum):
    """What became of reserved pieces."""

    HELD = "held"
    SOLD = "sold"
    RELEASED = "released"


RESERVATION_TRANSITIONS = {
    ReservationState.HELD: frozenset({ReservationState.SOLD, ReservationState.RELEASED}),
    ReservationState.RELEASED: frozenset({ReservationState.SOLD}),  # a payment that came late
    ReservationState.SOLD: frozenset[ReservationState](),  # what comes back is counted on the row
}


class StockReservation(Model):
    """Pieces of one SKU reserved under an opaque reference; ``returned`` of them came back later.

    ``offer`` is the flash offer they were taken from, ``buyer`` the opaque person whose limit there they use up. Under
    the quota of ``authorisation`` they count in ``quota_year``.
    """

    id = fields.BigIntField(primary_key=True)
    reference = fields.CharField(max_length=64)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField(
        "longchuan.Sku", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    quantity = fields.IntField()
    returned = fields.IntField(default=0)
    state = fields.CharEnumField(ReservationState, max_length=10)
    expires_at = fields.DatetimeField()
    offer: fields.ForeignKeyNullableRelation[Model] = fields.ForeignKeyField(
        "longchuan.FlashOffer", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    buyer = fields.CharField(max_length=64, null=True)
    authorisation: fields.ForeignKeyNullableRelation["BrandAuthorisation"] = fields.ForeignKeyField(
        "longchuan.BrandAuthorisation", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    quota_year = fields.SmallIntField(null=True)

    class Meta:
        table = "stock_reservation"
        indexes = (Index(fields=("offer_id",), name="stock_reservation_offer"),)
        constraints = (
            CheckConstraint(
                check="quantity > 0 AND returned BETWEEN 0 AND quantity AND (returned = 0 OR state = 'sold')",
                name="stock_reservation_quantities",
            ),
            UniqueConstraint(fields=("reference", "sku_id"), name="stock_reservation_once"),
        )


class MovementKind(StrEnum):
    """Why stock changed; an offer's pieces are set aside and returned."""

    STOCKED = "stocked"
    RESERVED = "reserved"
    RELEASED = "released"
    SOLD = "sold"
    REVIVED = "revived"
    PUT_BACK = "put_back"
    SET_ASIDE = "set_aside"
    RETURNED = "returned"


class StockMovement(Model):
    """One change of one SKU's stock; ``quantity`` is negative only when pieces are written off."""

    id = fields.BigIntField(primary_key=True)
    sku: fields.ForeignKeyRelation[Sku] = fields.ForeignKeyField(
        "longchuan.Sku", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    kind = fields.CharEnumField(MovementKind, max_length=10)
    quantity = fields.IntField()
    reference = fields.CharField(max_length=64)
    moved_at = fields.DatetimeField()

    class Meta:
        table = "stock_movement"
        constraints = (
            CheckConstraint(
                check="quantity <> 0 AND (quantity > 0 OR kind = 'stocked')", name="stock_movement_quantity"
            ),
        )


class PublicBrand(Model):
    """A brand that belongs to the county and that merchants may carry (domain reference B01)."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=24, unique=True)
    name = fields.CharField(max_length=40)

    class Meta:
        table = "public_brand"


class BrandAuthorisation(Model):
    """The permission for one product of one merchant to carry the public brand, for a span of days.

    ``sku`` narrows it to one SKU. ``quota_pieces`` may be sold under it in a calendar year of China; ``used_pieces``
    of ``used_year`` are taken with the order and never pass it; the mark goes when the quota is used up.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    brand: fields.ForeignKeyRelation[PublicBrand] = fields.ForeignKeyField(
        "longchuan.PublicBrand", related_name=False, on_delete=OnDelete.RESTRICT
    )
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "longchuan.Product", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    sku: fields.ForeignKeyNullableRelation[Sku] = fields.ForeignKeyField(
        "longchuan.Sku", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    document = fields.CharField(max_length=60, unique=True)
    valid_from = fields.DateField()
    valid_until = fields.DateField()
    quota_pieces = fields.IntField(null=True)
    used_pieces = fields.IntField(null=True)
    used_year = fields.SmallIntField(null=True)
    granted_at = fields.DatetimeField()
    granted_by = fields.CharField(max_length=120)
    revoked_at = fields.DatetimeField(null=True)
    revoked_by = fields.CharField(max_length=120, null=True)
    revocation_reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "brand_authorisation"
        constraints = (
            CheckConstraint(check="valid_until >= valid_from", name="brand_authorisation_span"),
            CheckConstraint(
                check="quota_pieces IS NULL"
                " OR (quota_pieces > 0 AND COALESCE(used_pieces, 0) BETWEEN 0 AND quota_pieces)",
                name="brand_authorisation_quota",
            ),
        )
