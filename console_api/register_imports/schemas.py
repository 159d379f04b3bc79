"""The wire of imported lists."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from console_api.register.schemas import Document, Year
from kit.paging import MAX_PAGE
from poverty_alleviation.register.imports import ImportCard, Layout


class ListImportQuery(Input):
    """What the file is. ``dry_run``: only say what an import would do."""

    layout: Layout
    year: Year
    day: date
    document: Document
    dry_run: bool = False


class ImportsQuery(Input):
    """Which page."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class ImportsView(View):
    """A page of the lists that were brought in, newest first."""

    imports: list[ImportCard]
    next_cursor: str | None
