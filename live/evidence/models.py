"""Tables of the evidence of a session. No row ever goes (``guards.sql``)."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model
from live.models import LiveSession


class BundleState(StrEnum):
    """Where a bundle stands."""

    SEALING = "sealing"
    SEALED = "sealed"
    DELETING = "deleting"
    DELETED = "deleted"


BUNDLE_TRANSITIONS: dict[BundleState, frozenset[BundleState]] = {
    BundleState.SEALING: frozenset({BundleState.SEALED}),
    BundleState.SEALED: frozenset({BundleState.DELETING}),
    BundleState.DELETING: frozenset({BundleState.DELETED}),
    BundleState.DELETED: frozenset(),
}
"""From sealed on the database refuses the next step before ``kept_until`` and under a hold."""


class EvidenceBundle(Model):
    """The evidence of one session. ``manifest`` names every part with its size and SHA-256, and is hashed itself.

    ``basis`` is the rule by which it is kept until ``kept_until``. ``folder`` is where its parts are.
    """

    id = fields.BigIntField(primary_key=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    state = fields.CharEnumField(BundleState, max_length=8)
    attempts = fields.IntField()
    claimed_until = fields.DatetimeField(null=True)
    sealed_at = fields.DatetimeField(null=True)
    kept_until = fields.DatetimeField(null=True)
    basis = fields.CharField(max_length=200)
    folder = fields.CharField(max_length=64, null=True)
    manifest = fields.TextField(null=True)
    manifest_sha256 = fields.CharField(max_length=64, null=True)
    deleted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "live_evidence_bundle"
        unique_together = (("session_id",),)
        constraints = (
            CheckConstraint(
                check="(state = 'sealing') = (sealed_at IS NULL) AND num_nonnulls(sealed_at, kept_until, folder,"
                " manifest, manifest_sha256) IN (0, 5) AND (state = 'deleted') = (deleted_at IS NOT NULL)",
                name="live_evidence_bundle_whole",
            ),
        )


class EvidenceHold(Model):
    """Nothing of a session is deleted, by this paper, until somebody else lifts it by another."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    session: fields.ForeignKeyRelation[LiveSession] = fields.ForeignKeyField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    placed_by = fields.CharField(max_length=120)
    placed_at = fields.DatetimeField()
    document = fields.CharField(max_length=120)
    released_by = fields.CharField(max_length=120, null=True)
    released_at = fields.DatetimeField(null=True)
    lifting_document = fields.CharField(max_length=120, null=True)

    class Meta:
        table = "live_evidence_hold"
        indexes = (Index(fields=("session_id",), name="live_evidence_hold_of"),)
        constraints = (
            CheckConstraint(
                check="num_nonnulls(released_by, released_at, lifting_document) IN (0, 3)"
                " AND (released_by IS NULL OR released_by <> placed_by)",
                name="live_evidence_hold_two_persons",
            ),
        )


class EvidenceCheck(Model):
    """Somebody had a bundle held against its manifest; ``wrong`` are the parts that are missing or have changed."""

    id = fields.BigIntField(primary_key=True)
    bundle: fields.ForeignKeyRelation[EvidenceBundle] = fields.ForeignKeyField(
        "longchuan.EvidenceBundle", related_name=False, on_delete=OnDelete.RESTRICT
    )
    asked_by = fields.CharField(max_length=120)
    asked_at = fields.DatetimeField()
    checked_at = fields.DatetimeField(null=True)
    wrong: fields.Field[list[str] | None] = fields.JSONField(null=True)

    class Meta:
        table = "live_evidence_check"
        indexes = (Index(fields=("bundle_id", "id"), name="live_evidence_check_of"),)
