"""An export and its downloads, and superiors' templates with the versions of what is filled in where."""

from enum import StrEnum

from tortoise import fields
from tortoise.fields import OnDelete
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

from kit.models import Model
from poverty_alleviation.unmasking import ViewingPurpose


class ExportKind(StrEnum):
    """What is exported: sums for others, figures of each household, or a superior's own template."""

    ROLL_UP = "roll_up"
    HOUSEHOLD_FIGURES = "household_figures"
    TEMPLATE = "template"


class ExportFormat(StrEnum):
    """The kind of file."""

    XLSX = "xlsx"
    CSV = "csv"


class ExportState(StrEnum):
    """Where an export stands. Failed: it could not be made as it was approved, and ``failure`` says why."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


EXPORT_TRANSITIONS: dict[ExportState, frozenset[ExportState]] = {
    ExportState.ASKED: frozenset({ExportState.APPROVED, ExportState.REFUSED}),
    ExportState.APPROVED: frozenset({ExportState.READY, ExportState.FAILED}),
    ExportState.READY: frozenset({ExportState.EXPIRED}),
    ExportState.REFUSED: frozenset(),
    ExportState.FAILED: frozenset(),
    ExportState.EXPIRED: frozenset(),
}


class ExportTemplate(Model):
    """A superior's workbook, sealed as it came. ``sha256`` is of the workbook before it was sealed."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=60)
    sha256 = fields.CharField(max_length=64, unique=True)
    sheets: fields.Field[list[str]] = fields.JSONField()
    content_sealed = fields.BinaryField()
    taken_by = fields.CharField(max_length=60)
    taken_at = fields.DatetimeField()

    class Meta:
        table = "export_template"


class ExportMapping(Model):
    """One version of what a template is filled with; a change is a further version."""

    id = fields.BigIntField(primary_key=True)
    template: fields.ForeignKeyRelation[ExportTemplate] = fields.ForeignKeyField(
        "longchuan.ExportTemplate", related_name=False, on_delete=OnDelete.RESTRICT
    )
    version = fields.IntField()
    cells: fields.Field[list[object]] = fields.JSONField()
    made_by = fields.CharField(max_length=60)
    made_at = fields.DatetimeField()

    class Meta:
        table = "export_mapping"
        unique_together = (("template", "version"),)
        constraints = (CheckConstraint(check="version > 0", name="export_mapping_version"),)


class OfficeExport(Model):
    """One export of a quarter, for a purpose that a document asks for.

    ``stored_key`` is where its sealed file lies from the first attempt to make it until ``destroyed_at``.
    """

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=32, unique=True)
    kind = fields.CharEnumField(ExportKind, max_length=20)
    format = fields.CharEnumField(ExportFormat, max_length=4)
    quarter = fields.CharField(max_length=7)
    dimension = fields.CharField(max_length=12, null=True)
    township = fields.CharField(max_length=9, null=True)
    mapping: fields.ForeignKeyNullableRelation[ExportMapping] = fields.ForeignKeyField(
        "longchuan.ExportMapping", related_name=False, on_delete=OnDelete.RESTRICT, null=True
    )
    shows: fields.Field[list[str]] = fields.JSONField()
    purpose = fields.CharEnumField(ViewingPurpose, max_length=20)
    document = fields.CharField(max_length=120)
    state = fields.CharEnumField(ExportState, max_length=8)
    asked_by = fields.CharField(max_length=60)
    asked_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=60, null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_note = fields.CharField(max_length=200, default="")
    claimed_at = fields.DatetimeField(null=True)
    stored_key = fields.CharField(max_length=60, null=True, unique=True)
    row_count = fields.IntField(null=True)
    ready_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(null=True)
    failure = fields.CharField(max_length=40, default="")
    downloads = fields.IntField(default=0)
    destroyed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "office_export"
        indexes = (Index(fields=("state", "id"), name="office_export_state"),)
        constraints = (
            CheckConstraint(
                check="state NOT IN ('approved', 'ready', 'failed', 'expired') OR decided_by <> asked_by",
                name="office_export_two_persons",
            ),
            CheckConstraint(
                check="(state = 'asked') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
                name="office_export_decided_whole",
            ),
            CheckConstraint(
                check="(state IN ('ready', 'expired')) = (ready_at IS NOT NULL) AND (ready_at IS NULL) ="
                " (expires_at IS NULL) AND (state = 'failed') = (failure <> '')",
                name="office_export_made_whole",
            ),
            CheckConstraint(check="destroyed_at IS NULL OR state = 'expired'", name="office_export_destroyed"),
            CheckConstraint(
                check="(kind = 'template') = (mapping_id IS NOT NULL) AND (kind = 'roll_up') = (dimension IS NOT NULL)"
                " AND (kind <> 'template' OR (format = 'xlsx' AND township IS NULL))",
                name="office_export_kind",
            ),
        )


class ExportDownload(Model):
    """One download; ``mark`` is what is hidden in the file that it answered. Only added."""

    id = fields.BigIntField(primary_key=True)
    export: fields.ForeignKeyRelation[OfficeExport] = fields.ForeignKeyField(
        "longchuan.OfficeExport", related_name=False, on_delete=OnDelete.RESTRICT
    )
    mark = fields.BigIntField(unique=True)
    downloaded_by = fields.CharField(max_length=60)
    downloaded_at = fields.DatetimeField()

    class Meta:
        table = "export_download"
        indexes = (Index(fields=("export_id",), name="export_download_export"),)
