"""What a session offers, and what its host is explaining now."""

from dataclasses import dataclass

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, transaction
from live.errors import NotForSale, NotOnShelf, SessionStateForbids, ShelfFull
from live.media.publishing import media_offset_ms
from live.models import ON_AIR, OPEN, LiveSession, Pin, ShelfItem
from live.plans.models import AssistantRole
from live.plans.queries import merchants_of
from live.plans.roles import demand_part
from live.ports import RoomBell
from live.readiness.checks import is_signed
from live.readiness.errors import ProductNotSigned
from live.service import close_pin
from live.shop.cards import Card, cards_of
from live.talk.feed import append, lock_session, ring_after_commit

MAX_SHELF = 200


async def _held(number: str, by: str) -> LiveSession:
    session = await lock_session(number)
    await demand_part(session, by, AssistantRole.SHELF)
    return session


async def _sellable(session: LiveSession, code: str) -> Card:
    card = (await cards_of([code])).get(code)
    if card is None or card.merchant not in await merchants_of(session.id, session.merchant):
        raise NotForSale(product=code)
    return card


@dataclass(frozen=True)
class Shelf:
    """The shelf and the pin of a session: its host's, and a shelf assistant's. Every event says who (``by``) did it."""

    bell: RoomBell
    clock: Clock = utc_now

    async def put(self, number: str, by: str, code: str) -> None:
        """Put a SKU on the shelf, last; once is enough. Raises ``NotForSale``, ``ShelfFull``,
        ``SessionStateForbids``.
        """
        async with transaction():
            session = await _held(number, by)
            if session.state not in OPEN:
                raise SessionStateForbids(state=session.state.value)
            await _sellable(session, code)
            held = await row(
                "SELECT count(*) AS items, coalesce(max(position), 0) AS last, bool_or(code = $2) AS there"
                " FROM live_shelf_item WHERE session_id = $1",
                session.id,
                code,
            )
            assert held is not None
            if held["there"]:
                return
            if held["items"] >= MAX_SHELF:
                raise ShelfFull(limit=MAX_SHELF)
            await ShelfItem.create(session_id=session.id, code=code, position=held["last"] + 1)
            await append(session.id, "shelf", {"added": code}, self.clock(), author=f"staff:{by}")
        await ring_after_commit(self.bell, number)

    async def remove(self, number: str, by: str, code: str) -> None:
        """Take a SKU off the shelf, and down if it is pinned. Removing what is not there changes nothing."""
        now = self.clock()
        async with transaction():
            session = await _held(number, by)
            if session.state not in OPEN:
                raise SessionStateForbids(state=session.state.value)
            pinned = await Pin.get_or_none(session_id=session.id, unpinned_at=None)
            if pinned is not None and pinned.code == code:
                await close_pin(session, now, by)
            if await execute("DELETE FROM live_shelf_item WHERE session_id = $1 AND code = $2", session.id, code):
                await append(session.id, "shelf", {"removed": code}, now, author=f"staff:{by}")
        await ring_after_commit(self.bell, number)

    async def pin(self, number: str, by: str, code: str) -> None:
        """Show one product of the shelf to everybody; the one before it goes down. Pinning it twice changes
        nothing.

        Raises ``NotOnShelf``, ``NotForSale`` when it is no longer listed, ``ProductNotSigned``,
        ``SessionStateForbids`` off the air.
        """
        now = self.clock()
        async with transaction():
            session = await _held(number, by)
            if session.state not in ON_AIR:
                raise SessionStateForbids(state=session.state.value)
            if not await rows("SELECT 1 FROM live_shelf_item WHERE session_id = $1 AND code = $2", session.id, code):
                raise NotOnShelf(product=code)
            card = await _sellable(session, code)
            if not await is_signed(session.id, code):
                raise ProductNotSigned(product=code)
            pinned = await Pin.get_or_none(session_id=session.id, unpinned_at=None)
            if pinned is not None and pinned.code == code:
                return
            await close_pin(session, now, by)
            offset_ms = await media_offset_ms(session.id, now)
            await Pin.create(
                session_id=session.id,
                code=code,
                title=card.title[:120],
                price_fen=card.price_fen,
                pinned_at=now,
                offset_ms=offset_ms,
            )
            told = {"code": code, "title": card.title, "price_fen": card.price_fen, "offset_ms": offset_ms}
            await append(session.id, "pin", told, now, author=f"staff:{by}")
        await ring_after_commit(self.bell, number)

    async def unpin(self, number: str, by: str) -> None:
        """Take the pinned product down. Nothing pinned: nothing changes."""
        async with transaction():
            session = await _held(number, by)
            await close_pin(session, self.clock(), by)
        await ring_after_commit(self.bell, number)
