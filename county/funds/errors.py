"""Why a fund refuses."""

from kit.errors import Conflict, Invalid, NotFound


class FundUnknown(NotFound):
    """There is no such fund."""

    code = "fund_unknown"
    title = "专项资金不存在"
    title_en = "No such fund"


class FundLineUnknown(NotFound):
    """There is no such line, or it belongs to another fund."""

    code = "fund_line_unknown"
    title = "资金科目不存在"
    title_en = "No such line of the fund"


class FundLineExists(Conflict):
    """The fund has a line of this name."""

    code = "fund_line_exists"
    title = "已有同名资金科目"
    title_en = "The fund has a line of this name"


class FundChangeInvalid(Invalid):
    """A change moves something, and names each line once."""

    code = "fund_change_invalid"
    title = "预算调整内容有误"
    title_en = "The change of budgets is not valid"


class FundRecordUnknown(NotFound):
    """There is no such change or payment."""

    code = "fund_record_unknown"
    title = "资金记录不存在"
    title_en = "No such record of the fund"


class FundRecordDecided(Conflict):
    """It was decided before; ``state`` says how."""

    code = "fund_record_decided"
    title = "该资金记录已审核"
    title_en = "The record was decided before"


class FundTotalExceeded(Conflict):
    """All budgets together would be more than the fund; ``left_fen`` is what no line has."""

    code = "fund_total_exceeded"
    title = "超出专项资金总额"
    title_en = "More than the fund has"


class FundLineExceeded(Conflict):
    """The line would have paid more than its budget; ``left_fen`` is what it has left, below zero when it is over."""

    code = "fund_line_exceeded"
    title = "超出该科目预算，请先调整预算"
    title_en = "More than the line has left"


class FundPaymentNotReversible(Conflict):
    """Only an approved payment is taken back, once, and never one that the bank has carried out."""

    code = "fund_payment_not_reversible"
    title = "该笔支付不能撤回"
    title_en = "The payment cannot be taken back"


class FundBankPaymentInvalid(Invalid):
    """The bank's payment ``reference`` names a payment that it cannot have carried out, or is zero."""

    code = "fund_bank_payment_invalid"
    title = "银行支付记录有误"
    title_en = "The bank's payment is not valid"


class FundReferenceTaken(Conflict):
    """The bank's ``reference`` stands for another payment already; a fact does not change."""

    code = "fund_reference_taken"
    title = "该银行流水号已登记为另一笔支付"
    title_en = "The reference stands for another payment"
