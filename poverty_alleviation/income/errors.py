"""Why income of a period is refused."""

from kit.errors import Conflict, Invalid, NotFound


class AgreementUnknown(NotFound):
    """No agreement of this kind with this number that goes on."""

    code = "household_agreement_unknown"
    title = "协议不存在或已终止"
    title_en = "No such agreement, or it has ended"


class AgreementInvalid(Invalid):
    """What was entered does not belong to the kind of agreement; ``field`` names it."""

    code = "household_agreement_invalid"
    title = "协议内容与类型不符"
    title_en = "Not what an agreement of this kind says"


class PayerUnknown(NotFound):
    """Neither a merchant nor a site."""

    code = "income_payer_unknown"
    title = "付款单位不存在"
    title_en = "No such payer"


class SheetUnknown(NotFound):
    """No sheet with this number."""

    code = "income_sheet_unknown"
    title = "收入发放单不存在"
    title_en = "No such income sheet"


class SheetInvalid(Invalid):
    """``reason``: paid_on, period, as_of, nothing (to be paid), lines, agreement (not in force then, another payer's),
    attendance (none on record), due (no rent in that month), rule. ``references`` are what it is about."""

    code = "income_sheet_invalid"
    title = "收入发放单内容有误"
    title_en = "The income sheet is not valid"


class PaidForBefore(Conflict):
    """Another sheet pays this for the month already; ``references`` name the agreements or the rule."""

    code = "income_paid_for_before"
    title = "该月收入已发放或正在审核"
    title_en = "This has been paid for the month, or waits for a decision"


class SheetDecided(Conflict):
    """It was decided before; ``state`` is how."""

    code = "income_sheet_decided"
    title = "收入发放单已审结"
    title_en = "The income sheet has been decided"


class SheetOutdated(Conflict):
    """What it was computed from has changed since: refuse it and write another."""

    code = "income_sheet_outdated"
    title = "依据已变化，请重新制单"
    title_en = "What the sheet was computed from has changed"
