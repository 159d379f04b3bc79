"""A room's page, where the settings open it."""

from dataclasses import dataclass

from sanic.response import HTTPResponse, html

from live.errors import SessionNotFound
from live.plans.queries import shown_plan
from live.queries import room_view
from public_pages import door
from public_pages.live_rooms.views import room_page


@dataclass(frozen=True)
class RoomPages:
    """Whether rooms have pages in browsers, and the policy of these pages."""

    is_open: bool
    policy: str


@door.get("/rooms/<number:str>", public=True)
async def show_room_page(number: str, pages: RoomPages) -> HTTPResponse:
    """直播间网页：播放、消息与货架同页，所示与观众所见相同；默认仅开发环境开放。"""
    if not pages.is_open:
        raise SessionNotFound(number=number)
    room = await room_view(number, limit=1)
    headers = {
        "content-security-policy": pages.policy,
        "referrer-policy": "no-referrer",
        "content-language": "zh-CN",
        "cache-control": "no-store",
    }
    return html(room_page(room, await shown_plan(room.id, room.number)), headers=headers)
