"""Log-in of consumers, their sessions and their phone numbers."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from accounts.actors import Consumer
from accounts.models import AccountSession, ConsumerAccount
from accounts.ports import CodeRejected
from accounts.service import CONSUMER_SESSION, ConsumerLogin, Sessions, mask_phone
from kit.clock import utc_now
from kit.database import execute, row, scalar
from tests.accounts.people import MovingClock, SomeoneElsesPhone, throwaway_cipher
from tests.statements import counted_statements

pytestmark = pytest.mark.asyncio


def login_of(phone: SomeoneElsesPhone | None = None, sessions: Sessions | None = None) -> ConsumerLogin:
    return ConsumerLogin(phone or SomeoneElsesPhone(), throwaway_cipher(), sessions or Sessions(), "wxdemo")


async def consumer_of(token: str) -> Consumer:
    actor = await Sessions().resolve(token)
    assert isinstance(actor, Consumer)
    return actor


async def test_a_consumer_is_made_once_and_gets_a_new_token_at_each_log_in(database: str) -> None:
    login = login_of()
    first, profile = await login.log_in("login-o1#a")
    second, again = await login.log_in("login-o1#b")
    assert first.token != second.token
    assert profile.number == again.number
    assert await consumer_of(first.token) == await consumer_of(second.token)
    assert (await consumer_of(first.token)).caller == f"consumer:{profile.number}"
    other, _ = await login.log_in("login-o2")
    assert (await consumer_of(other.token)).number != profile.number


async def test_two_first_log_ins_at_once_make_one_account(database: str) -> None:
    login = login_of()
    done = await asyncio.gather(*(login.log_in(f"login-o1#{n}") for n in range(20)))
    assert len({profile.number for _, profile in done}) == 1
    assert await ConsumerAccount.all().count() == 1


async def test_the_same_openid_of_another_mini_program_is_another_person(database: str) -> None:
    await login_of().log_in("login-o1")
    await ConsumerLogin(SomeoneElsesPhone(), throwaway_cipher(), Sessions(), "wxother").log_in("login-o1")
    assert await ConsumerAccount.all().count() == 2


async def test_a_unionid_that_was_learned_is_not_forgotten(database: str) -> None:
    await login_of(SomeoneElsesPhone(lambda openid: "u1")).log_in("login-o1")
    await login_of(SomeoneElsesPhone()).log_in("login-o1")
    assert await scalar("SELECT unionid FROM consumer_account") == "u1"


async def test_a_used_code_opens_no_second_session(database: str) -> None:
    login = login_of()
    await login.log_in("login-o1")
    with pytest.raises(CodeRejected):
        await login.log_in("login-o1")
    assert await AccountSession.all().count() == 1


async def test_the_token_itself_is_nowhere_in_the_database(database: str) -> None:
    opened, _ = await login_of().log_in("login-o1")
    dump = await scalar("SELECT string_agg(s::text, '') FROM account_session s")
    assert opened.token not in dump
    assert len(opened.token) == 43


async def test_log_out_holds_from_the_next_request_on_and_ends_this_session_alone(database: str) -> None:
    login, sessions = login_of(), Sessions()
    one, _ = await login.log_in("login-o1#a")
    two, _ = await login.log_in("login-o1#b")
    await sessions.revoke(one.token)
    await sessions.revoke(one.token)
    assert await sessions.resolve(one.token) is None
    assert await sessions.resolve(two.token) is not None


async def test_a_session_ends_by_time_and_with_its_account(database: str) -> None:
    clock = MovingClock(datetime(2026, 1, 1, tzinfo=UTC))
    sessions = Sessions(clock)
    opened, profile = await login_of(sessions=sessions).log_in("login-o1")
    clock.forward(CONSUMER_SESSION - timedelta(seconds=1))
    assert await sessions.resolve(opened.token) is not None
    clock.forward(timedelta(seconds=1))
    assert await sessions.resolve(opened.token) is None
    second, _ = await login_of(sessions=sessions).log_in("login-o1")
    await ConsumerAccount.filter(number=profile.number).update(closed_at=utc_now())
    assert await sessions.resolve(second.token) is None


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "é" * 43, "A" * 100_000])
async def test_a_foreign_token_is_nobody(database: str, token: str) -> None:
    await login_of().log_in("login-o1")
    assert await Sessions().resolve(token) is None


async def test_resolving_is_one_statement_and_notes_use_every_five_minutes(database: str) -> None:
    clock = MovingClock(datetime(2026, 1, 1, tzinfo=UTC))
    sessions = Sessions(clock)
    opened, _ = await login_of(sessions=sessions).log_in("login-o1")
    with counted_statements() as statements:
        await sessions.resolve(opened.token)
    assert len(statements) == 1
    clock.forward(timedelta(minutes=6))
    with counted_statements() as statements:
        await sessions.resolve(opened.token)
        await sessions.resolve(opened.token)
    assert len(statements) == 3
    assert await scalar("SELECT last_seen_at FROM account_session") == clock.now


async def test_a_phone_number_is_sealed_and_shown_masked(database: str) -> None:
    login = login_of()
    opened, before = await login.log_in("login-o1")
    assert before.phone_masked is None
    consumer = await consumer_of(opened.token)
    assert (await login.bind_phone(consumer, "phone-+8610000000001")).phone_masked == "100****0001"
    assert (await login.profile(consumer)).phone_masked == "100****0001"
    found = await row("SELECT c::text AS all, phone_cipher, phone_index FROM consumer_account c")
    assert found is not None
    assert "0000001" not in found["all"]
    assert bytes(found["phone_index"]) == throwaway_cipher().blind_index("consumer_account.phone", "+8610000000001")


async def test_a_ciphertext_in_another_row_does_not_open(database: str) -> None:
    login = login_of()
    victim, _ = await login.log_in("login-o1")
    thief, _ = await login.log_in("login-o2")
    await login.bind_phone(await consumer_of(victim.token), "phone-+8610000000001")
    await execute(
        "UPDATE consumer_account SET phone_cipher = v.phone_cipher, phone_index = v.phone_index"
        " FROM consumer_account v WHERE v.openid = 'o1' AND consumer_account.openid = 'o2'"
    )
    shown = await login.profile(await consumer_of(thief.token))
    assert (shown.phone_masked, shown.unreadable) == (None, ["phone"])
    assert (await login.profile(await consumer_of(victim.token))).unreadable == []
    again, profile = await login_of().log_in("login-o2")
    assert (profile.phone_masked, profile.unreadable) == (None, ["phone"]), "who is damaged may still come in"
    bound = await login.bind_phone(await consumer_of(again.token), "phone-+8610000000002")
    assert (bound.phone_masked, bound.unreadable) == ("100****0002", [])


async def test_masks_hide_whatever_the_length() -> None:
    assert mask_phone("+8613800001234") == "138****1234"
    assert mask_phone("123") == "****"
