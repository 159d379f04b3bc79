"""What the live room refuses."""

from kit.errors import Conflict, Invalid, NotFound, NotPermitted, Unavailable, Words

STANDINGS = {
    "scheduled": Words("本场为预告，尚未通过播前检查", "the session is planned and not through the gate yet"),
    "ready": Words("本场已通过播前检查，尚未开播", "the session is through the gate and not on air yet"),
    "live": Words("本场正在直播", "the session is on air"),
    "interrupted": Words("本场直播中，推流暂断", "the session is on air and its publisher is away"),
    "ended": Words("本场已结束，回放准备中", "the session is over and its replay is being prepared"),
    "replay_ready": Words("本场已结束", "the session is over"),
    "cancelled": Words("本场已取消", "the session was called off"),
    "banned": Words("本场已被封停", "an officer has cut the session"),
}
"""Each state of a session, told to whom it is in the way."""


class SessionNotFound(NotFound):
    """There is no such live session, or it is not the caller's."""

    code = "live_session_not_found"
    title = "直播场次不存在"
    title_en = "No such live session"


class SessionStateForbids(Conflict):
    """The session is in a ``state`` in which this cannot be done; ``reason`` says it in words."""

    code = "live_session_state"
    title = "当前直播状态不允许此操作"
    title_en = "The session's state does not allow this"

    def __init__(self, state: str, wanted: str | None = None) -> None:
        super().__init__(state=state, reason=STANDINGS[state], **({"wanted": wanted} if wanted else {}))


class PushAddressTooEarly(Conflict):
    """A push address is given out from two hours before the planned time on; ``not_before`` is that moment."""

    code = "live_push_address_too_early"
    title = "计划开播前两小时起方可取得推流地址"
    title_en = "A push address is given out from two hours before the planned time on"


class ClipNotFound(NotFound):
    """No such clip: nothing was explained under this number, or still is, or there are no pictures of it."""

    code = "live_clip_not_found"
    title = "没有该讲解片段"
    title_en = "No such clip of this session"


class ReplayFileNotMade(NotFound):
    """The file has not been made, or not yet."""

    code = "live_file_not_made"
    title = "文件尚未生成"
    title_en = "The file has not been made yet"


class ReplayAway(Conflict):
    """The pictures lie in cold storage; the county fetches them back."""

    code = "live_replay_away"
    title = "录像已转入冷存储，取回后方可使用"
    title_en = "The pictures lie in cold storage and have to be fetched back first"


class ReplayReturning(Unavailable):
    """The pictures are being fetched back from cold storage; ``retry_after_s`` seconds later they may be there."""

    code = "live_replay_returning"
    title = "录像正在取回，请稍后再看"
    title_en = "The pictures are being fetched back; come again in a while"


class MediaSpaceLow(Unavailable):
    """Too little room is left for recordings, so no new broadcast begins; those on air go on."""

    code = "media_space_low"
    title = "录像存储空间不足，暂不能开播"
    title_en = "Too little room is left for recordings"


class NotBanned(NotFound):
    """Nobody has banned this session."""

    code = "live_session_not_banned"
    title = "本场直播未被封停"
    title_en = "The session is not banned"


class OwnMatter(NotPermitted):
    """Who presents or assists in a session, or works for its merchant, decides nothing about it for the county."""

    code = "live_own_matter"
    title = "不得办理本人或所在商户的事项"
    title_en = "Nobody decides about a matter of their own"


class RehearsalNotClear(Conflict):
    """The pictures of the last rehearsal are still being deleted; it takes some seconds."""

    code = "rehearsal_not_clear"
    title = "上一次试播尚未清理，请稍后再试"
    title_en = "The last rehearsal is still being cleared away"


class RelayAddressInvalid(Invalid):
    """An address to hand a broadcast on to is rtmp or rtmps, names an application and leads to a public server."""

    code = "relay_address_invalid"
    title = "转推地址应为公网的 rtmp 或 rtmps 推流地址"
    title_en = "Not a push address of a public RTMP server"


class RelayTargetsFull(Conflict):
    """A session is handed on to three platforms at most."""

    code = "relay_targets_full"
    title = "转推平台已达上限"
    title_en = "No more platforms may be added"


class RelayTargetUnknown(NotFound):
    """There is no such platform in this session, or the session is not the caller's."""

    code = "relay_target_unknown"
    title = "转推平台不存在"
    title_en = "No such platform in this session"


class PublishRefused(NotPermitted):
    """The push key is not ours, expired, used by somebody else, or in use. The reason stays in our log."""

    code = "publish_refused"
    title = "推流被拒绝"
    title_en = "Publishing was refused"


class NotOnShelf(Conflict):
    """The product is not on the shelf of this session."""

    code = "not_on_shelf"
    title = "商品不在本场货架"
    title_en = "The product is not on this session's shelf"


