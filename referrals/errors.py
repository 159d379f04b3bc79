"""What the referral programme refuses."""

from kit.errors import Conflict, NotFound


class ReferralTermsUnknown(NotFound):
    """No terms are in force: there is no programme now."""

    code = "referral_terms_unknown"
    title = "推荐活动尚未开放"
    title_en = "There is no referral programme now"


class ReferralTermsTaken(Conflict):
    """Terms change from a later day on; ``valid_from`` is the newest row's."""

    code = "referral_terms_taken"
    title = "推荐活动规则只能从更晚的日期起变更"
    title_en = "Terms change from a later day on"


class ReferralNotAgreed(Conflict):
    """The terms of the programme in force have not been agreed to; ``version`` says which."""

    code = "referral_not_agreed"
    title = "请先同意现行推荐活动协议"
    title_en = "The programme's terms have not been agreed to"


class ReferralSplitMissing(Conflict):
    """Payments cannot be split here, so nobody could be paid a commission."""

    code = "referral_split_missing"
    title = "当前收款方式不支持分账，不能开放推荐活动"
    title_en = "Payments cannot be split here"


class ReferrerUnknown(NotFound):
    """There is no such referrer, or it has left."""

    code = "referrer_unknown"
    title = "推荐人不存在"
    title_en = "No such referrer"


class NothingDue(Conflict):
    """Nothing is due to the referrer."""

    code = "referral_nothing_due"
    title = "没有应付佣金"
    title_en = "Nothing is due"


class DueChanged(Conflict):
    """What is due is not what was paid; ``due_fen`` is due now."""

    code = "referral_due_changed"
    title = "应付佣金已变化，请核对后重新登记"
    title_en = "What is due has changed"


class VoucherTaken(Conflict):
    """The voucher stands for another payout."""

    code = "referral_voucher_taken"
    title = "付款凭证号已使用"
    title_en = "The voucher stands for another payout"
