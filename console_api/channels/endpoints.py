"""Orders, refunds and payouts of other channels, by file: by the merchant's clerk, or by the county for a merchant."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from accounts.actors import Auditor, CountyOfficer, MerchantClerk
from api_kit.doors import IdempotencyKey
from api_kit.spreadsheets import Sheet, read_sheet
from api_kit.uploads import FileBody
from console_api import door
from console_api.channels.schemas import (
    COLUMNS,
    ROWS,
    ChannelFilesView,
    ChannelQuery,
    FileCheckView,
)
from orders.channels.errors import ChannelFileRefused, ChannelUnknown
from orders.channels.files import MAX_FAULTS, MAX_ROWS, Fault, ImportedFile, Source
from orders.channels.models import FileKind, SalesChannel
from orders.channels.refunds import ChannelRefunds
from orders.channels.sales import ChannelSales
from orders.channels.settlements import ChannelSettlements, ChannelStanding, channel_files, channel_standing


@dataclass(frozen=True)
class ChannelDesk:
    """The three kinds of files behind one door."""

    sales: ChannelSales
    refunds: ChannelRefunds
    settlements: ChannelSettlements

    async def take(self, source: Source, kind: FileKind, raw: bytes) -> ImportedFile:
        """All of a file or nothing. Raises ChannelFileRefused, SpreadsheetRefused and ContentTooLarge."""
        sheet, told = await _read(kind, raw)
        if sheet.problems:
            raise ChannelFileRefused(faults=msgspec.to_builtins(sheet.problems), count=sheet.problem_count)
        kept: ImportedFile = await self._of(kind).take(source, told)
        return kept

    async def check(self, source: Source, kind: FileKind, raw: bytes) -> FileCheckView:
        """What a file would come to. Raises SpreadsheetRefused and ContentTooLarge."""
        sheet, told = await _read(kind, raw)
        report = await self._of(kind).check(source, told)
        cells = [Fault(each.row, each.column, each.detail) for each in sheet.problems]
        faults = sorted([*cells, *report.faults], key=lambda fault: fault.row)
        return FileCheckView(
            row_count=len(told) + len({each.row for each in sheet.problems}),
            recorded=report.recorded,
            known=report.known,
            faults=faults[:MAX_FAULTS],
            fault_count=sheet.problem_count + len(report.faults),
            warnings=report.warnings,
        )

    def _of(self, kind: FileKind) -> Any:
        return {
            FileKind.ORDERS: self.sales,
            FileKind.REFUNDS: self.refunds,
            FileKind.SETTLEMENTS: self.settlements,
        }[kind]


async def _read(kind: FileKind, raw: bytes) -> tuple[Sheet, list[Any]]:
    sheet = await read_sheet(raw, COLUMNS[kind], MAX_ROWS)
    return sheet, [ROWS[kind](each.number, each.values) for each in sheet.rows]


def _kind(kind: str) -> FileKind:
    try:
        return FileKind(kind)
    except ValueError:
        raise ChannelUnknown() from None


def _source(merchant: str, channel: str, file: FileBody, actor: MerchantClerk | CountyOfficer) -> Source:
    try:
        return Source(merchant, SalesChannel(channel), sha256(file.content).digest(), actor.caller)
    except ValueError:
        raise ChannelUnknown() from None


@door.post("/channel-imports/<channel:str>/<kind:str>", effect="resumable")
async def import_channel_file(
    actor: MerchantClerk, channel: str, kind: str, file: FileBody, key: IdempotencyKey, desk: ChannelDesk
) -> ImportedFile:
    """导入其他渠道的订单、退款或结算文件：逐行校验，有一行有误则一行也不导入，重复导入不产生变化。

    The body is the file, or a form with it, XLSX or CSV, of at most 500 rows. ``channel`` is douyin, pinduoduo or
    group_purchase.
    ``kind`` orders: 外部订单号, 规格编码, 件数, 商品实收, 运费, 优惠, 付款时间, 收货人, 收货电话, 收货地址,
    地区代码 (six digits; when it is empty or missing, the one county that the address names, if it is known);
    refunds: 外部订单号, 外部退款号, 规格编码, 件数, 退款金额, 运费, 退款时间;
    settlements: 外部订单号, 到账金额, 手续费, 结算日期. Amounts are in yuan; 运费, 优惠 and 退款金额 may be empty.
    """
    return await desk.take(_source(actor.merchant, channel, file, actor), _kind(kind), file.content)


@door.post("/channel-import-checks/<channel:str>/<kind:str>", status=200)
async def check_channel_file(
    actor: MerchantClerk, channel: str, kind: str, file: FileBody, desk: ChannelDesk
) -> FileCheckView:
    """试导入其他渠道的文件：逐行指出错误，不保存任何内容。"""
    return await desk.check(_source(actor.merchant, channel, file, actor), _kind(kind), file.content)


@door.post("/merchants/<merchant:str>/channel-imports/<channel:str>/<kind:str>", effect="resumable")
async def import_channel_file_for(
    actor: CountyOfficer,
    merchant: str,
    channel: str,
    kind: str,
    file: FileBody,
    key: IdempotencyKey,
    desk: ChannelDesk,
) -> ImportedFile:
    """县级代商户导入其他渠道的文件，规则与商户自行导入相同。"""
    return await desk.take(_source(merchant, channel, file, actor), _kind(kind), file.content)


@door.post("/merchants/<merchant:str>/channel-import-checks/<channel:str>/<kind:str>", status=200)
async def check_channel_file_for(
    actor: CountyOfficer, merchant: str, channel: str, kind: str, file: FileBody, desk: ChannelDesk
) -> FileCheckView:
    """县级代商户试导入其他渠道的文件，不保存任何内容。"""
    return await desk.check(_source(merchant, channel, file, actor), _kind(kind), file.content)


def _whose(actor: MerchantClerk | CountyOfficer | Auditor, query: ChannelQuery) -> str:
    return actor.merchant if isinstance(actor, MerchantClerk) else query.merchant


@door.get("/channel-imports")
async def list_channel_files(actor: MerchantClerk | CountyOfficer | Auditor, query: ChannelQuery) -> ChannelFilesView:
    """某渠道已导入的文件，最新在前；商户人员只看到自己的。"""
    return ChannelFilesView(*await channel_files(_whose(actor, query), query.channel, query.cursor, query.limit))


@door.get("/channel-standing")
async def show_channel_standing(actor: MerchantClerk | CountyOfficer | Auditor, query: ChannelQuery) -> ChannelStanding:
    """某渠道应收与到账的对照，及有差异的订单；商户人员只看到自己的。"""
    return await channel_standing(_whose(actor, query), query.channel, query.cursor, query.limit)
