"""A consumer complains and sees what became of it; customer service knows the order."""

from accounts.actors import Consumer
from api_kit.doors import IdempotencyKey
from county.complaints.queries import ComplaintView, Reader, complaint, complaints
from county.complaints.service import Complaints, Subject
from county.complaints.service_entry import ServiceEntries
from kit.clock import utc_now
from miniapp_api import door
from miniapp_api.complaints.schemas import (
    OwnComplaintInput,
    OwnComplaintsQuery,
    OwnComplaintsView,
    ServiceEntryView,
)
from orders.errors import OrderNotFound
from orders.queries import order_of


@door.post("/complaints")
async def complain(actor: Consumer, body: OwnComplaintInput, key: IdempotencyKey, desk: Complaints) -> ComplaintView:
    """向县级主管部门投诉订单、商品或商户。"""
    subject = Subject(body.order, body.product, body.merchant)
    number = await desk.complain(actor.number, subject, body.problem, body.detail)
    return await complaint(number, Reader(consumer=actor.number), utc_now())


@door.get("/complaints")
async def list_own_complaints(actor: Consumer, query: OwnComplaintsQuery) -> OwnComplaintsView:
    """我的投诉与处理过程。"""
    reader = Reader(consumer=actor.number)
    return OwnComplaintsView(*await complaints(reader, None, False, utc_now(), query.cursor, query.limit))


@door.get("/complaints/<number:str>")
async def show_own_complaint(actor: Consumer, number: str) -> ComplaintView:
    """我的一件投诉。"""
    return await complaint(number, Reader(consumer=actor.number), utc_now())


@door.get("/orders/<number:str>/service-entry")
async def open_service_entry(actor: Consumer, number: str, entries: ServiceEntries) -> ServiceEntryView:
    """客服会话的订单凭证：由客服按钮带入会话，客服据此看到订单。"""
    if await order_of("consumer", actor.number, number) is None:
        raise OrderNotFound()
    return ServiceEntryView(*entries.sign(number, actor.number))
