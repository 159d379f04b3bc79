"""The session: push keys, pictures, the feed, the pin, the end and the replay."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scripts.purchase_story.broadcast import Camera, decoded_frames, is_refused
from scripts.purchase_story.cast import Cast, Client, Refused
from scripts.purchase_story.market import Crew, Market
from scripts.purchase_story.report import Report
from scripts.purchase_story.viewing import Viewer

FLV = ("-probesize", "2000000", "-analyzeduration", "2000000")


@dataclass
class Broadcast:
    """One session on air."""

    room: str
    camera: Camera
    guest: Client
    hls_url: str = ""
    viewers: list[Viewer] = field(default_factory=list)

    async def snapshot(self) -> dict[str, Any]:
        """The room as any viewer gets it."""
        found: dict[str, Any] = await self.guest.get(f"/live/sessions/{self.room}")
        return found

    async def until_state(self, *states: str, seconds: float = 15) -> str:
        """Wait until the room is in one of these states; answers the last one seen."""
        for _ in range(int(seconds / 0.2)):
            state = str((await self.snapshot())["state"])
            if state in states:
                return state
            await asyncio.sleep(0.2)
        return str((await self.snapshot())["state"])


async def is_before_the_gate(host: Client, room: str) -> bool:
    """Whether a push address is refused because the session is not ready."""
    try:
        await host.post(f"/live/sessions/{room}/push-address")
    except Refused as refusal:
        return refusal.code == "live_session_not_ready"
    return False


async def go_on_air(cast: Cast, crew: Crew, market: Market, report: Report, seconds: float) -> Broadcast:
    """Refuse what must be refused, then broadcast."""
    plan = {
        "title": "红糖开榨 示例直播",
        "merchant": market.merchant,
        "planned_at": datetime.now(UTC).isoformat(),
    }
    session = await crew.host.post("/live/sessions", plan)
    room = session["number"]
    ffmpeg = cast.stage.ffmpeg
    early = await is_before_the_gate(crew.host, room)
    report.that("播前检查未完成，不发推流地址 / no address before the gate", early, "拒绝" if early else "发放")
    await crew.host.post(f"/live/sessions/{room}/identity-declarations")
    await crew.host.put(f"/live/sessions/{room}/readiness")
    expiring = await crew.host.post(f"/live/sessions/{room}/push-address?valid_for_s=1")
    await asyncio.sleep(1.2)
    forged = re.sub(r"s=[0-9a-f]{8}", "s=00000000", expiring["url"])
    wrong, expired = await asyncio.gather(is_refused(ffmpeg, forged), is_refused(ffmpeg, expiring["url"]))
    report.that("推流密钥错误，被拒绝 / wrong key refused", wrong, "拒绝" if wrong else "放行")
    report.that("推流密钥过期，被拒绝 / expired key refused", expired, "拒绝" if expired else "放行")
    address = await crew.host.post(f"/live/sessions/{room}/push-address")
    camera = Camera(ffmpeg)
    await camera.begin(address["url"], seconds)
    broadcast = Broadcast(room, camera, Client(cast.http, cast.stage.api + "/v1/miniapp"))
    state = await broadcast.until_state("live")
    report.check("推流后直播间状态 / state on air", "live", state)
    if state != "live":
        report.say(camera.last_words)
    second = await is_refused(ffmpeg, address["url"])
    report.that("同一密钥的第二个推流端，被拒绝 / second publisher", second, "拒绝" if second else "放行")
    report.that("原推流不受影响 / first publisher stays", camera.is_running, "在播" if camera.is_running else "中断")
    return broadcast


async def watch(cast: Cast, crew: Crew, broadcast: Broadcast, market: Market, report: Report) -> None:
    """Decode both playback addresses while on air, let viewers in, put the jar on the shelf and pin it."""
    plan = (await broadcast.snapshot())["playback"]
    broadcast.hls_url = plan["hls_url"]
    # The first segment is closed a second after the first picture; players ask again until then.
    for _ in range(40):
        if (await cast.http.get(broadcast.hls_url)).status_code == 200:
            break
        await asyncio.sleep(0.2)
    flv, hls = await asyncio.gather(
        decoded_frames(cast.stage.ffmpeg, plan["flv_url"], 3, FLV),
        decoded_frames(cast.stage.ffmpeg, plan["hls_url"], 3),
    )
    report.that("HTTP-FLV 解码 3 秒画面 / frames over FLV", flv >= 50, f"{flv} 帧", "≥ 50")
    report.that("HLS 解码 3 秒画面 / frames over HLS", hls >= 50, f"{hls} 帧", "≥ 50")
    broadcast.viewers = [Viewer(cast.stage, broadcast.room) for _ in range(3)]
    for viewer in broadcast.viewers:
        await viewer.follow()
    await crew.host.put(f"/live/sessions/{broadcast.room}/shelf/{market.jar}")
    await crew.county.post(f"/live/sessions/{broadcast.room}/sign-offs", {"skus": [market.jar]})
    await crew.host.put(f"/live/sessions/{broadcast.room}/pin", {"sku": market.jar})
    seen = [await viewer.until(lambda v: v.state.get("pinned") == market.jar) for viewer in broadcast.viewers]
    report.that("观众看到讲解中商品 / viewers see the pin", all(seen), f"{sum(seen)}/{len(seen)}")


async def compare_feeds(broadcast: Broadcast, report: Report) -> None:
    """The viewer who lost the line has the same messages as the one who did not: none missing, none twice."""
    steady, dropped, _ = broadcast.viewers
    latest = (await broadcast.snapshot())["offset"]
    await asyncio.gather(*(viewer.until(lambda v: v.offset >= latest) for viewer in broadcast.viewers))
    began = max(steady.began_at or 0, dropped.began_at or 0)
    common = [offset for offset in steady.offsets if began < offset <= latest]
    mine = [offset for offset in dropped.offsets if began < offset <= latest]
    report.that("消息连续，无缺口 / no gap in the feed", steady.gaps == dropped.gaps == 0, f"{len(common)} 条")
    twice = len(mine) - len(set(mine))
    missing = len(set(common) - set(mine))
    report.check("断线续传：缺 0 条、重 0 条 / missing, twice", (0, 0), (missing, twice))
    report.that("续传未重取快照 / resumed, not reloaded", dropped.snapshots == 1, f"快照 {dropped.snapshots} 次")


async def end_and_replay(cast: Cast, crew: Crew, broadcast: Broadcast, market: Market, report: Report) -> None:
    """End the session; the same address plays the replay, with the pin as a chapter."""
    await crew.host.delete(f"/live/sessions/{broadcast.room}/pin")
    await crew.host.post(f"/live/sessions/{broadcast.room}/ending")
    await broadcast.camera.stop()
    for viewer in broadcast.viewers:
        await viewer.drop()
    state = await broadcast.until_state("replay_ready", seconds=20)
    report.check("结束后状态 / state after the end", "replay_ready", state)
    playlist = await cast.http.get(broadcast.hls_url)
    report.that(
        "原地址的播放列表已封闭 / same address, closed", "#EXT-X-ENDLIST" in playlist.text, playlist.status_code
    )
    length_s = sum(float(found) for found in re.findall(r"#EXTINF:([0-9.]+)", playlist.text))
    report.that("回放时长不少于 20 秒 / replay length", length_s >= 19.0, f"{length_s:.1f} 秒", "≥ 20")
    frames = await decoded_frames(cast.stage.ffmpeg, broadcast.hls_url, 20)
    report.that("回放可解码 / replay decodes", frames >= 400, f"{frames} 帧", "≥ 400")
    chapters = (await broadcast.snapshot())["chapters"]
    found = [chapter["code"] for chapter in chapters]
    report.check("讲解成为回放章节 / the pin is a chapter", [market.jar], found)
    closed = bool(chapters) and chapters[0]["end_offset_ms"] is not None and chapters[0]["end_offset_ms"] > 0
    report.that("章节有起止 / chapter has both ends", closed, chapters[0] if chapters else "无")
