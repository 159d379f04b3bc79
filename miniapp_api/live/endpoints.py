"""The list of rooms, one room, its chat and its feed."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import msgspec
from sanic import Request

from accounts.actors import Consumer
from api_kit.languages import wants_english
from api_kit.socket_frames import FLOOD, GOING_AWAY
from api_kit.sockets import Socket, SocketGoneError
from kit.clock import utc_now
from live.errors import SessionNotFound
from live.evidence.returning import AGAIN_AFTER_S, REFUSALS, Fetch, Returning
from live.listing import PHASES, Group, Phase, room_lines, starts_in_ms
from live.media.keys import LiveKeys
from live.media.playback import Playback, PlaybackPlan
from live.models import SessionState
from live.plans.queries import covers
from live.readings import RoomReadings
from live.reminders.service import is_reminded
from live.shop.attributions import Attributions
from live.talk.chat import Chat
from live.talk.hub import FeedFullError, FeedHub
from live.talk.places import Subscription
from miniapp_api import door
from miniapp_api.live.schemas import (
    ChapterView,
    FeedQuery,
    FetchRefusalView,
    Liked,
    MerchantTokenView,
    PlaybackView,
    PostedMessageView,
    PostMessage,
    ReplayAwayView,
    RoomLineView,
    RoomMessageView,
    RoomsQuery,
    RoomsView,
    RoomView,
    RungView,
)
from miniapp_api.live_replays.endpoints import clip_path, cover_path

SEND_SECONDS = 10.0
INCOMING_PER_MINUTE = 60
NOT_FOUND, BANNED, SLOW, TRY_AGAIN_LATER = 4404, 4410, 4008, 1013
RETRY_AFTER_S = 1, 5
"""Seconds after which a client that found no room comes again; spread, so that not all come at once."""
_LIKED = msgspec.json.Decoder(Liked)


@door.get("/live/sessions", public=True, cached=True)
async def list_rooms(query: RoomsQuery) -> RoomsView:
    """直播间列表：直播中、预告、回放，可分页；封面、公告与预定时间来自场次计划。"""
    found, following = await room_lines(Group(query.state) if query.state else None, query.cursor, query.limit)
    shown = await covers([s.number for s in found])
    return RoomsView(
        [
            RoomLineView(
                number=s.number,
                title=s.title,
                merchant=s.merchant,
                state=s.state.value,
                phase=PHASES[s.state],
                planned_at=s.planned_at,
                started_at=s.started_at,
                ended_at=s.ended_at,
                viewers=s.viewers,
                cover=shown[s.number],
                replay_cover=cover_path(s.number) if s.state is SessionState.REPLAY_READY else None,
                notice=s.notice,
                replay_ms=s.replay_ms,
            )
            for s in found
        ],
        following,
    )


@door.get("/live/sessions/<number:str>", public=True)
async def show_room(
    actor: Consumer | None,
    number: str,
    playback: Playback,
    attributions: Attributions,
    readings: RoomReadings,
    returning: Returning,
    request: Request,
) -> RoomView:
    """一个直播间：开播前（距开播时间）、直播中与回放是同一地址；登录观众被移出后不再得到播放地址。

    旧回放转入冷存储时，登录观众打开即取回，期间告知多久后再来；每人每日有限额，不能取回时说明原因。
    """
    read = await readings.of(number)
    room, state, said = read.room, read.state, read.said
    viewer, viewer_pass = playback.viewer(number, actor.caller if actor else None)
    plan, away, reminded = None, None, False
    if actor is not None and PHASES[room.state] is Phase.BEFORE:
        reminded = await is_reminded(room.id, actor.number)
    has_pictures = viewer not in room.banned and not room.is_gone
    if has_pictures and room.is_away:
        # Not for who is not logged in: whatever reads every page there is would fetch back every replay there is.
        fetch = Fetch.BEGUN if room.is_returning else await returning.ask(room.id, actor.caller if actor else None)
        away = _away_view(fetch, english=wants_english(request))
    elif has_pictures:
        plan = playback.plan(room.stream, room.state, viewer, by_cloud=read.by_cloud, has_rung=room.has_rung)
    return RoomView(
        number=room.number,
        title=room.title,
        merchant=room.merchant,
        state=room.state.value,
        phase=PHASES[room.state],
        planned_at=room.planned_at,
        starts_in_ms=starts_in_ms(room.state, room.planned_at, read.at),
        started_at=room.started_at,
        ended_at=room.ended_at,
        epoch=room.epoch,
        offset=room.offset,
        viewers=room.viewers,
        pinned=state.pinned,
        likes=room.likes,
        slow_mode_s=room.slow_mode_s,
        comments_closed=room.comments_closed,
        viewer_pass=viewer_pass,
        shelf=list(state.shelf),
        coupons=list(state.coupons),
        announcement=state.announcement,
        messages=[RoomMessageView(m.offset, m.kind, m.payload, m.at) for m in room.messages],
        chapters=[
            ChapterView(
                c.code,
                c.title,
                c.price_fen,
                c.offset_ms,
                c.end_offset_ms,
                clip_path(number, at) if plan and c.end_offset_ms is not None else None,
            )
            for at, c in enumerate(read.chapters, 1)
        ],
        timeline=list(read.timeline),
        media_ms=room.media_ms,
        playback=_playback_view(plan) if plan else None,
        replay_away=away,
        attribution=attributions.token(room.number, room.merchant),
        attributions=[MerchantTokenView(name, attributions.token(room.number, name)) for name in said.merchants],
        cover=said.cover,
        notice=said.notice,
        reminded=reminded,
        server_time=read.at,
    )


def _away_view(fetch: Fetch, *, english: bool) -> ReplayAwayView:
    if fetch is Fetch.BEGUN:
        return ReplayAwayView(is_returning=True, retry_after_s=AGAIN_AFTER_S, refusal=None)
    refusal = FetchRefusalView(fetch, REFUSALS[fetch].told(english=english))
    return ReplayAwayView(is_returning=False, retry_after_s=None, refusal=refusal)


def _playback_view(plan: PlaybackPlan) -> PlaybackView:
    rung = RungView(plan.rung.flv_url, plan.rung.hls_url) if plan.rung else None
    return PlaybackView(plan.flv_url, plan.hls_url, plan.expires_at, plan.source, rung)


@door.post("/live/sessions/<number:str>/messages")
async def post_message(actor: Consumer, number: str, body: PostMessage, chat: Chat) -> PostedMessageView:
    """在直播间发言。"""
    name = f"用户{actor.number[-4:]}"
    return PostedMessageView(await chat.post(number, actor.caller, name, body.text, body.client_key, actor.openid))


@door.websocket("/live/sessions/<number:str>/feed", public=True)
async def follow_feed(ws: Socket, number: str, query: FeedQuery, hub: FeedHub, keys: LiveKeys) -> None:
    """直播间消息流：先快照后增量，断线凭 epoch 与 offset 续传，不丢不重；点赞由客户端累计后经此连接上报。

    非本站网页（Origin 不在名单内）在握手之前以 403 拒绝。握手之后的关闭码：4404 无此直播间，4410 已被移出，
    4008 接收过慢，1008 发送过多，1009 单条过大，1011 不应答心跳，1013 连接已满（原因给出几秒后再来）。
    """
    heard = Heard(ws)
    ws.listen(heard.hear)
    viewer = keys.passed_viewer(number, query.viewer_pass, utc_now()) if query.viewer_pass else None
    try:
        async with hub.subscribe(number, query.epoch, query.offset, viewer) as place:
            place.write_now = ws.send_now
            heard.begin(partial(hub.like, number, place))
            await _send(ws, place)
            ws.close(*_ending(place))
    except SessionNotFound:
        ws.close(NOT_FOUND, "no such session")
    except FeedFullError:
        ws.close(TRY_AGAIN_LATER, f"retry-after={random.randint(*RETRY_AFTER_S)}")


@dataclass
class Heard:
    """What a viewer sends: likes are counted as soon as there is a place for them, the rest is ignored; more than one
    message a second ends the socket.
    """

    ws: Socket
    like: Callable[[int], None] | None = None
    began: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    messages: int = 0
    early: int = 0
    """Likes that came before the place."""

    def begin(self, like: Callable[[int], None]) -> None:
        """There is a place."""
        self.like = like
        if self.early:
            like(self.early)

    def hear(self, said: bytes) -> None:
        """Take one message."""
        self.messages += 1
        if self.messages > INCOMING_PER_MINUTE:
            now = asyncio.get_running_loop().time()
            if now - self.began <= 60:
                self.ws.close(FLOOD, "flood")
                return
            self.began, self.messages = now, 1
        with contextlib.suppress(msgspec.MsgspecError):
            likes = _LIKED.decode(said).likes
            if self.like is None:
                self.early += likes
            else:
                self.like(likes)


def _ending(place: Subscription) -> tuple[int, str]:
    if place.banned:
        return BANNED, "banned"
    return (SLOW, "slow") if place.slow else (GOING_AWAY, "bye")


async def _send(ws: Socket, place: Subscription) -> None:
    with contextlib.suppress(SocketGoneError):
        async for frame in place.frames():
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await ws.send(frame)
            except TimeoutError:
                place.slow = True
                return
