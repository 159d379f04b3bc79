"""Reviews, what was added to them, what the county decided, and what they add up to."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model


class ReviewState(StrEnum):
    """Held until it is checked; shown; refused by the check; hidden by the county."""

    HELD = "held"
    SHOWN = "shown"
    REFUSED = "refused"
    HIDDEN = "hidden"


REVIEW_TRANSITIONS: dict[ReviewState, frozenset[ReviewState]] = {
    ReviewState.HELD: frozenset({ReviewState.SHOWN, ReviewState.REFUSED}),
    ReviewState.SHOWN: frozenset({ReviewState.HIDDEN}),
    ReviewState.REFUSED: frozenset({ReviewState.SHOWN}),  # the county lets the text pass after all
    ReviewState.HIDDEN: frozenset({ReviewState.SHOWN}),
}


class AdditionKind(StrEnum):
    """The buyer's second word, or the merchant's answer."""

    FOLLOW_UP = "follow_up"
    ANSWER = "answer"


class Review(Model):
    """What one buyer says about one line. Rows never go (``guards.sql``; e-commerce law, article 39).

    ``pictures`` counts those that may be shown. ``spec`` and ``title`` are the line's.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    line = fields.CharField(max_length=40, unique=True)
    order = fields.CharField(max_length=32)
    consumer = fields.CharField(max_length=32)
    merchant = fields.CharField(max_length=32)
    product = fields.CharField(max_length=40)
    title = fields.CharField(max_length=120)
    spec = fields.CharField(max_length=120)
    stars = fields.SmallIntField()
    text = fields.TextField()
    anonymous = fields.BooleanField()
    state = fields.CharEnumField(ReviewState, max_length=10)
    pictures = fields.SmallIntField(default=0)
    written_at = fields.DatetimeField()
    shown_at = fields.DatetimeField(null=True)

    class Meta:
        table = "review"
        indexes = (
            Index(fields=("product", "state", "id"), name="review_of_product"),
            Index(fields=("consumer", "id"), name="review_of_consumer"),
            Index(fields=("merchant", "state", "id"), name="review_of_merchant"),
        )
        constraints = (
            CheckConstraint(check="stars BETWEEN 1 AND 5", name="review_stars"),
            CheckConstraint(check="pictures BETWEEN 0 AND 9", name="review_pictures"),
        )


class ReviewAddition(Model):
    """A follow-up or an answer: one of each, held and shown like the review itself."""

    id = fields.BigIntField(primary_key=True)
    review: fields.ForeignKeyRelation[Review] = fields.ForeignKeyField(
        "longchuan.Review", related_name=False, on_delete=OnDelete.RESTRICT
    )
    kind = fields.CharEnumField(AdditionKind, max_length=10)
    text = fields.TextField()
    state = fields.CharEnumField(ReviewState, max_length=10)
    written_by = fields.CharField(max_length=120)
    written_at = fields.DatetimeField()

    class Meta:
        table = "review_addition"
        unique_together = (("review", "kind"),)


class ReviewDecision(Model):
    """The county hid a review or showed it again, and why. Rows are only ever added."""

    id = fields.BigIntField(primary_key=True)
    review: fields.ForeignKeyRelation[Review] = fields.ForeignKeyField(
        "longchuan.Review", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    hidden = fields.BooleanField()
    reason = fields.CharField(max_length=200)
    decided_by = fields.CharField(max_length=120)
    decided_at = fields.DatetimeField()

    class Meta:
        table = "review_decision"


class ProductRating(Model):
    """What the shown reviews of a product add up to. ``average_bp`` is stars in 1/10,000, 0 without a review."""

    id = fields.BigIntField(primary_key=True)
    product = fields.CharField(max_length=40, unique=True)
    reviews = fields.IntField()
    star_sum = fields.IntField()
    with_pictures = fields.IntField()
    average_bp = fields.IntField()

    class Meta:
        table = "product_rating"
        constraints = (
            CheckConstraint(
                check="reviews >= 0 AND with_pictures BETWEEN 0 AND reviews"
                " AND star_sum BETWEEN reviews AND 5 * reviews",
                name="product_rating_sums",
            ),
            CheckConstraint(
                check="average_bp = CASE WHEN reviews = 0 THEN 0"
                " ELSE (star_sum::bigint * 20000 + reviews) / (2 * reviews) END",
                name="product_rating_average",
            ),
        )
