"""The merchant's clerk answers requests for invoices; the county enters how long they may be asked for."""

from accounts.actors import Auditor, CountyOfficer, MerchantClerk
from accounts.service import AccessLogs
from api_kit.doors import IdempotencyKey
from api_kit.uploads import MAX_UPLOAD_BYTES, FileBody
from console_api import door
from console_api.invoices.schemas import (
    InvoiceRequestView,
    InvoicesQuery,
    InvoicesView,
    IssueInput,
    RefusalInput,
    WindowInput,
    WindowsView,
)
from orders.invoices.errors import InvoiceRequestNotFound
from orders.invoices.files import InvoiceFiles
from orders.invoices.queries import invoice_of_merchant, invoice_windows, invoices_of
from orders.invoices.service import Invoices


@door.get("/invoice-requests")
async def list_invoice_requests(actor: MerchantClerk, query: InvoicesQuery) -> InvoicesView:
    """本商户的发票申请，最新在前；可只看开票后全额退款、需红冲的。"""
    return InvoicesView(*await invoices_of(actor.merchant, query.state, query.to_reverse, query.cursor, query.limit))


@door.get("/invoice-requests/<number:str>")
async def show_invoice_request(
    actor: MerchantClerk, number: str, invoices: Invoices, access_logs: AccessLogs
) -> InvoiceRequestView:
    """发票申请的抬头、税号与邮箱；查看会留下访问记录。"""
    found = await invoice_of_merchant(actor.merchant, number)
    if found is None:
        raise InvoiceRequestNotFound()
    summary, sealed = found
    await access_logs.record(
        actor, purpose="invoicing", subject=f"invoice_request:{number}", fields=("title", "tax_number", "email")
    )
    return InvoiceRequestView(summary, invoices.opened(number, sealed))


@door.put("/invoice-requests/<number:str>/issue", status=204)
async def issue_invoice(actor: MerchantClerk, number: str, body: IssueInput, invoices: Invoices) -> None:
    """登记已开具的发票号码；金额按此刻实付减退款。"""
    await invoices.issue(actor.merchant, number, body.invoice_number, actor.caller)


@door.post("/invoice-requests/<number:str>/file", status=204, max_body_bytes=MAX_UPLOAD_BYTES)
async def upload_invoice_file(actor: MerchantClerk, number: str, file: FileBody, files: InvoiceFiles) -> None:
    """上传已开具发票的图片或 PDF，供买家下载；请求体即文件或含一个文件的表单，重复上传以最后一次为准。

    PDF 不超过 1 MiB，不得加密或含脚本；图片重新编码后保存。
    """
    await files.keep(actor.merchant, number, file.content, actor.caller)


@door.put("/invoice-requests/<number:str>/refusal", status=204)
async def refuse_invoice(actor: MerchantClerk, number: str, body: RefusalInput, invoices: Invoices) -> None:
    """不予开票并说明理由。"""
    await invoices.refuse(actor.merchant, number, body.reason, actor.caller)


@door.get("/invoice-windows")
async def list_invoice_windows(actor: MerchantClerk | CountyOfficer | Auditor) -> WindowsView:
    """各时期付款的订单可申请发票的天数。"""
    return WindowsView(await invoice_windows())


@door.post("/invoice-windows")
async def enter_invoice_window(
    actor: CountyOfficer, body: WindowInput, key: IdempotencyKey, invoices: Invoices
) -> WindowsView:
    """登记自某日起付款的订单可申请发票的天数。"""
    await invoices.enter_window(body.valid_from, body.days, body.source_document, actor.caller)
    return WindowsView(await invoice_windows())
