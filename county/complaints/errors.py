"""What this room refuses."""

from kit.errors import Conflict, Invalid, NotFound


class ComplaintUnknown(NotFound):
    """There is no such complaint, or it is not the caller's."""

    code = "complaint_unknown"
    title = "投诉不存在"
    title_en = "No such complaint"


class ComplaintNotMovable(Conflict):
    """The complaint is in a state from which this step does not lead."""

    code = "complaint_state"
    title = "投诉当前状态不允许此操作"
    title_en = "Not possible in the complaint's present state"


class SubjectInvalid(Invalid):
    """A complaint is about exactly one order of the own, product or merchant, which exists."""

    code = "complaint_subject_invalid"
    title = "请选择投诉的订单、商品或商户"
    title_en = "Name one order, product or merchant"


class ComplaintsFull(Conflict):
    """Too many complaints of this person are open."""

    code = "complaints_full"
    title = "未处理的投诉过多，请等待处理"
    title_en = "Too many open complaints"


class ClockTaken(Conflict):
    """Another clock begins on this day."""

    code = "complaint_clock_taken"
    title = "该日已有处理时限"
    title_en = "A clock begins on this day already"


class NoProduct(Conflict):
    """The complaint names no product that could be taken down."""

    code = "complaint_without_product"
    title = "该投诉未关联商品"
    title_en = "The complaint names no product"


class RepliesWithoutPictures(Conflict):
    """Pictures go with replies to complaints at WeChat Pay alone."""

    code = "complaint_reply_pictures"
    title = "仅微信支付投诉的回复可附图片"
    title_en = "Pictures go with replies to complaints at WeChat Pay alone"


class EntryInvalid(Invalid):
    """The customer-service entry is not one of ours or no longer good."""

    code = "service_entry_invalid"
    title = "客服入口凭证无效或已过期"
    title_en = "The customer-service entry is not valid"
