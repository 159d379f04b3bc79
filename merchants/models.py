"""Merchants and what may become of them."""

from datetime import date, datetime
from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.database import joined
from kit.models import Model
from merchants.errors import MerchantNotMovable
from merchants.licences import LicenceKind
from places.models import Division


class MerchantState(StrEnum):
    """Applied for, refused or approved by the county, suspended by the county."""

    APPLIED = "applied"
    REFUSED = "refused"
    APPROVED = "approved"
    SUSPENDED = "suspended"


TRANSITIONS = {
    MerchantState.APPLIED: frozenset({MerchantState.APPROVED, MerchantState.REFUSED}),
    MerchantState.REFUSED: frozenset({MerchantState.APPLIED}),
    MerchantState.APPROVED: frozenset({MerchantState.SUSPENDED}),
    MerchantState.SUSPENDED: frozenset({MerchantState.APPROVED}),
}


class Merchant(Model):
    """A seller. ``sub_mchid`` is its own WeChat Pay number; none in direct mode (wechat reference 2.5).

    ``applicant`` is the consumer who applied, or None when the county entered the merchant itself.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    name = fields.CharField(max_length=60)
    licence_kind = fields.CharEnumField(LicenceKind, max_length=16)
    licence_number = fields.CharField(max_length=40)
    licence_from = fields.DateField()
    licence_until = fields.DateField(null=True)
    sub_mchid = fields.CharField(max_length=10, null=True, unique=True)
    township: fields.ForeignKeyRelation[Division] = fields.ForeignKeyField(
        "longchuan.Division", related_name=False, on_delete=OnDelete.RESTRICT
    )
    state = fields.CharEnumField(MerchantState, max_length=10, default=MerchantState.APPLIED)
    applied_at = fields.DatetimeField()
    entered_by = fields.CharField(max_length=120)
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=120, null=True)
    suspension_reason = fields.CharField(max_length=200, null=True)
    applicant = fields.CharField(max_length=32, null=True)
    service_phone = fields.CharField(max_length=20, null=True)
    return_recipient = fields.CharField(max_length=40, null=True)
    return_phone = fields.CharField(max_length=20, null=True)
    return_region = fields.CharField(max_length=6, null=True)
    return_street = fields.CharField(max_length=120, null=True)

    class Meta:
        table = "merchant"
        indexes = (Index(fields=("state", "id"), name="merchant_by_state"),)
        constraints = (
            CheckConstraint(
                check="licence_until IS NULL OR licence_until >= licence_from", name="merchant_licence_span"
            ),
            # A refused application holds no licence number: whoever really has the paper can still apply.
            UniqueConstraint(fields=("licence_number",), name="merchant_licence_once", condition="state <> 'refused'"),
            UniqueConstraint(
                fields=("applicant",), name="merchant_applicant_once", condition="state IN ('applied', 'refused')"
            ),
            CheckConstraint(
                check="(return_recipient IS NULL) = (return_phone IS NULL)"
                " AND (return_recipient IS NULL) = (return_region IS NULL)"
                " AND (return_recipient IS NULL) = (return_street IS NULL)",
                name="merchant_return_address",
            ),
            CheckConstraint(
                check="state <> 'suspended' OR suspension_reason IS NOT NULL",
                name="merchant_suspension_reason",
            ),
        )

    def licensed_on(self, day: date) -> bool:
        """Whether the licence is valid on a day; one without an end stays valid."""
        return self.licence_from <= day and (self.licence_until is None or day <= self.licence_until)

    async def move(
        self, to: MerchantState, by: str, reviewed_at: datetime, reason: str | None = None, **noted: object
    ) -> None:
        """Go to another state if it can be reached from the one in the database now, and keep the review.

        Raises :class:`MerchantNotMovable`.
        """
        sources = [state for state, targets in TRANSITIONS.items() if to in targets]
        async with joined():
            if not await Merchant.filter(id=self.id, state__in=sources).update(state=to, **noted):
                raise MerchantNotMovable(state=self.state.value, to=to.value)
            await MerchantReview.create(
                merchant_id=self.id, state=to, reviewed_at=reviewed_at, reviewed_by=by, reason=reason
            )


class MerchantReview(Model):
    """One step of a merchant: what it came to, when, by whom and why. Rows are only ever added."""

    id = fields.BigIntField(primary_key=True)
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "longchuan.Merchant", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    state = fields.CharEnumField(MerchantState, max_length=10)
    reviewed_at = fields.DatetimeField()
    reviewed_by = fields.CharField(max_length=120)
    reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "merchant_review"
        constraints = (
            CheckConstraint(
                check="state NOT IN ('refused', 'suspended') OR reason IS NOT NULL", name="merchant_review_reason"
            ),
        )


class LegalPerson(Model):
    """Who answers for a merchant, encrypted field by field. A newer row replaces an older one; rows stay."""

    id = fields.BigIntField(primary_key=True)
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "longchuan.Merchant", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    name_cipher = fields.BinaryField()
    id_number_cipher = fields.BinaryField()
    id_number_index = fields.BinaryField()
    phone_cipher = fields.BinaryField()
    entered_at = fields.DatetimeField()
    entered_by = fields.CharField(max_length=120)

    class Meta:
        table = "legal_person"


class PaperState(StrEnum):
    """Where a paper stands: handed in, accepted, refused (or its acceptance taken back), run out."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXPIRED = "expired"


