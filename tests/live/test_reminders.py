"""Whoever asks to be told when a session begins is told once, by WeChat, and of nothing else."""

import asyncio
import contextvars
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from redis import Redis as BlockingRedis

from accounts.models import ConsumerAccount
from integrations.wechat.background import BackgroundClient
from integrations.wechat.subscribe import WeChatSubscribeSender
from kit.belongings import Person
from kit.clock import utc_now
from kit.database import execute, rows, scalar, transaction
from live.errors import SessionNotFound, SessionStateForbids
from live.events import SessionCancelled, SessionStarted
from live.models import LiveSession
from live.own_records import erase, personal_data
from live.reminders.service import MOMENTS, Reminders, is_reminded
from messages.events import SubscriptionAnswered
from messages.models import MessageMoment
from messages.outgoing import TemplateRecord
from tests.doors.conftest import house, http
from tests.doors.house import House as Doors
from tests.doors.house import idempotency_key
from tests.doors.problems import check_problem
from tests.integrations.conftest import wechat
from tests.live.rooms import HOST, House, request_of
from tests.live.waiting import until
from tests.orders.mall import Mall, facts, settings_for
from tests.payments.channel import APPID
from tests.payments.sandbox import APP_SECRET, Sandbox
from tests.statements import counted_statements

__all__ = ["house", "http", "wechat"]
TEMPLATE = "T-live"
FIELDS = {"thing1": "title", "time2": "at", "phrase3": "status"}


@dataclass
class Evening:
    """A county whose messages go to the sandbox, with consumers whom it knows."""

    mall: Mall
    room: House
    wechat: Sandbox
    openids: dict[str, str]

    @property
    def reminders(self) -> Reminders:
        return self.mall.built.live.reminders

    async def agree(self, consumer: str, template: str = TEMPLATE) -> None:
        """One accept of a template, at WeChat and as WeChat has pushed it."""
        openid = self.openids[consumer]
        self.wechat.control("POST", "/subscriptions", openid=openid, template_id=template, count=1)
        answer = SubscriptionAnswered(openid=openid, template=template, accepted=True, is_popup=True)
        await self.mall.built.outgoing.record_answer(answer)

    async def told(self) -> dict[str, list[dict[str, object]]]:
        """What has arrived on each phone once all is delivered."""
        await self.mall.deliver()
        while await self.mall.built.outgoing.send_due():
            pass
        return {
            consumer: self.wechat.control("GET", f"/messages?openid={openid}")["messages"]
            for consumer, openid in self.openids.items()
        }


@pytest_asyncio.fixture
async def evening(database: str, tmp_path: Path, wechat: Sandbox) -> AsyncIterator[Evening]:
    wechat.control("DELETE", "/faults")
    mall = Mall(settings_for(tmp_path, database))
    await mall.open(stock=10)
    client = BackgroundClient(
        APPID, APP_SECRET, base=wechat.base, redis=BlockingRedis.from_url("redis://127.0.0.1:1/0")
    )
    object.__setattr__(mall.built.outgoing, "sender", WeChatSubscribeSender(client, "trial"))
    openids = {name: wechat.person() for name in ("C1", "C2", "C3")}
    for name, openid in openids.items():
        await ConsumerAccount.create(
            number=name, appid=APPID, openid=openid, created_at=utc_now(), last_login_at=utc_now()
        )
    for moment in MOMENTS:
        template = TemplateRecord(moment, TEMPLATE, "pages/live/room?number={reference}", FIELDS, True)
        await mall.built.outgoing.set_template(template, "staff:U1")
    yield Evening(mall, House(), wechat, openids)
    await mall.built.stop()


