"""What is wrong with a row of a spreadsheet, in English.

Readers of files say it in Chinese, as whoever fills them in does; a client that asks for English gets these words. The
titles of columns, and the words that a cell may hold, stay as they stand in the file.
"""

import re
from functools import cache
from typing import Any, Final, get_args, get_origin

import msgspec

from kit.errors import DomainError
from kit.money import NotAnAmount

_SENTENCES: Final = [
    (re.compile(pattern + r"\Z", re.DOTALL), words)
    for pattern, words in (
        (re.escape(NotAnAmount.title), NotAnAmount.title_en),
        (r"这一行的内容超出了表头的列", "The row has more cells than the header has columns"),
        (r"不接受公式，请粘贴为数值", "Formulas are not taken: paste the values"),
        (r"超过 (\d+) 个字", "Longer than {0} characters"),
        (r"不能为空", "Must not be empty"),
        (r"应为 (\S+) 到 (\S+) 的整数", "Must be a whole number from {0} to {1}"),
        (r"应为 (\S+) 到 (\S+) 元", "Must be an amount from {0} to {1} yuan"),
        (r"应为日期，例如 (\S+)", "Must be a date, for example {0}"),
        (r"应为时间，例如 (.+)", "Must be a time, for example {0}"),
        (r"应为：(.+)", "Must be one of: {0}"),
        (r"格式有误", "Has not the form that is expected"),
        (r"不属于本批次", "Not of this payout run"),
        (r"同一明细出现两次", "The same line twice"),
        (r"明细不存在或金额不符", "No such line, or another amount"),
        (
            r"付款成功须有回单号，付款日期不早于批准当日、不晚于今天",
            "What is paid has a voucher number, and a day from the approval to today",
        ),
        (r"该明细已登记为付款成功，回单不同", "The line is recorded as paid already, by another voucher"),
        (r"该明细已有其他结果", "The line has another result already"),
        (r"同一订单在文件中重复出现", "The same order twice in the file"),
        # of products
        (r"商品代码与货号至少填一项", "Needs a product code or an article number"),
        (r"与同一商品的首行不一致", "Not as the first row of the same product"),
        (r"同一商品的规格重复", "The same specification twice in one product"),
        (r"不是该商品的规格", "Not a SKU of this product"),
        (
            r"商品不在草稿状态，只能修改价格和库存",
            "The product is no draft: prices and stock alone may change",
        ),
        (r"含有控制字符", "Holds control characters"),
        (r"应为 (\d+) 位数字", "Must be {0} digits"),
        (r"校验位有误", "The check digit is wrong"),
        (r"商品代码有误", "Not a product code"),
        (r"类目代码有误", "Not a category code"),
        (r"规格代码有误", "Not a SKU code"),
        # of other channels
        (
            r"应为 1 到 64 位字母、数字、下划线或连字符",
            "Must be 1 to 64 letters, digits, underscores or hyphens",
        ),
        (r"规格编码格式有误", "Not a SKU code"),
        (r"电话格式有误", "Not a telephone number"),
        (r"没有导入过该外部订单", "This order was never brought in"),
        (r"该订单没有这个规格", "The order has no such SKU"),
        (r"该外部退款已导入过，内容与这次不同", "The refund was brought in before, and said something else"),
        (r"同一退款中规格重复出现", "The same SKU twice in one refund"),
        (r"只剩 (\d+) 件可退", "Only {0} pieces are left to be refunded"),
        (r"超过可退的 (\S+) 元", "More than the {0} yuan that can be refunded"),
        (r"超过可退的运费 (\S+) 元", "More than the {0} yuan of freight that can be refunded"),
        (r"退款金额为 0", "The refund is of 0 yuan"),
        (
            r"退完全部件数应退 (\S+) 元；只退部分金额请把件数写 0",
            "All pieces are {0} yuan; for a part of the money write 0 pieces",
        ),
        (r"退款时间早于付款，或在将来", "The refund lies before the payment, or ahead"),
        (r"该外部订单已导入过，内容与这次不同", "The order was brought in before, and said something else"),
        (
            r"地址中认不出唯一的县级地区，订单将没有地区代码",
            "The address names no one county: the order will have no region",
        ),
        (r"同一订单内规格重复出现", "The same SKU twice in one order"),
        (r"与该订单的第一行不一致", "Not as the first row of the same order"),
        (r"付款时间在将来，或早于一年", "The payment lies ahead, or more than a year ago"),
        (
            r"订单金额应大于 0 且小于一百万元",
            "The order must be of more than 0 and less than a million yuan",
        ),
        (r"没有该规格，或不属于该商户", "No such SKU, or not the merchant's"),
        (r"库存不足，只剩 (\d+) 件", "Out of stock: {0} pieces are left"),
        (
            r"该订单当日的结算已登记，金额与这次不同",
            "The settlement of this order and day is recorded, with another amount",
        ),
        (r"到账金额与手续费都为 0", "Neither a payment nor a fee"),
        (r"结算日期在将来，或早于一年", "The day lies ahead, or more than a year ago"),
        # of superiors' lists
        (r"证件号码应为 18、20 或 22 位", "The paper's number has 18, 20 or 22 characters"),
        (r"证件号码含有不允许的字符", "The paper's number holds a character that it cannot have"),
        (r"证件号码中的出生日期不存在", "The day of birth in the paper's number does not exist"),
        (r"证件号码的校验位有误", "The check character of the paper's number is wrong"),
        (r"残疾人证的类别或等级有误", "Kind or degree of the disability card is wrong"),
        (r"该名称或代码未登记", "Neither a name nor a code that is on record"),
        (r"日期晚于今日", "The day lies ahead"),
        (r"应为 6 到 20 位电话号码", "Must be a telephone number of 6 to 20 characters"),
        (r"收入各项须填全", "All kinds of income must be given"),
        (r"没有监测对象类型", "Without a kind of monitoring"),
        (r"风险消除时间与是否消除不符", "The day contradicts whether the risk is gone"),
        (r"风险消除时间早于识别时间", "The risk would be gone before it was found"),
        (r"同一人在名册中出现多次", "The same person more than once on the list"),
        (r"与同一户的其他行不一致", "Not as the other rows of the same household"),
        (r"与导入的年度不符", "Of another year than the list"),
        (r"行政村未登记", "The village is not on record"),
        (r"与该户的行数不符", "Not as many as the household has rows"),
        (r"每户应有且只有一名户主", "A household has one head, and no more"),
        (r"与户主所在行不符", "Not as in the head's own row"),
        (r"与其他各项不符", "Contradicts the other figures"),
        (
            r"该证件号码不含出生日期，请改填身份证号码或出生日期",
            "This paper's number has no day of birth: give an identity card's, or the day",
        ),
        (r"与证件号码不符", "Not as in the paper's number"),
        (r"出生日期不合理", "Not a likely day of birth"),
        (r"户主须年满 18 周岁", "A head is 18 or older"),
        (r"户编号与户主在册于不同的户", "Number and head are of two households of the register"),
        (r"与名册中的另一户在册为同一户", "The same household of the register as another one of the list"),
        (
            r"该成员属于在册的另一户，请先办理转户",
            "Belongs to another household of the register: move the member first",
        ),
        (r"与在册的行政村不同", "In another village than in the register"),
        (
            r"与在册户主不同，请先办理户主变更",
            "Another head than in the register: change the head first",
        ),
        (r"该成员自该日起以未成年人在册", "In the register as a minor from that day on"),
        (
            r"该户有未登记证件号码的在册成员，请先补登",
            "The household has members without a paper's number in the register: enter it first",
        ),
    )
]


