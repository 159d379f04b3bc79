"""Why a studio refuses."""

from kit.errors import Conflict, Invalid, NotFound


class StudioUnknown(NotFound):
    """There is no such studio."""

    code = "live_studio_unknown"
    title = "直播间场地不存在"
    title_en = "No such studio"


class StudioInvalid(Conflict):
    """The name is another studio's, or there is no such site."""

    code = "live_studio_invalid"
    title = "场地名称重复或站点不存在"
    title_en = "The name is taken, or there is no such site"


class StudioTaken(Conflict):
    """Another session has the studio at that time, or a part of it."""

    code = "live_studio_taken"
    title = "该时段场地已被其他场次预约"
    title_en = "Another session has the studio then"


class StudioClosed(Conflict):
    """The centre has closed the studio."""

    code = "live_studio_closed"
    title = "该场地已停用，不能预约"
    title_en = "The studio is closed"


class SessionBookedAlready(Conflict):
    """A session has one studio; its booking is given up before another is made."""

    code = "live_session_booked"
    title = "本场已预约场地，改约请先取消原预约"
    title_en = "The session has a studio already; give its booking up first"


class StudioBookingInvalid(Invalid):
    """A booking lasts at most twelve hours, lies ahead, and holds the session's planned time."""

    code = "live_studio_booking_invalid"
    title = "预约时段须包含计划开播时间、尚未过去且不超过十二小时"
    title_en = "A booking holds the planned time, lies ahead and lasts twelve hours at most"


class StudioBookingUnknown(NotFound):
    """There is no such booking, or it is not the caller's."""

    code = "live_studio_booking_unknown"
    title = "场地预约不存在"
    title_en = "No such booking"


class StudioBookingForbids(Conflict):
    """The booking is in a state in which this cannot be done; ``state`` says which."""

    code = "live_studio_booking_state"
    title = "当前预约状态不允许此操作"
    title_en = "The booking's state does not allow this"
