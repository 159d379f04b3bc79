"""The gate before the air: who presents is verified for this session, and what is shown is signed as it stands."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta

import pytest
from tortoise.exceptions import BaseORMException

from accounts.models import RoleGrant, StaffAccount
from accounts.roles import Role, ScopeKind
from kit.clock import china_day, utc_now
from kit.database import execute, scalar
from live.errors import NotOnShelf, OwnMatter, SessionStateForbids
from live.models import LiveSession, SessionState
from live.plans.models import AssistantRole
from live.plans.queries import Slot
from live.plans.service import Plans
from live.readiness.checks import product_checks
from live.readiness.errors import NotASigner, ProductNotCleared, ProductNotSigned, SessionNotReady
from live.readiness.queries import gate_of, verifications_of
from live.roster.models import BlacklistingKind
from products.catalogue_models import RequirementKind
from products.categories import Categories
from tests.live.hosts import ONE, TWO, presenting_account
from tests.live.rooms import HOST, House, request_of, state_of
from tests.products.shelf import approved_merchant, listed_product


async def refusal(act: Awaitable[object]) -> SessionNotReady | None:
    """With which obstacles something is refused."""
    try:
        await act
    except SessionNotReady as refused:
        return refused
    return None


async def shelved(house: House, skus: int = 1) -> tuple[LiveSession, list[str]]:
    """A session that is planned, with products on its shelf that nobody has signed."""
    merchant = await approved_merchant()
    session = await house.scheduled(merchant)
    codes = [(await listed_product(merchant))[1][0] for _ in range(skus)]
    for code in codes:
        await house.shelf.put(session.number, HOST, code)
    return session, codes


async def findings(house: House, session: LiveSession) -> dict[str, list[str]]:
    """What the check finds, by product."""
    checks = await product_checks(session, house.clock())
    return {each.sku: [one.kind for one in each.findings] for each in checks}


async def test_no_address_before_the_gate_and_the_gate_names_all_that_is_missing(database: str) -> None:
    """Fails when an address makes a session ready, or when one obstacle hides another: tried."""
    house = House()
    session, [code] = await shelved(house)
    early = await refusal(house.publishing.issue_address(session.number, HOST))
    assert early is not None
    assert early.facts["obstacles"] == ["readiness"]
    await presenting_account("U00000000000000002")
    await LiveSession.filter(id=session.id).update(host="U00000000000000002")
    refused = await refusal(house.readiness.clear(session.number, "U00000000000000002"))
    assert refused is not None
    assert refused.facts["obstacles"] == ["unknown", "reverification", "sign_off"]
    assert refused.facts["products"] == [code]
    assert await state_of(session) is SessionState.SCHEDULED
    await LiveSession.filter(id=session.id).update(host=HOST)
    for act, left in (
        (None, ["reverification", "sign_off"]),
        (house.readiness.declare(session.number, HOST), ["sign_off"]),
        (house.readiness.sign_off(session.number, [code], ONE), []),
    ):
        if act is not None:
            await act
        assert (await gate_of(house.readiness, session.number)).obstacles == left
    for _ in range(2):
        await house.readiness.clear(session.number, HOST)
    assert await state_of(session) is SessionState.READY
    assert await scalar("SELECT shelf ->> 0 FROM session_clearance") == code
    await house.publishing.issue_address(session.number, HOST)
    with pytest.raises(BaseORMException):
        await execute("DELETE FROM session_clearance")


async def test_a_verification_is_of_this_session_and_of_a_day(database: str) -> None:
    """Fails when one of another session, or an old one, will do: tried."""
    house = House()
    first, second = await house.scheduled(), await house.scheduled(await approved_merchant(2))
    await house.readiness.declare(first.number, HOST)
    assert (await gate_of(house.readiness, second.number)).obstacles == ["reverification"]
    await house.readiness.verify(second.number, "示例核验单", ONE)
    told = (await gate_of(house.readiness, second.number)).reverifications
    assert [(each.kind, each.recorded_by) for each in told] == [("officer", ONE)]
    await house.readiness.clear(second.number, HOST)
    house.clock.ahead = timedelta(hours=24, seconds=1)
    for session, act in ((first, house.readiness.clear), (second, house.publishing.issue_address)):
        refused = await refusal(act(session.number, HOST))
        assert refused is not None
        assert refused.facts["obstacles"] == ["reverification"]
    await house.readiness.declare(second.number, HOST)
    await house.publishing.issue_address(second.number, HOST)


async def test_whoever_is_barred_after_the_gate_gets_no_address_and_the_old_one_is_worth_nothing(
    database: str,
) -> None:
    """Fails when the list is asked for at the gate alone: tried."""
    house = House()
    session = await house.ready()
    await house.publishing.issue_address(session.number, HOST)
    listing = await house.roster.propose_blacklisting(BlacklistingKind.LISTING, "示例", ONE, host=HOST)
    await house.roster.decide_blacklisting(listing, TWO, "", is_approved=True)
    assert await scalar("SELECT push_nonce FROM live_session WHERE id = $1", session.id) is None
    refused = await refusal(house.publishing.issue_address(session.number, HOST))
    assert refused is not None
    assert refused.facts["obstacles"] == ["blacklisted"]
    await RoleGrant.filter(staff__number=HOST).update(revoked_at=utc_now())
    refused = await refusal(house.publishing.issue_address(session.number, HOST))
    assert refused is not None
    assert refused.facts["obstacles"] == ["unknown"]


async def test_an_address_that_is_issued_while_the_host_is_listed_is_worth_nothing(database: str) -> None:
    """Ten times at once. Fails when the decision leaves the addresses alone: tried."""
    house = House()
    session = await house.ready()
    for _ in range(10):
        listing = await house.roster.propose_blacklisting(BlacklistingKind.LISTING, "示例", ONE, host=HOST)
        await asyncio.gather(
            refusal(house.publishing.issue_address(session.number, HOST)),
            house.roster.decide_blacklisting(listing, TWO, "", is_approved=True),
        )
        assert await scalar("SELECT push_nonce FROM live_session WHERE id = $1", session.id) is None
        lifting = await house.roster.propose_blacklisting(BlacklistingKind.LIFTING, "示例", ONE, host=HOST)
        await house.roster.decide_blacklisting(lifting, TWO, "", is_approved=True)


async def test_a_signature_falls_with_the_product_that_changes_and_with_no_other(database: str) -> None:
    """By another price, title or place on the shelf. Fails when any of the three is not asked for: tried."""
    house = House()
    merchant = await approved_merchant()
    session = await house.scheduled(merchant)
    products = [await listed_product(merchant) for _ in range(2)]
    (product, [changed]), (_, [other]) = products
    for code in (changed, other):
        await house.shelf.put(session.number, HOST, code)
    await house.signed(session.number, changed, other)
    await house.readiness.declare(session.number, HOST)
    await house.readiness.clear(session.number, HOST)
    address = await house.publishing.issue_address(session.number, HOST)
    await house.publishing.admit(request_of(session.stream, address))

    async def falls() -> None:
        signed = {each.sku: each.is_signed for each in await product_checks(session, house.clock())}
        assert signed == {changed: False, other: True}
        with pytest.raises(ProductNotSigned):
            await house.shelf.pin(session.number, HOST, changed)
        await house.shelf.pin(session.number, HOST, other)
        await house.signed(session.number, changed)
        await house.shelf.pin(session.number, HOST, changed)

    await execute("UPDATE sku SET price_fen = 4100 WHERE code = $1", changed)
    await falls()
    await execute("UPDATE product SET title = '另一种红糖' WHERE code = $1", product)
    await falls()
    await house.shelf.remove(session.number, HOST, changed)
    await house.shelf.put(session.number, HOST, changed)
    await falls()
    assert await scalar("SELECT count(*) FROM shelf_sign_off") == 5
    with pytest.raises(BaseORMException):
        await execute("UPDATE shelf_sign_off SET list_price_fen = 1")


async def test_what_is_not_on_the_shelf_or_has_a_finding_is_not_signed_and_nothing_beside_it(database: str) -> None:
    house = House()
    session, [first, second] = await shelved(house, 2)
    with pytest.raises(NotOnShelf):
        await house.signed(session.number, first, "K-none")
    await execute("UPDATE sku SET active = false WHERE code = $1", second)
    with pytest.raises(ProductNotCleared) as refused:
        await house.signed(session.number, first, second)
    assert refused.value.facts["findings"] == {second: ["not_listed"]}
    assert await scalar("SELECT count(*) FROM shelf_sign_off") == 0
    await LiveSession.filter(id=session.id).update(state=SessionState.ENDED)
    for act in (
        house.signed(session.number, first),
        house.readiness.declare(session.number, HOST),
        house.readiness.verify(session.number, "示例", ONE),
        house.readiness.clear(session.number, HOST),
    ):
        with pytest.raises(SessionStateForbids):
            await act


async def test_the_check_asks_for_the_planned_day_and_not_for_today(database: str) -> None:
    """A licence that ends before the broadcast. Fails when the check asks for today: tried."""
    house = House()
    session, [code] = await shelved(house)
    until = china_day(utc_now()) + timedelta(days=3)
    await execute("UPDATE merchant SET licence_until = $1", until)
    assert await findings(house, session) == {code: []}
    await LiveSession.filter(id=session.id).update(planned_at=utc_now() + timedelta(days=5))
    assert await findings(house, await LiveSession.get(id=session.id)) == {code: ["merchant"]}
    await execute("UPDATE merchant SET licence_until = NULL, state = 'suspended', suspension_reason = 'x'")
    assert await findings(house, await LiveSession.get(id=session.id)) == {code: ["merchant", "not_listed"]}


async def test_goods_whose_merchant_has_no_slot_any_more_are_found(database: str) -> None:
    house = House()
    session, [code] = await shelved(house)
    await execute(
        "INSERT INTO session_slot (session_id, merchant, from_minute, until_minute) VALUES ($1, 'M-other', 0, 60)",
        session.id,
    )
    assert await findings(house, session) == {code: ["foreign_merchant"]}
    await Plans().set_slots(session.number, HOST, [Slot(merchant=session.merchant, from_minute=0, until_minute=60)])
    assert await findings(house, session) == {code: []}


async def test_a_reduction_is_measured_by_a_price_that_has_stood_for_a_week(database: str) -> None:
    """Fails when the history of prices is not asked, or asked without a reduction: tried."""
    house = House()
    session, [code] = await shelved(house)
    sku_id = await scalar("SELECT id FROM sku WHERE code = $1", code)
    await execute(
        "INSERT INTO price_change (sku_id, old_price_fen, new_price_fen, changed_at, changed_by)"
        " VALUES ($1, 2990, 3990, now() - interval '2 days', 'staff:test')",
        sku_id,
    )
    assert await findings(house, session) == {code: []}
    await execute(
        "INSERT INTO flash_offer (number, sku_id, kind, state, price_fen, list_price_fen, pieces, buckets, starts_at,"
        " ends_at, opened_at, opened_by)"
        " SELECT 'F1', $1, 'flash', 'open', 2980, 3990, 10, 1, now() - interval '1 hour', now() + interval '30 days',"
        " now(), 'staff:test'",
        sku_id,
    )
    assert await findings(house, session) == {code: ["price_evidence"]}
    house.clock.ahead = timedelta(days=6)
    assert (await findings(house, session))[code] == []


async def test_lots_that_need_a_certificate_are_found_without_one(database: str) -> None:
    """From the day on which the category demands it, and on the planned day."""
    house = House()
    session, [code] = await shelved(house)
    since = china_day(utc_now()) + timedelta(days=2)
    await Categories().require(
        "goods", RequirementKind.LOT_CERTIFICATE, ["commitment"], since, None, "示例文件", "staff:test"
    )
    assert await findings(house, session) == {code: []}
    await LiveSession.filter(id=session.id).update(planned_at=utc_now() + timedelta(days=2))
    assert await findings(house, await LiveSession.get(id=session.id)) == {code: ["lot_certificate"]}


async def test_named_officers_alone_sign_when_some_are_named(database: str) -> None:
    """Fails when every officer may: tried."""
    house = House()
    session, [code] = await shelved(house)
    desk = replace(house.readiness, signers=frozenset({"two"}))
    with pytest.raises(NotASigner):
        await desk.sign_off(session.number, [code], ONE)
    await desk.sign_off(session.number, [code], TWO)
    assert [each.signed_by for each in await product_checks(session, utc_now())] == [TWO]


async def test_a_host_reads_when_and_for_what_the_identity_was_verified(database: str) -> None:
    """Of the own sessions alone, the latest first. Fails when another host's are told."""
    house = House()
    first, second = [await house.scheduled(merchant) for merchant in ("M1", "M2")]
    await house.readiness.declare(first.number, HOST)
    await house.readiness.verify(second.number, "示例核验记录", ONE)
    told = [(each.session, each.kind.value, each.recorded_by) for each in await verifications_of(HOST)]
    assert told == [(second.number, "officer", ONE), (first.number, "declaration", f"staff:{HOST}")]
    assert await verifications_of("U-other") == []