def in_english(sentence: str) -> str:
    """The sentence in English, or as it is where no words are known for it; a refusal's title has its own."""
    for pattern, words in _SENTENCES:
        if found := pattern.match(sentence):
            return words.format(*found.groups())
    return _titles().get(sentence, sentence)


def row_in_english(fact: object) -> object:
    """What is said of a row, as plain JSON, in English; anything else as it is."""
    if isinstance(fact, dict) and "row" in fact and isinstance(fact.get("detail"), str):
        return fact | {"detail": in_english(fact["detail"])}
    return fact


def members_about_rows(returns: Any) -> tuple[str, ...]:
    """The members of an answer that say something about rows: lists of structs with ``row`` and ``detail``."""
    if not (isinstance(returns, type) and issubclass(returns, msgspec.Struct)):
        return ()
    return tuple(each.encode_name for each in msgspec.structs.fields(returns) if _is_about_rows(each.type))


def in_clients_words(answer: bytes, members: tuple[str, ...]) -> bytes:
    """An answer in JSON with those members in English. What is kept of it stays as it was."""
    told = msgspec.json.decode(answer)
    return msgspec.json.encode(told | {name: [row_in_english(each) for each in told[name]] for name in members})


def _is_about_rows(kind: Any) -> bool:
    (item, *_) = get_args(kind) or (None,)
    is_struct = isinstance(item, type) and issubclass(item, msgspec.Struct)
    return get_origin(kind) is list and is_struct and {"row", "detail"} <= set(item.__struct_fields__)


@cache
def _titles() -> dict[str, str]:
    """The titles of all refusals: a room may say one of a row."""
    found: dict[str, str] = {}
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        found |= {kind.title: kind.title_en for kind in kinds}
        waiting += kinds
    return found
