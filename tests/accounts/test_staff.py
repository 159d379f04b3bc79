"""Staff: passwords, back-off, roles, and what ends a session."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from accounts.actors import CountyOfficer, MerchantClerk, Staff, StationKeeper
from accounts.errors import (
    LoginBlocked,
    LoginBusy,
    LoginNameTaken,
    PasswordTooWeak,
    RoleChoiceNeeded,
    RoleGranted,
    RoleMissing,
    ScopeInvalid,
    WrongLogin,
)
from accounts.models import LoginFailure, StaffAccount
from accounts.passwords import Passwords, check_strength
from accounts.roles import Role
from accounts.service import STAFF_IDLE, STAFF_SESSION, Sessions
from accounts.staff import GrantedRole, LoginNameInvalid, StaffAccounts, StaffLogin
from tests.accounts.people import PASSWORD, MovingClock, quick_passwords, staff_member

pytestmark = pytest.mark.asyncio

HERE = "192.0.2.1"
OFFICER = GrantedRole(Role.COUNTY_OFFICER)
CLERK = GrantedRole(Role.MERCHANT_CLERK, "M20260101ABCDEFGHJK")


def login_with(clock: MovingClock | None = None) -> StaffLogin:
    clock = clock or MovingClock(datetime(2026, 1, 1, tzinfo=UTC))
    return StaffLogin(quick_passwords(), Sessions(clock), clock)


async def actor_of(login: StaffLogin, token: str) -> Staff:
    actor = await login.sessions.resolve(token)
    assert isinstance(actor, Staff)
    return actor


async def test_a_password_is_kept_as_argon2id(database: str) -> None:
    await staff_member("officer")
    account = await StaffAccount.get(login="officer")
    assert account.password_hash.startswith("$argon2id$")
    assert PASSWORD not in account.password_hash
    assert (await Passwords().hash(PASSWORD)).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_a_log_in_is_one_role(database: str) -> None:
    await staff_member("both", OFFICER, CLERK)
    login = login_with()
    with pytest.raises(RoleChoiceNeeded) as choice:
        await login.log_in("both", PASSWORD, HERE)
    assert choice.value.facts["roles"] == [
        {"role": "county_officer", "scope": ""},
        {"role": "merchant_clerk", "scope": CLERK.scope},
    ]
    as_clerk = await login.log_in("Both ", PASSWORD, HERE, Role.MERCHANT_CLERK)
    clerk = await actor_of(login, as_clerk.opened.token)
    assert isinstance(clerk, MerchantClerk)
    assert clerk.merchant == CLERK.scope
    as_officer = await login.log_in("both", PASSWORD, HERE, Role.COUNTY_OFFICER, "")
    assert isinstance(await actor_of(login, as_officer.opened.token), CountyOfficer)
    with pytest.raises(RoleMissing):
        await login.log_in("both", PASSWORD, HERE, Role.AUDITOR)
    await staff_member("keeper", GrantedRole(Role.STATION_KEEPER, "533124101"))
    keeper = await actor_of(login, (await login.log_in("keeper", PASSWORD, HERE)).opened.token)
    assert isinstance(keeper, StationKeeper)
    assert keeper.township == "533124101"


async def test_ten_failures_block_the_name_even_for_the_right_password(database: str) -> None:
    await staff_member("officer")
    clock = MovingClock(datetime(2026, 1, 1, tzinfo=UTC))
    login = login_with(clock)
    for n in range(10):
        with pytest.raises(WrongLogin):
            await login.log_in("officer", "wrong", f"192.0.2.{n}")
    with pytest.raises(LoginBlocked) as blocked:
        await login.log_in("officer", PASSWORD, "198.51.100.1")
    assert blocked.value.facts == {"retry_after_s": 60}
    clock.forward(timedelta(seconds=61))
    with pytest.raises(WrongLogin):
        await login.log_in("officer", "wrong", "198.51.100.2")
    with pytest.raises(LoginBlocked) as longer:
        await login.log_in("officer", PASSWORD, "198.51.100.3")
    assert longer.value.facts == {"retry_after_s": 120}
    clock.forward(timedelta(seconds=121))
    await login.log_in("officer", PASSWORD, "198.51.100.4")
    with pytest.raises(WrongLogin):  # a success forgets what was counted for the name
        await login.log_in("officer", "wrong", "198.51.100.5")


async def test_ten_failures_block_the_address_for_every_name(database: str) -> None:
    await staff_member("officer")
    login = login_with()
    for n in range(10):
        with pytest.raises(WrongLogin):
            await login.log_in(f"guess-{n}", "wrong", HERE)
    with pytest.raises(LoginBlocked):
        await login.log_in("officer", PASSWORD, HERE)
    await login.log_in("officer", PASSWORD, "198.51.100.1")


async def test_one_good_account_does_not_clear_an_address(database: str) -> None:
    await staff_member("officer")
    login = login_with()
    for n in range(9):
        with pytest.raises(WrongLogin):
            await login.log_in(f"guess-{n}", "wrong", HERE)
        await login.log_in("officer", PASSWORD, HERE)
    with pytest.raises(WrongLogin):
        await login.log_in("guess-9", "wrong", HERE)
    with pytest.raises(LoginBlocked):
        await login.log_in("officer", PASSWORD, HERE)


async def test_parallel_guesses_are_all_counted(database: str) -> None:
    await staff_member("officer")
    login = login_with()
    guesses = (login.log_in("officer", f"wrong-{n}", f"10.0.0.{n}") for n in range(60))
    results = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(r, WrongLogin) for r in results) == 10
    assert sum(isinstance(r, LoginBlocked) for r in results) == 50


async def test_a_busy_office_behind_one_address_is_not_blocked(database: str) -> None:
    for n in range(15):
        await staff_member(f"officer-{n}")
    login = login_with()
    done = await asyncio.gather(*(login.log_in(f"officer-{n}", PASSWORD, HERE) for n in range(15)))
    assert len({begun.opened.token for begun in done}) == 15


async def test_unknown_names_wrong_passwords_and_closed_accounts_answer_alike(database: str) -> None:
    """No oracle: one answer, and the work of a password check for a name that nobody has."""
    member = await staff_member("closed")
    await staff_member("officer")
    await StaffAccounts(quick_passwords()).disable(member.number)
    passwords = Passwords()  # the real cost, so that a missing check would show
    login = StaffLogin(passwords, Sessions())
    await passwords.matches(None, "warm up")
    took = {}
    for name, password in (("officer", "wrong"), ("nobody", "wrong"), ("closed", PASSWORD)):
        started = time.perf_counter()
        with pytest.raises(WrongLogin) as refused:
            await login.log_in(name, password, "192.0.2.7")
        took[name] = time.perf_counter() - started
        assert refused.value.facts == {}
    assert min(took["nobody"], took["closed"]) > 0.02  # a real hash, where a look-up alone takes 2 ms


async def test_names_that_were_typed_are_not_kept(database: str) -> None:
    with pytest.raises(WrongLogin):
        await login_with().log_in("My-Secret-Password-1", "oops", HERE)
    kept = await LoginFailure.all().values_list("subject_hash", flat=True)
    assert len(kept) == 2
    assert not any("secret" in str(entry) or HERE in str(entry) for entry in kept)


async def test_a_flood_of_log_ins_is_turned_away(database: str) -> None:
    passwords = quick_passwords(at_once=1, waiting_limit=5)
    results = await asyncio.gather(*(passwords.hash("x") for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(result, LoginBusy) for result in results) == 15


async def test_every_way_of_ending_access_holds_from_the_next_request_on(database: str) -> None:
    accounts, login = StaffAccounts(quick_passwords()), login_with()

    async def begin(name: str) -> tuple[str, str]:
        member = await staff_member(name, OFFICER)
        begun = await login.log_in(name, PASSWORD, HERE)
        return member.number, begun.opened.token

    number, token = await begin("revoked")
    await accounts.revoke(number, OFFICER, "staff:test")
    assert await login.sessions.resolve(token) is None
    with pytest.raises(RoleMissing):
        await login.log_in("revoked", PASSWORD, HERE)
    await accounts.grant(number, OFFICER, "staff:test")
    assert await login.sessions.resolve(token) is None  # a new grant does not wake an old session

    number, token = await begin("disabled")
    await accounts.disable(number)
    assert await login.sessions.resolve(token) is None

    number, token = await begin("changed")
    actor = await actor_of(login, token)
    with pytest.raises(WrongLogin):
        await accounts.change_password(actor, "wrong", "Another-Horse-9")
    await accounts.change_password(actor, PASSWORD, "Another-Horse-9")
    assert await login.sessions.resolve(token) is None
    with pytest.raises(WrongLogin):
        await login.log_in("changed", PASSWORD, HERE)
    await login.log_in("changed", "Another-Horse-9", HERE)


async def test_a_staff_session_ends_after_a_day_of_work_or_when_idle(database: str) -> None:
    await staff_member("officer")
    clock = MovingClock(datetime(2026, 1, 1, tzinfo=UTC))
    login = login_with(clock)
    idle = (await login.log_in("officer", PASSWORD, HERE)).opened.token
    clock.forward(STAFF_IDLE)
    assert await login.sessions.resolve(idle) is None
    busy = (await login.log_in("officer", PASSWORD, HERE)).opened.token
    steps = int(STAFF_SESSION / timedelta(hours=1))
    for _ in range(steps - 1):
        clock.forward(timedelta(hours=1))
        assert await login.sessions.resolve(busy) is not None
    clock.forward(timedelta(hours=1))
    assert await login.sessions.resolve(busy) is None


@pytest.mark.parametrize(
    "granted",
    [
        GrantedRole(Role.MERCHANT_CLERK),
        GrantedRole(Role.STATION_KEEPER, "53"),
        GrantedRole(Role.STATION_KEEPER, "M1"),
        GrantedRole(Role.AUDITOR, "533124101"),
        GrantedRole(Role.MERCHANT_CLERK, "m'; DROP"),
    ],
)
async def test_a_scope_fits_its_role(database: str, granted: GrantedRole) -> None:
    with pytest.raises(ScopeInvalid):
        await staff_member("officer", granted)
    assert await StaffAccount.all().count() == 0


async def test_names_and_grants_are_given_once(database: str) -> None:
    member = await staff_member("officer")
    with pytest.raises(LoginNameTaken):
        await staff_member("officer")
    results = await asyncio.gather(
        *(StaffAccounts(quick_passwords()).grant(member.number, CLERK, "staff:test") for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, RoleGranted) for result in results) == 4
    with pytest.raises(LoginNameInvalid):
        await staff_member("Bad Name")


@pytest.mark.parametrize("password", ["Short-1", "onlylowercase", "12345678901", "Officer-12345", "Aa1-" * 40])
async def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(PasswordTooWeak):
        check_strength(password, "officer")
