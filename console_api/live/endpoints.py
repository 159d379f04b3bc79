"""A host plans a session, gets a push address, fills the shelf, pins, and ends; shelf assistants fill and pin too."""

import asyncio
from datetime import timedelta

from accounts.actors import CountyOfficer, Host
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.live.schemas import (
    HostSessionLineView,
    HostSessionsView,
    HostSessionView,
    PinProduct,
    PushAddressQuery,
    PushAddressView,
    ScheduleSession,
    ShelfOrder,
    ShelfVisibility,
)
from kit.clock import utc_now
from kit.errors import Invalid
from kit.qr_codes import qr_code
from live.errors import SessionNotFound
from live.media.publishing import Publishing
from live.media.queries import warned_of
from live.models import SessionState
from live.plans.roles import is_assisting
from live.queries import RoomView, room_view, sessions
from live.service import Sessions
from live.shop.shelf import Shelf
from merchants.queries import merchant

FURTHEST = timedelta(days=366)


class PlannedTimeInvalid(Invalid):
    """A session is planned for a time from now on and within a year."""

    code = "planned_time_invalid"
    title = "开播时间应在现在之后一年以内"
    title_en = "The planned time is in the past or too far away"


async def _view(room: RoomView) -> HostSessionView:
    return HostSessionView(
        number=room.number,
        title=room.title,
        merchant=room.merchant,
        state=room.state.value,
        planned_at=room.planned_at,
        started_at=room.started_at,
        ended_at=room.ended_at,
        viewers=room.viewers,
        shelf=list(room.shelf),
        hidden=sorted(room.hidden),
        shelf_version=room.shelf_version,
        pinned=room.pinned.code if room.pinned else None,
        warnings=await warned_of(room.id),
    )


async def _own(actor: Host, number: str) -> HostSessionView:
    room = await room_view(number, limit=1)
    if room.host != actor.number and not await is_assisting(room.id, actor.number):
        raise SessionNotFound(number=number)
    return await _view(room)


@door.post("/live/sessions")
async def schedule_session(actor: Host, body: ScheduleSession, key: IdempotencyKey, live: Sessions) -> HostSessionView:
    """预约一场直播。"""
    now = utc_now()
    if not now - timedelta(minutes=5) <= body.planned_at <= now + FURTHEST:
        raise PlannedTimeInvalid()
    await merchant(body.merchant)
    session = await live.schedule(actor.number, body.merchant, body.title, body.planned_at)
    return await _view(await room_view(session.number, limit=1))


@door.get("/live/sessions")
async def list_own_sessions(actor: Host) -> HostSessionsView:
    """我的直播场次。"""
    found = await sessions(tuple(SessionState), host=actor.number, limit=100)
    return HostSessionsView(
        [HostSessionLineView(s.number, s.title, s.merchant, s.state.value, s.planned_at, s.viewers) for s in found]
    )


@door.get("/live/sessions/<number:str>")
async def show_own_session(actor: Host, number: str) -> HostSessionView:
    """一场直播的现状。"""
    return await _own(actor, number)


@door.post("/live/sessions/<number:str>/push-address")
async def issue_push_address(
    actor: Host, number: str, query: PushAddressQuery, publishing: Publishing
) -> PushAddressView:
    """取得推流地址；旧地址随即失效。"""
    issued = await publishing.issue_address(number, actor.number, timedelta(seconds=query.valid_for_s))
    drawn = await asyncio.to_thread(qr_code, issued.url, "svg")
    return PushAddressView(issued.server, issued.key, issued.url, drawn.decode(), issued.expires_at)


@door.put("/live/sessions/<number:str>/shelf/<code:str>")
async def put_on_shelf(actor: Host, number: str, code: str, shelf: Shelf) -> HostSessionView:
    """商品上架到本场。"""
    await shelf.put(number, actor.number, code)
    return await _own(actor, number)


@door.delete("/live/sessions/<number:str>/shelf/<code:str>")
async def take_off_shelf(actor: Host, number: str, code: str, shelf: Shelf) -> None:
    """商品从本场下架。"""
    await shelf.remove(number, actor.number, code)


@door.put("/live/sessions/<number:str>/shelf")
async def arrange_shelf(actor: Host, number: str, body: ShelfOrder, shelf: Shelf) -> HostSessionView:
    """调整商品顺序：按所见版本提交整份列表，版本已变则拒绝。"""
    await shelf.arrange(number, actor.number, body.codes, body.version)
    return await _own(actor, number)


@door.put("/live/sessions/<number:str>/shelf/<code:str>/visibility")
async def show_or_hide_product(
    actor: Host, number: str, code: str, body: ShelfVisibility, shelf: Shelf
) -> HostSessionView:
    """隐藏或恢复显示一件商品，位置不变；隐藏正在讲解的商品即结束讲解。"""
    await shelf.hide(number, actor.number, code, hidden=body.hidden)
    return await _own(actor, number)


@door.put("/live/sessions/<number:str>/pin")
async def pin_product(actor: Host, number: str, body: PinProduct, shelf: Shelf) -> HostSessionView:
    """开始讲解一件商品。"""
    await shelf.pin(number, actor.number, body.sku)
    return await _own(actor, number)


@door.delete("/live/sessions/<number:str>/pin")
async def unpin_product(actor: Host, number: str, shelf: Shelf) -> None:
    """结束讲解。"""
    await shelf.unpin(number, actor.number)


@door.post("/live/sessions/<number:str>/ending", status=200)
async def end_session(actor: Host | CountyOfficer, number: str, live: Sessions) -> HostSessionView:
    """结束直播；县级人员可结束任何一场。"""
    await live.end(number, actor.number if isinstance(actor, Host) else None)
    return await _view(await room_view(number, limit=1))


@door.delete("/live/sessions/<number:str>")
async def cancel_session(actor: Host, number: str, live: Sessions) -> None:
    """取消未开播的场次。"""
    await live.cancel(number, actor.number)
