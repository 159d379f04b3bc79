"""What is wrong with a document of events: where, a stable code, and a sentence in both languages."""

import msgspec

# Code -> the sentence in Chinese and in English. A remark does not keep an event out.
SENTENCES: dict[str, tuple[str, str]] = {
    "not_json": ("文件不是合法的 JSON", "The file is not JSON"),
    "not_utf8": ("文件不是 UTF-8 编码", "The file is not UTF-8"),
    "too_deep": ("嵌套层数过多", "Nested too deeply"),
    "member_twice": ("同一对象内成员名称重复", "An object has the same member twice"),
    "number_wrong": ("数值超出范围，或为 NaN、Infinity", "A number is out of range, or NaN or Infinity"),
    "character_wrong": ("文本含有不允许的字符", "A text has characters that are not allowed"),
    "text_long": ("文本过长", "A text is too long"),
    "not_a_document": ("不是 EPCISDocument", "Not an EPCISDocument"),
    "version_wrong": ("schemaVersion 必须为 2.0", "schemaVersion must be 2.0"),
    "too_many_events": ("事件条数超过上限", "More events than are taken at once"),
    "no_events": ("文件中没有事件", "There are no events"),
    "context_missing": ("@context 没有引用 EPCIS 2.0 的标准上下文", "@context does not name the context of EPCIS 2.0"),
    "context_not_read": (
        "@context 只接受标准上下文和就地声明的命名空间前缀",
        "Only the standard's context and prefixes declared in place are read",
    ),
    "context_redefines": ("@context 改变了标准规定的名称", "@context gives a standard name another meaning"),
    "namespace_undeclared": ("命名空间前缀没有在 @context 中声明", "The prefix is not declared in @context"),
    "kind_wrong": ("值的类型不对", "The value is of the wrong kind"),
    "type_unknown": ("事件类型不是五种标准类型之一", "Not one of the five types of event"),
    "member_missing": ("缺少必填成员", "A required member is missing"),
    "member_unknown": ("此处没有这个成员；自定义成员须带命名空间", "No such member here; own members need a namespace"),
    "time_wrong": ("时间须为带时区的 RFC 3339 格式", "A time must be RFC 3339 with its offset"),
    "time_ahead": ("事件时间在将来", "The event lies in the future"),
    "time_order": ("结束时间早于开始时间", "The end lies before the start"),
    "offset_wrong": ("时区偏移须为 ±hh:mm", "An offset must be ±hh:mm"),
    "address_wrong": ("须为合法的 URI", "Must be a URI"),
    "key_wrong": ("GS1 编码格式或校验位有误", "A GS1 key has a wrong form or check digit"),
    "word_unknown": ("不是核心业务词汇（CBV 2.0）中的词", "Not a word of the Core Business Vocabulary 2.0"),
    "word_old": ("CBV 词汇须用 2.0 的写法", "Words of the vocabulary are written as in 2.0"),
    "action_wrong": ("action 须为 ADD、OBSERVE 或 DELETE", "action must be ADD, OBSERVE or DELETE"),
    "list_empty": ("列表不能为空", "The list must not be empty"),
    "listed_twice": ("列表中有重复项", "Something is listed twice"),
    "list_long": ("列表过长", "The list is too long"),
    "what_missing": ("没有说明涉及的货物", "The event names no goods"),
    "parent_missing": ("ADD 或 DELETE 时须有 parentID", "ADD and DELETE need a parentID"),
    "ilmd_without_add": ("只有 ADD 事件可以带 ilmd", "Only an event with ADD has ilmd"),
    "unit_wrong": ("计量单位代码有误", "The unit is not a code of two or three characters"),
    "quantity_wrong": ("数量不能为负，没有单位时须为整数", "A quantity is not negative, and whole without a unit"),
    "set_and_unset": ("同一状态不能同时设置和取消", "One disposition is set and unset"),
    "corrects_itself": ("更正事件不能是被声明的事件本身", "An event cannot be its own correction"),
    "pair_unusual": ("业务步骤与状态的组合不常见", "An unusual disposition for this step"),
    "term_undeclared": (
        "没有命名空间的名称会被 JSON-LD 读者忽略",
        "A name without a namespace is lost on readers of JSON-LD",
    ),
    "event_id_wrong": ("事件编号的散列与内容不符", "The event's id is not the hash of what it says"),
    "event_id_taken": ("同一编号已有内容不同的事件", "Another event has this id already"),
    "event_twice": ("文件内事件重复", "The file has this event twice"),
    "declared_unknown": ("没有接收过被声明有误的事件", "The event that this declares wrong was never taken in"),
    "declared_foreign": ("只有记录事件的一方可以声明其有误", "Only who recorded an event declares it wrong"),
}
REMARKS = frozenset({"pair_unusual", "term_undeclared", "event_twice", "declared_unknown"})
MAX_FINDINGS = 200
MAX_TOLD_CHARS = 100
"""An id by the hash of its event is 89 characters long and told whole: whoever sent a wrong one needs the right one."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fault. ``event`` is its place in the list, from 0, or None; ``pointer`` leads there in the file (RFC 6901).

    ``told`` is what stands there, cut short. ``blocks`` is False for a remark.
    """

    event: int | None
    pointer: str
    code: str
    told: str
    sentence: str
    sentence_en: str
    blocks: bool


def finding(code: str, pointer: str = "", told: object = "", event: int | None = None) -> Finding:
    """A fault with its sentences."""
    sentence, english = SENTENCES[code]
    return Finding(
        event=event,
        pointer=pointer[:300],
        code=code,
        told=str(told)[:MAX_TOLD_CHARS],
        sentence=sentence,
        sentence_en=english,
        blocks=code not in REMARKS,
    )
