"""Coupons that are claimed in the room alone, while its host shows them, and used like any other."""

import asyncio

import httpx
import pytest

from kit.database import rows, scalar
from kit.errors import DomainError
from live.errors import NotInTheRoom, RoomCouponNotOpen, RoomCouponNotShown, SessionNotFound, SessionStateForbids
from live.plans.models import AssistantRole
from live.plans.service import Plans
from live.queries import room_view
from live.shop.attributions import Attributions
from live.shop.coupons import RoomCoupons, source_of_room
from live.talk.frames import room_state
from promotions.coupons import Coupons
from promotions.errors import CampaignNotClaimable, CouponLimitReached, CouponsGone
from promotions.queries import offered_campaigns
from tests.doors.conftest import house, http, inside
from tests.doors.house import House as Doors
from tests.doors.house import idempotency_key
from tests.doors.problems import check_problem
from tests.live.hosts import presenting_account
from tests.live.rooms import HOST, House
from tests.orders.conftest import mall
from tests.orders.mall import CheckoutLine, Mall
from tests.products.shelf import approved_merchant
from tests.promotions.shop import draft_of, running_campaign, state_of

__all__ = ["house", "http", "inside", "mall"]
pytestmark = pytest.mark.asyncio


def coupons_of(rooms: House) -> RoomCoupons:
    return RoomCoupons(Coupons(rooms.clock), Attributions(rooms.keys, rooms.clock), rooms.bell, rooms.clock)


async def test_a_coupon_is_claimed_in_its_room_while_it_is_shown_and_nowhere_else(mall: Mall) -> None:
    """From the host's word to a paid order. Fails when the mall or another room gives it out."""
    rooms = House()
    session, _ = await rooms.on_air(mall.merchant)
    other, _ = await rooms.on_air(mall.merchant)
    given = coupons_of(rooms)
    number, token = session.number, given.attributions.token(session.number, mall.merchant)
    campaign = await running_campaign(mall.merchant, source=f"live:{number}", threshold_fen=3000, off_fen=500)
    assert await offered_campaigns("C1") == []
    with pytest.raises(CampaignNotClaimable):
        await Coupons().claim("C1", campaign)
    with pytest.raises(RoomCouponNotShown):
        await given.claim(number, "C1", campaign, token)
    with pytest.raises(RoomCouponNotOpen):
        await given.show(other.number, HOST, campaign)
    with pytest.raises(SessionNotFound):
        await given.show(number, "S-other", campaign)
    for _ in range(2):
        await given.show(number, HOST, campaign)
    (card,) = (await room_state(await room_view(number))).coupons
    assert (card.campaign, card.off_fen, card.left) == (campaign, 500, 100)
    assert (await room_state(await room_view(other.number))).coupons == ()
    foreign = given.attributions.token(other.number, mall.merchant)
    for wrong in (foreign, token[:-1], ""):
        with pytest.raises(NotInTheRoom):
            await given.claim(number, "C1", campaign, wrong)
    coupon = await given.claim(number, "C1", campaign, token)
    with pytest.raises(CouponLimitReached):
        await given.claim(number, "C1", campaign, token)
    trade = await mall.place_trade([CheckoutLine(mall.skus[0], 1)], coupons=[coupon])
    assert (trade.amount_fen, trade.orders[0].discount_fen) == (3490, 500)
    await mall.pay(trade.orders[0].number)
    assert (await state_of(coupon))[0] == "spent"
    await given.take_down(number, HOST, campaign)
    await given.take_down(number, HOST, campaign)
    with pytest.raises(RoomCouponNotShown):
        await given.claim(number, "C2", campaign, token)
    told = await rows("SELECT payload ? 'taken_down' AS gone, author, payload ? 'offset_ms' AS placed"
                      " FROM live_feed_message WHERE kind = 'coupon' ORDER BY id")  # fmt: skip
    assert told == [{"gone": gone, "author": f"staff:{HOST}", "placed": True} for gone in (False, True)]
    await given.show(number, HOST, campaign)
    await rooms.sessions.end(number, HOST)
    assert (await room_state(await room_view(number))).coupons == ()
    with pytest.raises(RoomCouponNotShown):
        await given.claim(number, "C2", campaign, token)
    with pytest.raises(SessionStateForbids):
        await given.take_down(number, HOST, campaign)


