"""The wire of scan codes."""

from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from kit.paging import MAX_PAGE
from scans.models import ScanPlace
from scans.service import ScanCodeRecord


class ScanCodeInput(Input):
    """A code for a product; ``note`` says where exactly it hangs."""

    product: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    place: ScanPlace
    note: Annotated[str, msgspec.Meta(max_length=60)] = ""


class ScanCodesQuery(Input):
    """A page of codes."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class ScanCodesView(View):
    """Codes; ``next_cursor`` is null at the end."""

    items: list[ScanCodeRecord]
    next_cursor: str | None


class CodeFileQuery(Input):
    """What to draw: a plain QR code as SVG or PNG, or WeChat's mini-program code."""

    format: Literal["svg", "png", "mini_program"] = "svg"
