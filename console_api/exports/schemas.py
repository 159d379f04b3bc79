"""The wire of exports."""

from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from console_api.poverty_alleviation.schemas import Cursor, Document, Limit, Number, Text, Township
from poverty_alleviation.exports.items import ExportItem
from poverty_alleviation.exports.mappings import MOST_MAPPED, MappedCell
from poverty_alleviation.exports.models import ExportFormat, ExportKind, ExportState
from poverty_alleviation.exports.queries import DownloadCard, ExportCard
from poverty_alleviation.exports.service import ExportRequest
from poverty_alleviation.exports.templates import TemplateCard
from poverty_alleviation.office.rollups import Dimension
from poverty_alleviation.unmasking import ViewingPurpose

Quarter = Annotated[str, msgspec.Meta(max_length=7)]


class ExportInput(Input):
    """What is asked for: sums by a ``dimension``, households' rows, or a ``template``; for which purpose and paper."""

    kind: ExportKind
    quarter: Quarter
    purpose: ViewingPurpose
    document: Document
    format: ExportFormat = ExportFormat.XLSX
    dimension: Dimension | None = None
    township: Township | None = None
    template: Number | None = None

    def request(self) -> ExportRequest:
        """As the room takes it."""
        return ExportRequest(**msgspec.structs.asdict(self))


class ExportsQuery(Input):
    """A page of exports."""

    state: ExportState | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class ExportsView(View):
    """Exports, newest first; ``next_cursor`` is null at the end."""

    exports: list[ExportCard]
    next_cursor: str | None


class ExportDecision(Input):
    """``approved`` or ``refused``."""

    state: Literal["approved", "refused"]
    note: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")] = ""


class LeakView(View):
    """The downloads whose hidden marks stand in a file; none when it bears none of ours."""

    downloads: list[DownloadCard]


class TemplateQuery(Input):
    """What a template is called."""

    name: Text


class TemplatesView(View):
    """Templates, newest first."""

    templates: list[TemplateCard]


class ItemsView(View):
    """What can stand in a template."""

    items: list[ExportItem]


class MappingInput(Input):
    """Everything that a template is filled with."""

    cells: Annotated[list[MappedCell], msgspec.Meta(min_length=1, max_length=MOST_MAPPED)]


class MappingMade(View):
    """The version."""

    version: int


class PreviewInput(Input):
    """Of which quarter."""

    quarter: Quarter
