"""How a product comes to be recognised, step by step, and what registers say of it (domain reference 2.4)."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from products.models import Product


class RecognitionStep(StrEnum):
    """The steps on the way to a recognition, in their order (domain reference 2.4); every paper belongs to one."""

    APPLICATION = "application"
    TOWNSHIP_REVIEW = "township_review"
    INDUSTRY_REVIEW = "industry_review"
    COUNTY_DECISION = "county_decision"
    PUBLIC_NOTICE = "public_notice"
    RECOMMENDATION = "recommendation"


class RecognitionState(StrEnum):
    """Which step has been done; ``objected``: an objection has stopped the notice and waits for its answer."""

    APPLIED = "applied"
    TOWNSHIP_REVIEWED = "township_reviewed"
    INDUSTRY_REVIEWED = "industry_reviewed"
    COUNTY_DECIDED = "county_decided"
    ON_NOTICE = "on_notice"
    OBJECTED = "objected"
    NOTICED = "noticed"
    RECOMMENDED = "recommended"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


_S = RecognitionState
RECOGNITION_TRANSITIONS: dict[RecognitionState, frozenset[RecognitionState]] = {
    _S.APPLIED: frozenset({_S.TOWNSHIP_REVIEWED, _S.REFUSED, _S.WITHDRAWN}),
    _S.TOWNSHIP_REVIEWED: frozenset({_S.INDUSTRY_REVIEWED, _S.REFUSED, _S.WITHDRAWN}),
    _S.INDUSTRY_REVIEWED: frozenset({_S.COUNTY_DECIDED, _S.REFUSED, _S.WITHDRAWN}),
    _S.COUNTY_DECIDED: frozenset({_S.ON_NOTICE, _S.WITHDRAWN}),
    _S.ON_NOTICE: frozenset({_S.OBJECTED, _S.NOTICED, _S.WITHDRAWN}),
    # An objection that does not hold leads back to the decision, and the notice is posted anew and whole.
    _S.OBJECTED: frozenset({_S.COUNTY_DECIDED, _S.REFUSED, _S.WITHDRAWN}),
    _S.NOTICED: frozenset({_S.RECOMMENDED}),
    _S.RECOMMENDED: frozenset(),
    _S.REFUSED: frozenset(),
    _S.WITHDRAWN: frozenset(),
}
UNDER_WAY = tuple(state for state, following in RECOGNITION_TRANSITIONS.items() if _S.WITHDRAWN in following)


class NoticeLevel(StrEnum):
    """Where a notice is posted: in the village, in the township, and by the county."""

    VILLAGE = "village"
    TOWNSHIP = "township"
    COUNTY = "county"


class RecognitionRule(Model):
    """For how many days a notice stands that is posted from a day on. Only added; of a day the newest holds."""

    id = fields.BigIntField(primary_key=True)
    valid_from = fields.DateField()
    notice_days = fields.IntField()
    source_document = fields.CharField(max_length=200)
    recorded_at = fields.DatetimeField()
    recorded_by = fields.CharField(max_length=120)

    class Meta:
        table = "recognition_rule"
        constraints = (CheckConstraint(check="notice_days BETWEEN 1 AND 60", name="recognition_rule_days"),)


class RecognitionCase(Model):
    """One application for the recognition of a product, and which step it has come to.

    ``stands_since`` is the day of the paper of its last step, ``notice_until`` the last day of the notice that stands.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "longchuan.Product", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    state = fields.CharEnumField(RecognitionState, max_length=20)
    stands_since = fields.DateField()
    notice_until = fields.DateField(null=True)

    class Meta:
        table = "recognition_case"
        constraints = (
            UniqueConstraint(
                fields=("product_id",),
                name="recognition_case_one_under_way",
                condition=f"state IN ({', '.join(repr(str(state)) for state in UNDER_WAY)})",
            ),
            CheckConstraint(
                check="(notice_until IS NOT NULL) = (state IN ('on_notice', 'objected', 'noticed', 'recommended'))"
                " OR state IN ('refused', 'withdrawn')",
                name="recognition_case_notice",
            ),
        )


