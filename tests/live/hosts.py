"""Hosts on the roster, made up."""

from datetime import date, timedelta

from accounts.models import RoleGrant, StaffAccount
from accounts.roles import SCOPE_OF_ROLE, Role
from kit.clock import china_day, utc_now
from kit.database import scalar
from kit.identity_cards import check_character
from live.roster.service import ContractDraft, Roster, TrainingDraft

ONE, TWO = "staff:one", "staff:two"


def card(serial: int, born: date = date(1990, 5, 17)) -> str:
    """The number of nobody's identity card (domain reference 6.4)."""
    body = f"999999{born:%Y%m%d}{serial:03d}"
    return body + check_character(body)


def years_ago(years: int, days: int = 0, today: date | None = None) -> date:
    """The day so many years and days before today, never 29 February."""
    now = today or china_day(utc_now())
    then = date(now.year - years, now.month, 28 if (now.month, now.day) == (2, 29) else now.day)
    return then - timedelta(days=days)


async def presenting_account(number: str) -> str:
    """A staff account that may present, unless there is one."""
    if await scalar("SELECT 1 FROM staff_account WHERE number = $1", number):
        return number
    now = utc_now()
    account = await StaffAccount.create(
        number=number, login=number.lower(), name="示例主播", password_hash="!", password_set_at=now, created_at=now,
        created_by="staff:test",
    )  # fmt: skip
    await RoleGrant.create(
        staff_id=account.id, role=Role.HOST, scope_kind=SCOPE_OF_ROLE[Role.HOST], scope="", granted_at=now,
        granted_by="staff:test",
    )  # fmt: skip
    return number


async def admitted_host(roster: Roster, number: str, serial: int) -> str:
    """An account whose host is on record with everything that presenting needs for two years, unless it is."""
    await presenting_account(number)
    if await scalar("SELECT 1 FROM live_host WHERE number = $1", number):
        return number
    today = china_day(roster.clock())
    await roster.enter(number, "示例主播", card(serial), ONE)
    await roster.check_identity(number, "示例核验记录", today, ONE)
    contract = ContractDraft(
        contract_number="ZB-1", document="示例合同", valid_from=today, valid_until=today + timedelta(days=730)
    )
    await roster.add_contract(number, contract, ONE)
    training = TrainingDraft(title="示例主播培训", completed_on=today, hours=8, document="示例结业证")
    await roster.add_training(number, training, ONE)
    return number
