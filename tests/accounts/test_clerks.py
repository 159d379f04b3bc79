"""A merchant's clerks are kept by its own lead: codes for one use, duties, and never without a lead."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from accounts.actors import MerchantClerk
from accounts.clerks import INVITED_FOR, MAX_OPEN, Clerks, clerks_of, open_invitations
from accounts.errors import (
    ClerkUnknown,
    InvitationsFull,
    InvitationUnknown,
    LastLead,
    LoginNameTaken,
    PasswordTooWeak,
)
from accounts.roles import Duty, Role
from accounts.service import Sessions
from accounts.staff import GrantedRole, LoginNameInvalid, StaffLogin
from kit.database import rows, scalar
from tests.accounts.people import PASSWORD, MovingClock, quick_passwords, staff_member

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
SHOP, OTHER = "M1", "M2"


def desk(clock: MovingClock | None = None) -> Clerks:
    return Clerks(quick_passwords(), clock or MovingClock(NOW))


async def joined(clerks: Clerks, login: str, *duties: Duty, scope: str = SHOP) -> str:
    invited = await clerks.invite(scope, duties, "staff:lead")
    return await clerks.accept(invited.code, login, "示例职员", PASSWORD)


async def actor_of(login: str) -> tuple[str, MerchantClerk]:
    sessions = Sessions()
    begun = await StaffLogin(quick_passwords(), sessions).log_in(login, PASSWORD, "127.0.0.1")
    found = await sessions.resolve(begun.opened.token)
    assert isinstance(found, MerchantClerk)
    return begun.opened.token, found


async def test_a_code_makes_one_account_with_its_scope_and_duties(database: str) -> None:
    clerks = desk()
    invited = await clerks.invite(SHOP, [Duty.ORDERS, Duty.MONEY], "staff:lead")
    assert await scalar("SELECT count(*) FROM clerk_invitation WHERE code_hash = $1", invited.code) == 0
    done = await asyncio.gather(
        *(clerks.accept(invited.code, f"clerk{n}", "示例职员", PASSWORD) for n in range(5)), return_exceptions=True
    )
    assert sum(isinstance(each, str) for each in done) == 1
    assert sum(isinstance(each, InvitationUnknown) for each in done) == 4
    assert await scalar("SELECT count(*) FROM staff_account") == 1
    (clerk,) = await clerks_of(SHOP)
    assert clerk.duties == [Duty.MONEY, Duty.ORDERS]
    _, actor = await actor_of(clerk.login)
    assert (actor.merchant, actor.limited_to) == (SHOP, frozenset({Duty.ORDERS, Duty.MONEY}))
    assert await clerks_of(OTHER) == []


async def test_a_code_that_ran_out_was_withdrawn_or_never_was_makes_nothing(database: str) -> None:
    clock = MovingClock(NOW)
    clerks = desk(clock)
    late, gone = await clerks.invite(SHOP, (), "staff:lead"), await clerks.invite(SHOP, (), "staff:lead")
    with pytest.raises(InvitationUnknown):
        await clerks.withdraw(OTHER, gone.number)
    await clerks.withdraw(SHOP, gone.number)
    await clerks.withdraw(SHOP, gone.number)
    assert [each.number for each in await open_invitations(SHOP, NOW)] == [late.number]
    clock.forward(INVITED_FOR)
    for code in (late.code, gone.code, "A" * 43):
        with pytest.raises(InvitationUnknown):
            await clerks.accept(code, "clerk", "示例职员", PASSWORD)
    clock.forward(timedelta(seconds=-1))
    for login, password, refusal in (
        ("No Name", PASSWORD, LoginNameInvalid),
        ("clerk", "short", PasswordTooWeak),
    ):
        with pytest.raises(refusal):
            await clerks.accept(late.code, login, "示例职员", password)
    await staff_member("taken", GrantedRole(Role.HOST))
    with pytest.raises(LoginNameTaken):
        await clerks.accept(late.code, "taken", "示例职员", PASSWORD)
    await clerks.accept(late.code, "clerk", "示例职员", PASSWORD)


async def test_open_invitations_are_limited_per_merchant(database: str) -> None:
    clerks = desk()
    done = await asyncio.gather(
        *(clerks.invite(SHOP, (), "staff:lead") for _ in range(MAX_OPEN + 5)), return_exceptions=True
    )
    assert sum(isinstance(each, InvitationsFull) for each in done) == 5
    await clerks.invite(OTHER, (), "staff:lead")


async def test_the_last_lead_stays_even_when_two_remove_each_other_at_once(database: str) -> None:
    """Fails when the grants of the scope are not locked together: tried."""
    clerks = desk()
    for attempt in range(5):
        one, two = (
            await joined(clerks, f"lead{attempt}a", scope=f"M{attempt}X"),
            await joined(clerks, f"lead{attempt}b", scope=f"M{attempt}X"),
        )
        done = await asyncio.gather(
            clerks.remove(f"M{attempt}X", one, "staff:x"),
            clerks.limit(f"M{attempt}X", two, [Duty.ORDERS], "staff:x"),
            return_exceptions=True,
        )
        assert sum(isinstance(each, LastLead) for each in done) == 1, done
        left = [clerk for clerk in await clerks_of(f"M{attempt}X") if not clerk.duties]
        assert len(left) == 1


async def test_other_duties_and_removal_end_the_sessions_of_the_old_ones(database: str) -> None:
    clerks = desk()
    lead, clerk = await joined(clerks, "lead"), await joined(clerks, "clerk", Duty.ORDERS)
    token, _ = await actor_of("clerk")
    with pytest.raises(ClerkUnknown):
        await clerks.limit(OTHER, clerk, [Duty.MONEY], "staff:lead")
    await clerks.limit(SHOP, clerk, [Duty.MONEY], "staff:lead")
    assert await Sessions().resolve(token) is None
    token, actor = await actor_of("clerk")
    assert actor.limited_to == {Duty.MONEY}
    await clerks.remove(SHOP, clerk, "staff:lead")
    assert await Sessions().resolve(token) is None
    with pytest.raises(LastLead):
        await clerks.remove(SHOP, lead, "staff:lead")
    held = await rows("SELECT duties, revoked_at IS NULL AS holds FROM role_grant ORDER BY id")
    assert [(each["duties"], each["holds"]) for each in held] == [("", True), ("orders", False), ("money", False)]
