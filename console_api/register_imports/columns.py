"""The two layouts of superiors' lists, and how a row of each is read (domain reference 2.1).

``codes`` has the columns of the national tables AC01, AB10 and AC07 under their codes, one row to a person; ``list``
has the 29 columns of the list of 2022. What the register keeps no column for is let stand in the file and not read. No
sentence here quotes a cell.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from api_kit.spreadsheets import Column, RowProblem, SheetRow, day, fen_of_yuan, one_of, whole_number
from poverty_alleviation.errors import IdentityNumberInvalid
from poverty_alleviation.identity_numbers import read_identity_number
from poverty_alleviation.register.incomes import IncomeFigures
from poverty_alleviation.register.labels import Label
from poverty_alleviation.register.listed import ListedMember
from poverty_alleviation.register.models import LabelKind, Relation, Sex

MOST_FEN = 10**11
"""A thousand million yuan, far above what a household can have."""

_SEXES = {"男": Sex.MALE, "女": Sex.FEMALE, "1": Sex.MALE, "2": Sex.FEMALE}
_YES_OR_NO = {"是": True, "否": False, "1": True, "0": False}
_PAPERS = {
    "length": "证件号码应为 18、20 或 22 位",
    "characters": "证件号码含有不允许的字符",
    "birthday": "证件号码中的出生日期不存在",
    "check_character": "证件号码的校验位有误",
    "disability": "残疾人证的类别或等级有误",
}
_CODES = {
    "household_number": "aac001", "year": "aar040", "village": "aad001", "head_name": "aac029",
    "head_id_number": "aac031", "attribute": "aac006", "cause": "aac007", "exit_mark": "aar010", "name": "aab002",
    "sex": "aab003", "id_number": "aab004", "birthday": "aab005", "relation": "aab006", "ethnic_group": "aab007",
    "education": "aab008", "schooling": "aab009", "skill": "aab010", "health": "aab017", "phone": "aab031",
    "head_phone": "aar012", "wage_fen": "aac073", "production_fen": "aac071", "property_fen": "aac072",
    "transfer_fen": "aac085", "family_planning_fen": "aac076", "low_income_allowance_fen": "aac077",
    "destitute_support_fen": "aac086", "pension_fen": "aac087", "ecological_fen": "aac078",
    "other_transfer_fen": "aac083", "total_fen": "aac081", "production_cost_fen": "aac074", "net_fen": "aac079",
    "net_per_person_fen": "aac082",
}  # fmt: skip
_LIST = {
    "household_number": "户编号", "county": "县", "township": "乡", "village": "行政村", "name": "姓名",
    "id_number": "证件号码", "persons": "人数", "relation": "与户主关系", "ethnic_group": "民族",
    "education": "文化程度", "schooling": "在校生状况", "health": "健康状况", "skill": "劳动技能", "cause": "致贫原因1",
    "net_income_per_person_fen": "人均纯收入", "phone": "户/人联系电话", "exit_mark": "户类型",
    "monitored": "监测对象类型", "cleared": "风险是否消除", "since": "风险识别时间", "until": "风险消除时间",
}  # fmt: skip
TITLES = {"codes": _CODES, "list": _LIST}
"""The title of each value's column, by layout."""

_UNREAD = {
    "codes": (
        "aar007", "aac008", "aab018", "aab019", "aab030", "aab013", "aab014", "aab021", "aab022",
    ),
    "list": (
        "自然村", "人编号", "务工时间(月)", "大病保险", "危房户", "是否解决安全饮用水", "首次识别时间", "人员识别时间",
    ),
}  # fmt: skip
_REQUIRED = {"household_number", "year", "village", "name", "id_number", "relation", "county", "township"}
_MAY_LACK = {
    "family_planning_fen", "low_income_allowance_fen", "destitute_support_fen", "pension_fen", "ecological_fen",
    "other_transfer_fen",
}  # fmt: skip
_INCOME = IncomeFigures.__struct_fields__
_SIGNED = {"net_fen", "net_per_person_fen", "net_income_per_person_fen"}


