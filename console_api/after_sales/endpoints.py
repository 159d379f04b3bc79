"""After-sales cases: merchants decide in time, the county settles what is escalated."""

import msgspec

from accounts.actors import CountyOfficer, MerchantClerk
from api_kit.doors import IdempotencyKey
from api_kit.errors import ContentInvalid
from console_api import door
from console_api.after_sales.schemas import (
    CaseCountsView,
    CasesQuery,
    Decision,
    EscalatedQuery,
    MerchantCaseView,
    OfferInput,
    ParcelInput,
    ReturnAddressInput,
    ReturnAddressView,
    SettlementInput,
    TakenBack,
)
from content.pictures import pictures_of
from kit.clock import utc_now
from orders.after_sales import AfterSales
from orders.cases.desk import OrderDesks, ReturnAddress
from orders.cases.queries import CasePage, case_counts, case_dossier, cases_by_due
from orders.cases.words import dossier_for_others, page_for_others
from orders.models import CaseState


@door.get("/after-sales")
async def list_merchant_cases(actor: MerchantClerk, query: CasesQuery) -> CasePage:
    """本商户的售后单，先到期的在前；买家的文字通过内容审核后才可见。"""
    states = [query.state.value] if query.state else None
    return await page_for_others(await cases_by_due(actor.merchant, states, query.cursor, query.limit))


@door.get("/after-sales-counts")
async def count_merchant_cases(actor: MerchantClerk) -> CaseCountsView:
    """本商户未了结的售后单：各状态数量与一天内到期数。"""
    return CaseCountsView(await case_counts(actor.merchant, utc_now()))


@door.get("/after-sales/<number:str>")
async def show_merchant_case(actor: MerchantClerk | CountyOfficer, number: str) -> MerchantCaseView:
    """售后单详情与经过；商户只看到自己的，且买家的文字通过内容审核后才可见。"""
    if isinstance(actor, MerchantClerk):
        found = await dossier_for_others(await case_dossier("merchant", actor.merchant, number))
    else:
        found = await case_dossier("", "", number)
    return MerchantCaseView(found, await pictures_of(f"case:{number}"))


@door.put("/after-sales/<number:str>/decision", status=204)
async def decide_case(actor: MerchantClerk, number: str, body: Decision, after_sales: AfterSales) -> None:
    """同意、同意且无需退货，或说明理由拒绝；退回的商品不符时也在此拒绝。"""
    if body.decision == "refuse":
        if not body.reason.strip():
            raise ContentInvalid(errors=[{"pointer": "#/reason", "detail": "a reason is needed"}])
        await after_sales.refuse(actor.merchant, number, body.reason, actor.caller)
    else:
        keeps = body.decision == "approve_without_return"
        await after_sales.approve(actor.merchant, number, actor.caller, keeps_goods=keeps)


@door.put("/after-sales/<number:str>/offer", status=204)
async def offer_part(actor: MerchantClerk, number: str, body: OfferInput, after_sales: AfterSales) -> None:
    """提出部分退款：买家保留商品，接受后按此金额退款。"""
    await after_sales.offer(actor.merchant, number, body.amount_fen, body.reason, actor.caller)


@door.put("/after-sales/<number:str>/returned-goods", status=204)
async def take_back(actor: MerchantClerk, number: str, body: TakenBack, after_sales: AfterSales) -> None:
    """确认收到退回的商品：随即退款，或待换货发出。"""
    await after_sales.take_back(actor.merchant, number, actor.caller, fit_for_sale=body.fit_for_sale)


@door.put("/after-sales/<number:str>/replacement", status=204)
async def ship_replacement(actor: MerchantClerk, number: str, body: ParcelInput, after_sales: AfterSales) -> None:
    """换货发出：登记承运商与运单号，扣减库存。"""
    await after_sales.ship_again(actor.merchant, number, body.carrier, body.waybill, actor.caller)


@door.get("/return-address")
async def show_return_address(actor: MerchantClerk, desks: OrderDesks) -> ReturnAddressView:
    """本商户的退货地址。"""
    found = await desks.return_address(actor.merchant)
    return ReturnAddressView(msgspec.convert(found, ReturnAddressInput, from_attributes=True) if found else None)


@door.put("/return-address", status=204)
async def set_return_address(actor: MerchantClerk, body: ReturnAddressInput, desks: OrderDesks) -> None:
    """设置退货地址；进行中的售后单沿用已告知买家的地址。"""
    address = ReturnAddress(body.recipient, body.phone, body.address)
    await desks.set_return_address(actor.merchant, address, actor.caller)


@door.get("/escalated-cases")
async def list_escalated_cases(actor: CountyOfficer, query: EscalatedQuery) -> CasePage:
    """申请县级介入的售后单，先到期的在前。"""
    states = [CaseState.ESCALATED.value, CaseState.RETURN_ESCALATED.value]
    return await cases_by_due(None, states, query.cursor, query.limit)


@door.post("/escalated-cases/<number:str>/settlement", status=204)
async def settle_case(
    actor: CountyOfficer, number: str, body: SettlementInput, key: IdempotencyKey, after_sales: AfterSales
) -> None:
    """县级裁定：支持买家或维持商家决定，须写明理由。"""
    await after_sales.settle(number, body.reason, actor.caller, grants=body.grants)
