"""The wire of other channels' files: their columns, what they come to, and where a channel stands."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec

from api_kit.schemas import Input, View
from api_kit.spreadsheets import Column, day, fen_of_yuan, matching, whole_number
from kit.clock import CHINA
from kit.paging import MAX_PAGE
from logistics.regions import check_region
from orders.channels.files import TITLES, Fault, ImportedFile, RefundRow, SaleRow, SettlementRow
from orders.channels.models import FileKind, SalesChannel
from orders.quotes import MAX_AMOUNT_FEN
from products.stock import MAX_QUANTITY


class ChannelQuery(Input):
    """Which channel; the county and auditors also say whose (``merchant``)."""

    channel: SalesChannel
    merchant: Annotated[str, msgspec.Meta(max_length=32)] = ""
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class ChannelFilesView(View):
    """Files that were taken in; ``next_cursor`` is null at the end."""

    items: list[ImportedFile]
    next_cursor: str | None


class FileCheckView(View):
    """What a file would come to. With faults nothing of it would be taken in; ``fault_count`` may exceed the list.

    What ``warnings`` tell of is taken in as it is.
    """

    row_count: int
    recorded: int
    known: int
    faults: list[Fault]
    fault_count: int
    warnings: list[Fault]


def _moment(text: str) -> datetime:
    """A moment in China, such as ``2026-03-01 12:30:00``."""
    try:
        found = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise ValueError("应为时间，例如 2026-03-01 12:30:00") from None
    return found if found.tzinfo else found.replace(tzinfo=CHINA)


def _region(text: str) -> str:
    check_region(text)
    return text


_EXTERNAL = matching("[0-9A-Za-z_-]{1,64}", "应为 1 到 64 位字母、数字、下划线或连字符")
_MONEY = fen_of_yuan(0, MAX_AMOUNT_FEN)
_EITHER_WAY = fen_of_yuan(-MAX_AMOUNT_FEN, MAX_AMOUNT_FEN)


def _column(name: str, read: Callable[[str], Any], *, required: bool = True, max_chars: int = 64) -> Column:
    return Column(name, TITLES[name], read, required, max_chars)


COLUMNS: dict[FileKind, tuple[Column, ...]] = {
    FileKind.ORDERS: (
        _column("external", _EXTERNAL),
        _column("sku", matching("[0-9A-Za-z-]{1,40}", "规格编码格式有误")),
        _column("quantity", whole_number(1, MAX_QUANTITY)),
        _column("paid_fen", _MONEY),
        _column("freight_fen", _MONEY, required=False),
        _column("discount_fen", _MONEY, required=False),
        _column("paid_at", _moment),
        _column("recipient", str, max_chars=40),
        _column("phone", matching("[0-9+ -]{5,30}", "电话格式有误")),
        _column("address", str, max_chars=200),
        _column("region", _region, required=False),
    ),
    FileKind.REFUNDS: (
        _column("external", _EXTERNAL),
        _column("refund", _EXTERNAL),
        _column("sku", matching("[0-9A-Za-z-]{1,40}", "规格编码格式有误")),
        _column("quantity", whole_number(0, MAX_QUANTITY)),
        _column("amount_fen", _MONEY, required=False),
        _column("freight_fen", _MONEY, required=False),
        _column("refunded_at", _moment),
    ),
    FileKind.SETTLEMENTS: (
        _column("external", _EXTERNAL),
        _column("paid_out_fen", _EITHER_WAY),
        _column("fee_fen", _EITHER_WAY),
        _column("day", day),
    ),
}


def _sale(row: int, values: dict[str, Any]) -> SaleRow:
    nothing = {name: values.get(name) or 0 for name in ("freight_fen", "discount_fen")}
    return SaleRow(row=row, **{**values, **nothing, "region": values.get("region") or ""})


def _refund(row: int, values: dict[str, Any]) -> RefundRow:
    nothing = {"amount_fen": values.get("amount_fen"), "freight_fen": values.get("freight_fen") or 0}
    return RefundRow(row=row, **{**values, **nothing})


def _settlement(row: int, values: dict[str, Any]) -> SettlementRow:
    return SettlementRow(row=row, **values)


ROWS: dict[FileKind, Callable[[int, dict[str, Any]], Any]] = {
    FileKind.ORDERS: _sale,
    FileKind.REFUNDS: _refund,
    FileKind.SETTLEMENTS: _settlement,
}
