"""The commands that an installation begins with, as an operator runs them."""

import asyncio
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from accounts.models import RoleGrant, StaffAccount
from accounts.passwords import Passwords
from accounts.roles import Role
from accounts.service import Sessions
from accounts.staff import StaffAccounts, StaffLogin
from kit.database import row, rows, scalar
from places.queries import division_names
from products.terms import AfterSalesTerms
from server.administration import Refused, create_administrator, import_divisions
from server.database import ROOT
from tests.accounts.people import quick_passwords
from tests.orders.mall import environment


async def command(tmp_path: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own."""
    return await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "server.administration", *words], cwd=ROOT, text=True,
        capture_output=True, env=environment(tmp_path, url), stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip


async def test_the_first_administrator_logs_in_with_the_password_that_was_shown(database: str, tmp_path: Path) -> None:
    made = await command(tmp_path, database, "create-administrator", "root.admin")
    assert made.returncode == 0, made.stderr
    password = made.stdout.split("shown once: ")[1].splitlines()[0]
    begun = await StaffLogin(Passwords(), Sessions()).log_in("root.admin", password, "127.0.0.1")
    assert begun.role is Role.ADMINISTRATOR
    again = await command(tmp_path, database, "create-administrator", "second.admin")
    assert (again.returncode, again.stdout) == (1, "")
    assert "--another" in again.stderr
    assert "Traceback" not in again.stderr
    taken = await command(tmp_path, database, "create-administrator", "root.admin", "--another")
    assert taken.returncode == 1
    assert "Traceback" not in taken.stderr
    assert await StaffAccount.all().count() == 1


async def test_another_administrator_is_asked_for_unless_the_last_one_is_gone(database: str) -> None:
    passwords = quick_passwords()
    await create_administrator("one", "一", another=False, passwords=passwords)
    with pytest.raises(Refused):
        await create_administrator("two", "二", another=False, passwords=passwords)
    await create_administrator("two", "二", another=True, passwords=passwords)
    for account in await StaffAccount.all():
        await StaffAccounts(passwords).disable(account.number)
    await create_administrator("three", "三", another=False, passwords=passwords)
    assert await RoleGrant.filter(role=Role.ADMINISTRATOR).count() == 3


async def test_of_two_first_administrators_at_once_one_is_made(database: str) -> None:
    passwords = quick_passwords()
    ends = await asyncio.gather(
        *(create_administrator(f"admin{n}", "系统管理员", another=False, passwords=passwords) for n in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(end).__name__ for end in ends) == ["Refused"] * 3 + ["str"]


async def test_divisions_come_from_a_list_whole_or_not_at_all(database: str, tmp_path: Path) -> None:
    file = tmp_path / "divisions.csv"
    file.write_text("code,name\n533124101001,示例村\n533124101,章凤镇\n533124,陇川县\n", encoding="utf-8-sig")
    assert await import_divisions(file) == 3
    file.write_text("code,name\n533124101,章凤\n533199101,别处镇\n")
    with pytest.raises(Refused, match=r"divisions\.csv:3: "):
        await import_divisions(file)
    assert await division_names(["533124", "533124101", "533124101001"]) == {
        "533124": "陇川县", "533124101": "章凤镇", "533124101001": "示例村",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name,code\n章凤镇,533124101\n",
        "code,name\n533124\n",
        "code,name\n533124,陇川县,多\n",
        "code,name\n533124,\n",
    ],
)
async def test_a_list_of_another_shape_is_refused(database: str, tmp_path: Path, text: str) -> None:
    file = tmp_path / "divisions.csv"
    file.write_text(text)
    with pytest.raises(Refused):
        await import_divisions(file)
    assert not await rows("SELECT 1 FROM division")


async def test_a_sale_policy_is_entered_with_its_document(database: str, tmp_path: Path) -> None:
    words = ("set-sale-policy", "standard", "--payment-window-s", "1800", "--after-sales-window-s", "604800")
    assert (await command(tmp_path, database, *words)).returncode == 2, "no document"
    done = await command(tmp_path, database, *words, "--source-document", "示例规则 1 号")
    assert done.returncode == 0, done.stderr
    found = await row("SELECT code, payment_window_s, after_sales_window_s, source_document FROM sale_policy")
    assert found == {
        "code": "standard",
        "payment_window_s": 1800,
        "after_sales_window_s": 604800,
        "source_document": "示例规则 1 号",
    }
    terms = (*words, "--source-document", "示例规则 2 号", "--term", "decide_s=60", "--term", "receipt_s=90")
    assert (await command(tmp_path, database, *terms)).returncode == 0
    stored = await scalar("SELECT after_sales_terms::text FROM sale_policy ORDER BY id DESC LIMIT 1")
    assert msgspec.json.decode(stored, type=AfterSalesTerms) == AfterSalesTerms(decide_s=60, receipt_s=90)
    assert (await command(tmp_path, database, *terms[:-1], "decide=60")).returncode == 2
    wrong = await command(tmp_path, database, *words[:3], "5", *words[4:], "--source-document", "x")
    assert wrong.returncode == 2
