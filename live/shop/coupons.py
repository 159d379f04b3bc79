"""Coupons that are claimed in a room alone, while its host shows them.

They are coupons of the promotions' room whose campaign has the room as its source: quota, limit for each person, money
and use are theirs. Here is what the room shows and tells.
"""

from dataclasses import dataclass

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, scalar, transaction
from live.errors import NotInTheRoom, RoomCouponNotOpen, RoomCouponNotShown, SessionNotFound, SessionStateForbids
from live.media.publishing import media_offset_ms
from live.models import ON_AIR, LiveSession
from live.plans.models import AssistantRole
from live.plans.queries import merchants_of
from live.plans.roles import demand_part
from live.ports import RoomBell
from live.shop.attributions import Attributions
from live.shop.models import RoomCoupon
from live.talk.feed import append, lock_session, ring_after_commit, session_of
from orders.quotes import HOSTED
from promotions.coupons import Coupons
from promotions.queries import OfferedCampaign, offered_campaigns


class CouponCard(msgspec.Struct, frozen=True):
    """What a coupon of the room takes off, in fen or in 1/10,000 of the price; ``left`` can still be claimed."""

    campaign: str
    title: str
    threshold_fen: int
    off_fen: int
    off_bp: int
    cap_fen: int
    per_person: int
    left: int


def _card(offered: OfferedCampaign) -> CouponCard:
    terms = offered.terms
    return CouponCard(
        terms.campaign,
        terms.title,
        terms.threshold_fen,
        terms.off_fen,
        terms.off_bp,
        terms.cap_fen,
        offered.per_person,
        offered.left,
    )


async def coupon_cards(number: str, campaigns: tuple[str, ...]) -> tuple[CouponCard, ...]:
    """Those of some campaigns of a room that can be claimed now. One query, none for no campaign."""
    if not campaigns:
        return ()
    return tuple(_card(each) for each in await offered_campaigns("", None, HOSTED + number, campaigns))


async def source_of_room(number: str, merchant: str | None) -> str:
    """The source of a room for a campaign of a merchant whose goods it sells, or of the county (None).

    Raises ``SessionNotFound``, also for a room in which the merchant has no slot.
    """
    session = await session_of(number)
    if merchant is not None and merchant not in await merchants_of(session.id, session.merchant):
        raise SessionNotFound(number=number)
    return HOSTED + number


@dataclass(frozen=True)
class RoomCoupons:
    """Shows coupons in a room, by its host or who helps with the shelf, and gives them to who is in it."""

    coupons: Coupons
    attributions: Attributions
    bell: RoomBell
    clock: Clock = utc_now

    async def show(self, number: str, by: str, campaign: str) -> None:
        """Let viewers claim a campaign's coupons from now on. Showing it twice changes nothing.

        Raises ``SessionNotFound``, ``SessionStateForbids`` off the air, and ``RoomCouponNotOpen`` for a campaign that
        is not of this room or cannot be claimed now, or of a merchant that has no slot in it any more.
        """
        now = self.clock()
        async with transaction():
            session = await _held_on_air(number, by)
            if await _is_shown(session, campaign):
                return
            found = await offered_campaigns("", now, HOSTED + number, [campaign])
            sellers = {None, *await merchants_of(session.id, session.merchant)}
            if not found or found[0].terms.merchant not in sellers:
                raise RoomCouponNotOpen(campaign=campaign)
            offset_ms = await media_offset_ms(session.id, now)
            await RoomCoupon.create(session_id=session.id, campaign=campaign, shown_at=now, offset_ms=offset_ms)
            told = msgspec.to_builtins(_card(found[0])) | {"offset_ms": offset_ms}
            await append(session.id, "coupon", told, now, author=f"staff:{by}")
        await ring_after_commit(self.bell, number)

    async def take_down(self, number: str, by: str, campaign: str) -> None:
        """Let nobody claim them any more. What is not shown changes nothing. Raises as :meth:`show` does."""
        now = self.clock()
        async with transaction():
            session = await _held_on_air(number, by)
            if await execute(
                "UPDATE live_room_coupon SET taken_down_at = $3 WHERE session_id = $1 AND campaign = $2"
                " AND taken_down_at IS NULL",
                session.id,
                campaign,
                now,
            ):
                offset_ms = await media_offset_ms(session.id, now)
                told = {"campaign": campaign, "taken_down": True, "offset_ms": offset_ms}
                await append(session.id, "coupon", told, now, author=f"staff:{by}")
        await ring_after_commit(self.bell, number)

    async def claim(self, number: str, consumer: str, campaign: str, token: str) -> str:
        """One coupon for who is in the room, which the room's ``token`` shows; answers its number.

        Raises ``NotInTheRoom``, ``RoomCouponNotShown``, and as :meth:`promotions.coupons.Coupons.claim` does.
        """
        found = self.attributions.verify(token)
        if found is None or found[0] != HOSTED + number:
            raise NotInTheRoom()
        shown = await scalar(
            "SELECT 1 FROM live_room_coupon c JOIN live_session s ON s.id = c.session_id WHERE s.number = $1"
            " AND c.campaign = $2 AND c.taken_down_at IS NULL AND s.state IN ('live', 'interrupted')",
            number,
            campaign,
        )
        if shown is None:
            raise RoomCouponNotShown(campaign=campaign)
        return await self.coupons.claim(consumer, campaign, found[0])


async def _held_on_air(number: str, by: str) -> LiveSession:
    session = await lock_session(number)
    await demand_part(session, by, AssistantRole.SHELF)
    if session.state not in ON_AIR:
        raise SessionStateForbids(state=session.state.value)
    return session


async def _is_shown(session: LiveSession, campaign: str) -> bool:
    return bool(
        await scalar(
            "SELECT 1 FROM live_room_coupon WHERE session_id = $1 AND campaign = $2 AND taken_down_at IS NULL",
            session.id,
            campaign,
        )
    )
