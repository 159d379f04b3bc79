"""What sharing a room refuses."""

from kit.errors import Conflict, NotFound


class ShareCodeUnknown(NotFound):
    """There is no such code, it is not the caller's, or its session was called off or cut."""

    code = "live_share_code_unknown"
    title = "分享码无效或场次已取消"
    title_en = "No such share code, or its session does not take place"


class ShareCodesFull(Conflict):
    """A session has so many codes for places; ``limit`` is how many."""

    code = "live_share_codes_full"
    title = "本场的投放码已达上限"
    title_en = "The session has no room for more codes"
