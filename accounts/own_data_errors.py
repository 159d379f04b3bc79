"""What is refused about consents, exports and the closing of an account."""

from typing import ClassVar

from kit.errors import Conflict, Invalid, NotFound


class ConsentMissing(Conflict):
    """The version in force of a required document has not been agreed to; ``documents`` names kind and version."""

    code = "consent_missing"
    title = "请先阅读并同意最新的协议"
    title_en = "Agree to the documents in force first"


class DocumentUnknown(NotFound):
    """There is no such document, or no version of it in force."""

    code = "legal_document_unknown"
    title = "协议不存在或尚未生效"
    title_en = "No such document in force"


class ConsentOutdated(Conflict):
    """The version named is not the one in force; ``version`` is."""

    code = "consent_outdated"
    title = "协议已更新，请阅读最新版本"
    title_en = "Another version is in force"


class ChangeTooSoon(Invalid):
    """A change of a document holds a week after it was announced at the earliest (e-commerce law, article 34)."""

    code = "legal_change_too_soon"
    title = "协议变更须至少提前七日公示"
    title_en = "A change is announced at least seven days before"


class ExportUnknown(NotFound):
    """There is no such export."""

    code = "export_unknown"
    title = "导出记录不存在"
    title_en = "No such export"


class ExportEnded(Conflict):
    """The export has run out or was fetched often enough; ask for a new one."""

    code = "export_ended"
    title = "导出已失效，请重新申请"
    title_en = "The export has ended; ask for a new one"


class ExportLimitReached(Conflict):
    """Too many exports in one day; ``allowed_per_day`` says how many."""

    status: ClassVar[int] = 429
    code = "export_limit_reached"
    title = "今日导出次数已用完"
    title_en = "Too many exports today"


class ClosureBlocked(Conflict):
    """Something is still open; ``reasons`` counts it by kind."""

    code = "closure_blocked"
    title = "有未完成的订单、售后、支付，或发言尚待归档的直播，暂不能注销"
    title_en = "Orders, cases or payments are open, or a live room you wrote in is not filed yet"


class ClosureNotUnderstood(Invalid):
    """An account is closed only by who says to have understood what goes and what stays."""

    code = "closure_not_understood"
    title = "请先确认已知晓注销的后果"
    title_en = "Say that the consequences are understood"


class AccountBeingErased(Conflict):
    """The former account of the same person is being erased, which takes seconds; then a new one can be made."""

    code = "account_being_erased"
    title = "原账户正在注销，请稍后再登录"
    title_en = "The former account is being erased, log in again later"


class ClosureUnknown(NotFound):
    """The account is not being closed."""

    code = "closure_unknown"
    title = "没有进行中的注销申请"
    title_en = "The account is not being closed"
