"""The host's record. Its parts are dated and only ever added; a blacklisting takes two persons.

``evidence`` of a part is the number of its file, which lies sealed, ``sha256`` that of the file as it was taken. The
doors take no part without a file; what the house's own programs enter has none.
"""

from enum import StrEnum

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model


class LiveHost(Model):
    """Who a host is, sealed. ``number`` is that of the staff account; one identity card is one host.

    Who is erased keeps the number alone; the same account may be entered anew.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32)
    name_cipher = fields.BinaryField()
    id_number_cipher = fields.BinaryField()
    id_number_index = fields.BinaryField()
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()
    erased_at = fields.DatetimeField(null=True)

    class Meta:
        table = "live_host"
        constraints = (
            UniqueConstraint(fields=("id_number_index",), name="live_host_once"),
            UniqueConstraint(fields=("number",), name="live_host_account", condition="erased_at IS NULL"),
        )


class HostIdentityCheck(Model):
    """An officer held the paper against the person on a day; it holds until ``valid_until``, that day included."""

    id = fields.BigIntField(primary_key=True)
    host: fields.ForeignKeyRelation[LiveHost] = fields.ForeignKeyField(
        "longchuan.LiveHost", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    document = fields.CharField(max_length=120)
    evidence = fields.CharField(max_length=26, unique=True, null=True)
    sha256 = fields.CharField(max_length=64, null=True)
    checked_on = fields.DateField()
    valid_until = fields.DateField()
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "host_identity_check"
        constraints = (CheckConstraint(check="valid_until >= checked_on", name="host_identity_check_days"),)


class HostContract(Model):
    """The centre's contract with a host, first and last day included."""

    id = fields.BigIntField(primary_key=True)
    host: fields.ForeignKeyRelation[LiveHost] = fields.ForeignKeyField(
        "longchuan.LiveHost", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    contract_number = fields.CharField(max_length=60)
    document = fields.CharField(max_length=120)
    evidence = fields.CharField(max_length=26, unique=True, null=True)
    sha256 = fields.CharField(max_length=64, null=True)
    valid_from = fields.DateField()
    valid_until = fields.DateField()
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "host_contract"
        unique_together = (("host_id", "contract_number"),)
        constraints = (CheckConstraint(check="valid_until >= valid_from", name="host_contract_days"),)


class HostTraining(Model):
    """What a host was taught. ``training_class`` is the number of a class of the county's, where it was one."""

    id = fields.BigIntField(primary_key=True)
    host: fields.ForeignKeyRelation[LiveHost] = fields.ForeignKeyField(
        "longchuan.LiveHost", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    title = fields.CharField(max_length=120)
    evidence = fields.CharField(max_length=26, unique=True, null=True)
    sha256 = fields.CharField(max_length=64, null=True)
    completed_on = fields.DateField()
    hours = fields.SmallIntField()
    document = fields.CharField(max_length=120)
    training_class = fields.CharField(max_length=32, null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "host_training"
        constraints = (CheckConstraint(check="hours > 0", name="host_training_hours"),)


class GuardianConsent(Model):
    """The paper in which a guardian agrees that somebody of 16 or 17 presents.

    ``evidence`` is the number of its file, which lies sealed; ``sha256`` that of the file as it was taken.
    """

    id = fields.BigIntField(primary_key=True)
    host: fields.ForeignKeyRelation[LiveHost] = fields.ForeignKeyField(
        "longchuan.LiveHost", related_name=False, on_delete=OnDelete.RESTRICT, db_index=True
    )
    document = fields.CharField(max_length=120)
    sha256 = fields.CharField(max_length=64)
    evidence = fields.CharField(max_length=26, unique=True)
    signed_on = fields.DateField()
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "guardian_consent"


PAPERS = {
    "guardian_consent": "guardian_consent",
    "host_identity": "host_identity_check",
    "host_contract": "host_contract",
    "host_training": "host_training",
}
"""Kinds of evidence (``EvidenceKind``), each also the name of what it is about, with the table of its rows."""


class BlacklistingKind(StrEnum):
    """Onto the list, or off it again."""

    LISTING = "listing"
    LIFTING = "lifting"


class BlacklistingState(StrEnum):
    """Where it stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


BLACKLISTING_TRANSITIONS: dict[BlacklistingState, frozenset[BlacklistingState]] = {
    BlacklistingState.PROPOSED: frozenset({BlacklistingState.APPROVED, BlacklistingState.REFUSED}),
    BlacklistingState.APPROVED: frozenset(),
    BlacklistingState.REFUSED: frozenset(),
}
"""A listing that should not stand is lifted by another record."""


class HostBlacklisting(Model):
    """Somebody may not present any more, or may again, by the keyed mark of the identity card.

    The mark is the one of ``live_host``, so that it holds for every account that the same card is entered with.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    kind = fields.CharEnumField(BlacklistingKind, max_length=8)
    id_number_index = fields.BinaryField()
    reason = fields.CharField(max_length=200)
    state = fields.CharEnumField(BlacklistingState, max_length=8)
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "host_blacklisting"
        indexes = (Index(fields=("id_number_index", "decided_at"), name="host_blacklisting_mark"),)
        constraints = (
            CheckConstraint(check="state <> 'approved' OR decided_by <> made_by", name="host_blacklisting_two_persons"),
            CheckConstraint(
                check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
                name="host_blacklisting_decided_whole",
            ),
            UniqueConstraint(
                fields=("id_number_index",), name="host_blacklisting_one_open", condition="state = 'proposed'"
            ),
        )
