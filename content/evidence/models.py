"""What is known about a sealed photograph; the photograph itself lies in the storage as ciphertext."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class EvidenceKind(StrEnum):
    """What a photograph shows (domain reference 2.5)."""

    WEIGH_SLIP = "weigh_slip"
    PURCHASE_SLIP = "purchase_slip"
    CONTRACT = "contract"
    ATTENDANCE = "attendance"
    WAGE_SHEET = "wage_sheet"
    SHARE_AGREEMENT = "share_agreement"
    LEASE = "lease"
    BANK_SLIP = "bank_slip"
    SIGNED_STATEMENT = "signed_statement"
    THUMBPRINT_PHOTO = "thumbprint_photo"
    VISIT_PHOTO = "visit_photo"
    STORY_CONSENT = "story_consent"
    CLASS_PAPER = "class_paper"
    GUARDIAN_CONSENT = "guardian_consent"
    HOST_IDENTITY = "host_identity"
    HOST_CONTRACT = "host_contract"
    HOST_TRAINING = "host_training"


class AccessClass(StrEnum):
    """Who may be shown a photograph: the office that took it alone, or auditors too."""

    HOUSEHOLD = "household"
    AUDIT = "audit"


PAPERS = (
    EvidenceKind.CLASS_PAPER,
    EvidenceKind.GUARDIAN_CONSENT,
    EvidenceKind.HOST_IDENTITY,
    EvidenceKind.HOST_CONTRACT,
    EvidenceKind.HOST_TRAINING,
)
"""Kinds whose files another room takes in with a row of its own; without that row they are nothing."""
ONCE = f"forgotten_at IS NULL OR kind NOT IN ({', '.join(repr(kind.value) for kind in PAPERS)})"
"""A file is kept once, and what proved something of a household proves nothing else for ever; a paper that is forgotten
may come again."""


class Evidence(Model):
    """One photograph as it was encoded anew and sealed. ``sha256`` is that of the picture before it was sealed.

    ``subject`` is what it proves, under its public number; it may be told later, once. Without ``stored_at`` the file
    has not arrived, and the row is nothing yet. ``sealed_by`` is the key of the file. ``spare_key`` is a file that is
    being written anew, or an old one that is to go. What is forgotten nobody opens; dropped, its files are gone.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=26, unique=True)
    kind = fields.CharEnumField(EvidenceKind, max_length=20)
    access = fields.CharEnumField(AccessClass, max_length=10)
    sha256 = fields.CharField(max_length=64)
    stored_key = fields.CharField(max_length=60, unique=True)
    sealed_by = fields.CharField(max_length=32)
    spare_key = fields.CharField(max_length=60, null=True)
    spare_since = fields.DatetimeField(null=True)
    forgotten_at = fields.DatetimeField(null=True)
    dropped_at = fields.DatetimeField(null=True)
    subject_type = fields.CharField(max_length=24, null=True)
    subject_number = fields.CharField(max_length=64, null=True)
    taken_by = fields.CharField(max_length=60)
    taken_at = fields.DatetimeField()
    stored_at = fields.DatetimeField(null=True)

    class Meta:
        table = "evidence"
        indexes = (Index(fields=("subject_type", "subject_number"), name="evidence_of_subject"),)
        constraints = (
            CheckConstraint(check="(subject_type IS NULL) = (subject_number IS NULL)", name="evidence_subject_whole"),
            UniqueConstraint(fields=("sha256",), name="evidence_once", condition=ONCE),
            CheckConstraint(check="(spare_key IS NULL) = (spare_since IS NULL)", name="evidence_spare_whole"),
        )
