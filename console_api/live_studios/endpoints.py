"""Hosts book a studio for a session; the centre keeps the rooms, confirms and cancels."""

from accounts.actors import Auditor, CountyOfficer, Host
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.live_studios.schemas import (
    BookingEndInput,
    BookingInput,
    BookingsView,
    DayQuery,
    StudioDaysView,
    StudioInput,
    StudioMade,
    StudiosView,
)
from live.studios.queries import BookingCard, booking_card, own_bookings, studio_cards, studio_days
from live.studios.service import StudioDraft, Studios


def _draft(body: StudioInput) -> StudioDraft:
    return StudioDraft(name=body.name, site=body.site, equipment=body.equipment, capacity=body.capacity)


@door.get("/live/studios")
async def list_studios(actor: Host | CountyOfficer | Auditor) -> StudiosView:
    """直播间场地：站点、设备、容量。"""
    return StudiosView(await studio_cards())


@door.post("/live/studios")
async def enter_studio(actor: CountyOfficer, body: StudioInput, key: IdempotencyKey, studios: Studios) -> StudioMade:
    """登记直播间场地。"""
    return StudioMade(await studios.enter(_draft(body), actor.caller))


@door.put("/live/studios/<number:str>")
async def correct_studio(actor: CountyOfficer, number: str, body: StudioInput, studios: Studios) -> StudiosView:
    """修改场地信息，或停用、启用；已有预约不受影响。"""
    await studios.correct(number, _draft(body), actor.caller, is_open=body.is_open)
    return StudiosView(await studio_cards())


@door.get("/live/studio-days")
async def show_studio_day(actor: Host | CountyOfficer | Auditor, query: DayQuery) -> StudioDaysView:
    """某日各场地的预约。"""
    return StudioDaysView(query.day, await studio_days(query.day))


@door.get("/live/studio-bookings")
async def list_own_studio_bookings(actor: Host) -> BookingsView:
    """我的场地预约。"""
    return BookingsView(await own_bookings(actor.number))


@door.post("/live/studios/<number:str>/bookings")
async def book_studio(
    actor: Host, number: str, body: BookingInput, key: IdempotencyKey, studios: Studios
) -> BookingCard:
    """为本人场次预约场地；同一场地时段不得重叠。"""
    return await booking_card(await studios.book(number, body.session, actor.number, body.begins_at, body.ends_at))


@door.put("/live/studio-bookings/<number:str>/confirmation")
async def confirm_studio_booking(actor: CountyOfficer, number: str, studios: Studios) -> BookingCard:
    """直播中心确认预约。"""
    await studios.confirm(number, actor.caller)
    return await booking_card(number)


@door.put("/live/studio-bookings/<number:str>/cancellation")
async def cancel_studio_booking(
    actor: Host | CountyOfficer, number: str, body: BookingEndInput, studios: Studios
) -> BookingCard:
    """取消预约：主播取消本人场次的，直播中心可取消任何一个。"""
    await studios.cancel(number, actor.caller, body.reason, actor.number if isinstance(actor, Host) else None)
    return await booking_card(number)
