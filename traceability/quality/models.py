"""Inspections with samples and results, holds of lots, and recalls."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from kit.models import Model
from traceability.models import Lot


class InspectionState(StrEnum):
    """How far an inspection is. ``passed`` and ``failed`` are the laboratory's word."""

    REQUESTED = "requested"
    SAMPLED = "sampled"
    PASSED = "passed"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


INSPECTION_TRANSITIONS: dict[InspectionState, frozenset[InspectionState]] = {
    InspectionState.REQUESTED: frozenset({InspectionState.SAMPLED, InspectionState.WITHDRAWN}),
    InspectionState.SAMPLED: frozenset({InspectionState.PASSED, InspectionState.FAILED, InspectionState.WITHDRAWN}),
    InspectionState.PASSED: frozenset(),
    InspectionState.FAILED: frozenset(),
    InspectionState.WITHDRAWN: frozenset(),
}


class HoldReason(StrEnum):
    """Why nothing may be taken from a lot."""

    INSPECTION_FAILED = "inspection_failed"
    SUSPICION = "suspicion"
    COMPLAINT = "complaint"
    STORAGE = "storage"
    RECALLED = "recalled"


class Inspection(Model):
    """One inspection of a lot. ``laboratory`` and ``report`` (its number) are named with the result."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    lot: fields.ForeignKeyRelation[Lot] = fields.ForeignKeyField(
        "longchuan.Lot", related_name=False, on_delete=OnDelete.RESTRICT
    )
    state = fields.CharEnumField(InspectionState, max_length=12)
    requested_by = fields.CharField(max_length=60)
    requested_at = fields.DatetimeField()
    sampled_at = fields.DatetimeField(null=True)
    laboratory = fields.CharField(max_length=60, default="")
    report = fields.CharField(max_length=60, default="")
    ended_by = fields.CharField(max_length=60, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "inspection"
        indexes = (Index(fields=("lot_id", "id"), name="inspection_lot"),)
        constraints = (
            CheckConstraint(
                check="(state IN ('passed', 'failed', 'withdrawn')) = (ended_at IS NOT NULL)"
                " AND (ended_at IS NULL) = (ended_by IS NULL)",
                name="inspection_ended",
            ),
            CheckConstraint(
                check="state NOT IN ('passed', 'failed') OR (sampled_at IS NOT NULL AND laboratory <> ''"
                " AND report <> '')",
                name="inspection_result",
            ),
            UniqueConstraint(
                fields=("lot_id",), name="inspection_one_open", condition="state IN ('requested', 'sampled')"
            ),
        )


class InspectionSample(Model):
    """What was drawn of a lot for the laboratory. ``code`` is on the sealed bag."""

    id = fields.BigIntField(primary_key=True)
    inspection: fields.ForeignKeyRelation[Inspection] = fields.ForeignKeyField(
        "longchuan.Inspection", related_name=False, on_delete=OnDelete.RESTRICT
    )
    code = fields.CharField(max_length=40)
    mass_gram = fields.BigIntField()
    taken_at = fields.DatetimeField()
    taken_by = fields.CharField(max_length=60)

    class Meta:
        table = "inspection_sample"
        unique_together = (("inspection", "code"),)
        constraints = (CheckConstraint(check="mass_gram > 0", name="inspection_sample_mass"),)


class InspectionItem(Model):
    """One line of a report: what was looked for, what is allowed and what was found, in ``unit``, by which method.

    ``allowed`` and ``found`` are text, because reports say "not detected" as well as numbers.
    """

    id = fields.BigIntField(primary_key=True)
    inspection: fields.ForeignKeyRelation[Inspection] = fields.ForeignKeyField(
        "longchuan.Inspection", related_name=False, on_delete=OnDelete.RESTRICT
    )
    name = fields.CharField(max_length=60)
    allowed = fields.CharField(max_length=40)
    found = fields.CharField(max_length=40)
    unit = fields.CharField(max_length=20)
    method = fields.CharField(max_length=60)
    is_good = fields.BooleanField()

    class Meta:
        table = "inspection_item"
        unique_together = (("inspection", "name"),)


class LotHold(Model):
    """A time in which nothing may be taken from a lot. ``by_county``: the county placed it, and it alone ends it."""

    id = fields.BigIntField(primary_key=True)
    lot: fields.ForeignKeyRelation[Lot] = fields.ForeignKeyField(
        "longchuan.Lot", related_name=False, on_delete=OnDelete.RESTRICT
    )
    reason = fields.CharEnumField(HoldReason, max_length=20)
    note = fields.CharField(max_length=200)
    by_county = fields.BooleanField()
    placed_by = fields.CharField(max_length=60)
    placed_at = fields.DatetimeField()
    released_by = fields.CharField(max_length=60, null=True)
    released_at = fields.DatetimeField(null=True)
    release_note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "lot_hold"
        constraints = (
            CheckConstraint(
                check="(released_at IS NULL) = (released_by IS NULL) AND (released_at IS NULL OR release_note <> '')",
                name="lot_hold_released",
            ),
            UniqueConstraint(fields=("lot_id",), name="lot_hold_one_open", condition="released_at IS NULL"),
        )


class Recall(Model):
    """A lot is called back, with all that was made of it."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    merchant = fields.CharField(max_length=32)
    cause = fields.CharField(max_length=200)
    document = fields.CharField(max_length=120)
    recalled_by = fields.CharField(max_length=60)
    recalled_at = fields.DatetimeField()

    class Meta:
        table = "recall"
        indexes = (Index(fields=("merchant", "id"), name="recall_merchant"),)


class RecalledLot(Model):
    """A lot of a recall; ``is_origin`` is the one it began with."""

    id = fields.BigIntField(primary_key=True)
    recall: fields.ForeignKeyRelation[Recall] = fields.ForeignKeyField(
        "longchuan.Recall", related_name=False, on_delete=OnDelete.RESTRICT
    )
    lot: fields.ForeignKeyRelation[Lot] = fields.ForeignKeyField(
        "longchuan.Lot", related_name=False, on_delete=OnDelete.RESTRICT
    )
    is_origin = fields.BooleanField()

    class Meta:
        table = "recalled_lot"
        unique_together = (("recall", "lot"),)
        indexes = (Index(fields=("lot_id",), name="recalled_lot_lot"),)
