"""What consumers are told and agree to, their exports, and the closing of their accounts."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class DocumentKind(StrEnum):
    """What a consumer agrees to, each by itself (PIPL, article 29)."""

    PRIVACY_POLICY = "privacy_policy"
    USER_AGREEMENT = "user_agreement"
    MARKETING = "marketing"
    PERSONALISATION = "personalisation"
    REFERRAL_TERMS = "referral_terms"


REQUIRED = (DocumentKind.PRIVACY_POLICY, DocumentKind.USER_AGREEMENT)
"""Without these in their version in force nothing is ordered."""

SWITCHES: dict[DocumentKind, bool] = {DocumentKind.MARKETING: False, DocumentKind.PERSONALISATION: True}
"""What may be switched off without losing anything else, and how it stands before the consumer has said anything."""


class LegalDocument(Model):
    """One version of a text. Rows are only ever added (``guards.sql``).

    A change is announced a week before it holds (e-commerce law, article 34); a first version changes nothing.
    """

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharEnumField(DocumentKind, max_length=16)
    version = fields.IntField()
    title = fields.CharField(max_length=80)
    text = fields.TextField()
    effective_from = fields.DatetimeField()
    announced_at = fields.DatetimeField()
    announced_by = fields.CharField(max_length=120)

    class Meta:
        table = "legal_document"
        unique_together = (("kind", "version"),)
        constraints = (
            CheckConstraint(
                check="version = 1 OR effective_from >= announced_at + interval '168 hours'",
                name="legal_document_announced",
            ),
        )


class ConsumerConsent(Model):
    """A consumer agreed to a version, or took it back. Rows are only ever added; the newest of a kind holds.

    ``version`` is 0 for a switch that no document describes yet.
    """

    id = fields.BigIntField(primary_key=True)
    consumer = fields.CharField(max_length=24)
    kind = fields.CharEnumField(DocumentKind, max_length=16)
    version = fields.IntField()
    given = fields.BooleanField()
    at = fields.DatetimeField()

    class Meta:
        table = "consumer_consent"
        indexes = (Index(fields=("consumer", "kind", "id"), name="consumer_consent_newest"),)


class DataExport(Model):
    """The right to fetch the own data for a while. It holds none: they are read when it is fetched."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    consumer = fields.CharField(max_length=24)
    asked_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    fetched = fields.SmallIntField(default=0)

    class Meta:
        table = "data_export"
        indexes = (Index(fields=("consumer", "asked_at"), name="data_export_consumer"),)


class ClosureState(StrEnum):
    """Cooling off; revoked by a log-in or by word; being erased, from which nobody comes back; erased."""

    COOLING = "cooling"
    REVOKED = "revoked"
    ERASING = "erasing"
    ERASED = "erased"


CLOSURE_TRANSITIONS: dict[ClosureState, frozenset[ClosureState]] = {
    ClosureState.COOLING: frozenset({ClosureState.REVOKED, ClosureState.ERASING}),
    ClosureState.REVOKED: frozenset(),
    ClosureState.ERASING: frozenset({ClosureState.ERASED}),
    ClosureState.ERASED: frozenset(),
}


class AccountClosure(Model):
    """A consumer wants the account closed.

    ``due_at`` is the end of the cooling-off, and later when a worker's claim runs out. ``identity`` is kept while the
    rooms are being erased, because some know the person by it alone.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    consumer = fields.CharField(max_length=24)
    state = fields.CharEnumField(ClosureState, max_length=8)
    asked_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    identity = fields.CharField(max_length=64, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "account_closure"
        indexes = (Index(fields=("consumer", "id"), name="account_closure_consumer"),)
        constraints = (
            UniqueConstraint(
                fields=("consumer",), name="account_closure_one", condition="state IN ('cooling', 'erasing')"
            ),
            CheckConstraint(
                check="(state = 'erasing') = (identity IS NOT NULL)"
                " AND (state IN ('revoked', 'erased')) = (ended_at IS NOT NULL)",
                name="account_closure_state",
            ),
        )