class ShelfChanged(Conflict):
    """The shelf is another one than the caller has seen; ``version`` is its present one."""

    code = "shelf_changed"
    title = "货架已变化，请刷新后再排序"
    title_en = "The shelf has changed"


class ShelfItemHidden(Conflict):
    """The product is hidden on this session's shelf, so it cannot be explained."""

    code = "shelf_item_hidden"
    title = "商品已隐藏，不能讲解"
    title_en = "The product is hidden on this session's shelf"


class RoomPriceUnknown(NotFound):
    """The product has no price of its own in this room."""

    code = "room_price_unknown"
    title = "该商品在本场没有直播价"
    title_en = "The product has no price of its own in this room"


class RoomCouponNotShown(Conflict):
    """The campaign's coupons cannot be claimed now, or the room's host does not show them."""

    code = "room_coupon_not_shown"
    title = "优惠券当前不在本场发放"
    title_en = "These coupons are not given out in this room now"


class RoomCouponNotOpen(Conflict):
    """There is nothing to show: the campaign is of another room, does not run yet, or its time or coupons are over."""

    code = "room_coupon_not_open"
    title = "该券不属于本场、活动未启用、不在领取期或已领完"
    title_en = "The campaign is not of this room, does not run, or has nothing to claim now"


class NotInTheRoom(Conflict):
    """The token is not of this room, or too old: the viewer has to open the room."""

    code = "not_in_the_room"
    title = "请在直播间内领取"
    title_en = "Open the room first"


class NotForSale(Conflict):
    """The product is not listed now, or its merchant has no slot in the session."""

    code = "not_for_sale"
    title = "商品未上架，或其商户不在本场"
    title_en = "The product is not listed, or its merchant is not in this session"


class ShelfFull(Conflict):
    """A shelf holds 200 products."""

    code = "shelf_full"
    title = "货架已满"
    title_en = "The shelf is full"


class ChatTooFast(Conflict):
    """Three messages in five seconds are enough."""

    code = "chat_too_fast"
    title = "发言太快，请稍后再试"
    title_en = "Too many messages"


class ChatEmpty(Invalid):
    """Nothing is left of the message without its control characters, or it is too long."""

    code = "chat_invalid"
    title = "发言内容为空或过长"
    title_en = "The message is empty or too long"


class ChatNotAllowed(Invalid):
    """The message holds a word of the county's list, so nobody sees it."""

    code = "chat_not_allowed"
    title = "发言含有不允许的内容"
    title_en = "The message holds a word that is not allowed"


class ChatMuted(NotPermitted):
    """The viewer was muted or banned in this room."""

    code = "chat_muted"
    title = "您已被本直播间禁言"
    title_en = "You may not write in this room"


class CommentsClosed(Conflict):
    """The host has closed the comments."""

    code = "comments_closed"
    title = "本直播间已关闭评论"
    title_en = "Comments are closed"


class MessageNotFound(NotFound):
    """There is no such chat message in the session."""

    code = "live_message_not_found"
    title = "发言不存在"
    title_en = "No such message"


class ViewerNotRestricted(NotFound):
    """Nobody of this name is muted or banned in the session."""

    code = "viewer_not_restricted"
    title = "该观众未被禁言或移出"
    title_en = "The viewer is neither muted nor banned"


class KeywordsFull(Conflict):
    """A room has 200 words of its own."""

    code = "live_keywords_full"
    title = "本场敏感词已满"
    title_en = "The room's list of words is full"


class RungRefused(Conflict):
    """No core is free for a smaller rendition; ``limit`` is how many there may be, 0 where there are none."""

    code = "live_rung_refused"
    title = "转码资源已满，暂不能提供流畅档"
    title_en = "No core is free for a smaller rendition"


class ReportNotFound(NotFound):
    """There is no such report."""

    code = "live_report_not_found"
    title = "举报不存在"
    title_en = "No such report"


class ReportNotMovable(Conflict):
    """The report was answered, or another officer has taken it."""

    code = "live_report_state"
    title = "该举报当前状态不允许此操作"
    title_en = "The report's state does not allow this"


class ReportsFull(Conflict):
    """A consumer reports twenty times a day at most."""

    code = "live_reports_full"
    title = "今日举报次数已达上限"
    title_en = "Too many reports today"


class PlannedTimeInvalid(Invalid):
    """A session is planned for a time within a year from now, or of this day for one that begins at once."""

    code = "live_planned_time_invalid"
    title = "计划开播时间须在今后一年之内"
    title_en = "A session is planned for a time within a year from now"


class CommissionsTooMany(Invalid):
    """More sessions than a list shows (``most``): fewer days, one host, or the file, which has all."""

    code = "live_commissions_too_many"
    title = "场次过多，请缩短日期、选定主播或导出文件"
    title_en = "Too many sessions for a list; choose fewer days or one host, or take the file"
