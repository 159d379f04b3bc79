"""Why evidence is not shown, held or deleted."""

from kit.errors import Conflict, NotFound, Unavailable


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


class ColdStorageUnavailable(Unavailable):
    """The object storage that keeps old evidence does not answer, or none is set up any more."""

    code = "live_cold_storage_unavailable"
    title = "冷存储暂时不可用"
    title_en = "The cold storage is temporarily unavailable"


class EvidenceMoving(Conflict):
    """The copy on the volume is just being given up; a minute later it can be fetched back."""

    code = "live_evidence_moving"
    title = "证据正在转入冷存储，请稍后再试"
    title_en = "The evidence is just being moved to cold storage"


class EvidenceNotCold(Conflict):
    """There is nothing to fetch back: it lies on the volume."""

    code = "live_evidence_not_cold"
    title = "证据未转入冷存储，无需取回"
    title_en = "The evidence is not in cold storage"
