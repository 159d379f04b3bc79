"""The plan of a session: whose goods, who helps, what is said; written until it is on air, and every change kept."""

from datetime import timedelta

import msgspec
import pytest
from tortoise.exceptions import BaseORMException, IntegrityError

from accounts.models import RoleGrant, StaffAccount
from accounts.queries import hosts_named
from kit.clock import utc_now
from kit.database import execute, rows, scalar
from kit.errors import DomainError
from live.errors import NotForSale, SessionNotFound, SessionStateForbids
from live.models import LiveSession, SessionState
from live.plans.errors import AssistantInvalid, RunDownInvalid, SlotInUse, SlotsInvalid
from live.plans.models import AssistantRole, SessionSlot
from live.plans.queries import Slot, Step, assisted_by, plan_of, shown_plan
from live.plans.service import Plans
from tests.content.paint import a_picture
from tests.live.hosts import presenting_account
from tests.live.rooms import HOST, House
from tests.products.shelf import approved_merchant, listed_product

HELPER = "U00000000000HELPER"


def plans_of(house: House) -> Plans:
    return Plans(house.clock)


def slot(merchant: str, since: int, until: int) -> Slot:
    return Slot(merchant=merchant, from_minute=since, until_minute=until)


def step(sku: str, minutes: int = 5) -> Step:
    return Step(sku=sku, minutes=minutes, script="示例脚本")


async def test_a_plan_is_shown_and_each_of_its_changes_is_kept(database: str) -> None:
    house = House()
    plans, session = plans_of(house), await house.scheduled()
    assert (await shown_plan(session.id, session.number)).merchants == [session.merchant]
    await plans.describe(session.number, HOST, None, "示例公告")
    await plans.describe(session.number, HOST, None, "示例公告")  # nothing changes: nothing is noted
    await plans.describe(session.number, HOST, None, "改过的公告")
    await plans.set_run_down(session.number, HOST, [step("K2", 3), step("K1")])
    await plans.set_run_down(session.number, HOST, [step("K1"), step("K2", 4)])
    plan = await plan_of(session.number)
    assert (plan.notice, [(each.sku, each.minutes) for each in plan.run_down]) == ("改过的公告", [("K1", 5), ("K2", 4)])
    assert (await shown_plan(session.id, session.number)).notice == "改过的公告"
    told = [(each.part, each.changed_by) for each in plan.changes]
    assert told == [(part, f"staff:{HOST}") for part in ("run_down", "run_down", "plan", "plan")]
    assert plan.changes[2].before["notice"] == "示例公告"
    assert [each["sku"] for each in plan.changes[0].before] == ["K2", "K1"]
    with pytest.raises(RunDownInvalid):
        await plans.set_run_down(session.number, HOST, [step("K1"), step("K1")])
    with pytest.raises(BaseORMException):
        await execute("UPDATE plan_change SET part = 'x'")


async def test_a_plan_is_its_hosts_and_ends_on_air(database: str) -> None:
    """Fails when the state is not asked about: tried."""
    house = House()
    plans, session = plans_of(house), await house.scheduled()
    for state in SessionState:
        await LiveSession.filter(id=session.id).update(state=state)
        for host in (HOST, "U-other"):
            for act in (
                plans.describe(session.number, host, None, state.value),
                plans.set_run_down(session.number, host, []),
                plans.set_slots(session.number, host, []),
            ):
                try:
                    await act
                    refused: type[DomainError] | None = None
                except DomainError as refusal:
                    refused = type(refusal)
                is_open = state in (SessionState.SCHEDULED, SessionState.READY)
                assert refused is (SessionNotFound if host != HOST else None if is_open else SessionStateForbids)


async def test_goods_of_the_slots_merchants_alone_come_onto_the_shelf(database: str) -> None:
    """The first slot's merchant is the session's. Fails when the shelf asks for the session's merchant: tried."""
    house = House()
    first, second, third = [await approved_merchant(serial) for serial in (1, 2, 3)]
    skus = {each: (await listed_product(each))[1][0] for each in (first, second, third)}
    plans, session = plans_of(house), await house.scheduled(first)
    with pytest.raises(NotForSale):
        await house.shelf.put(session.number, HOST, skus[second])
    await plans.set_slots(session.number, HOST, [slot(first, 30, 60), slot(second, 0, 30)])
    for merchant in (first, second):
        await house.shelf.put(session.number, HOST, skus[merchant])
    with pytest.raises(NotForSale):
        await house.shelf.put(session.number, HOST, skus[third])
    assert (await LiveSession.get(id=session.id)).merchant == second
    assert (await shown_plan(session.id, session.number)).merchants == sorted([first, second])
    with pytest.raises(SlotInUse) as refused:
        await plans.set_slots(session.number, HOST, [slot(first, 0, 60)])
    assert refused.value.facts["products"] == [skus[second]]
    await house.shelf.remove(session.number, HOST, skus[second])
    await plans.set_slots(session.number, HOST, [slot(first, 0, 60)])


