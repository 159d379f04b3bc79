"""A consumer asks for an invoice, sees the answer, or takes the wish back."""

from sanic.response import HTTPResponse, raw

from accounts.actors import Consumer
from api_kit.doors import IdempotencyKey
from miniapp_api import door
from miniapp_api.invoices.schemas import InvoiceInput, InvoiceView
from orders.invoices.errors import InvoiceRequestNotFound
from orders.invoices.files import InvoiceFiles
from orders.invoices.queries import invoice_of_order
from orders.invoices.service import Invoices, InvoiceTitle

_TYPES = {"pdf": "application/pdf", "jpeg": "image/jpeg"}
_HEADERS = {"content-security-policy": "default-src 'none'; sandbox", "cache-control": "no-store"}


@door.post("/orders/<number:str>/invoice-request")
async def request_invoice(
    actor: Consumer, number: str, body: InvoiceInput, key: IdempotencyKey, invoices: Invoices
) -> InvoiceView:
    """申请发票：个人或企业抬头；金额为实付减去退款，每单同时只有一份有效申请。"""
    title = InvoiceTitle(body.title, body.tax_number, body.email)
    await invoices.request(actor.number, number, body.kind, title)
    return await _view(actor, number, invoices)


@door.get("/orders/<number:str>/invoice-request")
async def show_invoice_request(actor: Consumer, number: str, invoices: Invoices) -> InvoiceView:
    """订单最近一次发票申请及处理结果。"""
    return await _view(actor, number, invoices)


@door.get("/orders/<number:str>/invoice-request/file")
async def fetch_invoice_file(actor: Consumer, number: str, files: InvoiceFiles) -> HTTPResponse:
    """下载商户上传的发票文件（PDF 或 JPEG 图片）。"""
    file = await files.of_buyer(actor.number, number)
    return raw(
        file.content,
        content_type=_TYPES[file.kind],
        headers=_HEADERS | {"content-disposition": f'attachment; filename="invoice-{number}.{file.kind}"'},
    )


@door.delete("/orders/<number:str>/invoice-request")
async def withdraw_invoice_request(actor: Consumer, number: str, invoices: Invoices) -> None:
    """撤回尚未处理的发票申请。"""
    await invoices.withdraw(actor.number, number)


async def _view(actor: Consumer, number: str, invoices: Invoices) -> InvoiceView:
    found = await invoice_of_order(actor.number, number)
    if found is None:
        raise InvoiceRequestNotFound()
    summary, sealed = found
    return InvoiceView(summary, invoices.opened(summary.number, sealed))