async def test_nobody_signs_or_verifies_a_session_with_a_part_in_it(database: str) -> None:
    """Under another role of the same account: host, assistant, clerk of the seller. Fails when roles are told apart."""
    house = House()
    session, [code] = await shelved(house)
    helper, clerk = await presenting_account("U1HELPER"), await presenting_account("U1CLERK")
    await Plans(house.clock).add_assistant(session.number, HOST, helper, AssistantRole.MODERATOR)
    staff = await StaffAccount.get(number=clerk)
    granted = await RoleGrant.create(
        staff_id=staff.id,
        role=Role.MERCHANT_CLERK,
        scope_kind=ScopeKind.MERCHANT,
        scope=session.merchant,
        granted_at=utc_now(),
        granted_by="staff:test",
    )
    for account in (HOST, helper, clerk):
        with pytest.raises(OwnMatter):
            await house.readiness.sign_off(session.number, [code], f"staff:{account}")
    for account in (HOST, helper):
        with pytest.raises(OwnMatter):
            await house.readiness.verify(session.number, "示例文件", f"staff:{account}")
    assert await scalar("SELECT count(*) FROM shelf_sign_off") == 0
    await house.readiness.verify(session.number, "示例文件", f"staff:{clerk}")
    await RoleGrant.filter(id=granted.id).update(revoked_at=utc_now(), revoked_by="staff:test")
    await house.readiness.sign_off(session.number, [code], f"staff:{clerk}")
