"""What is wrong with a row of a spreadsheet, in English.

Readers of files say it in Chinese, as whoever fills them in does; a client that asks for English gets these words. The
titles of columns, and the words that a cell may hold, stay as they stand in the file.
"""

import re
from typing import Final

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
    )
]


def in_english(sentence: str) -> str:
    """The sentence in English, or as it is where no words are known for it."""
    for pattern, words in _SENTENCES:
        if found := pattern.match(sentence):
            return words.format(*found.groups())
    return sentence
