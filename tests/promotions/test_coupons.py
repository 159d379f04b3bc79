"""Coupons are claimed within their limits and used once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from kit.clock import utc_now
from kit.database import execute, row, rows, scalar, transaction
from promotions.campaigns import Campaigns
from promotions.coupons import Coupons, DiscountedLine, PricedLine, coupon_terms
from promotions.errors import (
    CampaignInvalid,
    CampaignNotClaimable,
    CampaignNotMovable,
    CampaignUnknown,
    CouponLimitReached,
    CouponNotMovable,
    CouponNotUsable,
    CouponsGone,
    CouponsNotStackable,
    CouponUnknown,
)
from promotions.jobs import expire_coupons
from promotions.models import CAMPAIGN_TRANSITIONS, COUPON_TRANSITIONS, CampaignState, CouponState
from promotions.queries import (
    campaign_result,
    campaign_summaries,
    coupons_of,
    matched_coupons,
    offered_campaigns,
)
from tests.promotions.shop import DAY, claimed_coupon, draft_of, hold, running_campaign, state_of
from tests.statements import counted_statements
from tests.superuser import as_superuser

pytestmark = pytest.mark.asyncio

LINES = [PricedLine("T1-1", "M1", "P1", 15_000), PricedLine("T1-2", "M1", "P2", 5_000)]


def clock_at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


async def settled(calls: Sequence[Awaitable[object]]) -> list[str]:
    """Names of the refusals, "done" for the rest."""
    found = await asyncio.gather(*calls, return_exceptions=True)
    return [type(each).__name__ if isinstance(each, BaseException) else "done" for each in found]


async def test_a_rush_claims_no_more_than_there_are_and_nobody_more_than_allowed(database: str) -> None:
    """Fails when ``claimed < quantity`` or the unique (campaign, owner, ordinal) is removed: tried."""
    campaign = await running_campaign(quantity=30, per_person=2)
    calls = [Coupons().claim(f"C{i % 20}", campaign) for i in range(100)]
    found = await settled(calls)
    assert found.count("done") == 30
    assert set(found) <= {"done", "CouponsGone", "CouponLimitReached"}
    held = await rows("SELECT owner, count(*) AS n FROM coupon GROUP BY owner")
    assert max(r["n"] for r in held) <= 2
    assert await scalar("SELECT claimed FROM coupon_campaign") == 30
    with pytest.raises((CouponsGone, CouponLimitReached)):
        await Coupons().claim("C1", campaign)


async def test_one_person_at_once_gets_the_limit_and_no_more(database: str) -> None:
    campaign = await running_campaign(per_person=3)
    found = await settled([Coupons().claim("C1", campaign) for _ in range(15)])
    assert (found.count("done"), found.count("CouponLimitReached")) == (3, 12)
    assert await scalar("SELECT claimed FROM coupon_campaign") == 3


async def test_what_cannot_be_claimed(database: str) -> None:
    draft = await Campaigns().draft(None, draft_of(), "staff:test")
    with pytest.raises(CampaignUnknown):
        await Coupons().claim("C1", draft)
    later = await running_campaign(claim_from=utc_now() + DAY / 2)
    with pytest.raises(CampaignNotClaimable):
        await Coupons().claim("C1", later)
    running = await running_campaign()
    await Campaigns().move(None, running, CampaignState.PAUSED, "staff:test")
    with pytest.raises(CampaignNotClaimable):
        await Coupons().claim("C1", running)
    assert [c.terms.campaign for c in await offered_campaigns("C1")] == []


async def test_every_step_outside_the_tables_is_refused(database: str) -> None:
    for source in CampaignState:
        for target in CampaignState:
            number = await Campaigns().draft(None, draft_of(), "staff:test")
            await execute("UPDATE coupon_campaign SET state = $2 WHERE number = $1", number, source.value)
            if target is source or target in CAMPAIGN_TRANSITIONS[source]:
                await Campaigns().move(None, number, target, "staff:test")
                continue
            with pytest.raises(CampaignNotMovable):
                await Campaigns().move(None, number, target, "staff:test")


async def test_every_act_on_a_coupon_in_every_state_goes_where_the_table_says(database: str) -> None:
    """Generated: no act leaves the table, and every step of the table is taken by one."""

    async def hold_for(coupon: str) -> None:
        await Coupons().hold("C1", [coupon], "T9", [DiscountedLine("T9-1", 15_000, {coupon: 100})])

    acts: dict[str, Callable[[str], Awaitable[object]]] = {
        "hold": hold_for,
        "spend": lambda _: Coupons().spend("T1", ["T1-1"]),
        "give back": lambda _: Coupons().give_back("T1"),
        "revive": lambda _: Coupons().revive("T1", ["T1-1"]),
        "restore": lambda _: Coupons().restore("T1"),
        "expire": lambda _: expire_coupons(Coupons(lambda: utc_now() + 30 * DAY)),
        "void": lambda coupon: Coupons().void(None, coupon, "示例"),
    }
    leads = {
        ("claimed", "hold"): "held", ("claimed", "revive"): "spent", ("claimed", "expire"): "expired",
        ("claimed", "void"): "void", ("held", "spend"): "spent", ("held", "revive"): "spent",
        ("held", "give back"): "claimed", ("spent", "restore"): "claimed",
    }  # fmt: skip
    for before in CouponState:
        for name, act in acts.items():
            coupon = await claimed_coupon()
            async with transaction():
                await Coupons().hold("C1", [coupon], "T1", [DiscountedLine("T1-1", 15_000, {coupon: 100})])
            reference = "T1" if before in (CouponState.HELD, CouponState.SPENT) else None
            await execute("UPDATE coupon SET state = $2, reference = $3 WHERE number = $1", coupon, before, reference)
            try:
                async with transaction():
                    await act(coupon)
            except (CouponNotUsable, CouponNotMovable):
                assert (before.value, name) not in leads
            after = (await state_of(coupon))[0]
            assert after == leads.get((before.value, name), before), (before, name)
            await execute("UPDATE coupon SET state = 'void', reference = NULL")
            await as_superuser("ALTER TABLE coupon_share DISABLE TRIGGER USER", "DELETE FROM coupon_share")
    steps = {(CouponState(before), CouponState(after)) for (before, _), after in leads.items()}
    assert steps == {(state, to) for state, after in COUPON_TRANSITIONS.items() for to in after}


async def test_a_coupon_of_a_closed_trade_can_be_used_again_once(database: str) -> None:
    coupon = await claimed_coupon()
    async with transaction():
        await hold("C1", [coupon], "T1", LINES)
        await Coupons().hold("C1", [coupon], "T1", [DiscountedLine("T1-1", 15_000, {coupon: 1_500}),
                                                    DiscountedLine("T1-2", 5_000, {coupon: 500})])  # fmt: skip
    assert await state_of(coupon) == ("held", "T1")
    with pytest.raises(CouponNotUsable) as refused:
        await coupon_terms("C1", [coupon])
    assert refused.value.facts == {"coupon": coupon, "reason": "taken"}

    async def give_back() -> None:
        async with transaction():
            await Coupons().give_back("T1")

    await asyncio.gather(*(give_back() for _ in range(20)))
    assert await state_of(coupon) == ("claimed", None)
    async with transaction():
        await hold("C1", [coupon], "T2", LINES)
    await give_back()  # the first trade's once more: the second one's coupon stays held
    async with transaction():
        await Coupons().spend("T2", ["T1-1", "T1-2"])
        await Coupons().spend("T2", ["T1-1", "T1-2"])
        await Coupons().give_back("T2")
    assert await state_of(coupon) == ("spent", "T2")


async def test_a_late_payment_takes_its_coupon_again_unless_another_trade_has_it(database: str) -> None:
    first, second = await claimed_coupon(), await claimed_coupon(merchant="M1")
    async with transaction():
        await hold("C1", [first, second], "T1", LINES)
    async with transaction():
        await Coupons().give_back("T1")
    async with transaction():
        await hold("C1", [second], "T2", LINES)
    async with transaction():
        with pytest.raises(CouponNotUsable):
            await Coupons().revive("T1", ["T1-1", "T1-2"])
        await Coupons().give_back("T2")  # the transaction is still good
    assert await state_of(first) == ("claimed", None)
    async with transaction():
        await Coupons().revive("T1", ["T1-1", "T1-2"])
        await Coupons().revive("T1", ["T1-1", "T1-2"])
    assert await state_of(first) == await state_of(second) == ("spent", "T1")


async def test_what_cannot_be_used_says_why(database: str) -> None:
    coupon = await claimed_coupon()
    early = await claimed_coupon(use_from=utc_now() + DAY)
    campaign = await running_campaign()
    paused = await Coupons().claim("C1", campaign)
    await Campaigns().move(None, campaign, CampaignState.PAUSED, "staff:test")
    later = utc_now() + 30 * DAY
    for owner, asked, now, reason in (
        ("C2", coupon, None, "unknown"), ("C1", "NONE", None, "unknown"), ("C1", early, None, "early"),
        ("C1", paused, None, "paused"), ("C1", coupon, later, "late"),
    ):  # fmt: skip
        with pytest.raises(CouponNotUsable) as refused:
            await coupon_terms(owner, [asked], now)
        assert refused.value.facts == {"coupon": asked, "reason": reason}
        moment = now or utc_now()
        late = Coupons(clock_at(moment))
        with pytest.raises(CouponNotUsable):
            async with transaction():
                await late.hold(owner, [asked], "T1", [DiscountedLine("T1-1", 15_000, {asked: 100})])
    with pytest.raises(CouponNotUsable) as refused:
        async with transaction():
            await hold("C1", [coupon], "T1", [PricedLine("T1-1", "M1", "P1", 9_999)])
    assert refused.value.facts["reason"] == "nothing_off"
    with pytest.raises(CouponsNotStackable):
        await coupon_terms("C1", [coupon, coupon])
    with pytest.raises(CouponsNotStackable):
        await coupon_terms("C1", [coupon, await claimed_coupon()])
    assert await scalar("SELECT count(*) FROM coupon_share") == 0


async def test_a_moved_coupon_outside_a_transaction_is_a_programming_error(database: str) -> None:
    with pytest.raises(RuntimeError):
        await Coupons().spend("T1", ["T1-1", "T1-2"])


async def test_expiry_and_void_touch_unused_coupons_alone(database: str) -> None:
    unused, used, taken_away = await claimed_coupon(), await claimed_coupon(), await claimed_coupon()
    async with transaction():
        await hold("C1", [used], "T1", LINES)
    with pytest.raises(CouponNotMovable):
        await Coupons().void(None, used, "示例")
    with pytest.raises(CouponUnknown):
        await Coupons().void("M1", taken_away, "示例")
    for _ in range(2):
        await Coupons().void(None, taken_away, "示例")
    later = utc_now() + 8 * DAY
    assert [c.state for c in (await coupons_of("C1", "expired", now=later))[0]] == ["expired"]
    assert await expire_coupons(Coupons(lambda: later)) == 1
    assert await expire_coupons(Coupons(lambda: later)) == 0
    states = {c.number: c.state.value for c in (await coupons_of("C1", None))[0]}
    assert states == {unused: "expired", used: "held", taken_away: "void"}


async def test_the_result_is_the_sum_of_the_stored_shares(database: str) -> None:
    campaign = await running_campaign(merchant_bears_bp=3_333, products=["P1"], per_person=3)
    paid, waiting, unused = [await Coupons().claim("C1", campaign) for _ in range(3)]
    own = await claimed_coupon(merchant="M1", off_fen=999, threshold_fen=1_000)
    async with transaction():
        lines = await hold("C1", [paid, own], "T1", LINES)
        await Coupons().spend("T1", ["T1-1", "T1-2"])
    async with transaction():
        await hold("C1", [waiting], "T2", [PricedLine("T2-1", "M1", "P1", 12_000)])
    found = await campaign_result(campaign, None)
    shares = await rows("SELECT * FROM coupon_share WHERE reference = 'T1' ORDER BY id")
    assert (found.claimed, found.held, found.spent) == (3, 1, 1)
    assert found.discount_fen == 2_000 == found.merchant_fen + found.county_fen
    assert (found.merchant_fen, found.county_fen) == (667, 1_333)
    assert found.paid_fen == 15_000 - sum(lines[0].discounts.values())
    assert sum(s["discount_fen"] for s in shares) == sum(sum(line.discounts.values()) for line in lines)
    with pytest.raises(CampaignUnknown):
        await campaign_result(campaign, "M1")
    assert (await campaign_result(campaign, "M1", every=True)) == found
    assert unused


@pytest.mark.parametrize(
    "wrong",
    [{"discount_fen": -1, "merchant_fen": -1}, {"discount_fen": 101, "county_fen": 101, "net_fen": -1},
     {"discount_fen": 60, "county_fen": 60}, {"county_fen": 40}],
)  # fmt: skip
async def test_r7_the_database_itself_refuses_a_discount_outside_its_line(database: str, wrong: dict[str, int]) -> None:
    """R7: ``0 <= discount <= line`` holds whatever the code does."""
    coupon = await scalar("SELECT id FROM coupon WHERE number = $1", await claimed_coupon())
    good = {
        "coupon_id": coupon,
        "line_fen": 100,
        "discount_fen": 50,
        "merchant_fen": 0,
        "county_fen": 50,
        "net_fen": 50,
    }
    columns = {**good, **wrong}
    names, places = ", ".join(columns), ", ".join(f"${i + 1}" for i in range(len(columns)))
    statement = f"INSERT INTO coupon_share (reference, line, {names}) VALUES ('T1', 'L1', {places})"
    with pytest.raises(IntegrityError):
        await execute(statement, *columns.values())
    await execute(statement, *good.values())
    with pytest.raises(OperationalError, match=r"append-only|permission denied|must be owner"):
        await execute("UPDATE coupon_share SET discount_fen = 1")


@pytest.mark.parametrize(
    ("member", "changes"),
    [("threshold_fen", {"off_fen": 10_000}), ("off_fen", {"off_fen": 0, "off_bp": 0, "cap_fen": 5}),
     ("cap_fen", {"off_fen": 0, "off_bp": 500}), ("off_bp", {"off_bp": 500}), ("budget_fen", {"budget_fen": 199_999}),
     ("use_until", {"use_until": utc_now() + timedelta(hours=1)}), ("source_document", {"source_document": " "}),
     ("merchant_bears_bp", {"merchant": "M1", "merchant_bears_bp": 9_999})],
)  # fmt: skip
async def test_terms_that_contradict_each_other_are_refused(
    database: str, member: str, changes: dict[str, Any]
) -> None:
    merchant = changes.pop("merchant", None)
    with pytest.raises(CampaignInvalid) as refused:
        await Campaigns().draft(merchant, draft_of(**changes), "staff:test")
    assert refused.value.facts["member"] == member


async def test_reads_are_one_statement_and_show_what_is_the_askers(database: str) -> None:
    county, own = await claimed_coupon(), await claimed_coupon(merchant="M1", off_fen=0, off_bp=1_000, cap_fen=500)
    await claimed_coupon("C2")
    reads = (
        (offered_campaigns("C1"), 3), (coupons_of("C1", "claimed"), None), (matched_coupons("C1", LINES), 2),
        (campaign_summaries("M1", False, None), None),
    )  # fmt: skip
    for read, count in reads:
        with counted_statements() as sent:
            found = await read
        assert len(sent) == 1, sent
        assert count is None or len(found) == count
    assert [m.discount_fen for m in await matched_coupons("C1", LINES)] == [2_000, 500]
    little = [PricedLine("X", "M2", "P9", 9_000)]
    assert {m.number: m.obstacle for m in await matched_coupons("C1", little)} == {
        county: "nothing_off", own: "nothing_off"
    }  # fmt: skip
    page, cursor = await coupons_of("C1", None, None, 1)
    rest, end = await coupons_of("C1", None, cursor, 1)
    assert [page[0].number, rest[0].number, end] == [own, county, None]
    assert [c.terms.merchant for c in (await campaign_summaries("M1", False, None))[0]] == ["M1"]
    assert len((await campaign_summaries(None, True, "running"))[0]) == 3
    assert await row("SELECT 1 FROM coupon WHERE owner = 'C2' AND state = 'claimed'")
