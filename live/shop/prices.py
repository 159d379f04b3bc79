"""A price of the room: for a time, for so many pieces, for so many to each buyer.

It is a flash offer of the products' room that is sold at this room alone (decision 0079), so the checkout prices it,
its pieces are set aside and its limit stands in the database. The room notes when its pictures showed it, and tells.
A merchant of the session says the prices of its own goods; who has the shelf may end them.
"""

from dataclasses import dataclass
from datetime import timedelta

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, row, rows, transaction
from live.errors import NotOnShelf, RoomPriceUnknown, SessionNotFound, SessionStateForbids, ShelfItemHidden
from live.media.publishing import media_offset_ms
from live.models import ON_AIR, LiveSession
from live.plans.models import AssistantRole
from live.plans.queries import merchants_of
from live.plans.roles import demand_part
from live.ports import RoomBell
from live.shop.models import RoomPrice
from live.talk.feed import append, lock_session, ring_after_commit, session_of
from orders.quotes import HOSTED
from products.errors import SkuUnknown
from products.offer_models import OfferKind
from products.offers import BY_TIME, Offers, OfferTerms, end_of
from products.price_evidence import price_evidence
from products.queries import sku_offers
from products.stock import Stock


class RoomTerms(msgspec.Struct, frozen=True, kw_only=True):
    """``price_fen`` for each of ``pieces`` in the room, from now on for ``seconds``."""

    price_fen: int
    pieces: int
    seconds: int
    limit_per_buyer: int | None = None


class OpenedPrice(msgspec.Struct, frozen=True):
    """The offer that sells it, and the list price when that may be shown beside it."""

    offer: str
    compared_fen: int | None


@dataclass(frozen=True)
class RoomPrices:
    """Opens, extends and ends prices of a room that is on air. ``merchant`` is the caller's own, one of the session's.

    Its calls raise ``SessionNotFound`` in a room without that merchant, and ``SkuUnknown`` for goods of another.
    """

    offers: Offers
    stock: Stock
    bell: RoomBell
    clock: Clock = utc_now

    async def open(self, number: str, merchant: str, code: str, terms: RoomTerms, by: str) -> OpenedPrice:
        """Sell a SKU of the shelf at another price in this room, from now on.

        The list price is shown beside it when it has stood for a week (``products.price_evidence``), else no other is.

        Raises ``SessionStateForbids`` off the air, ``NotOnShelf``, ``ShelfItemHidden``, and as
        :meth:`products.offers.Offers.open` does.
        """
        now = self.clock()
        async with transaction():
            session = await _sold_by(number, merchant, code)
            await _demand_shown(session, code)
            promise = OfferTerms(
                price_fen=terms.price_fen,
                pieces=terms.pieces,
                starts_at=now,
                ends_at=now + timedelta(seconds=terms.seconds),
                limit_per_buyer=terms.limit_per_buyer,
            )
            offer = await self.offers.open(code, promise, by, merchant, OfferKind.LIVE, HOSTED + number)
            price = (await price_evidence([code], now))[code]
            compared = price.list_price_fen if price.has_stood else None
            offset_ms = await media_offset_ms(session.id, now)
            await RoomPrice.create(
                session_id=session.id,
                code=code,
                offer=offer,
                price_fen=terms.price_fen,
                list_price_fen=price.list_price_fen,
                lowest_fen=price.lowest_fen,
                opened_at=now,
                opened_by=by,
                offset_ms=offset_ms,
                ends_at=promise.ends_at,
            )
            told: dict[str, object] = {
                "code": code,
                "price_fen": terms.price_fen,
                "list_price_fen": compared,
                "pieces": terms.pieces,
                "limit_per_buyer": terms.limit_per_buyer,
                "ends_at": promise.ends_at.isoformat(),
                "offset_ms": offset_ms,
            }
            await append(session.id, "price", told, now, author=by)
        await ring_after_commit(self.bell, number)
        return OpenedPrice(offer, compared)

    async def add_pieces(self, number: str, merchant: str, code: str, pieces: int, reason: str, by: str) -> None:
        """Set more pieces aside at the room's price, out of what the SKU has; the movement bears the reason.

        Raises ``RoomPriceUnknown``, and as :meth:`products.offers.Offers.add` does.
        """
        async with transaction():
            session = await _sold_by(number, merchant, code)
            running = await _running(session, code)
            await self.offers.add(running["offer"], pieces, f"{running['offer']} {reason}")
            await self._tell_stock(session, code, {"set_aside": pieces}, by)
        await ring_after_commit(self.bell, number)

    async def add_stock(self, number: str, merchant: str, code: str, pieces: int, reason: str, by: str) -> int:
        """Pieces of a SKU of the shelf came in on air; answers what is available at its own price now.

        Raises ``NotOnShelf``, ``ShelfItemHidden``, and as :meth:`products.stock.Stock.add` does.
        """
        async with transaction():
            session = await _sold_by(number, merchant, code)
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
        """End the room's price of a SKU now: a ``merchant`` that of its own goods, ``host`` or a shelf assistant any.

        Ending twice changes nothing. Raises ``RoomPriceUnknown`` for a SKU that never had one.
        """
        session = await session_of(number)
        if merchant is not None:
            await _demand_seller(session, merchant, code)
        if host is not None:
            await demand_part(session, host, AssistantRole.SHELF)
        found = await row(
            "SELECT id, offer, ended_at, $2::text AS number FROM live_room_price WHERE session_id = $1 AND code = $3"
            " ORDER BY id DESC LIMIT 1",
            session.id,
            number,
            code,
        )
        if found is None:
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


async def _sold_by(number: str, merchant: str, code: str) -> LiveSession:
    """The session on air, locked, in which the merchant sells this SKU of its own."""
    session = await lock_session(number)
    await _demand_seller(session, merchant, code)
    if session.state not in ON_AIR:
        raise SessionStateForbids(state=session.state.value)
    return session


async def _demand_seller(session: LiveSession, merchant: str, code: str) -> None:
    if merchant not in await merchants_of(session.id, session.merchant):
        raise SessionNotFound(number=session.number)
    offer = (await sku_offers([code])).get(code)
    if offer is not None and offer.merchant != merchant:
        raise SkuUnknown(sku=code)


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