async def test_who_asked_is_told_once_when_it_begins(evening: Evening) -> None:
    """Fails when a host who comes back begins anew: tried."""
    house = evening.room
    session = await house.ready(evening.mall.merchant)
    for consumer in ("C1", "C1", "C2", "C3"):
        await evening.reminders.ask(session.number, consumer)
    assert await is_reminded(session.id, "C2")
    for _ in range(2):
        await evening.reminders.take_back(session.number, "C2")
    assert not await is_reminded(session.id, "C2")
    for consumer in ("C1", "C1", "C2"):
        await evening.agree(consumer)
    assert await evening.told() == {"C1": [], "C2": [], "C3": []}

    address = await house.publishing.issue_address(session.number, HOST)
    await house.publishing.admit(request_of(session.stream, address))
    arrived = await evening.told()
    (message,) = arrived["C1"]
    assert message["template_id"] == TEMPLATE
    assert message["page"] == f"pages/live/room?number={session.number}"
    assert message["values"].items() >= {"thing1": session.title, "phrase3": "已开播"}.items()  # type: ignore[attr-defined]
    assert (arrived["C2"], arrived["C3"]) == ([], [])
    states = await rows("SELECT openid, state FROM subscribe_message WHERE moment = 'live_started'")
    assert {each["openid"]: each["state"] for each in states} == {
        evening.openids["C1"]: "sent", evening.openids["C3"]: "unwanted",
    }  # fmt: skip

    await house.publishing.note_done(session.stream, "1")
    await house.publishing.admit(request_of(session.stream, address, client="2"))
    assert len(await facts(SessionStarted)) == 1
    assert await evening.told() == arrived
    with pytest.raises(SessionStateForbids):
        await evening.reminders.ask(session.number, "C2")
    with pytest.raises(SessionNotFound):
        await evening.reminders.ask("L20260101NOSUCH0001", "C2")


async def test_who_asked_is_told_once_that_it_does_not_take_place(evening: Evening) -> None:
    """Called off by its host, by time, and by an officer before it began: one message of each. A beginning that was cut
    is told to nobody, and the accept stays.

    Fails when calling off drops the wishes, when a ban tells of what was on air, and when a wish outlives its message:
    tried.
    """
    house = evening.room
    for consumer in ("C1", "C1", "C1", "C1", "C2"):
        await evening.agree(consumer)
    sessions = [await house.ready(evening.mall.merchant) for _ in range(4)]
    for session in sessions:
        await evening.reminders.ask(session.number, "C1")
    called_off, missed, banned, cut = sessions
    await evening.reminders.ask(called_off.number, "C2")
    await evening.reminders.ask(called_off.number, "C3")
    for _ in range(2):
        await house.sessions.cancel(called_off.number, HOST)
        await house.bans.ban(banned.number, "staff:county", "示例原因")
    address = await house.publishing.issue_address(cut.number, HOST)
    await house.publishing.admit(request_of(cut.stream, address))
    await house.bans.ban(cut.number, "staff:county", "示例原因")
    house.clock.ahead = timedelta(days=2)
    assert await house.sessions.cancel_missed() == 1
    assert await scalar("SELECT state FROM live_session WHERE id = $1", missed.id) == "cancelled"
    assert len(await facts(SessionCancelled)) == 3
    await a_worker_dies_before_its_commit(evening, called_off)
    arrived = await evening.told()
    pages = [f"pages/live/room?number={each.number}" for each in (called_off, banned, missed)]
    assert sorted(each["page"] for each in arrived["C1"]) == sorted(pages)  # type: ignore[type-var]
    told = {"thing1": called_off.title, "phrase3": "已取消"}
    assert all(each["values"].items() >= told.items() for each in arrived["C1"])  # type: ignore[attr-defined]
    assert not any("原因" in str(each) for each in arrived["C1"])
    assert (len(arrived["C2"]), arrived["C3"]) == (1, [])
    assert await scalar('SELECT "left" FROM message_consent WHERE openid = $1', evening.openids["C1"]) == 1
    assert await scalar("SELECT count(*) FROM live_reminder") == 0
    await execute("DELETE FROM outbox_receipt")
    await execute("UPDATE outbox_message SET delivered_at = NULL WHERE topic = $1", SessionCancelled.topic)
    assert await evening.told() == arrived


async def a_worker_dies_before_its_commit(evening: Evening, session: LiveSession) -> None:
    """What it had noted is gone with it, and the wishes are there again."""
    fact = SessionCancelled(session=session.number, title=session.title, planned_at=session.planned_at)
    noted = "SELECT count(*) FROM subscribe_message WHERE reference = $1"
    with suppress(ZeroDivisionError):
        async with transaction():
            await evening.reminders.tell_called_off(fact)
            assert await scalar(noted, session.number) == 3
            raise ZeroDivisionError
    assert await scalar(noted, session.number) == 0


