"""A merchant sees the own settlement, the county and auditors everybody's; the county issues statements."""

from collections.abc import AsyncIterator, Sequence

from sanic.response import ResponseStream

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, Staff, own_merchant
from api_kit.doors import IdempotencyKey
from api_kit.downloads import download
from api_kit.spreadsheets import CSV, XLSX, Cell, write_sheet
from console_api import door
from console_api.settlements.schemas import (
    AllFiguresView,
    EntriesQuery,
    EntriesView,
    ExportQuery,
    FiguresView,
    Format,
    FormatQuery,
    SpanQuery,
    StatementInput,
    StatementsQuery,
    StatementsView,
    StatementView,
)
from merchants.errors import MerchantUnknown
from merchants.queries import merchant
from payments.service import Payments
from settlements.queries import (
    EntryView,
    SettlementReconciliation,
    entries,
    every_entry,
    every_entry_of_statement,
    figures,
    figures_by_merchant,
    figures_of_statement,
    reconciliation,
    statement,
    statements,
)
from settlements.statements import Statements

_TITLES = ("日期", "订单号", "订单行", "渠道", "项目", "承担方", "金额（分）", "结算单")
_KINDS = {
    "gross": "商品金额",
    "discount": "优惠",
    "freight": "运费",
    "refund": "退款",
    "freight_refund": "退运费",
    "late_money": "迟到款项",
    "late_money_returned": "迟到款项退回",
    "fee": "支付手续费",
    "split": "分账",
    "split_returned": "分账回退",
    "commission": "推广佣金",
    "county_owes": "平台承担优惠应付",
    "county_owes_share": "平台应退还佣金（超过分账回退期限）",
    "merchant_owes": "商户应付平台佣金（未分账）",
}
_BEARERS = {"": "", "merchant": "商户", "county": "平台"}


def _asked(actor: Staff, asked: str | None) -> str:
    """The merchant in question: a clerk's own, or the one that was named. Raises :class:`MerchantUnknown`."""
    found = own_merchant(actor) or asked
    if found is None or (asked is not None and asked != found):
        raise MerchantUnknown()
    return found


@door.get("/settlements/figures")
async def show_settlement_figures(actor: MerchantClerk | CountyOfficer | Auditor, query: SpanQuery) -> FiguresView:
    """一个商户在起止日期内的结算汇总：商品金额、优惠与承担方、运费、退款、手续费、佣金、分账、到账。"""
    number = _asked(actor, query.merchant)
    found = await figures(number, query.first_day, query.last_day)
    return FiguresView(number, query.first_day, query.last_day, found)


@door.get("/settlements/figures-by-merchant")
async def show_all_settlement_figures(actor: CountyOfficer | Auditor, query: SpanQuery) -> AllFiguresView:
    """全部商户在起止日期内的结算汇总，含平台应付商户的优惠。"""
    return AllFiguresView(
        query.first_day,
        query.last_day,
        await figures_by_merchant(query.first_day, query.last_day),
        await figures(None, query.first_day, query.last_day),
    )


@door.get("/settlements/entries")
async def list_settlement_entries(actor: MerchantClerk | CountyOfficer | Auditor, query: EntriesQuery) -> EntriesView:
    """结算明细，可追溯到订单与订单行。"""
    number = _asked(actor, query.merchant)
    page = await entries(number, query.first_day, query.last_day, query.order, query.cursor, query.limit)
    return EntriesView(*page)


@door.get("/settlements/entries/file")
async def export_settlement_entries(
    actor: MerchantClerk | CountyOfficer | Auditor, query: ExportQuery
) -> ResponseStream:
    """导出结算明细（XLSX 或 CSV）。"""
    number = _asked(actor, query.merchant)
    await figures(number, query.first_day, query.last_day)
    name = f"settlement-{number}-{query.first_day}-{query.last_day}"
    return _file(query.format, name, every_entry(number, query.first_day, query.last_day))


@door.get("/settlements/reconciliation")
async def show_settlement_reconciliation(
    actor: CountyOfficer | Auditor, payments: Payments
) -> SettlementReconciliation:
    """结算明细与支付、退款、账单手续费逐单核对，差额应为 0。"""
    return await reconciliation(payments.gateway.channel)


@door.post("/settlements/statements")
async def issue_settlement_statement(
    actor: CountyOfficer, body: StatementInput, key: IdempotencyKey, desk: Statements
) -> StatementView:
    """出具截至某日的结算单；每月二日起自动出具上月结算单。"""
    await merchant(body.merchant)
    return await _statement(await desk.issue(body.merchant, body.last_day, actor.caller), None)


@door.get("/settlements/statements")
async def list_settlement_statements(
    actor: MerchantClerk | CountyOfficer | Auditor, query: StatementsQuery
) -> StatementsView:
    """结算单列表，最新的在前；商户人员只看到自己的。"""
    return StatementsView(*await statements(own_merchant(actor) or query.merchant, query.cursor, query.limit))


@door.get("/settlements/statements/<number:str>")
async def show_settlement_statement(actor: MerchantClerk | CountyOfficer | Auditor, number: str) -> StatementView:
    """结算单及由明细重新加总的数字。"""
    return await _statement(number, own_merchant(actor))


@door.get("/settlements/statements/<number:str>/file")
async def export_settlement_statement(
    actor: MerchantClerk | CountyOfficer | Auditor, number: str, query: FormatQuery
) -> ResponseStream:
    """导出结算单明细（XLSX 或 CSV）。"""
    card = await statement(number, own_merchant(actor))
    return _file(query.format, f"statement-{card.number}", every_entry_of_statement(card.number))


async def _statement(number: str, owner: str | None) -> StatementView:
    return StatementView(await statement(number, owner), await figures_of_statement(number))


def _file(file_format: Format, name: str, found: AsyncIterator[EntryView]) -> ResponseStream:
    pieces = write_sheet(file_format, _TITLES, _cells(found))
    return download(f"{name}.{file_format}", XLSX if file_format == "xlsx" else CSV, pieces)


async def _cells(found: AsyncIterator[EntryView]) -> AsyncIterator[Sequence[Cell]]:
    async for each in found:
        yield (
            each.day,
            each.order,
            each.line,
            each.channel,
            _KINDS[each.kind],
            _BEARERS[each.bearer],
            each.amount_fen,
            each.statement or "",
        )
