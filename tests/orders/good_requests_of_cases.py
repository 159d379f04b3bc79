"""Requests about after-sales cases that succeed, each on an order of its own."""

from orders.cases.models import CaseKind, Cause
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, bought, good, mall_of
from tests.orders.cases import CLERK, set_return_address

PARCEL = {"carrier": "SF", "waybill": "SF0000000002"}


async def claimed(owner: Owner, kind: CaseKind = CaseKind.REFUND_ONLY) -> tuple[str, str]:
    """An open case of a received order; answers its number and the consumer's."""
    order = await bought(owner, "received")
    case = await mall_of(owner.house).after_sales.request(
        order.consumer, order.number, order.line, 1, "示例理由", kind=kind, cause=Cause.DAMAGED
    )
    return case, order.consumer


async def returning(owner: Owner, kind: CaseKind = CaseKind.RETURN_REFUND, *, sent: bool = False) -> str:
    """A case whose goods are to come back, or are on their way."""
    mall = mall_of(owner.house)
    await set_return_address(mall)
    case, consumer = await claimed(owner, kind)
    await mall.after_sales.approve(mall.merchant, case, CLERK)
    if sent:
        await mall.after_sales.send_back(consumer, case, "SF", "SF0000000001")
    return case


@good("console.decide_case")
async def decide(owner: Owner) -> GoodRequest:
    """The refund is asked for."""
    case, _ = await claimed(owner)
    return GoodRequest(names={"number": case}, body={"decision": "approve"})


@good("miniapp.answer_offer")
async def answer(owner: Owner) -> GoodRequest:
    case, _ = await claimed(owner)
    mall = mall_of(owner.house)
    await mall.after_sales.offer(mall.merchant, case, 100, "部分退款", CLERK)
    return GoodRequest(names={"number": case}, body={"accepts": True})


async def refused(owner: Owner) -> tuple[str, str]:
    """A case that the merchant has refused."""
    case, consumer = await claimed(owner)
    mall = mall_of(owner.house)
    await mall.after_sales.refuse(mall.merchant, case, "完好", CLERK)
    return case, consumer


@good("miniapp.escalate_case")
async def escalate(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await refused(owner))[0]}, body={"reason": "不同意"})


@good("console.settle_case")
async def settle(owner: Owner) -> GoodRequest:
    case, consumer = await refused(owner)
    await mall_of(owner.house).after_sales.escalate(consumer, case, "不同意")
    return GoodRequest(names={"number": case}, body={"grants": True, "reason": "支持买家"})


@good("miniapp.send_back")
async def send_back(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await returning(owner)}, body=PARCEL)


@good("console.take_back")
async def take_back(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await returning(owner, sent=True)}, body={"fit_for_sale": True})


async def exchanged(owner: Owner) -> str:
    """A case whose replacement is to be sent."""
    case, mall = await returning(owner, CaseKind.EXCHANGE, sent=True), mall_of(owner.house)
    await mall.after_sales.take_back(mall.merchant, case, CLERK, fit_for_sale=True)
    return case


@good("console.ship_replacement")
async def ship_again(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await exchanged(owner)}, body=PARCEL)


@good("miniapp.confirm_replacement")
async def confirm(owner: Owner) -> GoodRequest:
    case, mall = await exchanged(owner), mall_of(owner.house)
    await mall.after_sales.ship_again(mall.merchant, case, "SF", "SF0000000003", CLERK)
    return GoodRequest(names={"number": case})
