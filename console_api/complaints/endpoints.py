"""A merchant sees and answers its own complaints; the county assigns, closes, takes down and reports."""

from sanic.response import HTTPResponse

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, Staff
from accounts.service import AccessLogs
from api_kit.doors import IdempotencyKey
from api_kit.downloads import private_picture
from console_api import door
from console_api.complaints.schemas import (
    ClockInput,
    ClocksView,
    ComplaintOwnerInput,
    ComplaintsQuery,
    ComplaintsView,
    EntryQuery,
    EntryView,
    ReplyInput,
    TakeDownInput,
    TextInput,
)
from console_api.content.schemas import PurposeQuery
from content.pictures import Pictures
from county.complaints.queries import ComplaintView, Reader, check_picture, clocks, complaint, complaints
from county.complaints.service import Complaints
from county.complaints.service_entry import ServiceEntries
from kit.clock import utc_now
from orders.errors import OrderNotFound
from orders.queries import order_of


def _reader(actor: Staff) -> Reader:
    return Reader(merchant=actor.merchant) if isinstance(actor, MerchantClerk) else Reader()


@door.get("/complaints")
async def list_complaints(actor: MerchantClerk | CountyOfficer | Auditor, query: ComplaintsQuery) -> ComplaintsView:
    """投诉列表与超时清单；商户人员只看到自己的。"""
    page = await complaints(_reader(actor), query.state, query.overdue, utc_now(), query.cursor, query.limit)
    return ComplaintsView(*page)


@door.get("/complaints/<number:str>")
async def show_complaint(actor: MerchantClerk | CountyOfficer | Auditor, number: str) -> ComplaintView:
    """一件投诉及其处理过程。"""
    return await complaint(number, _reader(actor), utc_now())


@door.get("/complaints/<number:str>/pictures/<picture:str>")
async def show_complaint_picture(
    actor: MerchantClerk | CountyOfficer,
    number: str,
    picture: str,
    query: PurposeQuery,
    pictures: Pictures,
    logs: AccessLogs,
) -> HTTPResponse:
    """查看微信支付投诉的图片：仅县级商务干部与被投诉商户的人员可看，每次查看都留记录。"""
    await check_picture(number, picture, _reader(actor))
    content = await pictures.file(picture, None)
    await logs.record(actor, query.purpose, f"complaint:{number}", ["picture"])
    return private_picture(content)


@door.post("/complaints/<number:str>/replies")
async def reply_to_complaint(
    actor: MerchantClerk | CountyOfficer, number: str, body: ReplyInput, key: IdempotencyKey, desk: Complaints
) -> ComplaintView:
    """回复投诉人；微信支付的投诉由系统送达，可附图片（用途 complaint_reply，人工审核通过后一并送达）。"""
    await desk.reply(number, _reader(actor), body.text, actor.caller, body.pictures)
    return await complaint(number, _reader(actor), utc_now())


@door.put("/complaints/<number:str>/owner")
async def assign_complaint(
    actor: CountyOfficer, number: str, body: ComplaintOwnerInput, desk: Complaints
) -> ComplaintView:
    """指定投诉的负责人。"""
    await desk.assign(number, body.owner, actor.caller)
    return await complaint(number, Reader(), utc_now())


@door.post("/complaints/<number:str>/closure")
async def close_complaint(
    actor: CountyOfficer, number: str, body: TextInput, key: IdempotencyKey, desk: Complaints
) -> ComplaintView:
    """说明结果后办结投诉；微信支付的投诉由系统反馈处理完成。"""
    await desk.close(number, body.text, actor.caller)
    return await complaint(number, Reader(), utc_now())


@door.post("/complaints/<number:str>/takedown")
async def take_down_product(
    actor: CountyOfficer, number: str, body: TakeDownInput, key: IdempotencyKey, desk: Complaints
) -> ComplaintView:
    """因投诉下架商品并说明理由；商户可见。"""
    await desk.take_down(number, body.product, body.reason, actor.caller)
    return await complaint(number, Reader(), utc_now())


@door.post("/complaints/<number:str>/reports")
async def report_to_merchant(
    actor: CountyOfficer, number: str, body: TextInput, key: IdempotencyKey, desk: Complaints
) -> ComplaintView:
    """向商户通报核查情况；投诉人不可见。"""
    await desk.report(number, body.text, actor.caller)
    return await complaint(number, Reader(), utc_now())


@door.get("/complaint-clocks")
async def list_complaint_clocks(actor: MerchantClerk | CountyOfficer | Auditor) -> ClocksView:
    """投诉的回复与办结时限，按生效日排列。"""
    return ClocksView(await clocks())


@door.post("/complaint-clocks")
async def enter_complaint_clock(
    actor: CountyOfficer, body: ClockInput, key: IdempotencyKey, desk: Complaints
) -> ClocksView:
    """登记自某日起适用的投诉处理时限。"""
    await desk.enter_clock(
        body.origin, body.valid_from, body.reply_hours, body.close_hours, body.source_document, actor.caller
    )
    return ClocksView(await clocks())


@door.get("/service-entries")
async def read_service_entry(
    actor: MerchantClerk | CountyOfficer, query: EntryQuery, entries: ServiceEntries
) -> EntryView:
    """客服会话带入的订单凭证对应哪一笔订单；商户人员只认自己的订单。"""
    context = entries.read(query.entry)
    order = await order_of("consumer", context.consumer, context.order)
    if order is None or (isinstance(actor, MerchantClerk) and order.merchant != actor.merchant):
        raise OrderNotFound()
    return EntryView(order.number, order.merchant)
