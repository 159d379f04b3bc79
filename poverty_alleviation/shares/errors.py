"""Why a share is refused."""

from kit.errors import Conflict, Invalid, NotFound


class ShareInvalid(Invalid):
    """The day lies ahead, or there is nobody to count on it."""

    code = "assisted_share_invalid"
    title = "日期晚于今天或当日无人可计"
    title_en = "The day lies ahead, or nobody is there to count"


class ShareWaits(Conflict):
    """A share of these people waits to be decided."""

    code = "assisted_share_waits"
    title = "该范围已有待审的占比"
    title_en = "A share of these people waits to be decided"


class ShareUnknown(NotFound):
    """There is no such share."""

    code = "assisted_share_unknown"
    title = "占比记录不存在"
    title_en = "No such share"


class ShareDecided(Conflict):
    """It was decided before; ``state`` says how."""

    code = "assisted_share_decided"
    title = "该占比已审核"
    title_en = "The share was decided before"
