"""A consumer sees everything, goes, and leaves nothing behind but what the law keeps."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from tortoise.exceptions import BaseORMException

import content.own_records
import county.own_records
import kit.own_records
import live.own_records
import logistics.own_records
import messages.own_records
import orders.own_records
import payments.own_records
import promotions.own_records
import reviews.own_records
from accounts.actors import Consumer
from accounts.closures import CLAIMED_FOR, Closures
from accounts.exports import FETCHES
from accounts.own_data_errors import (
    AccountBeingErased,
    ClosureBlocked,
    ClosureUnknown,
    ExportEnded,
    ExportLimitReached,
    ExportUnknown,
)
from accounts.own_data_models import CLOSURE_TRANSITIONS, ClosureState
from content.collecting import collect
from content.own_records import forget_old_texts
from county.own_records import came_with_complaint, forget_complaints
from kit.belongings import Part, Person
from kit.database import execute, row, rows, scalar
from orders.own_records import forget_deliveries
from orders.queries import pictures_in_orders
from payments.own_records import forget_notices
from reviews.queries import author_name
from server.own_records import WITH_THEIR_OWNER
from tests.orders.cases import rolled_back
from tests.orders.mall import Mall, settings_for
from tests.own_data.marked import (
    ANSWER,
    BOOK,
    IN_EXPORT,
    MARKS,
    OPENID,
    PHONE,
    PUBLISHED,
    REVIEW,
    Marked,
    secrets_of,
    where_it_stands,
)


@pytest_asyncio.fixture
async def marked(database: str, tmp_path: Path) -> AsyncIterator[Marked]:
    mall = Mall(settings_for(tmp_path, database))
    await mall.open()
    yield Marked(mall)
    await mall.built.stop()


async def state_of(consumer: str) -> str:
    return str(await scalar("SELECT state FROM account_closure WHERE consumer = $1 ORDER BY id DESC LIMIT 1", consumer))


async def test_everything_is_told_and_then_forgotten(marked: Marked) -> None:
    """Fails when a part is taken out of ``parts_of``; that no statement is idle is the next test's."""
    await marked.live_through_everything()
    me, mall = marked.consumer, marked.mall
    ticket = await marked.exports.ask(me)
    export = await marked.exports.fetch(me, ticket.number)
    for room, marks in IN_EXPORT.items():
        text = msgspec.json.encode(export.data[room]).decode()
        assert [mark for mark in marks if mark not in text] == [], room
    assert {kind for told in export.data.values() for kind, kept in told.items() if kept} >= {
        "profile", "sessions", "consents", "addresses", "orders", "cases", "cart", "payments", "coupons", "reviews",
        "complaints", "pictures", "texts", "chat", "live_restrictions", "live_reports", "pushed_events",
        "exports",
    }  # fmt: skip
    assert export.data["orders"]["orders"][0]["lines"][0]["quantity"] == 2
    assert export.data["payments"]["payments"][0]["amount_fen"] == marked.order.amount_fen
    assert export.cut == []
    shown = [(room, each["purpose"]) for room in ("content", "county") for each in export.data[room]["pictures"]]
    assert sorted(shown) == [("content", "after_sales"), ("content", "review"), ("content", "review"),
                             ("county", "evidence")]  # fmt: skip
    (evidence,) = export.data["county"]["pictures"]
    assert await came_with_complaint(me.number, evidence["number"])
    assert not await came_with_complaint("somebody", evidence["number"])
    assert await scalar("SELECT count(*) FROM access_log WHERE subject = $1 AND purpose = 'export'", me.caller) == 1

    with pytest.raises(ClosureBlocked) as blocked:
        await marked.closures.ask(me)
    assert blocked.value.facts == {"reasons": {"orders": 1, "shipping_reports": 1}}
    await marked.end_the_order()
    secrets = await secrets_of(me.number)
    assert {mark for _, mark in await where_it_stands(MARKS | secrets)} >= {ANSWER, OPENID} | secrets
    money = await rows("SELECT to_jsonb(t)::text AS r FROM ledger_posting t ORDER BY id")

    me = await marked.log_in()
    assert (await marked.closures.ask(me)).state is ClosureState.COOLING
    assert await marked.closures.erase_due() == 0
    mall.watch.forward(days=7, seconds=1)
    assert await marked.closures.erase_due() == 1
    assert await state_of(me.number) == "erased"
    assert await collect(mall.built.pictures, pictures_in_orders) >= 1
    left = await where_it_stands(MARKS | secrets)
    trade_records = {
        "content_text",
        "customer_order",
        "parcel",
        "complaint",
        "complaint_step",
        "after_sales_case",
        "after_sales_event",
        "payment_notice",
    }
    assert {table for table, _ in left - PUBLISHED} <= trade_records

    for too_early in ("UPDATE after_sales_event SET note = NULL", "UPDATE complaint_step SET text = ''"):
        with pytest.raises(BaseORMException, match=r"append-only|permission denied|must be owner"):
            await execute(too_early)

    mall.watch.forward(days=1096)
    kept_until = mall.watch() - timedelta(days=1096)
    assert (await forget_deliveries(kept_until), await forget_deliveries(kept_until)) == (1, 0)
    assert await forget_notices(kept_until) > 0
    assert (await forget_complaints(kept_until), await forget_complaints(kept_until)) == (2, 0)
    assert await scalar("SELECT count(*) FROM parcel WHERE phone_tail <> '' OR label IS NOT NULL") == 0
    assert await where_it_stands(MARKS | secrets) == PUBLISHED
    assert await forget_old_texts(kept_until, WITH_THEIR_OWNER) == 1
    assert await where_it_stands(MARKS | secrets) == {("review", REVIEW)}, "the check's copy goes, the review stays"
    assert await scalar("SELECT count(*) FROM content_text WHERE text <> '……' OR state IN ('held', 'in_review')") == 0
    review = await row("SELECT consumer, anonymous FROM review")
    assert review is not None
    assert author_name(review["consumer"], review["anonymous"]) == "匿名用户"
    assert await rows("SELECT to_jsonb(t)::text AS r FROM ledger_posting t ORDER BY id") == money
    kept = await row("SELECT amount_fen, consumer FROM customer_order")
    assert kept == {"amount_fen": marked.order.amount_fen, "consumer": me.number}
    assert await scalar("SELECT state FROM coupon") == "void"
    assert (
        await scalar("SELECT count(*) FROM picture WHERE state <> 'dropped' AND purpose IN ('after_sales', 'evidence')")
        == 0
    )

    again = await marked.log_in()
    assert again.number != me.number
    assert await scalar("SELECT count(*) FROM customer_order WHERE consumer = $1", again.number) == 0


