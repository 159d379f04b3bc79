"""What this room refuses."""

from kit.errors import Conflict, Invalid, NotFound


class MerchantUnknown(NotFound):
    """There is no such merchant, or it is not the caller's."""

    code = "merchant_unknown"
    title = "商户不存在"
    title_en = "No such merchant"


class MerchantNotMovable(Conflict):
    """The merchant is in a state from which this step does not lead; ``state`` says which."""

    code = "merchant_state"
    title = "商户当前状态不允许此操作"
    title_en = "Not possible in the merchant's present state"


class LicenceUnchecked(Conflict):
    """Who applied has no licence or self-statement that the county has accepted."""

    code = "licence_unchecked"
    title = "请先核验其营业执照或自产自销声明"
    title_en = "Their licence or self-statement has to be accepted first"


class LicenceNotValid(Conflict):
    """The licence is not valid today."""

    code = "licence_not_valid"
    title = "营业执照不在有效期内"
    title_en = "The licence is not valid today"


class SubMerchantTaken(Conflict):
    """Another merchant has this licence number or this WeChat Pay sub-merchant number."""

    code = "merchant_taken"
    title = "执照号或特约商户号已被使用"
    title_en = "The licence or the sub-merchant number is taken"


class LicenceSpanInvalid(Invalid):
    """A licence ends on or after the day on which it begins."""

    code = "licence_span_invalid"
    title = "执照有效期有误"
    title_en = "The licence's span is not valid"


class PaperUnknown(NotFound):
    """There is no such paper, or it is not the caller's."""

    code = "paper_unknown"
    title = "证照不存在"
    title_en = "No such paper"


class PaperNotMovable(Conflict):
    """The paper is in a state from which this step does not lead; ``state`` says which."""

    code = "paper_state"
    title = "证照当前状态不允许此操作"
    title_en = "Not possible in the paper's present state"


class PaperRepeated(Conflict):
    """The same document waits for review or is accepted already."""

    code = "paper_repeated"
    title = "该证照已提交"
    title_en = "The paper was handed in already"


class ExemptionRuleMissing(Conflict):
    """No rule for natural persons is on record for the day on which the self-statement begins."""

    code = "exemption_rule_missing"
    title = "尚未登记自然人免登记规则"
    title_en = "No rule for natural persons is on record"


class StatementTooLong(Invalid):
    """A self-statement has a last day, at most ``days`` days after it begins, and must then be made anew."""

    code = "statement_too_long"
    title = "自我声明有效期过长"
    title_en = "The self-statement holds for too long"


class ExemptionRuleTaken(Conflict):
    """Another rule begins on this day."""

    code = "exemption_rule_taken"
    title = "该日已有免登记规则"
    title_en = "A rule begins on this day already"


class ApplicationOpen(Conflict):
    """The applicant has an application that is not decided, or was refused and can be corrected."""

    code = "application_open"
    title = "您已有未完成的入驻申请"
    title_en = "There is an open application already"


class PhoneNeeded(Conflict):
    """An applicant has bound the phone number that WeChat has checked."""

    code = "phone_needed"
    title = "请先绑定手机号"
    title_en = "Bind a phone number first"


class LegalPersonUnknown(NotFound):
    """Nobody is on record as answering for this merchant."""

    code = "legal_person_unknown"
    title = "尚未登记法定代表人"
    title_en = "No legal person is on record"


class LeadPresent(Conflict):
    """The merchant has a lead clerk already, who invites everybody else."""

    code = "lead_clerk_present"
    title = "该商户已有负责人，请联系负责人邀请"
    title_en = "The merchant has a lead clerk already"


class CommissionNotOffered(Conflict):
    """Commission is split off at WeChat Pay, in partner mode and with a receiver; without them there is none to agree.

    In direct mode all money lands at one merchant number: nothing is split, and no commission is taken.
    """

    code = "commission_not_offered"
    title = "当前收款方式不分账（直连模式或未配置分账接收方），不能约定佣金"
    title_en = "Nothing is split here (direct mode, or no receiver), so no commission can be agreed"


class CommissionTooHigh(Invalid):
    """A commission is at most ``limit_bp`` basis points: what may be split off a payment."""

    code = "commission_too_high"
    title = "佣金比例超过可分账上限"
    title_en = "The commission exceeds what may be split"


class CommissionDayTaken(Conflict):
    """Terms begin on a day that is not past, once for each day; a later day replaces them."""

    code = "commission_day"
    title = "佣金约定须从今天或以后开始，且同一天只能约定一次"
    title_en = "Terms begin today or later, one for each day"
