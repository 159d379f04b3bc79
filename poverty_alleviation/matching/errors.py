"""Why something about matches is refused."""

from kit.errors import Conflict, Invalid, NotFound


class MatchUnknown(NotFound):
    """No proposal with this number."""

    code = "match_proposal_unknown"
    title = "匹配建议不存在"
    title_en = "No such proposal of a match"


class MatchDecided(Conflict):
    """It was decided before; ``state`` is how."""

    code = "match_proposal_decided"
    title = "匹配建议已处理"
    title_en = "The proposal of a match has been decided"


class MatchInvalid(Invalid):
    """An accepted match has a first day and a document, a refused one a reason; ``missing`` says what is not there."""

    code = "match_decision_invalid"
    title = "采纳须写明起始日期与依据，不采纳须写明理由"
    title_en = "Not what a decision about a match says"


class SupplierIdentityInvalid(Invalid):
    """It says nothing, or of somebody who is no farmer."""

    code = "supplier_identity_invalid"
    title = "请填写农户供货人的证件、电话或行政村"
    title_en = "Not the particulars of a farmer who delivers"
