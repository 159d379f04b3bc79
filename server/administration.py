"""What an installation needs before its doors can be used: ``python -m server.administration --help``."""

import argparse
import asyncio
import contextlib
import csv
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from accounts.errors import PasswordTooWeak
from accounts.passwords import Passwords, check_strength
from accounts.roles import Role
from accounts.staff import GrantedRole, StaffAccounts
from kit.database import single_runner, transaction
from kit.errors import DomainError
from places.service import Places
from products.service import SalePolicies
from products.terms import MAX_WINDOW_S, AfterSalesTerms
from server.adapters import key_ring
from server.database import connected
from server.field_keys import FieldKeyCard, field_key_cards, retire_field_key
from server.settings import SettingsInvalid, load_settings
from server.unreadable_fields import unreadable_rows

BY = "installation"
COLUMNS = ["code", "name"]


class Refused(Exception):
    """Nothing was done; the message says why, in both languages."""


async def create_administrator(login: str, name: str, *, another: bool, passwords: Passwords) -> str:
    """Make an administrator; answers the password, which is kept nowhere.

    Raises :class:`Refused` when there is one already and ``another`` was not asked for.
    """
    staff = StaffAccounts(passwords)
    password = _password(login)
    async with single_runner("administration") as alone:
        if not alone:
            raise Refused("另一个管理命令正在运行 / another command is running")
        if not another and await staff.has_administrator():
            raise Refused(
                "已有系统管理员，如需再建请加 --another / there is an administrator; use --another to add one"
            )
        await staff.create(login, name, password, (GrantedRole(Role.ADMINISTRATOR),), BY)
    return password


def _password(login: str) -> str:
    while True:
        password = secrets.token_urlsafe(18)
        with contextlib.suppress(PasswordTooWeak):
            check_strength(password, login)
            return password


async def import_divisions(file: Path) -> int:
    """Enter or rename every division of a CSV file with the columns code and name, or none; answers how many.

    Parents come before their parts whatever the order of the lines. Raises :class:`Refused` with the line.
    """
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        if reader.fieldnames != COLUMNS:
            raise Refused(f"{file}: 首行应为 code,name / the first line must be code,name")
        lines = [(reader.line_num, row["code"], row["name"]) for row in reader if None not in (*row, *row.values())]
        if len(lines) != reader.line_num - 1:
            raise Refused(f"{file}: 每行应有两列 / every line must have two columns")
    places = Places()
    async with transaction():
        for number, code, name in sorted(lines, key=lambda line: (len(line[1]), line[0])):
            if not 1 <= len(name.strip()) <= 60:
                raise Refused(f"{file}:{number}: 名称应为 1 至 60 字 / a name has 1 to 60 characters")
            try:
                await places.enter_division(code.strip(), name.strip())
            except DomainError as refusal:
                raise Refused(f"{file}:{number}: {refusal.title} / {refusal.title_en}") from None
    return len(lines)


async def run(words: argparse.Namespace) -> str:
    """Do what was asked; answers what to print."""
    async with connected(load_settings()):
        if words.command == "create-administrator":
            password = await create_administrator(words.login, words.name, another=words.another, passwords=Passwords())
            return (
                f"登录名 / login: {words.login}\n一次性显示的密码 / password, shown once: {password}\n"
                "请登录后立即修改：PUT /v1/console/me/password / change it after the first log-in"
            )
        if words.command == "import-divisions":
            return f"已录入行政区划 / divisions entered: {await import_divisions(words.file)}"
        if words.command == "field-keys":
            return "\n".join(_told(card) for card in await field_key_cards())
        if words.command == "unreadable-fields":
            found = await unreadable_rows(key_ring(load_settings()))
            listed = [f"{each.table} {each.id}: {', '.join(each.columns)}" for each in found]
            return "\n".join([*listed, f"无法解密的行 / rows that do not open: {len(found)}"])
        if words.command == "retire-field-key":
            if reason := await retire_field_key(words.key):
                raise Refused(reason)
            return f"密钥已停用，可从 FIELD_KEYS 中删除 / retired, to be taken out of FIELD_KEYS: {words.key}"
        await SalePolicies().enter(
            words.code,
            words.payment_window_s,
            words.after_sales_window_s,
            words.refund_rule,
            words.source_document,
            msgspec.convert(dict(words.term), AfterSalesTerms),
        )
        return f"销售规则即时生效 / in force from now on: {words.code}"


def _told(card: FieldKeyCard) -> str:
    state = "已停用 / retired" if card.is_retired else "加密中 / writing" if card.is_writing else "只解密 / reading"
    counts = ", ".join(f"{table} {count}" for table, count in sorted(card.sealed.items()))
    return f"{card.name} {card.algorithm} {state}: {counts or '0'}"


def _between(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{least} … {most}")
        return int(text)

    return read


def _term(text: str) -> tuple[str, int]:
    name, _, seconds = text.partition("=")
    if name not in AfterSalesTerms.__struct_fields__:
        raise argparse.ArgumentTypeError(", ".join(AfterSalesTerms.__struct_fields__))
    return name, _between(1, MAX_WINDOW_S)(seconds)


def _text(longest: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not 1 <= len(text.strip()) <= longest:
            raise argparse.ArgumentTypeError(f"1 … {longest} 字 / characters")
        return text.strip()

    return read


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m server.administration")
    commands = parser.add_subparsers(dest="command", required=True)
    first = commands.add_parser("create-administrator", help="建立系统管理员账号 / make an administrator")
    first.add_argument("login")
    first.add_argument("--name", type=_text(40), default="系统管理员", help="显示名 / the name that is shown")
    first.add_argument("--another", action="store_true", help="已有管理员时仍新建 / also when there is one")
    divisions = commands.add_parser("import-divisions", help="导入行政区划 / enter divisions from code,name lines")
    divisions.add_argument("file", type=Path)
    commands.add_parser("field-keys", help="各密钥及其加密的行数 / every key of fields and how much it seals")
    commands.add_parser("unreadable-fields", help="查找已损坏的加密项 / look for sealed fields that do not open")
    retiring = commands.add_parser("retire-field-key", help="停用已无数据的密钥 / retire a key that seals nothing")
    retiring.add_argument("key")
    policy = commands.add_parser("set-sale-policy", help="录入销售规则 / a dated rule of sale, in force from now on")
    policy.add_argument("code", type=_text(24), help="商品引用的代码 / what products name, such as standard")
    policy.add_argument("--payment-window-s", type=_between(10, 86_400), required=True, help="支付时限，秒 / seconds")
    policy.add_argument(
        "--term",
        type=_term,
        action="append",
        default=[],
        metavar="decide_s=172800",
        help="售后各环节时限，可重复 / a window of after-sales or receipt, repeatable",
    )
    policy.add_argument(
        "--after-sales-window-s", type=_between(1, 7_776_000), required=True, help="售后期，秒 / seconds"
    )
    policy.add_argument("--refund-rule", type=_text(40), default="seven_days")
    policy.add_argument("--source-document", type=_text(200), required=True, help="依据文件 / the document it rests on")
    return parser.parse_args(words)


def main() -> None:
    """Run one command; a refusal ends with 1 and one line."""
    try:
        print(asyncio.run(run(arguments())))
    except (Refused, SettingsInvalid) as refusal:
        sys.exit(str(refusal))
    except DomainError as refusal:
        sys.exit(f"{refusal.title} / {refusal.title_en}")
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
