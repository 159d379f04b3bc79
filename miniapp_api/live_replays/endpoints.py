"""What a viewer plays of a session beside its own pictures: one product, explained."""

from sanic.response import HTTPResponse, raw

from live.replays.clips import Clips
from live.replays.jobs import Archive
from live.replays.queries import cover_of
from miniapp_api import door

PLAYLIST = "application/vnd.apple.mpegurl"
_SHOWN = {"access-control-allow-origin": "*"}


def clip_path(number: str, chapter: int) -> str:
    """Where the playlist of a clip is."""
    return f"/v1/miniapp/live/sessions/{number}/clips/{chapter}/index.m3u8"


def cover_path(number: str) -> str:
    """Where the picture of a replay is."""
    return f"/v1/miniapp/live/sessions/{number}/cover.jpg"


@door.get("/live/sessions/<number:str>/clips/<chapter:int>/index.m3u8", public=True)
async def play_clip(number: str, chapter: int, clips: Clips) -> HTTPResponse:
    """看讲解：一件商品的讲解片段（HLS 播放列表），讲解结束即可播放，直播中与回放同一地址。"""
    playlist = await clips.playlist(number, chapter)
    return raw(playlist, content_type=PLAYLIST, headers=_SHOWN | {"cache-control": "no-cache"})


@door.get("/live/sessions/<number:str>/cover.jpg", public=True)
async def show_replay_cover(number: str, archive: Archive) -> HTTPResponse:
    """回放封面：取自录像的一帧。"""
    picture = await cover_of(archive, number)
    return raw(picture, content_type="image/jpeg", headers=_SHOWN | {"cache-control": "public, max-age=60"})
