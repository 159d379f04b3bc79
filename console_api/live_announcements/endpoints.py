"""A host or a moderator announces something in the room, and takes it down."""

from accounts.actors import Host
from console_api import door
from console_api.live_announcements.schemas import AnnouncementInput
from live.announcements.service import Announcements


@door.put("/live/sessions/<number:str>/announcement", status=204)
async def announce_in_room(actor: Host, number: str, body: AnnouncementInput, announcements: Announcements) -> None:
    """发布直播间公告，一直显示到被替换；文字经审核。"""
    await announcements.say(number, actor.number, body.text)


@door.delete("/live/sessions/<number:str>/announcement")
async def clear_room_announcement(actor: Host, number: str, announcements: Announcements) -> None:
    """撤下直播间公告。"""
    await announcements.clear(number, actor.number)
