"""Why a reserve or a claim is refused."""

from kit.errors import Conflict, Invalid, NotFound


class ReserveTermTooEarly(Invalid):
    """Terms hold for days to come: no line that is earned already may change its reserve."""

    code = "reserve_term_too_early"
    title = "准备金比例须自次日或以后起执行"
    title_en = "Terms of a reserve begin on a later day"


class ReserveTermExists(Conflict):
    """The merchant has terms from that day on."""

    code = "reserve_term_exists"
    title = "该商户当日起的准备金比例已登记"
    title_en = "The merchant has terms from that day"


class ClawbackUnknown(NotFound):
    """No claim with this number."""

    code = "clawback_unknown"
    title = "追偿单不存在"
    title_en = "No such claim"


class ClawbackTooHigh(Conflict):
    """More than the reserve bears for this household on this line; ``borne_fen`` is what it bears."""

    code = "clawback_too_high"
    title = "追偿金额超过准备金为该户垫付的金额"
    title_en = "The reserve bears less for this household"


class ClawbackPending(Conflict):
    """Another claim against this household for this line waits for its decision."""

    code = "clawback_pending"
    title = "该户该订单行已有待审追偿"
    title_en = "Another claim for this line waits for its decision"


class ClawbackDecided(Conflict):
    """It was decided before; ``state`` is how. Of one that is not approved nothing is set off."""

    code = "clawback_decided"
    title = "追偿单已审结或未批准"
    title_en = "The claim has been decided, or is not approved"


class NothingToOffset(Conflict):
    """Nothing is left of the claim, or nothing that the household has earned may be set off against it."""

    code = "clawback_nothing_to_offset"
    title = "没有可抵扣的款项"
    title_en = "There is nothing to set off"