async def test_two_templates_are_two_accepts(evening: Evening) -> None:
    """The accept of a beginning stays for another session when this one is called off."""
    record = TemplateRecord(MessageMoment.LIVE_CALLED_OFF, "T-off", "pages/live/index", {"thing1": "title"}, True)
    await evening.mall.built.outgoing.set_template(record, "staff:U1")
    for template in (TEMPLATE, "T-off"):
        await evening.agree("C1", template)
    session = await evening.room.ready(evening.mall.merchant)
    await evening.reminders.ask(session.number, "C1")
    await evening.room.sessions.cancel(session.number, HOST)
    (message,) = (await evening.told())["C1"]
    assert (message["template_id"], message["page"]) == ("T-off", "pages/live/index")
    left = await rows('SELECT template, "left" FROM message_consent ORDER BY template')
    assert [(each["template"], each["left"]) for each in left] == [(TEMPLATE, 1), ("T-off", 0)]


async def test_a_wish_while_it_begins_waits_and_is_refused(evening: Evening) -> None:
    """Fails when the session's row is not held: tried; the wish was taken although nobody would tell of it."""
    house = evening.room
    session = await house.ready(evening.mall.merchant)
    address = await house.publishing.issue_address(session.number, HOST)
    outside = contextvars.copy_context()
    async with transaction():
        await house.publishing.admit(request_of(session.stream, address))
        wish = asyncio.create_task(evening.reminders.ask(session.number, "C1"), context=outside.copy())
        waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        await until(lambda: asyncio.create_task(scalar(waiting), context=outside), 60)
        assert not wish.done()
    with pytest.raises(SessionStateForbids):
        await wish
    assert await scalar("SELECT count(*) FROM live_reminder") == 0


async def test_thousands_are_told_in_a_few_statements(evening: Evening) -> None:
    session = await evening.room.ready(evening.mall.merchant)
    await execute(
        "INSERT INTO consumer_account (number, appid, openid, created_at, last_login_at)"
        " SELECT 'M' || n, $1, 'open-' || n, now(), now() FROM generate_series(1, 2500) n",
        APPID,
    )
    await execute(
        "INSERT INTO live_reminder (session_id, consumer, asked_at) SELECT $1, 'M' || n, now()"
        " FROM generate_series(1, 2500) n",
        session.id,
    )
    begun = SessionStarted(session=session.number, title=session.title, started_at=utc_now())
    with counted_statements() as sent:
        await evening.reminders.tell_started(begun)
    assert len(sent) == 7
    assert await scalar("SELECT count(*) FROM subscribe_message WHERE reference = $1", session.number) == 2500


async def test_a_wish_is_its_persons_to_see_and_to_forget(database: str) -> None:
    house = House()
    session = await house.ready()
    reminders = Reminders(None)  # type: ignore[arg-type]
    for consumer in ("C1", "C2"):
        await reminders.ask(session.number, consumer)
    person = Person("C1", "o1")
    (told,) = (await personal_data(person))["live_reminders"]
    assert told["session"] == session.number
    await erase(person)
    assert [each["consumer"] for each in await rows("SELECT consumer FROM live_reminder")] == ["C2"]


async def test_the_room_says_that_one_is_reminded(house: Doors, http: httpx.AsyncClient) -> None:
    plan = {
        "title": "示例直播", "merchant": house.merchant, "planned_at": (utc_now() + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    keyed = house.headers("host", idempotency_key=idempotency_key())
    number = (await http.post("/v1/console/live/sessions", json=plan, headers=keyed)).json()["number"]
    path, me = f"/v1/miniapp/live/sessions/{number}", house.headers("consumer")
    check_problem(await http.put(f"{path}/reminder"), 401)
    for off, told in (("T-one", ["T-one"]), ("T-two", ["T-one", "T-two"])):
        for moment, template in (("live_started", "T-one"), ("live_called_off", off)):
            record = {"template": template, "page": "pages/live/index", "fields_by_name": {"phrase1": "status"}}
            set_by = house.headers("county_officer", idempotency_key=idempotency_key())
            done = await http.put(f"/v1/console/message-templates/{moment}", json=record, headers=set_by)
            assert done.status_code == 200, done.text
        asked = await http.put(f"{path}/reminder", headers=me)
        assert (asked.status_code, asked.json()) == (200, {"templates": told})
    for headers, reminded in ((me, True), (house.headers("consumer_two"), False), ({}, False)):
        assert (await http.get(path, headers=headers)).json()["reminded"] is reminded
    assert (await http.delete(f"{path}/reminder", headers=me)).status_code == 204
    assert (await http.get(path, headers=me)).json()["reminded"] is False
