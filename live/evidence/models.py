"""Tables of the evidence of a session. No row ever goes (``guards.sql``)."""

from enum import StrEnum
from typing import Any

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

    ``signature`` is the county's over the manifest, by ``public_key`` (Ed25519, hexadecimal).

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
    signature = fields.CharField(max_length=128, null=True)
    public_key = fields.CharField(max_length=64, null=True)
    deleted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "live_evidence_bundle"
        unique_together = (("session_id",),)
        constraints = (
            CheckConstraint(
                check="(state = 'sealing') = (sealed_at IS NULL) AND num_nonnulls(sealed_at, kept_until, folder,"
                " manifest, manifest_sha256, signature, public_key) IN (0, 7)"
                " AND (state = 'deleted') = (deleted_at IS NOT NULL)",
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
    """Somebody had a bundle held against its manifest; ``wrong`` are the parts that are missing or have changed.

    ``looked`` is how far a look has come that takes several runs: the parts it has seen, and what was wrong of them.
    """

    id = fields.BigIntField(primary_key=True)
    bundle: fields.ForeignKeyRelation[EvidenceBundle] = fields.ForeignKeyField(
        "longchuan.EvidenceBundle", related_name=False, on_delete=OnDelete.RESTRICT
    )
    asked_by = fields.CharField(max_length=120)
    asked_at = fields.DatetimeField()
    checked_at = fields.DatetimeField(null=True)
    wrong: fields.Field[list[str] | None] = fields.JSONField(null=True)
    looked: fields.Field[dict[str, list[str]] | None] = fields.JSONField(null=True)

    class Meta:
        table = "live_evidence_check"
        indexes = (Index(fields=("bundle_id", "id"), name="live_evidence_check_of"),)


class ReplayShare(Model):
    """How many old replays somebody has had fetched back on a day, by a mark of that day; which ones, it does not say.
    Gone with the first that is asked for on a later day.
    """

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField()
    mark = fields.CharField(max_length=26)
    fetched = fields.SmallIntField()

    class Meta:
        table = "live_replay_share"
        unique_together = (("day", "mark"),)


class CopyState(StrEnum):
    """Where the cold copy of a bundle stands."""

    COPYING = "copying"
    COPIED = "copied"
    COLD = "cold"
    RESTORING = "restoring"
    RESTORED = "restored"


COPY_TRANSITIONS: dict[CopyState, frozenset[CopyState]] = {
    CopyState.COPYING: frozenset({CopyState.COPIED}),
    CopyState.COPIED: frozenset({CopyState.COLD}),
    CopyState.COLD: frozenset({CopyState.RESTORING}),
    CopyState.RESTORING: frozenset({CopyState.RESTORED}),
    CopyState.RESTORED: frozenset({CopyState.COPYING}),
}
"""One whole copy is on the volume while copying and restored, in the object storage in every other state."""


IS_AWAY = (
    "EXISTS (SELECT FROM live_evidence_copy c WHERE c.session_id = s.id AND c.state IN ('copied', 'cold', 'restoring'))"
)
"""Whether the pictures of a session s lie in the object storage alone."""
IS_RETURNING = "EXISTS (SELECT FROM live_evidence_copy c WHERE c.session_id = s.id AND c.state = 'restoring')"
"""Whether they are just being fetched back."""
IS_GONE = "EXISTS (SELECT FROM live_evidence_bundle g WHERE g.session_id = s.id AND g.state IN ('deleting', 'deleted'))"
"""Whether the day of a session s has come: its pictures and files are deleted, or just being deleted."""


class ColdCopy(Model):
    """The copy in the object storage of a session's bundle and pictures; without a row there is none.

    ``stored`` is what lies there: name, octets and SHA-256 of each object, whether it was read back since
    (``is_verified``) and whether it is on the volume again (``is_here``). ``fault`` is why the last run moved nothing.
    ``asked_by`` is the account that has asked for it back, or ``viewer``: which viewer is kept nowhere.
    """

    id = fields.BigIntField(primary_key=True)
    session: fields.OneToOneRelation[LiveSession] = fields.OneToOneField(
        "longchuan.LiveSession", related_name=False, on_delete=OnDelete.RESTRICT
    )
    state = fields.CharEnumField(CopyState, max_length=9)
    stored: fields.Field[list[dict[str, Any]]] = fields.JSONField()
    fault = fields.CharField(max_length=200, null=True)
    next_attempt_at = fields.DatetimeField()
    claimed_until = fields.DatetimeField(null=True)
    copied_at = fields.DatetimeField(null=True)
    asked_by = fields.CharField(max_length=120, null=True)
    asked_at = fields.DatetimeField(null=True)
    restored_at = fields.DatetimeField(null=True)

    class Meta:
        table = "live_evidence_copy"
        indexes = (Index(fields=("state", "next_attempt_at"), name="live_evidence_copy_due"),)
