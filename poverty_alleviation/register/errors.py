"""Why the register of members and accounts refuses something. No error quotes a name or a number."""

from kit.errors import Conflict, Invalid, NotFound


class MemberUnknown(NotFound):
    """Nobody with this code belongs to the household."""

    code = "household_member_unknown"
    title = "家庭成员不存在"
    title_en = "No such member of the household"


class MemberRegistered(Conflict):
    """The person belongs to a household on those days already, or the household has a head."""

    code = "household_member_registered"
    title = "该成员已在册，或该户已有户主"
    title_en = "The person is a member, or the household has a head"


class MemberInvalid(Invalid):
    """``reason`` is what is wrong: name, relation, birth_year, head, or minor for a minor with more than that year."""

    code = "household_member_invalid"
    title = "成员信息有误；未成年人只登记出生年份"
    title_en = "Not a member's details; of a minor the year of birth alone is kept"


class AccountUnknown(NotFound):
    """The household has no bank account with this code."""

    code = "household_account_unknown"
    title = "银行账户不存在"
    title_en = "No such bank account"


class AccountRegistered(Conflict):
    """The account is on record for the household on those days already."""

    code = "household_account_registered"
    title = "该账户已登记"
    title_en = "The account is recorded already"


class AccountInvalid(Invalid):
    """A card or account has 12 to 30 digits and one holder: a member, or a relative by name and relation."""

    code = "household_account_invalid"
    title = "账户信息有误"
    title_en = "Not the details of a bank account"


class WalletUnknown(NotFound):
    """The household has no such WeChat account that stands."""

    code = "household_wallet_unknown"
    title = "微信收款登记不存在或已终止"
    title_en = "No such WeChat account of the household"


class WalletPayeeUnknown(NotFound):
    """Nobody has this number as a buyer, or the account is closed."""

    code = "household_wallet_payee_unknown"
    title = "微信用户编号不存在"
    title_en = "No such account as a buyer"


class WalletRegistered(Conflict):
    """The household has a WeChat account that stands, or this one stands for another household."""

    code = "household_wallet_registered"
    title = "该户已有微信收款登记，或该微信已为他户登记"
    title_en = "The household or the WeChat account is registered already"


class LabelUnknown(Invalid):
    """No label of this kind has the code."""

    code = "register_label_unknown"
    title = "名称代码未登记"
    title_en = "No such label"


class LabelSpanInvalid(Invalid):
    """The word would no longer be used before, or as soon as, it is."""

    code = "register_label_span_invalid"
    title = "名称的停用日期应晚于启用日期"
    title_en = "The label would end before it begins"


class LabelExists(Conflict):
    """The word means something in those days already."""

    code = "register_label_exists"
    title = "该名称已登记"
    title_en = "The label is recorded already"


class IncomeInvalid(Invalid):
    """The figures of a year do not add up; ``members`` names those that differ from the sum of the others."""

    code = "household_income_invalid"
    title = "收入各项与合计不符"
    title_en = "The figures of the income do not add up"


class ListInvalid(Invalid):
    """What is said of a whole list: ``reason`` is year or day, which lies in the future."""

    code = "register_list_invalid"
    title = "名册的年度或日期有误"
    title_en = "Not the year or the day of a list"
