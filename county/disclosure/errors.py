"""Why disclosure refuses."""

from kit.errors import Conflict, Invalid, NotFound


class DisclosureInvalid(Invalid):
    """A day lies ahead or before another, or an objection names nothing; ``members`` says which."""

    code = "disclosure_invalid"
    title = "公开或投诉内容有误"
    title_en = "What was published or said is not valid"


class DisclosureUnknown(NotFound):
    """Nothing was published under this number, or it was withdrawn."""

    code = "disclosure_unknown"
    title = "公开事项不存在或已撤回"
    title_en = "No such thing was published"


class DisclosureComplaintUnknown(NotFound):
    """There is no such complaint."""

    code = "disclosure_complaint_unknown"
    title = "信息公开投诉不存在"
    title_en = "No such complaint about disclosure"


class DisclosureComplaintEnded(Conflict):
    """It was answered or withdrawn before; ``state`` says which."""

    code = "disclosure_complaint_ended"
    title = "该投诉已办结"
    title_en = "The complaint has ended"