PAPER_TRANSITIONS = {
    PaperState.SUBMITTED: frozenset({PaperState.ACCEPTED, PaperState.REFUSED}),
    PaperState.ACCEPTED: frozenset({PaperState.REFUSED, PaperState.EXPIRED}),
    PaperState.REFUSED: frozenset[PaperState](),
    PaperState.EXPIRED: frozenset[PaperState](),
}


class MerchantPaper(Model):
    """One paper of one merchant. But for its state nothing in it changes; ``picture`` is a private picture's number."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "longchuan.Merchant", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    kind = fields.CharField(max_length=24)
    document_number = fields.CharField(max_length=40)
    issuer = fields.CharField(max_length=60, default="")
    subject = fields.CharField(max_length=60, default="")
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    picture = fields.CharField(max_length=40, null=True)
    state = fields.CharEnumField(PaperState, max_length=10, default=PaperState.SUBMITTED)

    class Meta:
        table = "merchant_paper"
        indexes = (Index(fields=("state", "valid_until", "id"), name="merchant_paper_by_end"),)
        constraints = (
            CheckConstraint(check="valid_until IS NULL OR valid_until >= valid_from", name="merchant_paper_span"),
            UniqueConstraint(
                fields=("merchant_id", "kind", "document_number", "valid_from"),
                name="merchant_paper_once",
                condition="state IN ('submitted', 'accepted')",
            ),
        )


class PaperReview(Model):
    """One step of a paper: what it came to, when, by whom and why. Rows are only ever added."""

    id = fields.BigIntField(primary_key=True)
    paper: fields.ForeignKeyRelation[MerchantPaper] = fields.ForeignKeyField(
        "longchuan.MerchantPaper", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    state = fields.CharEnumField(PaperState, max_length=10)
    reviewed_at = fields.DatetimeField()
    reviewed_by = fields.CharField(max_length=120)
    reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "paper_review"
        constraints = (CheckConstraint(check="state <> 'refused' OR reason IS NOT NULL", name="paper_review_reason"),)


class MerchantCommission(Model):
    """From a day on: the commission of a merchant's sales, as agreed in a document. Rows are only ever added."""

    id = fields.BigIntField(primary_key=True)
    merchant: fields.ForeignKeyRelation[Merchant] = fields.ForeignKeyField(
        "longchuan.Merchant", related_name=False, on_delete=OnDelete.RESTRICT
    )
    valid_from = fields.DateField()
    basis_points = fields.IntField()
    source_document = fields.CharField(max_length=200)
    entered_at = fields.DatetimeField()
    entered_by = fields.CharField(max_length=120)

    class Meta:
        table = "merchant_commission"
        constraints = (
            UniqueConstraint(fields=("merchant_id", "valid_from"), name="merchant_commission_once"),
            CheckConstraint(check="basis_points BETWEEN 0 AND 10000", name="merchant_commission_figure"),
        )


class ExemptionRule(Model):
    """From a day on: up to what turnover a natural person sells own produce without registration (domain reference 5).

    ``recheck_days`` is how long one self-statement holds. Rows are only ever added; the figures come from a document.
    """

    id = fields.BigIntField(primary_key=True)
    valid_from = fields.DateField(unique=True)
    yearly_limit_fen = fields.BigIntField()
    recheck_days = fields.IntField()
    source_document = fields.CharField(max_length=200)
    entered_at = fields.DatetimeField()
    entered_by = fields.CharField(max_length=120)

    class Meta:
        table = "exemption_rule"
        constraints = (
            CheckConstraint(
                check="yearly_limit_fen > 0 AND recheck_days BETWEEN 1 AND 3660", name="exemption_rule_figures"
            ),
        )
