"""Documents and consents, the switches, the export of the own data, and the closing of the account."""

from sanic.response import HTTPResponse

from accounts.actors import Consumer
from accounts.closures import Closures, ClosureView
from accounts.consents import (
    Consents,
    DocumentText,
    document_in_force,
    document_versions,
    missing_documents,
)
from accounts.exports import Export, Exports, ExportTicket
from accounts.own_data_errors import ClosureNotUnderstood, ClosureUnknown, DocumentUnknown
from accounts.own_data_models import DocumentKind
from accounts.service import AccessLogs
from api_kit.doors import IdempotencyKey
from api_kit.downloads import private_picture
from content.pictures import Pictures
from county.own_records import came_with_complaint
from miniapp_api import door
from miniapp_api.own_data.schemas import (
    AgreeInput,
    CloseInput,
    ClosureStateView,
    ConsentsView,
    DocumentsView,
    ExportInput,
    SwitchesInput,
)


def _kind(text: str) -> DocumentKind:
    try:
        return DocumentKind(text)
    except ValueError:
        raise DocumentUnknown() from None


@door.get("/legal-documents", public=True)
async def list_legal_documents() -> DocumentsView:
    """协议与政策：现行版本与已公示、尚未生效的版本。"""
    return DocumentsView(await document_versions())


@door.get("/legal-documents/<kind:str>", public=True)
async def show_legal_document(kind: str) -> DocumentText:
    """现行版本的全文。"""
    return await document_in_force(_kind(kind))


@door.get("/me/consents")
async def show_consents(actor: Consumer, consents: Consents) -> ConsentsView:
    """我的同意记录与开关；missing 为下单前还须同意的协议。"""
    return ConsentsView(await consents.standing(actor.number), await missing_documents(actor.number))


@door.put("/me/consents/<kind:str>", status=204)
async def agree(actor: Consumer, kind: str, body: AgreeInput, consents: Consents) -> None:
    """同意现行版本；重复同意不产生新记录。"""
    await consents.give(actor.number, _kind(kind), body.version)


@door.delete("/me/consents/<kind:str>")
async def withdraw_consent(actor: Consumer, kind: str, consents: Consents) -> None:
    """撤回同意；撤回必需的协议后，重新同意前不能下单。"""
    await consents.withdraw(actor.number, _kind(kind))


@door.patch("/me/switches", status=204)
async def set_switches(actor: Consumer, body: SwitchesInput, consents: Consents) -> None:
    """个性化推荐与营销消息开关；营销消息默认关闭。"""
    for kind, on in ((DocumentKind.MARKETING, body.marketing), (DocumentKind.PERSONALISATION, body.personalisation)):
        if on is not None:
            await consents.switch(actor.number, kind, on)


@door.post("/me/exports")
async def ask_for_export(actor: Consumer, body: ExportInput, key: IdempotencyKey, exports: Exports) -> ExportTicket:
    """申请导出个人数据（format 目前仅 json）；24 小时内可取，每日次数有限。"""
    return await exports.ask(actor)


@door.get("/me/exports/<number:str>")
async def fetch_export(actor: Consumer, number: str, exports: Exports) -> Export:
    """取回个人数据（JSON）；每次取回留有访问记录。"""
    return await exports.fetch(actor, number)


@door.get("/me/pictures/<number:str>")
async def fetch_own_picture(actor: Consumer, number: str, pictures: Pictures, logs: AccessLogs) -> HTTPResponse:
    """取回本人提交的一张图片（JPEG），未公开的、随微信支付投诉提交的也在内；每次取回留有访问记录。"""
    own = actor.caller if not await came_with_complaint(actor.number, number) else None
    content = await pictures.file(number, own)
    await logs.record(actor, "export", f"picture:{number}", ["picture"])
    return private_picture(content)


@door.post("/me/closure")
async def close_account(actor: Consumer, body: CloseInput, key: IdempotencyKey, closures: Closures) -> ClosureView:
    """申请注销：有未完成的订单、售后、支付，或发言所在直播尚未归档时拒绝并说明；冷静期内再次登录即撤回。

    understood 为 true 表示已知晓注销的后果，否则拒绝。
    """
    if not body.understood:
        raise ClosureNotUnderstood()
    return await closures.ask(actor)


@door.get("/me/closure")
async def show_closure(actor: Consumer, closures: Closures) -> ClosureStateView:
    """注销进度。"""
    try:
        return ClosureStateView(await closures.show(actor))
    except ClosureUnknown:
        return ClosureStateView(None)


@door.delete("/me/closure")
async def keep_account(actor: Consumer, closures: Closures) -> None:
    """撤回注销申请。"""
    await closures.revoke(actor)
