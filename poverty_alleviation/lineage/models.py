"""Changes of households: proposed by one, decided by another."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from poverty_alleviation.models import AssistanceStatus, BenefitContract, Household


class ChangeKind(StrEnum):
    """What happens to a household: a part of it becomes one, it becomes a part of another one, or it has a new head."""

    SPLIT = "split"
    MERGE = "merge"
    HEAD = "head"


class ChangeState(StrEnum):
    """Where a change stands. Only an approved one has happened."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


CHANGE_TRANSITIONS: dict[ChangeState, frozenset[ChangeState]] = {
    ChangeState.PROPOSED: frozenset({ChangeState.APPROVED, ChangeState.REFUSED}),
    ChangeState.APPROVED: frozenset(),
    ChangeState.REFUSED: frozenset(),
}


class HouseholdChange(Model):
    """One change, from ``day`` on, by a document.

    ``household`` is the one that splits, merges or changes its head; ``other`` the code of the one that comes out of a
    split (entered with the approval) or takes the merged one in. ``status`` is what the document says of the new one.
    ``plan`` is JSON of ``Plan``: codes and relations.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    kind = fields.CharEnumField(ChangeKind, max_length=8)
    state = fields.CharEnumField(ChangeState, max_length=8)
    household: fields.ForeignKeyRelation[Household] = fields.ForeignKeyField(
        "longchuan.Household", related_name=False, on_delete=OnDelete.RESTRICT
    )
    other = fields.CharField(max_length=40, null=True)
    day = fields.DateField()
    document = fields.CharField(max_length=120)
    status = fields.CharEnumField(AssistanceStatus, max_length=20, null=True)
    plan: fields.Field[dict[str, object]] = fields.JSONField()
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "household_change"
        indexes = (
            Index(fields=("household_id",), name="household_change_of"),
            Index(fields=("other",), name="household_change_other"),
        )
        constraints = (
            UniqueConstraint(fields=("household_id",), name="household_change_pending", condition="state = 'proposed'"),
            CheckConstraint(check="state <> 'approved' OR decided_by <> made_by", name="household_change_two_persons"),
            CheckConstraint(
                check="(state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
                name="household_change_decided_whole",
            ),
            CheckConstraint(
                check="(kind = 'head') = (other IS NULL) AND (kind = 'split' OR status IS NULL)",
                name="household_change_whole",
            ),
            CheckConstraint(check="document <> ''", name="household_change_document"),
        )


class ContractSuccession(Model):
    """That a contract binds a household from a day on because one it came from, or took in, stands in it."""

    id = fields.BigIntField(primary_key=True)
    contract: fields.ForeignKeyRelation[BenefitContract] = fields.ForeignKeyField(
        "longchuan.BenefitContract", related_name=False, on_delete=OnDelete.RESTRICT
    )
    party = fields.CharField(max_length=60)
    successor = fields.CharField(max_length=60)
    valid_from = fields.DateField()
    change: fields.ForeignKeyRelation[HouseholdChange] = fields.ForeignKeyField(
        "longchuan.HouseholdChange", related_name=False, on_delete=OnDelete.RESTRICT
    )

    class Meta:
        table = "contract_succession"
        unique_together = (("contract", "successor"),)
        indexes = (Index(fields=("successor",), name="contract_succession_of"),)