WITH_STATEMENTS = (content, county, kit, live, logistics, messages, orders, payments, promotions, reviews)
"""The rooms whose ``erase`` and ``forget`` change rows."""


async def everything() -> str:
    """A hash of every row of every table."""
    names = await rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    union = " UNION ALL ".join(
        f"SELECT coalesce(string_agg(t::text, '|' ORDER BY t::text), '') AS r FROM \"{name['tablename']}\" t"
        for name in names
    )
    return str(await scalar(f"SELECT md5(string_agg(r, '#' ORDER BY r)) FROM ({union}) u"))


async def test_no_statement_of_an_erasure_is_idle(marked: Marked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each statement of each ``erase`` and of what is forgotten after three years is left out once: it is missed.

    So what the test above finds gone is gone because of every one of them.
    """
    await marked.live_through_everything()
    me = marked.consumer
    await marked.end_the_order()
    person = Person(me.number, OPENID)
    kept_until = marked.mall.watch() + timedelta(days=1)
    sent: list[str] = []
    left_out: int | None = None

    async def counted(sql: str, *values: object) -> int:
        sent.append(sql)
        return 0 if len(sent) - 1 == left_out else await execute(sql, *values)

    for room in WITH_STATEMENTS:
        monkeypatch.setattr(room.own_records, "execute", counted)

    async def erased() -> str:
        sent.clear()
        async with rolled_back():
            for part in marked.parts:
                await part.erase(person)
            await county.own_records._forget_some(kept_until)
            await orders.own_records._forget_some(kept_until)
            await forget_notices(kept_until)
            return await everything()

    whole, statements = await erased(), list(sent)
    assert len(statements) > 25
    idle = []
    for left_out in range(len(statements)):
        with contextlib.suppress(BaseORMException):  # a trigger misses it
            if await erased() == whole:
                idle.append(statements[left_out])
    assert idle == []


async def test_an_export_is_its_askers_alone_for_a_while_and_rarely(marked: Marked) -> None:
    me, other = await marked.log_in(), await marked.log_in("openid-other")
    ticket = await marked.exports.ask(me)
    with pytest.raises(ExportUnknown):
        await marked.exports.fetch(other, ticket.number)
    for _ in range(FETCHES):
        await marked.exports.fetch(me, ticket.number)
    with pytest.raises(ExportEnded):
        await marked.exports.fetch(me, ticket.number)
    asked = await asyncio.gather(*(marked.exports.ask(me) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(answer, ExportLimitReached) for answer in asked) == 3
    fresh = next(answer for answer in asked if not isinstance(answer, BaseException))
    marked.mall.watch.forward(days=1, seconds=1)
    with pytest.raises(ExportEnded):
        await marked.exports.fetch(me, fresh.number)
    await marked.exports.ask(me)


async def test_a_log_in_revokes_and_a_purchase_postpones(marked: Marked) -> None:
    me = await marked.log_in()
    await asyncio.gather(*(marked.closures.ask(me) for _ in range(5)))
    assert await scalar("SELECT count(*) FROM account_closure") == 1
    await marked.log_in()
    assert await state_of(me.number) == "revoked"
    await marked.closures.ask(me)
    await marked.closures.revoke(me)
    with pytest.raises(ClosureUnknown):
        await marked.closures.revoke(me)
    await marked.closures.ask(me)
    await marked.mall.place(consumer=me.number)
    marked.mall.watch.forward(days=8)
    assert await marked.closures.erase_due() == 0
    assert await state_of(me.number) == "cooling"


@pytest.mark.parametrize("dies_at", ["before the rooms", "orders", "payments", "kit", "after the rooms"])
async def test_erasure_goes_on_after_a_worker_died(marked: Marked, dies_at: str) -> None:
    """The worker is gone between two rooms, as after kill -9: the claim runs out and another worker ends it."""
    me = await marked.log_in()
    await marked.mall.addresses.add(me.number, BOOK)
    await marked.closures.ask(me)
    marked.mall.watch.forward(days=8)

    class Killed(BaseException):
        """Nothing in the house catches it."""

    async def die(person: Person) -> None:
        raise Killed

    parts = list(marked.parts)
    place = {"before the rooms": 0, "after the rooms": len(parts)}.get(dies_at)
    if place is None:
        place = [part.room for part in parts].index(dies_at)
    parts.insert(place, Part("killed", die))
    with pytest.raises(Killed):
        await replace(marked.closures, parts=parts).erase_due()
    assert await state_of(me.number) == "erasing"
    with pytest.raises(AccountBeingErased):
        await marked.log_in()
    assert await marked.closures.erase_due() == 0, "the claim holds"
    marked.mall.watch.forward(seconds=CLAIMED_FOR.total_seconds() + 1)
    done = await asyncio.gather(*(marked.closures.erase_due() for _ in range(3)))
    assert sum(done) == 1
    assert await state_of(me.number) == "erased"
    assert await scalar("SELECT count(*) FROM delivery_address") == 0
    assert (await marked.log_in()).number != me.number
    for part in marked.parts:
        await part.erase(Person(me.number, OPENID))


async def test_nobody_begins_anew_while_rooms_still_erase_what_they_know_of_the_identity(marked: Marked) -> None:
    """A second run would take the payer out of the new account's payments: its money would wait for a person.

    Fails when a new account may be made before all is erased: tried.
    """
    me = await marked.log_in()
    await marked.closures.ask(me)
    marked.mall.watch.forward(days=8)
    refused: list[str] = []

    async def comes_back(person: Person) -> None:
        with pytest.raises(AccountBeingErased) as error:
            await marked.log_in(person.identity)
        refused.append(error.value.code)
        assert (await marked.log_in("openid-other")).number != me.number

    parts = (Part("returning", comes_back), *marked.parts)
    assert await replace(marked.closures, parts=parts).erase_due() == 1
    assert refused == ["account_being_erased"]
    assert await scalar("SELECT count(*) FROM consumer_account WHERE openid = $1", me.openid) == 0
    assert (await marked.log_in()).number != me.number


async def test_a_phone_number_that_arrives_after_the_erasure_is_not_kept(marked: Marked) -> None:
    """WeChat was asked before and answers after. Fails when the tombstone takes it: tried."""
    me = await marked.log_in()
    await marked.closures.ask(me)
    marked.mall.watch.forward(days=8)
    assert await marked.closures.erase_due() == 1
    assert (await marked.login.bind_phone(me, f"phone-{PHONE}")).phone_masked is None
    assert await scalar("SELECT count(*) FROM consumer_account WHERE phone_cipher IS NOT NULL") == 0


async def put_into(consumer: str, state: ClosureState) -> None:
    """Set the closure into a state as if it had been led there, and due."""
    await execute(
        "UPDATE account_closure SET state = $2::text, due_at = now() - interval '1 second',"
        " identity = CASE WHEN $2::text = 'erasing' THEN 'openid' END,"
        " ended_at = CASE WHEN $2::text IN ('revoked', 'erased') THEN now() END WHERE consumer = $1",
        consumer,
        state.value,
    )


async def test_every_act_in_every_state_goes_where_the_table_says(marked: Marked) -> None:
    """Generated from the table: no act leaves it, and each of its steps is taken by one."""

    class Killed(BaseException):
        """Nothing in the house catches it."""

    async def die(person: Person) -> None:
        raise Killed

    async def claim_and_die(closures: Closures) -> None:
        with contextlib.suppress(Killed):
            await replace(closures, parts=[Part("killed", die)]).erase_due()

    taken = set()
    acts: dict[str, Callable[[Consumer], Awaitable[object]]] = {
        "log in": lambda me: marked.log_in(me.openid),
        "revoke": marked.closures.revoke,
        "claim": lambda me: claim_and_die(marked.closures),
        "erase": lambda me: marked.closures.erase_due(),
    }
    for state in ClosureState:
        for name, act in acts.items():
            me = await marked.log_in(f"openid-{state}-{name}".replace(" ", ""))
            await marked.closures.ask(me)
            await put_into(me.number, state)
            with contextlib.suppress(ClosureUnknown):
                await act(me)
            after = ClosureState(
                str(
                    await scalar("SELECT state FROM account_closure WHERE consumer = $1 ORDER BY id LIMIT 1", me.number)
                )
            )
            if state is ClosureState.COOLING and name == "erase":
                taken |= {(state, ClosureState.ERASING), (ClosureState.ERASING, after)}
            elif after is not state:
                assert after in CLOSURE_TRANSITIONS[state], (state, name, after)
                taken.add((state, after))
            await execute(
                "UPDATE account_closure SET due_at = now() + interval '9 days' WHERE consumer = $1", me.number
            )
    assert taken == {(state, to) for state, after in CLOSURE_TRANSITIONS.items() for to in after}
