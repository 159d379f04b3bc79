"""What is refused of evidence."""

from kit.errors import Conflict, NotFound


class EvidenceTaken(Conflict):
    """The same picture has been handed in before; ``evidence`` is its number."""

    code = "evidence_taken"
    title = "该照片已经上传过"
    title_en = "This photograph was handed in before"


class EvidenceUnknown(NotFound):
    """No such evidence, or it is not for the caller's eyes."""

    code = "evidence_unknown"
    title = "凭证不存在"
    title_en = "No such evidence"


class EvidenceLinked(Conflict):
    """The photograph proves something else already."""

    code = "evidence_linked"
    title = "该凭证已归档到其他事项"
    title_en = "The evidence belongs to something else already"
