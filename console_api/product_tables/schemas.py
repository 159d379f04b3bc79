"""The wire of product tables, and the columns that a table has."""

import re
from datetime import date
from typing import Annotated, Literal

import msgspec

from accounts.actors import MerchantClerk
from api_kit.schemas import Input, View
from api_kit.spreadsheets import Cell, Column, fen_of_yuan, matching, one_of, whole_number
from kit.gs1 import gtin_holds
from kit.money import yuan
from products.drafts import ReturnPolicy
from products.imports import ExportRow
from products.stock_history import Movement

POLICIES = {
    "七天无理由": ReturnPolicy.SEVEN_DAYS,
    "七天无理由（拆封不退）": ReturnPolicy.SEVEN_DAYS_UNOPENED,
    "激活后不退": ReturnPolicy.NONE_ACTIVATED,
    "临期或瑕疵不退": ReturnPolicy.NONE_NEAR_EXPIRY,
    "鲜活易腐不退": ReturnPolicy.NONE_FRESH,
    "定制不退": ReturnPolicy.NONE_CUSTOM,
    "按券面规则": ReturnPolicy.VOUCHER,
}
_LABELS = {policy: label for label, policy in POLICIES.items()}


def _plain(text: str) -> str:
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise ValueError("含有控制字符")
    return text


def _gtin(text: str) -> str:
    if not re.fullmatch("[0-9]{14}", text):
        raise ValueError("应为 14 位数字")
    if not gtin_holds(text):
        raise ValueError("校验位有误")
    return text


COLUMNS = (
    Column("product", "商品代码", matching(r"[A-Z0-9]{1,24}", "商品代码有误"), required=False, max_chars=24),
    Column("article", "货号", _plain, required=False, max_chars=40),
    Column("title", "名称", _plain, max_chars=60),
    Column("subtitle", "副标题", _plain, required=False, max_chars=120),
    Column("township", "产地乡镇代码", matching(r"[0-9]{9}", "应为 9 位数字"), max_chars=9),
    Column("category", "类目代码", matching(r"[a-z0-9-]{1,24}", "类目代码有误"), max_chars=24),
    Column("return_policy", "退货规则", one_of(POLICIES), max_chars=20),
    Column("sku", "规格代码", matching(r"[A-Z0-9]{1,24}", "规格代码有误"), required=False, max_chars=24),
    Column("spec", "规格", _plain, max_chars=60),
    Column("price_fen", "价格（元）", fen_of_yuan(1, 100_000_000), max_chars=12),
    Column("mass_gram", "单件质量（克）", whole_number(0, 1_000_000), max_chars=8),
    Column("gtin", "商品条码", _gtin, required=False, max_chars=14),
    Column("stock_change", "库存增减", whole_number(-1_000_000, 1_000_000), required=False, max_chars=8),
    Column("available", "当前可售（只读）", str, required=False, max_chars=20),
)
TITLES = [column.title for column in COLUMNS]


def cells_of(found: ExportRow) -> list[Cell]:
    """A row as it is exported, in the order of :data:`COLUMNS`; the change of stock is left empty."""
    return [
        found.product,
        None,
        found.title,
        found.subtitle,
        found.township,
        found.category,
        _LABELS[ReturnPolicy(found.return_policy)],
        found.sku,
        found.spec,
        yuan(found.price_fen),
        found.mass_gram,
        found.gtin,
        None,
        found.available,
    ]


class ImportQuery(Input):
    """Whether only to say what would happen."""

    dry_run: bool = False


class ExportQuery(Input):
    """In which format."""

    format: Literal["xlsx", "csv"] = "xlsx"


class MovementsQuery(Input):
    """Which page."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class MovementsView(View):
    """A page of stock movements, newest first."""

    movements: list[Movement]
    next_cursor: str | None


def file_name(actor: MerchantClerk, day: date, file_format: str) -> str:
    """The name under which a table goes out."""
    return f"products-{actor.merchant}-{day:%Y%m%d}.{file_format}"
