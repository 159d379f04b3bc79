"""A consumer's after-sales cases."""

import msgspec

from accounts.actors import Consumer
from api_kit.doors import IdempotencyKey
from content.pictures import pictures_of
from miniapp_api import door
from miniapp_api.after_sales.schemas import (
    CancelPaidOrder,
    CaseDossierView,
    CasesQuery,
    CaseView,
    EscalationInput,
    OfferAnswer,
    OpenCase,
    ParcelInput,
    ReturnAddressView,
)
from orders.after_sales import AfterSales
from orders.cases.desk import OrderDesks
from orders.cases.queries import CasePage, case_dossier, newest_cases


@door.post("/orders/<number:str>/lines/<line:str>/after-sales")
async def open_case(
    actor: Consumer, number: str, line: str, body: OpenCase, key: IdempotencyKey, after_sales: AfterSales
) -> CaseView:
    """申请售后：仅退款、退货退款、换货或坏果包赔，可只选部分件数。"""
    case = await after_sales.request(
        actor.number,
        number,
        line,
        body.quantity,
        body.reason,
        kind=body.kind,
        cause=body.cause,
        pictures=body.pictures,
        openid=actor.openid,
    )
    return CaseView(number=case, state="requested")


@door.post("/orders/<number:str>/refund-request")
async def cancel_paid_order(
    actor: Consumer, number: str, body: CancelPaidOrder, key: IdempotencyKey, after_sales: AfterSales
) -> CaseView:
    """取消已支付、未装箱的订单：商家限时处理，逾期自动全额退款。"""
    return CaseView(number=await after_sales.cancel(actor.number, number, body.reason, actor.openid), state="requested")


@door.get("/after-sales")
async def list_cases(actor: Consumer, query: CasesQuery) -> CasePage:
    """我的售后单，最新在前。"""
    return await newest_cases(actor.number, query.cursor, query.limit)


@door.get("/after-sales/<number:str>")
async def show_case(actor: Consumer, number: str, desks: OrderDesks) -> CaseDossierView:
    """售后单详情：经过、期限；须寄回时含商家退货地址。"""
    found = await case_dossier("consumer", actor.number, number)
    address = await desks.address_of(actor.number, number)
    return CaseDossierView(
        found,
        await pictures_of(f"case:{number}"),
        msgspec.convert(address, ReturnAddressView, from_attributes=True) if address else None,
    )


@door.post("/after-sales/<number:str>/offer-answer", status=204)
async def answer_offer(
    actor: Consumer, number: str, body: OfferAnswer, key: IdempotencyKey, after_sales: AfterSales
) -> None:
    """接受或拒绝商家提出的部分退款。"""
    await after_sales.answer(actor.number, number, accepts=body.accepts)


@door.post("/after-sales/<number:str>/withdrawal", status=204)
async def withdraw_case(actor: Consumer, number: str, key: IdempotencyKey, after_sales: AfterSales) -> None:
    """撤销售后申请。"""
    await after_sales.withdraw(actor.number, number)


@door.post("/after-sales/<number:str>/escalation", status=204)
async def escalate_case(
    actor: Consumer, number: str, body: EscalationInput, key: IdempotencyKey, after_sales: AfterSales
) -> None:
    """商家拒绝后，申请县级介入。"""
    await after_sales.escalate(actor.number, number, body.reason, actor.openid)


@door.post("/after-sales/<number:str>/return-parcel", status=204)
async def send_back(
    actor: Consumer, number: str, body: ParcelInput, key: IdempotencyKey, after_sales: AfterSales
) -> None:
    """寄回商品：登记承运商与运单号。"""
    await after_sales.send_back(actor.number, number, body.carrier, body.waybill)


@door.post("/after-sales/<number:str>/replacement-receipt", status=204)
async def confirm_replacement(actor: Consumer, number: str, key: IdempotencyKey, after_sales: AfterSales) -> None:
    """确认收到换货。"""
    await after_sales.confirm(actor.number, number)
