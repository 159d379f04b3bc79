"""The forms of a certificate of conformity, each in force from a day on (domain reference 3.5).

Their wording is the ministry's; a new form is a new row here and leaves older certificates as they were.
"""

from datetime import date

import msgspec


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What a form says. ``promises`` are its sentences, ``says_basis`` whether it asks what they rest on."""

    since: date
    title: str
    opening: str
    promises: tuple[str, ...]
    says_basis: bool
    kept_years: int
    document: str


FORMS = (
    Form(
        since=date(2020, 1, 1),
        title="食用农产品合格证",
        opening="我承诺对产品质量安全以及合格证真实性负责：",
        promises=(
            "不使用禁限用农药兽药",
            "不使用非法添加物",
            "遵守农药安全间隔期、兽药休药期规定",
            "销售的食用农产品符合农药兽药残留食品安全国家强制性标准",
        ),
        says_basis=False,
        kept_years=1,
        document="全国试行食用农产品合格证制度实施方案（2019 年 12 月）",
    ),
    Form(
        since=date(2026, 2, 1),
        title="农产品质量安全承诺达标合格证",
        opening="我承诺对销售的农产品：",
        promises=("不使用禁用农药兽药、停用兽药和非法添加物", "常规农药兽药残留不超标", "对承诺的真实性负责"),
        says_basis=True,
        kept_years=2,
        document="农产品质量安全承诺达标合格证管理办法（农业农村部令 2025 年第 4 号）",
    ),
)
"""Oldest first."""


def form_of(issued_on: date) -> Form:
    """The form that was in force when a certificate was issued; before there was one, the first."""
    return next((form for form in reversed(FORMS) if form.since <= issued_on), FORMS[0])
