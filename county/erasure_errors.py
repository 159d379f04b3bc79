"""Why the erasure of somebody is refused: of a person of the project, or of a host."""

from kit.errors import Conflict, NotFound


class PersonErasureUnknown(NotFound):
    """No erasure with this number."""

    code = "person_erasure_unknown"
    title = "清除申请不存在"
    title_en = "No such erasure"


class PersonErasureDecided(Conflict):
    """It was decided before; ``state`` is where it stands."""

    code = "person_erasure_decided"
    title = "清除申请已审结"
    title_en = "The erasure has been decided"


class PersonErasurePending(Conflict):
    """An erasure of this person waits for its decision or for the job."""

    code = "person_erasure_pending"
    title = "该人员已有清除申请在办理"
    title_en = "An erasure of this person is under way"


class PersonNotErasable(Conflict):
    """Something stands against it; ``obstacles`` say what.

    ``erased``, ``held``, ``early`` or ``no_term``; of a person of the project ``employed``; of a host
    ``under_contract``, ``presenting``, ``blacklisting`` while one is to be decided, or ``live_records`` that the law
    has kept.
    """

    code = "person_not_erasable"
    title = "该人员资料暂不能清除"
    title_en = "The person may not be erased now"


class PersonHoldUnknown(NotFound):
    """No hold with this number that goes on."""

    code = "person_hold_unknown"
    title = "保全不存在或已解除"
    title_en = "No such hold, or it has been released"
