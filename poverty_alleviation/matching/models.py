"""What a station saw of a supplier's paper, and what follows from it. Stations write the first and read neither."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model
from poverty_alleviation.models import Household


class MatchState(StrEnum):
    """Where a proposal stands. A refused one is never made again."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"


MATCH_TRANSITIONS: dict[MatchState, frozenset[MatchState]] = {
    MatchState.PROPOSED: frozenset({MatchState.ACCEPTED, MatchState.REFUSED}),
    MatchState.ACCEPTED: frozenset(),
    MatchState.REFUSED: frozenset(),
}


class SupplierIdentity(Model):
    """What is known of the person who delivers: blind indexes and a village. Only added: the newest holds."""

    id = fields.BigIntField(primary_key=True)
    supplier = fields.CharField(max_length=32)
    id_number_index = fields.BinaryField(null=True)
    phone_index = fields.BinaryField(null=True)
    village = fields.CharField(max_length=12, null=True)
    recorded_by = fields.CharField(max_length=60)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "supplier_identity"
        indexes = (Index(fields=("supplier",), name="supplier_identity_of"),)
        constraints = (
            CheckConstraint(
                check="num_nonnulls(id_number_index, phone_index, village) > 0", name="supplier_identity_says_something"
            ),
        )


class MatchProposal(Model):
    """That a supplier may stand for a household, and why (``grounds``: ``id_number``, ``phone``, ``name_village``)."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    supplier = fields.CharField(max_length=32)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    grounds: fields.Field[list[str]] = fields.JSONField()
    state = fields.CharEnumField(MatchState, max_length=8)
    found_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=200, default="")

    class Meta:
        table = "match_proposal"
        unique_together = (("supplier", "household"),)
        indexes = (Index(fields=("state",), name="match_proposal_state"),)
        constraints = (
            CheckConstraint(
                check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
                name="match_proposal_decided_whole",
            ),
            CheckConstraint(check="state <> 'refused' OR reason <> ''", name="match_proposal_reason"),
        )