async def test_many_viewers_of_few_coupons_get_just_so_many_and_one_each(database: str) -> None:
    rooms = House()
    session, _ = await rooms.on_air("M1")
    given = coupons_of(rooms)
    campaign = await running_campaign(source=f"live:{session.number}", quantity=4)
    await given.show(session.number, HOST, campaign)
    token = given.attributions.token(session.number, "M1")
    calls = [given.claim(session.number, f"C{n % 10}", campaign, token) for n in range(30)]
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(each, str) for each in done) == 4
    refused = {type(each) for each in done if isinstance(each, DomainError)}
    assert refused <= {CouponsGone, CouponLimitReached}
    assert not [each for each in done if isinstance(each, BaseException) and not isinstance(each, DomainError)]
    assert await scalar("SELECT count(DISTINCT owner) FROM coupon") == 4
    assert await scalar("SELECT claimed FROM coupon_campaign") == 4


async def test_a_campaign_of_a_room_over_the_doors(house: Doors, http: httpx.AsyncClient, inside: Doors) -> None:
    rooms = House()
    session, _ = await rooms.on_air(house.merchant)
    draft = draft_of()
    body = {
        "title": draft.title, "threshold_fen": 1000, "off_fen": 100, "quantity": 10, "budget_fen": 1000,
        "claim_from": draft.claim_from.isoformat(), "claim_until": draft.claim_until.isoformat(),
        "use_from": draft.use_from.isoformat(), "use_until": draft.use_until.isoformat(),
        "live_session": session.number,
    }  # fmt: skip

    async def drafted(role: str) -> httpx.Response:
        headers = house.headers(role, idempotency_key=idempotency_key())
        return await http.post("/v1/console/coupon-campaigns", json=body, headers=headers)

    assert (await drafted("merchant_clerk")).json()["source"] == f"live:{session.number}"
    check_problem(await drafted("foreign_clerk"), 404, "live_session_not_found")


async def test_each_merchant_of_a_shared_room_has_coupons_there(mall: Mall) -> None:
    """Fails when the first slot's merchant alone may, and when the coupons of one without a slot are shown."""
    rooms = House()
    neighbour = await approved_merchant(7, "邻家合作社")
    session, _ = await rooms.on_air(mall.merchant, neighbour)
    given, source = coupons_of(rooms), f"live:{session.number}"
    for merchant in (mall.merchant, neighbour, None):
        assert await source_of_room(session.number, merchant) == source
    with pytest.raises(SessionNotFound):
        await source_of_room(session.number, "M-OTHER")
    with pytest.raises(SessionNotFound):
        await source_of_room("L20260101NOSUCH0001", None)
    campaigns = {each: await running_campaign(each, source=source) for each in (neighbour, "M-OTHER", None)}
    with pytest.raises(RoomCouponNotOpen):
        await given.show(session.number, HOST, campaigns["M-OTHER"])
    helper = await presenting_account("U00000000000HELPER")
    await Plans(rooms.clock).add_assistant(session.number, HOST, helper, AssistantRole.MODERATOR)
    with pytest.raises(SessionNotFound):
        await given.show(session.number, helper, campaigns[neighbour])
    await Plans(rooms.clock).add_assistant(session.number, HOST, helper, AssistantRole.SHELF)
    for each in (campaigns[neighbour], campaigns[None]):
        await given.show(session.number, helper, each)
    shown = (await room_state(await room_view(session.number))).coupons
    assert {card.campaign for card in shown} == {campaigns[neighbour], campaigns[None]}
    token = given.attributions.token(session.number, neighbour)
    assert await given.claim(session.number, "C1", campaigns[neighbour], token)
    await given.take_down(session.number, helper, campaigns[neighbour])
