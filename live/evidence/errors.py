"""Why evidence is not shown, held or deleted."""

from kit.errors import Conflict, NotFound


class EvidenceNotSealed(NotFound):
    """The bundle is written an hour after the end: then the orders are paid or closed and the file is made."""

    code = "live_evidence_not_sealed"
    title = "本场证据尚未归档"
    title_en = "The evidence of this session has not been sealed yet"


class EvidencePartUnknown(NotFound):
    """The bundle has no such part, or it is not for this reader."""

    code = "live_evidence_part_unknown"
    title = "证据中没有该文件"
    title_en = "No such part of the evidence"


class EvidenceDeleted(Conflict):
    """Its time is over and it has been deleted."""

    code = "live_evidence_deleted"
    title = "本场证据保存期满，已删除"
    title_en = "The evidence has been deleted after its time"


class EvidenceHoldUnknown(NotFound):
    """No hold with this number that goes on."""

    code = "live_evidence_hold_unknown"
    title = "证据保全不存在或已解除"
    title_en = "No such hold, or it has been released"
