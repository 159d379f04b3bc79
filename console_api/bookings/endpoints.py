"""A merchant's calendars, and the codes of its guests."""

from accounts.actors import MerchantClerk
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.bookings.schemas import DaysInput, DaysView, SpanInput, VoucherInput, VoucherUsedView
from orders.vouchers import Vouchers
from products.calendars import BookingTerms, Calendars


@door.put("/skus/<code:str>/booking-rule", status=204)
async def set_booking_rule(actor: MerchantClerk, code: str, body: BookingTerms, calendars: Calendars) -> None:
    """预约规则：住宿或门票、可取消时间、过期处理；已预约的不受影响。"""
    await calendars.set_rule(actor.merchant, code, body, actor.caller)


@door.put("/skus/<code:str>/days")
async def open_days(actor: MerchantClerk, code: str, body: DaysInput, calendars: Calendars) -> DaysView:
    """批量开放日期：数量与价格。"""
    opened = await calendars.open_days(
        actor.merchant, code, body.first, body.last, body.weekdays, body.capacity, body.price_fen
    )
    return DaysView(opened)


@door.put("/skus/<code:str>/days/closure")
async def close_days(actor: MerchantClerk, code: str, body: SpanInput, calendars: Calendars) -> DaysView:
    """关闭日期：不再接受预约，已预约的不受影响。"""
    return DaysView(await calendars.close_days(actor.merchant, code, body.first, body.last))


@door.post("/vouchers/redemption", effect="with_refusal")
async def redeem_voucher(
    actor: MerchantClerk, body: VoucherInput, key: IdempotencyKey, vouchers: Vouchers
) -> VoucherUsedView:
    """核销预约凭证：当日有效；错误次数有限。"""
    return VoucherUsedView(await vouchers.redeem(actor.merchant, body.order, body.code, actor.caller))
