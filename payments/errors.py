"""What this room refuses."""

from kit.errors import Conflict, Invalid, NotAuthenticated, NotFound, Unavailable


class PaymentNotFound(NotFound):
    """There is no payment with this reference."""

    code = "payment_not_found"
    title = "支付单不存在"
    title_en = "No such payment"


class PaymentDiffers(Conflict):
    """The reference has a payment already, with other terms."""

    code = "payment_differs"
    title = "支付单已存在且内容不同"
    title_en = "The payment exists with other terms"


class PayeeNotReady(Conflict):
    """The payee has no merchant number at the channel yet, so no money can land there."""

    code = "payee_not_ready"
    title = "商家尚未开通收款"
    title_en = "The payee cannot take payments yet"


class CombinationNotOffered(Conflict):
    """Without a merchant number of each payee (direct mode) several payees cannot be paid at once: order one by one."""

    code = "combination_not_offered"
    title = "当前收款方式不支持多商户合并付款，请按商户分别下单"
    title_en = "Several payees cannot be paid at once here"


class CombinationTooLarge(Conflict):
    """One payment may go to ``limit`` payees at most, and each needs a merchant number of its own."""

    code = "combination_too_large"
    title = "合并付款的商户过多或收款账户重复，请分开下单"
    title_en = "Too many payees, or one account twice, for one payment"


class AmountInvalid(Invalid):
    """An amount is not a whole number of fen between 1 and the channel's limit."""

    code = "payment_amount_invalid"
    title = "金额有误"
    title_en = "The amount is not valid"


class PaymentNotOpen(Conflict):
    """The payment is paid, closed, expired or held, so it cannot be paid (again)."""

    code = "payment_not_open"
    title = "该支付单当前不可支付"
    title_en = "The payment cannot be paid now"


class PaymentRefused(Conflict):
    """The channel refuses to open the payment; ``channel_code`` is its code."""

    code = "payment_refused"
    title = "支付渠道拒绝了该支付请求"
    title_en = "The payment channel refused"


class ChannelUnavailable(Unavailable):
    """The channel did not answer. The same request may be repeated: it keeps its number."""

    code = "payment_channel_unavailable"
    title = "支付渠道暂无响应，请稍后重试"
    title_en = "The payment channel does not answer"


class NotRefundable(Conflict):
    """The payment has not been captured, or is too old, or has been refunded too often."""

    code = "not_refundable"
    title = "该支付单当前不可退款"
    title_en = "The payment cannot be refunded"


class RefundTooLarge(Conflict):
    """All refunds together would exceed what was captured; ``left_fen`` is what may still be refunded."""

    code = "refund_too_large"
    title = "退款金额超过可退金额"
    title_en = "The refund exceeds what was captured"


class RefundDiffers(Conflict):
    """The refund reference was used for another amount or another payment."""

    code = "refund_differs"
    title = "退款单已存在且内容不同"
    title_en = "The refund exists with other terms"


class NoticeNotAuthentic(NotAuthenticated):
    """A notice has no valid, fresh signature of the channel."""

    code = "notice_not_authentic"
    title = "通知签名验证失败"
    title_en = "The notice is not authentic"


class NoticeNotReadable(Invalid):
    """A notice is signed and cannot be decrypted or understood."""

    code = "notice_not_readable"
    title = "通知内容无法解析"
    title_en = "The notice cannot be read"


class NoticeNotAccepted(Conflict):
    """A notice is genuine and does not fit what was asked for; it is kept and a person is told."""

    code = "notice_not_accepted"
    title = "通知内容与支付单不符"
    title_en = "The notice does not fit the payment"


class DifferenceUnknown(NotFound):
    """There is no such difference."""

    code = "difference_unknown"
    title = "账单差异不存在"
    title_en = "No such difference"


class DifferenceNotMovable(Conflict):
    """The difference has ended, or nobody has taken it up yet."""

    code = "difference_state"
    title = "差异当前状态不允许此操作"
    title_en = "Not possible in the difference's present state"


class SplitUnknown(NotFound):
    """There is no such split, or it is not the caller's."""

    code = "split_unknown"
    title = "分账记录不存在"
    title_en = "No such split"


class OwnerUnknown(Invalid):
    """The owner of a difference, a split or a complaint is a county officer with a role that is valid now."""

    code = "owner_unknown"
    title = "负责人不是在岗的县级商务干部"
    title_en = "The owner is no county officer"