def columns_of(layout: str, words: Sequence[Label], today: date) -> list[Column]:
    """The columns of a layout; ``words`` are those that mean something on the day of the list."""
    readers = _readers(words, today)
    read = [
        Column(name, title, readers.get(name, _plain), required=name in _REQUIRED, max_chars=60)
        for name, title in TITLES[layout].items()
    ]
    return [*read, *(Column(title, title, required=False) for title in _UNREAD[layout])]


def _readers(words: Sequence[Label], today: date) -> dict[str, Callable[[str], Any]]:
    def known(kind: LabelKind) -> Callable[[str], str]:
        of_kind = [word for word in words if word.kind == kind]
        choices = {word.code: word.code for word in of_kind} | {word.zh: word.code for word in of_kind}

        def read(text: str) -> str:
            if text not in choices:
                raise ValueError("该名称或代码未登记")
            return choices[text]

        return read

    def paper(text: str) -> str:
        try:
            return read_identity_number(text, today)
        except IdentityNumberInvalid as error:
            raise ValueError(_PAPERS[str(error.facts["reason"])]) from None

    def past(text: str) -> date:
        told = day(f"{text[:4]}-{text[4:6]}-{text[6:]}" if re.fullmatch("[0-9]{8}", text) else text)
        if told > today:
            raise ValueError("日期晚于今日")
        return told

    relation = known(LabelKind.RELATION)
    amounts = {name: fen_of_yuan(-MOST_FEN if name in _SIGNED else 0, MOST_FEN) for name in (*_INCOME, *_SIGNED)}
    return {
        **amounts,
        "id_number": paper, "head_id_number": paper,
        "relation": lambda text: Relation(relation(text)),
        "attribute": known(LabelKind.ATTRIBUTE), "cause": known(LabelKind.CAUSE),
        "exit_mark": known(LabelKind.EXIT), "monitored": known(LabelKind.MONITORED),
        "sex": one_of(_SEXES), "cleared": one_of(_YES_OR_NO), "year": whole_number(2000, 2100),
        "persons": whole_number(1, 60), "birthday": past, "since": past, "until": past,
        "phone": _phone, "head_phone": _phone, "ethnic_group": _short, "education": _short, "schooling": _short,
        "skill": _short,
    }  # fmt: skip


def _plain(text: str) -> str:
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise ValueError("含有控制字符")
    return text


def _short(text: str) -> str:
    if len(text) > 20:
        raise ValueError("超过 20 个字")
    return _plain(text)


def _phone(text: str) -> str:
    if not re.fullmatch(r"[0-9+-]{6,20}", text):
        raise ValueError("应为 6 到 20 位电话号码")
    return text


def listed_member(
    row: SheetRow, layout: str, villages: Mapping[tuple[str, str, str], str]
) -> tuple[ListedMember | None, list[RowProblem]]:
    """A row as the register takes it, or what is wrong between its cells; ``villages`` has codes by names."""
    values, titles = row.values, TITLES[layout]
    problems = [RowProblem(row.number, titles[name], detail) for name, detail in _between(values)]
    if problems:
        return None, problems
    said = {name: value for name, value in values.items() if name in ListedMember.__struct_fields__}
    if layout == "list":
        said["village"] = villages.get((values["county"], values["township"], values["village"]), "")
        if values.get("cleared"):
            said["monitored"] = None
    if said["relation"] is Relation.HEAD:
        said["phone"] = values.get("phone") or values.get("head_phone")
    figures = {name: values.get(name) for name in _INCOME}
    if any(value is not None for value in figures.values()):
        said["income"] = IncomeFigures(**figures)  # type: ignore[arg-type]
        said["net_income_per_person_fen"] = figures["net_per_person_fen"]
    return ListedMember(row=row.number, **said), []


def _between(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    wrong = []
    figures = {name for name in _INCOME if values.get(name) is not None}
    if figures:
        wrong += [(name, "收入各项须填全") for name in _INCOME if name not in figures | _MAY_LACK]
    if values.get("cleared") is not None and values.get("monitored") is None:
        wrong.append(("cleared", "没有监测对象类型"))
    since, until = values.get("since"), values.get("until")
    if bool(values.get("cleared")) != (until is not None) and "cleared" in values:
        wrong.append(("until", "风险消除时间与是否消除不符"))
    if until is not None and (since is None or until < since):
        wrong.append(("until", "风险消除时间早于识别时间"))
    return wrong
