"""The inspector's switch, and how a broadcast's pictures and sound arrive."""

from datetime import timedelta

from accounts.actors import Auditor, CountyOfficer, Host
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.live_media.schemas import (
    BanInput,
    BanView,
    RehearsalView,
    RelayTargetInput,
    RelayTargetsView,
    RelayTargetView,
    SecondRungView,
    VitalsView,
    WarningView,
)
from kit.actors import Actor
from kit.clock import utc_now
from live.errors import SessionNotFound
from live.media.bans import Ban, Bans, ban_of
from live.media.playback import Playback
from live.media.queries import relay_targets_of, rung_of, vitals_of, warnings_of
from live.media.rehearsals import Rehearsals, rehearsal_of
from live.media.rungs import Rungs
from live.media.targets import RelayTargets
from live.queries import RoomView, room_view

CURRENT = timedelta(seconds=10)


def _ban_view(ban: Ban, actor: Actor) -> BanView:
    """The host is told why, the county besides by whom."""
    by = None if isinstance(actor, Host) else ban.actor
    return BanView(ban.session, ban.reason, ban.state_before.value, ban.banned_at, by)


async def _readable(actor: Actor, number: str) -> RoomView:
    """The session; hosts read about their own alone. Raises SessionNotFound."""
    room = await room_view(number, limit=1)
    if isinstance(actor, Host) and room.host != actor.number:
        raise SessionNotFound(number=number)
    return room


@door.put("/live/sessions/<number:str>/ban")
async def ban_session(actor: CountyOfficer, number: str, body: BanInput, bans: Bans) -> BanView:
    """封停一场直播：推流与播放立即切断，不再恢复；录像留存。"""
    return _ban_view(await bans.ban(number, actor.caller, body.reason), actor)


@door.get("/live/sessions/<number:str>/ban")
async def show_ban(actor: Host | CountyOfficer | Auditor, number: str) -> BanView:
    """封停的原因与时间；主播只见自己的场次。"""
    await _readable(actor, number)
    return _ban_view(await ban_of(number), actor)


@door.get("/live/sessions/<number:str>/vitals")
async def show_vitals(actor: Host | CountyOfficer | Auditor, number: str) -> VitalsView:
    """码率、关键帧间隔、延迟、音量与画面告警；主播只见自己的场次，观众不可见。"""
    room = await _readable(actor, number)
    now = await vitals_of(room.id)
    warnings = [WarningView(w.kind, w.begun_at, w.ended_at) for w in await warnings_of(room.id)]
    if now is None:
        return VitalsView(False, None, None, None, None, None, None, None, warnings)
    return VitalsView(
        is_current=now.measured_at > utc_now() - CURRENT,
        measured_at=now.measured_at,
        bits_per_s=now.bits_per_s,
        frames_per_s=now.frames_per_s,
        key_frame_interval_ms=now.key_frame_interval_ms,
        key_frame_age_ms=now.key_frame_age_ms,
        delay_ms=now.delay_ms,
        sound_level_db=now.sound_level_db,
        warnings=warnings,
    )


async def _rehearsal(room: RoomView, playback: Playback) -> RehearsalView:
    known = await rehearsal_of(room.id)
    if known is None:
        return RehearsalView("none", None, None, None)
    if known.ended_at is not None:
        return RehearsalView("clearing", None, None, None)
    if known.client is None:
        return RehearsalView("waiting", None, None, None)
    plan = playback.rehearsal_plan(room.stream)
    return RehearsalView("publishing", plan.flv_url, plan.hls_url, plan.expires_at)


@door.put("/live/sessions/<number:str>/rehearsal")
async def begin_rehearsal(actor: Host, number: str, rehearsals: Rehearsals, playback: Playback) -> RehearsalView:
    """开始试播：用同一推流地址推流，观众不可见，不留存。"""
    await rehearsals.begin(number, actor.number)
    return await _rehearsal(await _readable(actor, number), playback)


@door.get("/live/sessions/<number:str>/rehearsal")
async def show_rehearsal(actor: Host | CountyOfficer, number: str, playback: Playback) -> RehearsalView:
    """试播的现状与仅供主播和县级人员观看的地址。"""
    return await _rehearsal(await _readable(actor, number), playback)


@door.delete("/live/sessions/<number:str>/rehearsal")
async def end_rehearsal(actor: Host, number: str, rehearsals: Rehearsals) -> None:
    """结束试播：推流断开，画面清理后用同一地址再推即开播。"""
    await rehearsals.end(number, actor.number)


async def _rung(room: RoomView) -> SecondRungView:
    known = await rung_of(room.id)
    return SecondRungView(known.asked_at, known.running_since) if known else SecondRungView(None, None)


@door.put("/live/sessions/<number:str>/second-rung")
async def ask_for_rung(actor: Host, number: str, rungs: Rungs) -> SecondRungView:
    """为网络慢的观众提供流畅档（480 线）：直播中申请，服务器核心已满时拒绝。"""
    await rungs.ask(number, actor.number)
    return await _rung(await _readable(actor, number))


@door.get("/live/sessions/<number:str>/second-rung")
async def show_rung(actor: Host | CountyOfficer | Auditor, number: str) -> SecondRungView:
    """流畅档的现状；主播只见自己的场次。"""
    return await _rung(await _readable(actor, number))


@door.delete("/live/sessions/<number:str>/second-rung")
async def give_rung_up(actor: Host, number: str, rungs: Rungs) -> None:
    """不再提供流畅档，把核心让给其他场次。"""
    await rungs.give_up(number, actor.number)


async def _targets(room: RoomView) -> RelayTargetsView:
    return RelayTargetsView(
        [
            RelayTargetView(t.number, t.title, t.server, t.running_since, t.failed_at, t.failures)
            for t in await relay_targets_of(room.id)
        ]
    )


@door.post("/live/sessions/<number:str>/relay-targets")
async def add_relay_target(
    actor: Host, number: str, body: RelayTargetInput, key: IdempotencyKey, targets: RelayTargets
) -> RelayTargetsView:
    """登记一个转推平台（视频号、抖音等）：开播后由系统转推；地址加密保存，不再显示。"""
    await targets.add(number, actor.number, body.title, body.address)
    return await _targets(await _readable(actor, number))


@door.get("/live/sessions/<number:str>/relay-targets")
async def list_relay_targets(actor: Host | CountyOfficer | Auditor, number: str) -> RelayTargetsView:
    """转推平台及其状态；主播只见自己的场次。"""
    return await _targets(await _readable(actor, number))


@door.delete("/live/sessions/<number:str>/relay-targets/<target:str>")
async def remove_relay_target(actor: Host, number: str, target: str, targets: RelayTargets) -> None:
    """停止向一个平台转推。"""
    await targets.remove(number, actor.number, target)
