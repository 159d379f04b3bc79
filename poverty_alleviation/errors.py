"""Why the poverty office's records refuse something."""

from kit.errors import Conflict, Invalid, NotFound, NotPermitted, Unavailable


class HouseholdUnknown(NotFound):
    """No household with this code, or it was erased."""

    code = "household_unknown"
    title = "农户不存在"
    title_en = "No such household"


class HouseholdExists(Conflict):
    """The code or the identity number is in the register already."""

    code = "household_exists"
    title = "该农户已在册"
    title_en = "The household is registered already"


class HouseholdMerged(Conflict):
    """The household has merged into another one, which takes what is new."""

    code = "household_merged"
    title = "该户已并入另一户"
    title_en = "The household has merged into another one"


class IdentityNumberInvalid(Invalid):
    """A paper's number has a wrong length, character, birthday or check character; the number is never quoted."""

    code = "identity_number_invalid"
    title = "证件号码有误，请核对"
    title_en = "The number of the identity paper is not valid"


class VillageUnknown(Invalid):
    """No village with this division code in the township, among the divisions that were entered."""

    code = "village_unknown"
    title = "行政村代码不存在"
    title_en = "No such village"


class SpanOverlaps(Conflict):
    """The dates overlap a span that is on record, or end before they begin."""

    code = "span_overlaps"
    title = "起止日期与已有记录重叠"
    title_en = "The dates overlap a recorded span"


class LinkUnknown(NotFound):
    """The supplier does not stand for a household on that date."""

    code = "supplier_link_unknown"
    title = "该供货人当日未与农户关联"
    title_en = "The supplier is not linked on that date"


class SupplierNotEntered(NotFound):
    """No supplier with this number is in the register of deliveries."""

    code = "supplier_not_entered"
    title = "供货人不存在"
    title_en = "No such supplier"


class ContractUnknown(NotFound):
    """No benefit contract with this number."""

    code = "benefit_contract_unknown"
    title = "联农带农合同不存在"
    title_en = "No such benefit contract"


class ContractInvalid(Invalid):
    """A contract names a party for each role of its chain and ends after it begins; no party stands in two roles."""

    code = "benefit_contract_invalid"
    title = "合同内容不完整"
    title_en = "The contract is not complete"


class PartyUnknown(Invalid):
    """Some ``parties`` are not what their ``role`` in the chain says: site, merchant, cooperative or household."""

    code = "benefit_contract_party_unknown"
    title = "合同当事方不存在或类型不符"
    title_en = "A party of the contract is not what its role says"


class ContractNotMovable(Conflict):
    """The contract is not where this step begins; ``state`` is where it is."""

    code = "benefit_contract_not_movable"
    title = "合同当前状态不允许此操作"
    title_en = "The contract does not take this step"


class RuleUnknown(NotFound):
    """The contract has no rule with this code, or no version of it that waits for a decision."""

    code = "benefit_rule_unknown"
    title = "收益规则不存在或无待审版本"
    title_en = "No such rule, or no version of it waits"


class RulePending(Conflict):
    """Another version of the rule waits for its decision."""

    code = "benefit_rule_pending"
    title = "该规则已有待审版本"
    title_en = "Another version of the rule waits for its decision"


class RuleInvalid(Invalid):
    """What the rule says does not fit its mechanism, kind or earlier version; ``field`` names what."""

    code = "benefit_rule_invalid"
    title = "收益规则有误"
    title_en = "The benefit rule is not valid"


class LineNotRecorded(Unavailable):
    """A fact of a line came before the fact that it was paid; it is delivered again."""

    code = "line_not_recorded"
    title = "订单行尚未入账"
    title_en = "The line is not in the books yet"


class OrderDoesNotAdd(Conflict):
    """The lines and the freight of a paid order are not its amount: nothing is posted rather than a guess."""

    code = "order_does_not_add"
    title = "订单金额与明细不符"
    title_en = "The order's lines do not add up to its amount"


class IncomeClaimedTwice(Conflict):
    """The same delivery may not be paid at the scale and again per kilogram when it is sold."""

    code = "income_claimed_twice"
    title = "同一收购单不得重复计入收入"
    title_en = "One delivery cannot be income twice"


class PayoutDiffers(Conflict):
    """The amount is not what the household has earned with this merchant now."""

    code = "payout_differs"
    title = "付款金额与应付金额不符"
    title_en = "The amount is not what has been earned"


class PayoutInRun(Conflict):
    """What is paid stands in a payout run already: its result is recorded there, or the run is discarded first.

    ``run`` is its number, ``in_run_fen`` what runs hold of the household with the merchant.
    """

    code = "payout_in_run"
    title = "该款项已列入付款批次，请在批次中登记银行结果"
    title_en = "This stands in a payout run already: record its result there"


class VoucherUsed(Conflict):
    """The bank voucher is on record for another payout to this household."""

    code = "bank_voucher_used"
    title = "该银行回单已登记"
    title_en = "The bank voucher is recorded already"


class IncomeUnknown(NotFound):
    """No payout or paid intake with this number belongs to a household."""

    code = "income_unknown"
    title = "收入记录不存在"
    title_en = "No such income record"


class ConfirmedBefore(Conflict):
    """The household has confirmed this income already, with other evidence."""

    code = "income_confirmed_before"
    title = "该笔收入已确认"
    title_en = "This income is confirmed already"


class ProvedUnknown(NotFound):
    """There is no record with this number that a photograph could prove."""

    code = "proved_record_unknown"
    title = "凭证所证明的记录不存在"
    title_en = "No such record to prove"


class ProofInvalid(Invalid):
    """A photographed statement is handed in as a sheet, where its code files it."""

    code = "proof_invalid"
    title = "签字的对账单请在签字页入口上传"
    title_en = "Hand in a signed statement as a sheet"


class ViewNotPermitted(NotPermitted):
    """The purpose opens none of the fields asked for to this role (``poverty_alleviation/unmasking.py``)."""

    code = "view_not_permitted"
    title = "该用途不可查看所请求的内容"
    title_en = "This purpose does not open what was asked for"
