"""A host keeps order in the own sessions, the county's officers in all; auditors read what was done."""

from accounts.actors import Auditor, CountyOfficer, Host, Staff
from console_api import door
from console_api.moderation.schemas import (
    ChatLinesView,
    ModerationLogView,
    MuteInput,
    ReasonInput,
    TalkPageQuery,
    TalkRulesInput,
)
from kit.clock import utc_now
from live.media.keys import LiveKeys
from live.talk.moderation import Moderation, Moderator
from live.talk.queries import Talk, chat_lines, moderation_log, talk_of


def _moderator(actor: Staff) -> Moderator:
    return Moderator(actor.caller, actor.number if isinstance(actor, Host) else None)


@door.get("/live/sessions/<number:str>/chat")
async def list_chat(actor: Host | CountyOfficer, number: str, query: TalkPageQuery, keys: LiveKeys) -> ChatLinesView:
    """直播间发言，最新在前；观众只有本场代号。"""
    return ChatLinesView(*await chat_lines(keys, number, _moderator(actor), query.cursor, query.limit))


@door.put("/live/sessions/<number:str>/chat/<offset:int>/removal")
async def remove_message(
    actor: Host | CountyOfficer, number: str, offset: int, body: ReasonInput, moderation: Moderation
) -> None:
    """删除一条发言，须写明理由；原文留存备查。"""
    await moderation.remove(number, offset, body.reason, _moderator(actor))


@door.put("/live/sessions/<number:str>/chat/<offset:int>/mute")
async def mute_author(
    actor: Host | CountyOfficer, number: str, offset: int, body: MuteInput, moderation: Moderation
) -> None:
    """禁言发言者若干分钟。"""
    await moderation.mute(number, offset, body.minutes, body.reason, _moderator(actor))


@door.put("/live/sessions/<number:str>/chat/<offset:int>/ban")
async def ban_author(
    actor: Host | CountyOfficer, number: str, offset: int, body: ReasonInput, moderation: Moderation
) -> None:
    """将发言者移出直播间：断开连接，不再发给播放地址。"""
    await moderation.ban(number, offset, body.reason, _moderator(actor))


@door.put("/live/sessions/<number:str>/restrictions/<viewer:str>/lifting")
async def lift_restrictions(
    actor: Host | CountyOfficer, number: str, viewer: str, body: ReasonInput, moderation: Moderation
) -> None:
    """解除禁言与移出。"""
    await moderation.lift(number, viewer, body.reason, _moderator(actor))


@door.get("/live/sessions/<number:str>/talk")
async def show_talk(actor: Host | CountyOfficer | Auditor, number: str) -> Talk:
    """本场发言规则、敏感词与受限观众。"""
    return await talk_of(number, _moderator(actor), utc_now())


@door.put("/live/sessions/<number:str>/talk")
async def set_talk_rules(
    actor: Host | CountyOfficer, number: str, body: TalkRulesInput, moderation: Moderation
) -> None:
    """慢速模式（0 至 60 秒）与关闭评论；观众端即时可见。"""
    await moderation.set_rules(number, body.slow_mode_s, body.comments_closed, body.reason, _moderator(actor))


@door.put("/live/sessions/<number:str>/keywords/<word:str>")
async def add_room_keyword(actor: Host | CountyOfficer, number: str, word: str, moderation: Moderation) -> None:
    """增加本场敏感词：含有它的发言不予发布。"""
    await moderation.add_keyword(number, word, _moderator(actor))


@door.delete("/live/sessions/<number:str>/keywords/<word:str>")
async def remove_room_keyword(actor: Host | CountyOfficer, number: str, word: str, moderation: Moderation) -> None:
    """删除本场敏感词。"""
    await moderation.remove_keyword(number, word, _moderator(actor))


@door.get("/live/sessions/<number:str>/moderation-log")
async def list_moderation(
    actor: Host | CountyOfficer | Auditor, number: str, query: TalkPageQuery
) -> ModerationLogView:
    """本场管理记录：谁、对谁、做了什么、理由与前后状态；审计看不到发言原文。"""
    with_words = not isinstance(actor, Auditor)
    page = await moderation_log(number, _moderator(actor), with_words, query.cursor, query.limit)
    return ModerationLogView(*page)
