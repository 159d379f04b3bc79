"""The words of offices, as rows: names change from year to year, the codes behind them do not."""

from dataclasses import dataclass
from datetime import date

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, utc_now
from kit.database import rows, scalar, transaction
from poverty_alleviation.register.errors import LabelExists, LabelSpanInvalid, LabelUnknown
from poverty_alleviation.register.models import LabelKind, RegisterLabel, Relation

_SOURCE = "domain reference 2.1"
_OFFICES = (
    ("poverty_office", "扶贫办", date(2000, 1, 1), date(2021, 1, 1)),
    ("poverty_office", "乡村振兴局", date(2021, 1, 1), None),
)
_WORDS: dict[LabelKind, dict[str, str]] = {
    LabelKind.RELATION: {
        Relation.HEAD: "户主 本人", Relation.SPOUSE: "配偶 妻子 丈夫",
        Relation.CHILD: "子女 之子 之女 长子 次子 长女 次女",
        Relation.CHILD_IN_LAW: "儿媳 之儿媳 女婿 之女婿", Relation.GRANDCHILD: "孙子女 之孙子 之孙女 之外孙子 之外孙女",
        Relation.PARENT: "父母 之父 之母 父亲 母亲", Relation.GRANDPARENT: "祖父母 之祖父 之祖母",
        Relation.SIBLING: "兄弟姐妹 之兄弟姐妹", Relation.OTHER: "其他 之其他",
    },
    LabelKind.ATTRIBUTE: {"01": "一般贫困户 一般户", "04": "低保贫困户 扶贫低保户", "06": "特困供养户 五保户"},
    LabelKind.CAUSE: {
        "illness": "因病", "disability": "因残", "schooling": "因学", "disaster": "因灾", "marriage": "因婚",
        "bereavement": "因丧", "land": "缺土地", "water": "缺水", "skill": "缺技术", "labour": "缺劳动力",
        "capital": "缺资金", "roads": "交通条件落后", "motivation": "自身发展动力不足", "other": "其他",
    },
    LabelKind.EXIT: {"not_exited": "未脱贫", "exiting": "预脱贫", "exited": "已脱贫 脱贫户", "returned": "返贫"},
    LabelKind.MONITORED: {"unstable": "脱贫不稳定户", "marginal": "边缘易致贫户", "sudden": "突发严重困难户"},
    LabelKind.MEASURE: {
        "industry": "产业帮扶", "employment": "就业帮扶", "finance": "金融帮扶", "education": "教育帮扶",
        "health": "健康帮扶", "housing": "住房安全", "water": "饮水安全", "relief": "综合保障", "skill": "技能培训",
        "other": "其他",
    },
}  # fmt: skip
"""Words in use up to 2022 (domain reference 2.1, "Enumerations in use"); an installation adds its own."""
_UNVERIFIED = {LabelKind.MEASURE: "general usage, unverified"}
"""Kinds of words that the reference does not list."""


class Label(msgspec.Struct, frozen=True):
    """A word for a code; ``valid_until`` is the first day on which it is no longer used."""

    kind: str
    code: str
    zh: str
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True)
class RegisterLabels:
    """The register of words. The poverty office enters them."""

    clock: Clock = utc_now

    async def enter(self, label: Label, source: str, by: str) -> None:
        """Put a word on record.

        Raises :class:`LabelExists` when it means something in those days, and :class:`LabelSpanInvalid`.
        """
        if label.valid_until is not None and label.valid_until <= label.valid_from:
            raise LabelSpanInvalid()
        try:
            async with transaction():
                await RegisterLabel.create(
                    **msgspec.structs.asdict(label), source=source, recorded_by=by, recorded_at=self.clock()
                )
        except IntegrityError:
            raise LabelExists(kind=label.kind, label=label.zh) from None

    async def enter_usual(self, by: str) -> None:
        """Enter the words that the reference names; for an installation that has none yet."""
        for code, zh, since, until in _OFFICES:
            await self.enter(Label(LabelKind.OFFICE, code, zh, since, until), _SOURCE, by)
        for kind, words in _WORDS.items():
            for code, spellings in words.items():
                for zh in spellings.split():
                    source = _UNVERIFIED.get(kind, _SOURCE)
                    await self.enter(Label(kind, code, zh, date(2000, 1, 1), None), source, by)


async def labels(day: date) -> list[Label]:
    """Every word that is used on a day, by kind and code; of one code the first is the one to show."""
    found = await rows(
        "SELECT kind, code, zh, valid_from, valid_until FROM register_label"
        " WHERE daterange(valid_from, valid_until) @> $1::date ORDER BY kind, code, id",
        day,
    )
    return [msgspec.convert(each, Label) for each in found]


async def check_label(kind: LabelKind, code: str | None) -> None:
    """Raises :class:`LabelUnknown` for a code that no word stands for, on any day. None is nothing to check."""
    known = "SELECT 1 FROM register_label WHERE kind = $1 AND code = $2 LIMIT 1"
    if code is not None and not await scalar(known, kind, code):
        raise LabelUnknown(kind=kind)
