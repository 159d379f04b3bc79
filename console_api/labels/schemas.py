"""The wire of labels."""

from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from kit.paging import MAX_PAGE
from scans.labels import MAX_SERIALS, LabelRecord


class LabelsInput(Input):
    """Labels for the pieces of a lot that are sold as ``sku``. Without ``serials`` all pieces share one label."""

    sku: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{1,24}$(?!\n)")]
    serials: Annotated[int, msgspec.Meta(ge=0, le=MAX_SERIALS)] = 0


class LabelBatchView(View):
    """Labels that were made at once."""

    batch: str
    labels: list[LabelRecord]


class LabelsQuery(Input):
    """A page of labels."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class LabelsView(View):
    """Labels, newest first; ``next_cursor`` is null at the end."""

    items: list[LabelRecord]
    next_cursor: str | None


class LabelFileQuery(Input):
    """What to draw."""

    format: Literal["svg", "png"] = "svg"


class SheetQuery(Input):
    """How often each label stands on the sheet."""

    copies: Annotated[int, msgspec.Meta(ge=1, le=240)] = 1
