"""Why a certificate of conformity is refused."""

from kit.errors import Conflict, NotFound


class ConformityExists(Conflict):
    """The lot has a valid certificate."""

    code = "conformity_exists"
    title = "该批次已有有效的合格证"
    title_en = "The lot has a valid certificate of conformity"


class ConformityUnknown(NotFound):
    """No such valid certificate of this merchant."""

    code = "conformity_unknown"
    title = "合格证不存在或已作废"
    title_en = "No such valid certificate of conformity"
