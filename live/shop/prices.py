"""A price of the room: for a time, for so many pieces, for so many to each buyer.

It is a flash offer of the products' room that is sold at this room alone (decision 0079), so the checkout prices it,
its pieces are set aside and its limit stands in the database. The room notes when its pictures showed it, and tells.
The merchant whose goods they are says the price; the host may end it.
"""

from dataclasses import dataclass
from datetime import timedelta

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, row, rows, transaction
from live.errors import NotOnShelf, RoomPriceUnknown, SessionNotFound, SessionStateForbids, ShelfItemHidden
from live.media.publishing import media_offset_ms
from live.models import ON_AIR, LiveSession
from live.ports import RoomBell
from live.shop.models import RoomPrice
from live.talk.feed import append, lock_session, ring_after_commit
from orders.quotes import HOSTED
from products.offer_models import OfferKind
from products.offers import BY_TIME, Offers, OfferTerms, end_of
from products.queries import sku_offers
from products.stock import Stock


class RoomTerms(msgspec.Struct, frozen=True, kw_only=True):
    """``price_fen`` for each of ``pieces`` in the room, from now on for ``seconds``."""

    price_fen: int
    pieces: int
    seconds: int
    limit_per_buyer: int | None = None


@dataclass(frozen=True)
class RoomPrices:
    """Opens, extends and ends prices of a room that is on air. ``merchant`` is the caller's own."""

    offers: Offers
    stock: Stock
    bell: RoomBell
    clock: Clock = utc_now

    async def open(self, number: str, merchant: str, code: str, terms: RoomTerms, by: str) -> str:
        """Sell a SKU of the shelf at another price in this room, from now on; answers the offer's number.

        Raises ``SessionNotFound`` for another merchant's room, ``SessionStateForbids`` off the air, ``NotOnShelf``,
        ``ShelfItemHidden``, and as :meth:`products.offers.Offers.open` does.
        """
        now = self.clock()
        async with transaction():
            session = await _sold_by(number, merchant)
            await _demand_shown(session, code)
            promise = OfferTerms(
                price_fen=terms.price_fen,
                pieces=terms.pieces,
                starts_at=now,
                ends_at=now + timedelta(seconds=terms.seconds),
                limit_per_buyer=terms.limit_per_buyer,
            )
            source = HOSTED + number
            offer = await self.offers.open(code, promise, by, merchant, OfferKind.LIVE, source)
            sold = (await sku_offers([code], now, None, {code: source}))[code]
            offset_ms = await media_offset_ms(session.id, now)
            await RoomPrice.create(
                session_id=session.id,
                code=code,
                offer=offer,
                price_fen=terms.price_fen,
                list_price_fen=sold.list_price_fen,
                opened_at=now,
                opened_by=by,
                offset_ms=offset_ms,
                ends_at=promise.ends_at,
            )
            told: dict[str, object] = {
                "code": code,
                "price_fen": terms.price_fen,
                "list_price_fen": sold.list_price_fen,
                "pieces": terms.pieces,
                "limit_per_buyer": terms.limit_per_buyer,
                "ends_at": promise.ends_at.isoformat(),
                "offset_ms": offset_ms,
            }
            await append(session.id, "price", told, now, author=by)
        await ring_after_commit(self.bell, number)
        return offer

    async def add_pieces(self, number: str, merchant: str, code: str, pieces: int, reason: str, by: str) -> None:
        """Set more pieces aside at the room's price, out of what the SKU has; the movement bears the reason.

        Raises ``SessionNotFound``, ``RoomPriceUnknown``, and as :meth:`products.offers.Offers.add` does.
        """
        async with transaction():
            session = await _sold_by(number, merchant)
            running = await _running(session, code)
            await self.offers.add(running["offer"], pieces, f"{running['offer']} {reason}")
            await self._tell_stock(session, code, {"set_aside": pieces}, by)
        await ring_after_commit(self.bell, number)

    async def add_stock(self, number: str, merchant: str, code: str, pieces: int, reason: str, by: str) -> int:
        """Pieces of a SKU of the shelf came in on air; answers what is available at its own price now.

        Raises ``SessionNotFound``, ``NotOnShelf``, and as :meth:`products.stock.Stock.add` does.
        """
        async with transaction():
            session = await _sold_by(number, merchant)
            await _demand_shown(session, code)
            available = await self.stock.add(code, pieces, f"{HOSTED}{number} {reason}")
            await self._tell_stock(session, code, {"added": pieces}, by)
        await ring_after_commit(self.bell, number)
        return available

    async def _tell_stock(self, session: LiveSession, code: str, change: dict[str, object], by: str) -> None:
        now = self.clock()
        told = {"code": code, **change, "offset_ms": await media_offset_ms(session.id, now)}
        await append(session.id, "stock", told, now, author=by)

    async def end(
        self, number: str, code: str, by: str, *, host: str | None = None, merchant: str | None = None
    ) -> None:
        """End the room's price of a SKU now; ``host`` or ``merchant`` say whose room it must be.

        Ending twice changes nothing. Raises ``SessionNotFound``, ``RoomPriceUnknown`` for a SKU that never had one.
        """
        found = await row(
            "SELECT p.id, p.offer, p.ended_at, s.number FROM live_session s LEFT JOIN live_room_price p"
            " ON p.session_id = s.id AND p.code = $2 WHERE s.number = $1 AND ($3::text IS NULL OR s.host = $3)"
            " AND ($4::text IS NULL OR s.merchant = $4) ORDER BY p.id DESC LIMIT 1",
            number,
            code,
            host,
            merchant,
        )
        if found is None:
            raise SessionNotFound(number=number)
        if found["id"] is None:
            raise RoomPriceUnknown(product=code)
        if found["ended_at"] is None:
            await self._close(found, by)

    async def close_due(self, limit: int = 50) -> int:
        """Close the prices whose time is over, or whose room is off the air or has it no more; answers how many."""
        due = await rows(
            "SELECT p.id, p.offer, s.number FROM live_room_price p JOIN live_session s ON s.id = p.session_id"
            " WHERE p.ended_at IS NULL AND (p.ends_at <= $1 OR s.state NOT IN ('live', 'interrupted')"
            "  OR NOT EXISTS (SELECT 1 FROM live_shelf_item i WHERE i.session_id = s.id AND i.code = p.code))"
            " ORDER BY p.ends_at LIMIT $2",
            self.clock(),
            limit,
        )
        for price in due:
            await self._close(price, BY_TIME)
        return len(due)

    async def _close(self, price: Row, by: str) -> None:
        """The offer ends first, so nobody buys at a price that the room has taken away. When it ended, counts here."""
        await self.offers.end(price["offer"], by, None, OfferKind.LIVE)
        ended_at, ended_by = await end_of(price["offer"])
        async with transaction():
            session = await lock_session(price["number"])
            offset_ms = await media_offset_ms(session.id, ended_at)
            ended = await row(
                "UPDATE live_room_price SET ended_at = $2, ended_by = $3, end_offset_ms = greatest(offset_ms, $4)"
                " WHERE id = $1 AND ended_at IS NULL RETURNING code, list_price_fen, end_offset_ms",
                price["id"],
                ended_at,
                ended_by,
                offset_ms,
            )
            if ended is None:
                return
            told = {"code": ended["code"], "price_fen": ended["list_price_fen"], "ended": True}
            await append(session.id, "price", told | {"offset_ms": ended["end_offset_ms"]}, ended_at, author=ended_by)
        await ring_after_commit(self.bell, price["number"])


async def _sold_by(number: str, merchant: str) -> LiveSession:
    """The session on air that sells the merchant's goods, locked."""
    session = await lock_session(number)
    if session.merchant != merchant:
        raise SessionNotFound(number=number)
    if session.state not in ON_AIR:
        raise SessionStateForbids(state=session.state.value)
    return session


async def _demand_shown(session: LiveSession, code: str) -> None:
    item = await row("SELECT hidden FROM live_shelf_item WHERE session_id = $1 AND code = $2", session.id, code)
    if item is None:
        raise NotOnShelf(product=code)
    if item["hidden"]:
        raise ShelfItemHidden(product=code)


async def _running(session: LiveSession, code: str) -> Row:
    found = await row(
        "SELECT offer FROM live_room_price WHERE session_id = $1 AND code = $2 AND ended_at IS NULL", session.id, code
    )
    if found is None:
        raise RoomPriceUnknown(product=code)
    return found