class RecognitionAct(Model):
    """One step of a case: what it came to, by which office, and who put it on record when. Rows are only ever added."""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[RecognitionCase] = fields.ForeignKeyField(
        "longchuan.RecognitionCase", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    state = fields.CharEnumField(RecognitionState, max_length=20)
    office = fields.CharField(max_length=60)
    reason = fields.CharField(max_length=200, default="")
    recorded_at = fields.DatetimeField()
    recorded_by = fields.CharField(max_length=120)

    class Meta:
        table = "recognition_act"
        constraints = (
            CheckConstraint(
                check="state NOT IN ('refused', 'withdrawn', 'objected') OR reason <> ''", name="recognition_act_reason"
            ),
        )


class RecognitionPaper(Model):
    """One paper of a case, which is the dossier of what it leads to; names no household. Rows are only ever added."""

    id = fields.BigIntField(primary_key=True)
    case: fields.ForeignKeyRelation[RecognitionCase] = fields.ForeignKeyField(
        "longchuan.RecognitionCase", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    step = fields.CharEnumField(RecognitionStep, max_length=20)
    level = fields.CharEnumField(NoticeLevel, max_length=10, null=True)
    title = fields.CharField(max_length=60)
    document = fields.CharField(max_length=60)
    picture = fields.CharField(max_length=40, default="")
    dated = fields.DateField()
    added_at = fields.DatetimeField()
    added_by = fields.CharField(max_length=120)

    class Meta:
        table = "recognition_paper"
        constraints = (
            CheckConstraint(check="level IS NULL OR step = 'public_notice'", name="recognition_paper_level"),
        )


class RecognisedProduct(Model):
    """The county's dated recognition of a product as a poverty product, to which a case led; names no household."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    product: fields.ForeignKeyRelation[Product] = fields.ForeignKeyField(
        "longchuan.Product", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    case: fields.OneToOneRelation[RecognitionCase] = fields.OneToOneField(
        "longchuan.RecognitionCase", related_name=False, on_delete=OnDelete.RESTRICT
    )
    document = fields.CharField(max_length=60, unique=True)
    recognised_by = fields.CharField(max_length=60)
    directory_batch = fields.CharField(max_length=40, default="")
    valid_from = fields.DateField()
    valid_until = fields.DateField()
    granted_at = fields.DatetimeField()
    granted_by = fields.CharField(max_length=120)
    revoked_at = fields.DatetimeField(null=True)
    revoked_by = fields.CharField(max_length=120, null=True)
    revocation_reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "recognised_product"
        constraints = (CheckConstraint(check="valid_until >= valid_from", name="recognised_product_span"),)


class RecognitionEntry(Model):
    """What a register or directory says of a recognised product (domain reference 2.4). Only added: the newest holds.

    Prices and value in fen; ``compared`` says with which goods and prices. It names no household and counts none.
    """

    id = fields.BigIntField(primary_key=True)
    recognition: fields.ForeignKeyRelation[RecognisedProduct] = fields.ForeignKeyField(
        "longchuan.RecognisedProduct", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    list_number = fields.CharField(max_length=40)
    category = fields.CharField(max_length=40)
    spec = fields.CharField(max_length=60)
    capacity = fields.CharField(max_length=60)
    value_fen = fields.BigIntField()
    price_from_fen = fields.BigIntField()
    price_to_fen = fields.BigIntField()
    compared = fields.CharField(max_length=120)
    document = fields.CharField(max_length=60)
    added_at = fields.DatetimeField()
    added_by = fields.CharField(max_length=120)

    class Meta:
        table = "recognition_entry"
        constraints = (
            CheckConstraint(
                check="value_fen >= 0 AND price_from_fen > 0 AND price_to_fen >= price_from_fen",
                name="recognition_entry_prices",
            ),
        )
