"""What is wrong with the shape of a request, in Chinese.

msgspec and the readers of bodies say it in English; a client that does not ask for English gets these words. The names
of members and the patterns stay as they are written in the API's description.
"""

import re
from typing import Final

_NAMES: Final = {
    "str": "文本",
    "int": "整数",
    "float": "数字",
    "bool": "true 或 false",
    "array": "数组",
    "object": "对象",
    "null": "空值 null",
    "date": "日期",
    "datetime": "时间",
    "uuid": "UUID",
    "bytes": "Base64 文本",
    "binary": "文件",
}

_SENTENCES: Final = [
    (re.compile(pattern + r"\Z", re.DOTALL), words)
    for pattern, words in (
        (r"Object missing required field `(.+)`", "缺少必填项 {0}"),
        (r"Object contains unknown field `(.+)`", "不认识的项 {0}"),
        (r"Expected `(?:str|bytes)` of length >= (\d+)", "至少 {0} 个字符"),
        (r"Expected `(?:str|bytes)` of length <= (\d+)", "至多 {0} 个字符"),
        (r"Expected `(?:array|object)` of length >= (\d+)", "至少 {0} 项"),
        (r"Expected `(?:array|object)` of length <= (\d+)", "至多 {0} 项"),
        (r"Expected `array` of (?:at least )?length (\d+)(?: to \d+)?(?:, got \d+)?", "数组的项数不对，应为 {0} 项起"),
        (r"Expected `array` of at most length (\d+)(?:, got \d+)?", "至多 {0} 项"),
        (r"Expected `str` matching regex (.+)", "格式不对，应符合 {0}"),
        (r"Expected `(?:int|float)` (<=|>=|<|>) (\S+)", "数值应 {0} {1}"),
        (r"Expected `int` that's a multiple of (\d+)", "应为 {0} 的倍数"),
        (r"Expected `(.+)` with a timezone component", "应为带时区的{0:name}"),
        (r"Expected `(.+)` with no timezone component", "应为不带时区的{0:name}"),
        (r"Expected `([^`]+)`, got `([^`]+)`", "应为{0:name}，收到的是{1:name}"),
        (r"Expected `([^`]+)`", "应为{0:name}"),
        (r"Invalid enum value (.+)", "没有这个取值：{0}"),
        (r"Invalid RFC3339 encoded date", "日期应写作 2026-03-01"),
        (r"Invalid RFC3339 encoded datetime", "时间应写作 2026-03-01T12:30:00+08:00"),
        (r"Invalid RFC3339 encoded time", "时刻应写作 12:30:00"),
        (r"Invalid base64 encoded string", "不是有效的 Base64 文本"),
        (r"Invalid value (.+)", "没有这个取值：{0}"),
        (r"(?:Integer value|Number|Timestamp is) out of range\s*", "数值超出范围"),
        (r"given more than once", "重复给出"),
        (r"(?:a text )?holds the character U\+0000", "含有字符 U+0000"),
        (r"a reason is needed", "请填写理由"),
        (r"exactly one file is expected", "应上传且只上传一个文件"),
        (r"a file is expected", "应上传文件"),
        (r"too many parts", "表单的部分过多"),
        (r"not closed by its boundary", "表单没有以分界线结束"),
        (r"a part without a name", "表单有一部分没有名称"),
        (r"(\S+): too long or given twice", "{0}：过长或重复给出"),
        (r"(\S+): not UTF-8", "{0}：不是 UTF-8 文本"),
        (r"(\S+): holds the character U\+0000", "{0}：含有字符 U+0000"),
        (
            r"exactly one of region, address and pickup is needed, and none for a booking",
            "region、address、pickup 必须且只能给一个；预约时都不给",
        ),
        (
            r"exactly one of delivery, address, pickup and guest is needed",
            "delivery、address、pickup、guest 必须且只能给一个",
        ),
        (r"a gift has a message or hides the price", "礼物应有留言或隐藏价格"),
        (r"one gift for each merchant", "每个商家只能有一份礼物"),
        (r"until is the first day after the span, so later than since", "until 为区间后的第一天，须晚于 since"),
        (r"amount_fen or quote is needed", "amount_fen 与 quote 至少给一个"),
    )
]


class _Word(str):
    """A part of a sentence that can be written as the name of a type."""

    def __format__(self, form: str) -> str:
        if form != "name":
            return str(self)
        return "或".join(_NAMES.get(part.strip(), part.strip()) for part in self.split("|"))


def in_chinese(sentence: str) -> str:
    """The sentence in Chinese, or as it is where no words are known for it."""
    for pattern, words in _SENTENCES:
        if found := pattern.match(sentence):
            return words.format(*map(_Word, found.groups()))
    return sentence
