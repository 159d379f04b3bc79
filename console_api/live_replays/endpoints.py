"""Hosts, officers and auditors take away what was recorded; hosts their own sessions alone."""

from sanic.response import ResponseStream

from accounts.actors import Auditor, CountyOfficer, Host
from api_kit.downloads import download
from console_api import door
from console_api.live_replays.schemas import ReplayFilesView
from kit.actors import Actor
from live.replays.clips import Clips, clips_of
from live.replays.files import pieces_of
from live.replays.jobs import Archive
from live.replays.packing import packed
from live.replays.queries import kept_stream, made_clip, made_recording, recording_of

MP4, TAR = "video/mp4", "application/x-tar"


def own_host(actor: Actor) -> str | None:
    """The host whose sessions alone this person reads; None for the county."""
    return actor.number if isinstance(actor, Host) else None


@door.get("/live/sessions/<number:str>/replay")
async def show_replay_files(actor: Host | CountyOfficer | Auditor, number: str) -> ReplayFilesView:
    """录像、讲解片段及其文件的现状；主播只见自己的场次。"""
    host = own_host(actor)
    return ReplayFilesView(await recording_of(number, host), await clips_of(number, host))


@door.get("/live/sessions/<number:str>/replay/file")
async def download_recording(actor: Host | CountyOfficer | Auditor, number: str, archive: Archive) -> ResponseStream:
    """下载整场录像（MP4）。"""
    return download(f"{number}.mp4", MP4, pieces_of(await made_recording(archive, number, own_host(actor))))


@door.get("/live/sessions/<number:str>/replay/hls")
async def download_replay_hls(actor: Host | CountyOfficer | Auditor, number: str, archive: Archive) -> ResponseStream:
    """下载整场回放的 HLS 点播包（TAR：index.m3u8 与全部分片，相对路径），供其他平台使用。"""
    files = await kept_stream(archive, number, own_host(actor))
    return download(f"{number}-hls.tar", TAR, packed(files))


@door.put("/live/sessions/<number:str>/clips/<chapter:int>/file", status=202)
async def make_clip(actor: Host | CountyOfficer, number: str, chapter: int, clips: Clips) -> None:
    """生成讲解片段的文件（MP4，不转码）；重复提交不重复生成，失败的重新生成。"""
    await clips.ask_for_file(number, chapter, own_host(actor), actor.caller)


@door.get("/live/sessions/<number:str>/clips/<chapter:int>/file")
async def download_clip(
    actor: Host | CountyOfficer | Auditor, number: str, chapter: int, archive: Archive
) -> ResponseStream:
    """下载讲解片段（MP4）。"""
    made = await made_clip(archive, number, chapter, own_host(actor))
    return download(f"{number}-{chapter}.mp4", MP4, pieces_of(made))
