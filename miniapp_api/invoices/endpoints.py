"""A consumer asks for an invoice, sees the answer, or takes the wish back."""

from accounts.actors import Consumer
from api_kit.doors import IdempotencyKey
from miniapp_api import door
from miniapp_api.invoices.schemas import InvoiceInput, InvoiceView
from orders.errors import InvoiceRequestNotFound
from orders.invoices.queries import invoice_of_order
from orders.invoices.service import Invoices, InvoiceTitle


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
