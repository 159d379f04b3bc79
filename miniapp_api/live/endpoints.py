"""The list of rooms, one room, its chat and its feed."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from sanic import Request
from sanic.exceptions import WebsocketClosed

from accounts.actors import Consumer
from kit.clock import utc_now
from live.errors import SessionNotFound
from live.media.cloud import cloud_has
from live.media.playback import Playback
from live.models import ON_AIR, SessionState
from live.queries import chapters, room_view, sessions
from live.shop.attributions import Attributions
from live.talk.chat import Chat
from live.talk.hub import SNAPSHOT_MESSAGES, FeedHub, Subscription, room_state
from miniapp_api import door
from miniapp_api.live.schemas import (
    ChapterView,
    FeedQuery,
    PlaybackView,
    PostedMessageView,
    PostMessage,
    RoomLineView,
    RoomMessageView,
    RoomsQuery,
    RoomsView,
    RoomView,
)

SEND_SECONDS = 10.0
INCOMING_PER_MINUTE = 60
NOT_FOUND, FOREIGN_ORIGIN, SLOW, GOING_AWAY = 4404, 4403, 4008, 1001

_GROUPS = {
    "on_air": tuple(ON_AIR),
    "coming": (SessionState.SCHEDULED, SessionState.READY),
    "replay": (SessionState.REPLAY_READY,),
}


@dataclass(frozen=True)
class AllowedOrigins:
    """Pages that may open a socket. No Origin at all: not a browser, so no foreign page speaks with its
    cookies.
    """

    origins: tuple[str, ...]

    def allow(self, origin: str | None, host: str) -> bool:
        """Whether a page of ``origin`` may connect to us under the name ``host``."""
        return origin is None or origin in self.origins or origin.partition("://")[2] == host


@door.get("/live/sessions", public=True)
async def list_rooms(query: RoomsQuery) -> RoomsView:
    """直播间列表：直播中、预告、回放。"""
    states = _GROUPS[query.state] if query.state else tuple(s for group in _GROUPS.values() for s in group)
    return RoomsView(
        [
            RoomLineView(
                number=s.number,
                title=s.title,
                merchant=s.merchant,
                state=s.state.value,
                planned_at=s.planned_at,
                started_at=s.started_at,
                ended_at=s.ended_at,
                viewers=s.viewers,
            )
            for s in await sessions(states, limit=query.limit)
        ]
    )


@door.get("/live/sessions/<number:str>", public=True)
async def show_room(number: str, playback: Playback, attributions: Attributions) -> RoomView:
    """一个直播间：开播前、直播中与回放是同一地址。"""
    room = await room_view(number, limit=SNAPSHOT_MESSAGES)
    state = await room_state(room)
    by_cloud = playback.is_crowded(room.viewers) and await cloud_has(room.id)
    plan = playback.plan(room.stream, room.state, by_cloud=by_cloud)
    return RoomView(
        number=room.number,
        title=room.title,
        merchant=room.merchant,
        state=room.state.value,
        planned_at=room.planned_at,
        started_at=room.started_at,
        ended_at=room.ended_at,
        epoch=room.epoch,
        offset=room.offset,
        viewers=room.viewers,
        pinned=state.pinned,
        shelf=list(state.shelf),
        messages=[RoomMessageView(m.offset, m.kind, m.payload, m.at) for m in room.messages],
        chapters=[
            ChapterView(c.code, c.title, c.price_fen, c.offset_ms, c.end_offset_ms) for c in await chapters(room.id)
        ],
        playback=PlaybackView(plan.flv_url, plan.hls_url, plan.expires_at, plan.source) if plan else None,
        attribution=attributions.token(room.number, room.merchant),
        server_time=utc_now(),
    )


@door.post("/live/sessions/<number:str>/messages")
async def post_message(actor: Consumer, number: str, body: PostMessage, chat: Chat) -> PostedMessageView:
    """在直播间发言。"""
    name = f"用户{actor.number[-4:]}"
    return PostedMessageView(await chat.post(number, actor.caller, name, body.text, body.client_key, actor.openid))


@door.websocket("/live/sessions/<number:str>/feed", public=True)
async def follow_feed(
    request: Request, ws: Any, number: str, query: FeedQuery, hub: FeedHub, origins: AllowedOrigins
) -> None:
    """直播间消息流：先快照后增量，断线凭 epoch 与 offset 续传，不丢不重。"""
    if not origins.allow(request.headers.get("origin"), request.host):
        await ws.close(FOREIGN_ORIGIN, "origin")
        return
    try:
        async with hub.subscribe(number, query.epoch, query.offset) as place:
            await _serve(ws, place)
    except SessionNotFound:
        await ws.close(NOT_FOUND, "no such session")


async def _serve(ws: Any, place: Subscription) -> None:
    """Send until either side ends; what a viewer sends is read to notice its end and otherwise ignored."""
    reader = asyncio.create_task(_read_out(ws))
    sender = asyncio.create_task(_send(ws, place))
    try:
        await asyncio.wait((reader, sender), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (reader, sender):
            task.cancel()
        await asyncio.gather(reader, sender, return_exceptions=True)
    with contextlib.suppress(WebsocketClosed):
        await ws.close(SLOW if place.slow else GOING_AWAY, "slow" if place.slow else "bye")


async def _send(ws: Any, place: Subscription) -> None:
    async for frame in place.frames():
        try:
            await asyncio.wait_for(ws.send(frame), SEND_SECONDS)
        except TimeoutError:
            place.slow = True
            return


async def _read_out(ws: Any) -> None:
    loop = asyncio.get_running_loop()
    began, heard = loop.time(), 0
    while True:
        if await ws.recv() is None:
            return
        heard += 1
        if loop.time() - began > 60:
            began, heard = loop.time(), 0
        if heard > INCOMING_PER_MINUTE:
            return
