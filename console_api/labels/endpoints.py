"""Labels of a lot: made, drawn one by one, and printed as sheets."""

import asyncio

from sanic.response import HTTPResponse, raw

from accounts.actors import CountyOfficer, MerchantClerk, own_merchant
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.labels.schemas import (
    LabelBatchView,
    LabelFileQuery,
    LabelsInput,
    LabelsQuery,
    LabelsView,
    SheetQuery,
)
from console_api.labels.sheets import CONTENT_SECURITY_POLICY, sheet
from scans.labels import TraceLabels


@door.post("/lots/<number:str>/labels")
async def make_labels(
    actor: MerchantClerk, number: str, body: LabelsInput, key: IdempotencyKey, labels: TraceLabels
) -> LabelBatchView:
    """为已封存批次制作溯源标签；带序号则一件一码，不带序号则全批共用一码。"""
    batch = await labels.make(actor.merchant, number, body.sku, body.serials, actor.caller)
    return LabelBatchView(batch, await labels.batch(actor.merchant, batch))


@door.get("/lots/<number:str>/labels")
async def list_labels(
    actor: MerchantClerk | CountyOfficer, number: str, query: LabelsQuery, labels: TraceLabels
) -> LabelsView:
    """批次的溯源标签与扫码次数，最新在前。"""
    return LabelsView(*await labels.of_lot(own_merchant(actor), number, query.cursor, query.limit))


@door.get("/labels/<code:str>/file")
async def draw_label(
    actor: MerchantClerk | CountyOfficer, code: str, query: LabelFileQuery, labels: TraceLabels
) -> HTTPResponse:
    """下载单个标签的二维码（svg、png）；有商品条码的为 GS1 Digital Link。"""
    drawn = await labels.draw(own_merchant(actor), code, query.format)
    headers = {
        "content-disposition": f'attachment; filename="label.{query.format}"',
        "content-security-policy": "default-src 'none'",
    }
    return raw(drawn, content_type="image/svg+xml" if query.format == "svg" else "image/png", headers=headers)


@door.get("/label-batches/<batch:str>/sheet")
async def print_labels(
    actor: MerchantClerk | CountyOfficer, batch: str, query: SheetQuery, labels: TraceLabels
) -> HTTPResponse:
    """可打印的 A4 标签页（每页 24 枚，带裁切线）。"""
    made = await labels.batch(own_merchant(actor), batch)
    headers = {"content-security-policy": CONTENT_SECURITY_POLICY}
    printed = await asyncio.to_thread(sheet, made, query.copies)  # hundreds of codes are drawn
    return raw(printed.encode(), content_type="text/html; charset=utf-8", headers=headers)
