"""Why a hold or an erasure is refused."""

from kit.errors import Conflict, NotFound


class ErasureUnknown(NotFound):
    """No erasure with this number."""

    code = "household_erasure_unknown"
    title = "清除申请不存在"
    title_en = "No such erasure"


class ErasureDecided(Conflict):
    """It was decided before; ``state`` is where it stands."""

    code = "household_erasure_decided"
    title = "清除申请已审结"
    title_en = "The erasure has been decided"


class ErasurePending(Conflict):
    """An erasure of this household waits for its decision or for the job."""

    code = "household_erasure_pending"
    title = "该户已有清除申请在办理"
    title_en = "An erasure of this household is under way"


class HouseholdNotErasable(Conflict):
    """Something stands against it; ``obstacles`` says what, by the words of decision 0067."""

    code = "household_not_erasable"
    title = "该户资料暂不能清除"
    title_en = "The household may not be erased now"


class HoldUnknown(NotFound):
    """No hold with this number that goes on."""

    code = "household_hold_unknown"
    title = "保全不存在或已解除"
    title_en = "No such hold, or it has been released"