async def test_slots_do_not_overlap_by_the_service_nor_by_the_table(database: str) -> None:
    house = House()
    plans, session = plans_of(house), await house.scheduled()
    for wrong in ([("M1", 0, 30), ("M2", 29, 60)], [("M1", 10, 10)], [("M1", 20, 10)], [("M1", 0, 90), ("M2", 5, 6)]):
        with pytest.raises(SlotsInvalid):
            await plans.set_slots(session.number, HOST, [slot(*each) for each in wrong])
    await SessionSlot.create(session_id=session.id, merchant="M1", from_minute=0, until_minute=30)
    with pytest.raises((IntegrityError, BaseORMException)):
        await SessionSlot.create(session_id=session.id, merchant="M2", from_minute=29, until_minute=40)


async def test_a_shelf_assistant_fills_and_pins_and_a_moderator_does_not(database: str) -> None:
    """Each event says who did it, to nobody but the record. Fails when any role opens the shelf: tried."""
    house = House()
    merchant = await approved_merchant()
    _, [sku] = await listed_product(merchant)
    plans, (session, _) = plans_of(house), await house.on_air(merchant)
    await presenting_account(HELPER)
    for account in (HOST, "U-nobody"):
        with pytest.raises(AssistantInvalid):
            await plans.add_assistant(session.number, HOST, account, AssistantRole.SHELF)
    with pytest.raises(SessionNotFound):
        await plans.add_assistant(session.number, HELPER, HELPER, AssistantRole.SHELF)
    for _ in range(2):
        await plans.add_assistant(session.number, HOST, HELPER, AssistantRole.MODERATOR)
    with pytest.raises(SessionNotFound):
        await house.shelf.put(session.number, HELPER, sku)
    await plans.add_assistant(session.number, HOST, HELPER, AssistantRole.SHELF)
    await house.shelf.put(session.number, HELPER, sku)
    await house.signed(session.number, sku)
    await house.shelf.pin(session.number, HELPER, sku)
    await house.shelf.unpin(session.number, HOST)
    told = await rows(
        "SELECT kind, author FROM live_feed_message WHERE session_id = $1 AND kind <> 'state' ORDER BY \"offset\"",
        session.id,
    )
    assert [(each["kind"], each["author"]) for each in told] == [
        ("shelf", f"staff:{HELPER}"), ("pin", f"staff:{HELPER}"), ("unpin", f"staff:{HOST}"),
    ]  # fmt: skip
    assert await assisted_by(HELPER) == [session.number]
    for _ in range(2):
        await plans.remove_assistant(session.number, HOST, HELPER, AssistantRole.SHELF)
    with pytest.raises(SessionNotFound):
        await house.shelf.pin(session.number, HELPER, sku)
    assert [(each.role, each.removed_by) for each in (await plan_of(session.number)).assistants] == [
        (AssistantRole.MODERATOR, None), (AssistantRole.SHELF, f"staff:{HOST}"),
    ]  # fmt: skip
    with pytest.raises(BaseORMException):
        await execute("UPDATE session_assistant SET role = 'shelf'")
    house.clock.ahead += timedelta(hours=1)
    await plans.add_assistant(session.number, HOST, HELPER, AssistantRole.SHELF)
    assert await scalar("SELECT count(*) FROM session_assistant") == 3


async def test_an_assistant_is_found_by_the_beginning_of_the_name(database: str) -> None:
    """Fails when who presents no more is told, when a name is matched inside or as a pattern, and with more of a
    person than number and name.
    """
    for number, name in (
        ("U1", "王小红"),
        ("U2", "王大明"),
        ("U3", "小王"),
        ("U4", "王离职"),
        ("U5", "王停用"),
        (HOST, "王主播"),
    ):
        await presenting_account(number)
        await StaffAccount.filter(number=number).update(name=name)
    await RoleGrant.filter(staff__number="U4").update(revoked_at=utc_now(), revoked_by="staff:test")
    await StaffAccount.filter(number="U5").update(disabled_at=utc_now())
    found = await hosts_named("王", HOST, 20)
    assert [msgspec.to_builtins(each) for each in found] == [
        {"account": "U2", "name": "王大明"}, {"account": "U1", "name": "王小红"},
    ]  # fmt: skip
    assert await hosts_named("王", HOST, 1) == found[:1]
    assert await hosts_named("王小", HOST, 20) == found[1:]
    assert await hosts_named("%", HOST, 20) == await hosts_named("_小", HOST, 20) == []


async def test_the_cover_is_a_picture_of_the_hosts_for_live_rooms(database: str) -> None:
    """Fails when anybody's picture will do: tried."""
    house = House()
    plans, session = plans_of(house), await house.scheduled()
    mine, theirs = [await a_picture(uploader, "live") for uploader in (f"staff:{HOST}", "staff:U-other")]
    with pytest.raises(DomainError, match="picture_not_usable"):
        await plans.describe(session.number, HOST, theirs, "")
    await plans.describe(session.number, HOST, mine, "")
    cover = (await shown_plan(session.id, session.number)).cover
    assert cover is not None
    assert cover.number == mine
    assert cover.url
    await plans.describe(session.number, HOST, None, "")
    assert (await plan_of(session.number)).cover is None
