"""What a session offers, and what its host is explaining now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, scalar, transaction
from live.errors import (
    NotForSale,
    NotOnShelf,
    SessionStateForbids,
    ShelfChanged,
    ShelfFull,
    ShelfItemHidden,
)
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


async def _held_open(number: str, by: str) -> LiveSession:
    session = await _held(number, by)
    if session.state not in OPEN:
        raise SessionStateForbids(state=session.state.value)
    return session


async def _tell(session: LiveSession, payload: dict[str, object], now: datetime, by: str) -> None:
    """The shelf of a locked session has changed: the event, by whom, at which picture, and the next version."""
    version = await scalar(
        "UPDATE live_session SET shelf_version = shelf_version + 1 WHERE id = $1 RETURNING shelf_version", session.id
    )
    placed = {"version": version, "offset_ms": await media_offset_ms(session.id, now)}
    await append(session.id, "shelf", payload | placed, now, author=f"staff:{by}")


async def _is_hidden(session: LiveSession, code: str) -> bool:
    """Whether a product of the shelf is hidden. Raises ``NotOnShelf``."""
    found: bool | None = await scalar(
        "SELECT hidden FROM live_shelf_item WHERE session_id = $1 AND code = $2", session.id, code
    )
    if found is None:
        raise NotOnShelf(product=code)
    return found


async def _take_down(session: LiveSession, code: str, now: datetime, by: str) -> None:
    """End the explanation of a product, when it is the one that is explained."""
    pinned = await Pin.get_or_none(session_id=session.id, unpinned_at=None)
    if pinned is not None and pinned.code == code:
        await close_pin(session, now, by)


async def _sellable(session: LiveSession, code: str, now: datetime) -> Card:
    card = (await cards_of([code], session.number, now)).get(code)
    if card is None or card.merchant not in await merchants_of(session.id, session.merchant):
        raise NotForSale(product=code)
    return card


@dataclass(frozen=True)
class Shelf:
    """The shelf and the pin of a host's own session."""

    bell: RoomBell
    clock: Clock = utc_now

    async def put(self, number: str, by: str, code: str) -> None:
        """Put a SKU on the shelf, last; once is enough. Raises ``NotForSale``, ``ShelfFull``,
        ``SessionStateForbids``.
        """
        async with transaction():
            session = await _held_open(number, by)
            await _sellable(session, code, self.clock())
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
            await _tell(session, {"added": code}, self.clock(), by)
        await ring_after_commit(self.bell, number)

    async def remove(self, number: str, by: str, code: str) -> None:
        """Take a SKU off the shelf, and down if it is pinned. Removing what is not there changes nothing."""
        now = self.clock()
        async with transaction():
            session = await _held_open(number, by)
            await _take_down(session, code, now, by)
            if await execute("DELETE FROM live_shelf_item WHERE session_id = $1 AND code = $2", session.id, code):
                await _tell(session, {"removed": code}, now, by)
        await ring_after_commit(self.bell, number)

    async def arrange(self, number: str, by: str, codes: Sequence[str], version: int) -> None:
        """Put the whole shelf into an order. The order that it has already changes nothing, whatever the ``version``.

        Raises ``ShelfChanged`` when the caller has not seen the present version, or names other products than it has.
        """
        async with transaction():
            session = await _held_open(number, by)
            held = await rows("SELECT code FROM live_shelf_item WHERE session_id = $1 ORDER BY position", session.id)
            before = [item["code"] for item in held]
            if before == list(codes):
                return
            if session.shelf_version != version or sorted(before) != sorted(codes):
                raise ShelfChanged(version=session.shelf_version)
            await execute(
                "UPDATE live_shelf_item i SET position = w.place"
                " FROM unnest($2::text[]) WITH ORDINALITY AS w (code, place)"
                " WHERE i.session_id = $1 AND i.code = w.code",
                session.id,
                list(codes),
            )
            await _tell(session, {"order": list(codes), "before": before}, self.clock(), by)
        await ring_after_commit(self.bell, number)

    async def hide(self, number: str, by: str, code: str, *, hidden: bool) -> None:
        """Hide a product from viewers, or show it again in its place; who hides the pinned one takes it down.

        What is hidden is not sold in the room, and in the mall as ever. Raises ``NotOnShelf``.
        """
        now = self.clock()
        async with transaction():
            session = await _held_open(number, by)
            before = await _is_hidden(session, code)
            if before is hidden:
                return
            if hidden:
                await _take_down(session, code, now, by)
            await execute(
                "UPDATE live_shelf_item SET hidden = $3 WHERE session_id = $1 AND code = $2", session.id, code, hidden
            )
            await _tell(session, {"hidden" if hidden else "shown": code}, now, by)
        await ring_after_commit(self.bell, number)

    async def pin(self, number: str, by: str, code: str) -> None:
        """Show one product of the shelf to everybody; the one before it goes down. Pinning it twice changes
        nothing.

        Raises ``NotOnShelf``, ``ShelfItemHidden``, ``NotForSale`` when it is no longer listed, ``ProductNotSigned``,
        ``SessionStateForbids`` off the air.
        """
        now = self.clock()
        async with transaction():
            session = await _held(number, by)
            if session.state not in ON_AIR:
                raise SessionStateForbids(state=session.state.value)
            if await _is_hidden(session, code):
                raise ShelfItemHidden(product=code)
            card = await _sellable(session, code, now)
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
