"""A price of the room: sold there alone, by the server's time, so many pieces, so many to each buyer."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit.database import execute, row, rows, scalar
from kit.errors import DomainError
from live.errors import NotOnShelf, RoomPriceUnknown, SessionNotFound, SessionStateForbids, ShelfItemHidden
from live.media.supervision import _place_prices
from live.models import LiveSession
from live.plans.models import AssistantRole
from live.plans.service import Plans
from live.queries import room_view
from live.replays.recordings import Recording
from live.shop.cards import Card
from live.shop.prices import OpenedPrice, RoomTerms
from live.talk.frames import room_state
from orders.errors import RoomSoldOut
from orders.quotes import CheckoutLine
from products.errors import OfferInvalid, OfferLimitReached, OfferOver, OfferTaken, SkuUnknown, SoldOut
from products.offers import Offers
from products.queries import stock_differences
from tests.doors.conftest import house, http, inside
from tests.doors.house import House as Doors
from tests.doors.house import idempotency_key, order_body
from tests.doors.problems import check_problem
from tests.live.hosts import presenting_account
from tests.live.rooms import HOST, House
from tests.orders.conftest import mall
from tests.orders.mall import Mall, facts, stock_of
from tests.products.shelf import approved_merchant, listed_product
from tests.products.test_offers import terms as flash_terms

__all__ = ["house", "http", "inside", "mall"]
pytestmark = pytest.mark.asyncio
CLERK = "staff:clerk"
LIST_FEN, ROOM_FEN = 3990, 1990


def terms(pieces: int = 5, limit: int | None = None, **changes: Any) -> RoomTerms:
    return RoomTerms(**{"price_fen": ROOM_FEN, "seconds": 300, "pieces": pieces, "limit_per_buyer": limit, **changes})


class Room:
    """A mall's session on air with its first SKU on the shelf; one clock for both."""

    def __init__(self, mall: Mall) -> None:
        self.mall = mall
        self.house = House(clock=mall.watch)  # type: ignore[arg-type]
        self.prices = self.house.prices
        self.sku = mall.skus[0]
        self.session = LiveSession()

    async def open(self) -> "Room":
        self.session, _ = await self.house.on_air(self.mall.merchant)
        self.number, self.source = self.session.number, f"live:{self.session.number}"
        await self.house.shelf.put(self.number, HOST, self.sku)
        return self

    async def price(self, *arguments: Any, **changes: Any) -> OpenedPrice:
        return await self.prices.open(self.number, self.mall.merchant, self.sku, terms(*arguments, **changes), CLERK)

    async def buy(self, quantity: int = 1, consumer: str = "C1", source: str | None = "here") -> Any:
        line = CheckoutLine(self.sku, quantity, self.source if source == "here" else source, seller=self.mall.merchant)
        return await self.mall.place(lines=[line], consumer=consumer)

    async def card(self) -> Card:
        (found,) = (await room_state(await room_view(self.number), self.mall.watch())).shelf
        return found

    async def told(self, kind: str) -> list[dict[str, Any]]:
        return await rows(
            "SELECT payload ->> 'code' AS code, (payload ->> 'price_fen')::int AS fen, author,"
            " payload ? 'ended' AS ended, (payload ->> 'offset_ms')::int AS at, payload ->> 'added' AS added,"
            " payload ->> 'set_aside' AS set_aside FROM live_feed_message WHERE kind = $1 ORDER BY \"offset\"",
            kind,
        )


async def settled(calls: list[Awaitable[Any]]) -> tuple[list[Any], list[DomainError]]:
    """What came through, and what was refused; anything else fails the test."""
    done = await asyncio.gather(*calls, return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException) and not isinstance(each, DomainError):
            raise each
    refused = [each for each in done if isinstance(each, DomainError)]
    return [each for each in done if not isinstance(each, DomainError)], refused


async def test_a_price_that_runs_at_the_end_does_not_hold_the_recording_up(mall: Mall) -> None:
    """A recording that is closed places prices that are over and one that is not."""
    room = await Room(mall).open()
    mall.watch.forward(seconds=60)
    await room.price(5, 2)
    await room.prices.end(room.number, room.sku, CLERK)
    await room.price(5, 2)
    await _place_prices(room.session.id, Recording(Path("nowhere")))
    placed = await rows("SELECT offset_ms, end_offset_ms FROM live_room_price ORDER BY id")
    assert placed == [{"offset_ms": 0, "end_offset_ms": 0}, {"offset_ms": 0, "end_offset_ms": None}]


async def test_the_price_is_the_rooms_alone_and_the_card_returns_by_itself(mall: Mall) -> None:
    """Fails when the mall or another room sells at it, and when only a job brings the card back."""
    room = await Room(mall).open()
    mall.watch.forward(seconds=60)
    await room.price(5, 2)
    card = await room.card()
    assert (card.price_fen, card.list_price_fen, card.stock) == (ROOM_FEN, LIST_FEN, 5)
    assert card.offer is not None
    assert (card.offer.of_the_room, card.offer.limit_per_buyer) == (True, 2)
    here, elsewhere, mall_itself = [
        (await room.buy(1, f"C{n}", source)).lines[0].unit_price_fen
        for n, source in enumerate(("here", "live:L20260101NOSUCH0001", None))
    ]
    assert (here, elsewhere, mall_itself) == (ROOM_FEN, LIST_FEN, LIST_FEN)
    mall.watch.forward(seconds=300)
    card = await room.card()
    assert (card.price_fen, card.offer, card.stock) == (LIST_FEN, None, 93)
    assert (await room.buy(1, "C9")).lines[0].unit_price_fen == LIST_FEN
    mall.watch.forward(seconds=30)
    assert (await room.prices.close_due(), await room.prices.close_due()) == (1, 0)
    begun, over = await room.told("price")
    assert (begun["fen"], begun["author"], begun["ended"]) == (ROOM_FEN, CLERK, False)
    assert (over["fen"], over["author"], over["ended"]) == (LIST_FEN, "time", True)
    assert abs(over["at"] - begun["at"] - 300_000) <= 1, "the place of the end itself, not of the job"
    assert (await room.card()).stock == 100 - 4
    assert await stock_differences() == []


async def test_a_list_price_stands_beside_the_rooms_when_nothing_was_sold_below_it_for_a_week(mall: Mall) -> None:
    """A price of the room is a price at which goods were sold. Fails when one without a sale counts, and when one of
    eight days ago does.
    """
    room = await Room(mall).open()

    async def compared() -> tuple[int | None, int | None, object]:
        """What the answer, the card and the event say beside the room's price."""
        opened = await room.price()
        event = await scalar(
            "SELECT payload ->> 'list_price_fen' FROM live_feed_message WHERE kind = 'price' ORDER BY id DESC LIMIT 1"
        )
        return opened.compared_fen, (await room.card()).list_price_fen, event

    async def over() -> None:
        await room.prices.end(room.number, room.sku, CLERK, merchant=mall.merchant)
        mall.watch.forward(seconds=60)

    shown, hidden = (LIST_FEN, LIST_FEN, str(LIST_FEN)), (None, None, None)
    assert await compared() == shown
    await room.buy(1)
    await over()
    await mall.expire()
    assert await compared() == shown, "nobody paid"
    await mall.pay((await room.buy(1)).number)
    await over()
    assert (await room.card()).list_price_fen == LIST_FEN, "the SKU's own price, alone"
    assert await compared() == hidden
    assert await scalar("SELECT lowest_fen FROM live_room_price ORDER BY id DESC LIMIT 1") == ROOM_FEN
    await over()
    mall.watch.forward(days=8)
    assert await compared() == shown
    await over()
    await execute(
        "INSERT INTO price_change (sku_id, old_price_fen, new_price_fen, changed_at, changed_by)"
        " SELECT id, 3000, price_fen, $2, 'staff:test' FROM sku WHERE code = $1",
        room.sku,
        mall.watch(),
    )
    assert await compared() == hidden, "raised for it"


async def test_beside_a_flash_price_of_the_mall_a_list_price_stands_on_the_same_evidence(mall: Mall) -> None:
    """Of the week before the flash price, however long that runs. Fails when cards of the mall's prices are not asked
    about, when the week is that before the look, and when what was sold in the room does not count: tried.
    """
    room = await Room(mall).open()
    offers = Offers(mall.watch)

    async def opened() -> str:
        now = mall.watch()
        return await offers.open(room.sku, flash_terms(starts_at=now, ends_at=now + timedelta(days=20)), CLERK)

    async def shown() -> tuple[int, int | None]:
        card = await room.card()
        return card.price_fen, card.list_price_fen

    flash = await opened()
    reduced = (await shown())[0]
    assert reduced < LIST_FEN
    assert await shown() == (reduced, LIST_FEN)
    await offers.end(flash, CLERK)
    await room.price()
    await mall.pay((await room.buy(1)).number)
    await room.prices.end(room.number, room.sku, CLERK, merchant=mall.merchant)
    mall.watch.forward(days=1)
    assert await shown() == (LIST_FEN, LIST_FEN), "the SKU's own price, alone"
    flash = await opened()
    assert await shown() == (reduced, None)
    mall.watch.forward(days=8)
    assert await shown() == (reduced, None), "nobody paid the list price meanwhile"
    await offers.end(flash, CLERK)
    flash = await opened()
    assert await shown() == (reduced, LIST_FEN)
    await execute(
        "INSERT INTO price_change (sku_id, old_price_fen, new_price_fen, changed_at, changed_by)"
        " SELECT id, 3000, price_fen, $2, 'staff:test' FROM sku WHERE code = $1",
        room.sku,
        mall.watch(),
    )
    assert await shown() == (reduced, None), "raised while it runs"


async def test_many_buyers_of_the_last_pieces_make_just_so_many_orders(mall: Mall) -> None:
    """In the room to the piece, while the mall goes on. Fails when a room's sell-out is the SKU's."""
    room = await Room(mall).open()
    await room.price(3)
    inside_it = [room.buy(1, f"C{n}") for n in range(20)]
    outside = [room.buy(1, f"D{n}", None) for n in range(5)]
    placed, refused = await settled([*inside_it, *outside])
    assert sorted(order.amount_fen for order in placed) == [ROOM_FEN] * 3 + [LIST_FEN] * 5
    assert {type(each) for each in refused} == {RoomSoldOut}
    assert {(each.facts["sku"], each.facts["left"], each.facts["source"]) for each in refused} == {
        (room.sku, 0, room.source)
    }
    assert (await room.card()).stock == 0
    await room.prices.add_pieces(room.number, mall.merchant, room.sku, 2, "加量", CLERK)
    placed, refused = await settled([room.buy(1, f"E{n}") for n in range(5)])
    assert (len(placed), len(refused)) == (2, 3)
    assert await stock_differences() == []
    await room.prices.end(room.number, room.sku, CLERK, merchant=mall.merchant)
    assert await stock_of(room.sku) == (100 - 10, 10, 0)
    assert await stock_differences() == []


async def test_a_buyers_limit_holds_for_orders_at_once_and_comes_back_with_a_closed_one(mall: Mall) -> None:
    room = await Room(mall).open()
    await room.price(50, 2, seconds=7200)
    placed, refused = await settled([room.buy(1) for _ in range(10)])
    assert (len(placed), {type(each) for each in refused}) == (2, {OfferLimitReached})
    assert (await room.buy(1, source=None)).amount_fen == LIST_FEN
    await mall.expire()
    assert len((await settled([room.buy(2)]))[0]) == 1
    assert await stock_differences() == []


async def test_an_end_among_buyers_loses_no_piece_and_sells_none_twice(mall: Mall) -> None:
    """Who came in before the end has its price to the refund; refusals name the end, never a wrong sum."""
    room = await Room(mall).open()
    await room.price(50)
    before = await room.buy(2, "C-first")
    calls = [room.buy(1, f"C{n}") for n in range(12)]
    ending = room.prices.end(room.number, room.sku, f"staff:{HOST}", host=HOST)
    done, refused = await settled([*calls[:6], ending, *calls[6:]])
    orders = [each for each in done if each is not None]
    assert {type(each) for each in refused} <= {OfferOver}
    assert {order.amount_fen for order in orders} <= {ROOM_FEN, LIST_FEN}
    at_price = await scalar("SELECT count(*) FROM stock_reservation WHERE offer_id IS NOT NULL")
    assert at_price == 1 + sum(order.amount_fen == ROOM_FEN for order in orders)
    assert (await room.buy(1, "C-late")).amount_fen == LIST_FEN
    assert await stock_differences() == []
    await mall.pay(before.number)
    await mall.refund(before, 0, 1)
    refunded = await row("SELECT refunded_fen, source FROM order_line WHERE reference = $1", before.lines[0].reference)
    assert refunded == {"refunded_fen": ROOM_FEN, "source": room.source}
    await room.prices.end(room.number, room.sku, CLERK, merchant=mall.merchant)
    assert [each["author"] for each in await room.told("price")] == [CLERK, f"staff:{HOST}"]
    assert await stock_differences() == []


async def test_stock_comes_in_while_on_air_with_its_reason(mall: Mall) -> None:
    room = await Room(mall).open()
    await room.price(98)
    with pytest.raises(SoldOut) as lacking:
        await room.prices.add_pieces(room.number, mall.merchant, room.sku, 3, "加量", CLERK)
    assert lacking.value.facts["left"] == 2
    assert await room.prices.add_stock(room.number, mall.merchant, room.sku, 10, "到货", CLERK) == 12
    await room.prices.add_pieces(room.number, mall.merchant, room.sku, 12, "加量", CLERK)
    assert (await room.card()).stock == 110
    moved = await rows("SELECT kind, quantity, reference FROM stock_movement ORDER BY id DESC LIMIT 2")
    assert [(each["kind"], each["quantity"], each["reference"].split()[-1]) for each in moved] == [
        ("set_aside", 12, "加量"), ("stocked", 10, "到货"),
    ]  # fmt: skip
    assert [(each["added"], each["set_aside"]) for each in await room.told("stock")] == [("10", None), (None, "12")]
    assert await scalar("SELECT pieces FROM flash_offer") == 110
    assert await stock_differences() == []


async def test_who_may_price_what_and_when(mall: Mall) -> None:
    room = await Room(mall).open()
    with pytest.raises(SessionNotFound):
        await room.prices.open(room.number, "M-OTHER", room.sku, terms(), CLERK)
    with pytest.raises(NotOnShelf):
        await room.prices.open(room.number, mall.merchant, "NONE", terms(), CLERK)
    with pytest.raises(OfferInvalid):
        await room.price(price_fen=LIST_FEN)
    with pytest.raises(SoldOut):
        await room.price(101)
    with pytest.raises(RoomPriceUnknown):
        await room.prices.end(room.number, room.sku, CLERK, host=HOST)
    with pytest.raises(RoomPriceUnknown):
        await room.prices.add_pieces(room.number, mall.merchant, room.sku, 1, "加量", CLERK)
    await room.house.shelf.hide(room.number, HOST, room.sku, hidden=True)
    with pytest.raises(ShelfItemHidden):
        await room.price()
    await room.house.shelf.hide(room.number, HOST, room.sku, hidden=False)
    await room.price()
    with pytest.raises(OfferTaken):
        await room.price()
    for foreign in ({"host": "S-other"}, {"merchant": "M-OTHER"}):
        with pytest.raises(SessionNotFound):
            await room.prices.end(room.number, room.sku, CLERK, **foreign)
    with pytest.raises(ValueError, match="says which"):
        await Offers().open(mall.skus[0], flash_terms(5), CLERK, source="live:L1")
    await room.house.shelf.remove(room.number, HOST, room.sku)
    assert await room.prices.close_due() == 1
    await room.house.shelf.put(room.number, HOST, room.sku)
    await room.price()
    await room.house.sessions.end(room.number, HOST)
    assert await room.prices.close_due() == 1
    assert [each["ended"] for each in await room.told("price")] == [False, True, False, True]
    with pytest.raises(SessionStateForbids):
        await room.price()
    assert await stock_of(room.sku) == (100, 0, 0)
    assert await facts() == []


async def test_over_the_doors_the_quote_is_the_rooms_and_a_price_that_is_over_is_refused(
    house: Doors, http: httpx.AsyncClient, inside: Doors
) -> None:
    """The buyer never pays what was not shown; the room's sell-out hangs no sign in front of the mall."""
    rooms = House()
    _, (sku,) = await listed_product(house.merchant, stock=9)
    session, _ = await rooms.on_air(house.merchant)
    await rooms.shelf.put(session.number, HOST, sku)

    def headers(role: str = "consumer") -> dict[str, str]:
        return house.headers(role, idempotency_key=idempotency_key())

    path = f"/v1/console/live/sessions/{session.number}/shelf/{sku}/price"
    body = {"price_fen": ROOM_FEN, "pieces": 1, "seconds": 600}
    check_problem(await http.post(path, json=body, headers=headers("foreign_clerk")), 404, "live_session_not_found")
    assert (await http.post(path, json=body, headers=headers("merchant_clerk"))).status_code == 201
    seen = (await http.get(f"/v1/miniapp/live/sessions/{session.number}")).json()
    (card,) = seen["shelf"]
    assert (card["price_fen"], card["stock"], card["offer"]["of_the_room"]) == (ROOM_FEN, 1, True)
    token = seen["attribution"]
    wanted = {"lines": [{"sku": sku, "quantity": 1}], "region": "533124"}
    quotes = [
        (await http.post("/v1/miniapp/quotes", json=wanted | more, headers=headers())).json()
        for more in ({"attribution": token}, {})
    ]
    assert [quote["goods_fen"] for quote in quotes] == [ROOM_FEN, LIST_FEN]

    async def order(**more: Any) -> httpx.Response:
        return await http.post("/v1/miniapp/orders", json=order_body(sku, 1, **more), headers=headers())

    assert (await order(attribution=token, amount_fen=ROOM_FEN)).status_code == 201
    for _ in range(2):  # by the database, then by the sign
        refused = check_problem(await order(attribution=token, amount_fen=ROOM_FEN), 409, "room_sold_out")
        assert (refused["sku"], refused["left"], refused["source"]) == (sku, 0, f"live:{session.number}")
    assert (await order()).status_code == 201
    await rooms.prices.add_pieces(session.number, house.merchant, sku, 2, "加量", CLERK)
    quote = (await http.post("/v1/miniapp/quotes", json=wanted | {"attribution": token}, headers=headers())).json()
    assert quote["goods_fen"] == ROOM_FEN
    assert (await http.delete(path, headers=house.headers("merchant_clerk"))).status_code == 204
    changed = await order(attribution=token, amount_fen=None, quote=quote["digest"])
    while changed.json()["code"] == "room_sold_out":  # until the sign falls by itself
        await asyncio.sleep(0.05)
        changed = await order(attribution=token, amount_fen=None, quote=quote["digest"])
    check_problem(changed, 409, "quote_changed")
    assert changed.json()["quote"]["goods_fen"] == LIST_FEN


async def test_what_a_room_sells_at_the_malls_price_is_sold_out_like_everywhere(
    house: Doors, http: httpx.AsyncClient, inside: Doors
) -> None:
    """The room has no pieces of its own, so nobody is told that they are gone: neither at first nor by the sign."""
    rooms = House()
    _, (sku,) = await listed_product(house.merchant, stock=1)
    session, _ = await rooms.on_air(house.merchant)
    await rooms.shelf.put(session.number, HOST, sku)
    token = (await http.get(f"/v1/miniapp/live/sessions/{session.number}")).json()["attribution"]

    async def order(**more: Any) -> httpx.Response:
        headers = house.headers("consumer", idempotency_key=idempotency_key())
        return await http.post("/v1/miniapp/orders", json=order_body(sku, 1, **more), headers=headers)

    assert (await order(attribution=token)).status_code == 201
    for more in ({"attribution": token}, {"attribution": token}, {}):
        assert check_problem(await order(**more), 409, "sold_out")["left"] == 0


async def test_each_merchant_of_a_shared_room_prices_its_own_goods_there(mall: Mall) -> None:
    """Fails when the first slot's merchant alone may, and when one may touch the other's goods."""
    house = House(clock=mall.watch)  # type: ignore[arg-type]
    neighbour = await approved_merchant(7, "邻家合作社", mall.watch)
    _, (theirs,) = await listed_product(neighbour, stock=20, clock=mall.watch)
    session, _ = await house.on_air(mall.merchant, neighbour)
    number, ours, prices = session.number, mall.skus[0], house.prices
    for sku in (ours, theirs):
        await house.shelf.put(number, HOST, sku)
    for merchant, sku in ((mall.merchant, theirs), (neighbour, ours)):
        for refused in (
            prices.open(number, merchant, sku, terms(), CLERK),
            prices.add_stock(number, merchant, sku, 1, "到货", CLERK),
        ):
            with pytest.raises(SkuUnknown):
                await refused
    for merchant, sku in ((mall.merchant, ours), (neighbour, theirs)):
        await prices.open(number, merchant, sku, terms(), CLERK)
        await prices.add_pieces(number, merchant, sku, 1, "加量", CLERK)
        assert await prices.add_stock(number, merchant, sku, 1, "到货", CLERK) > 0
    for crossed in (
        prices.add_pieces(number, neighbour, ours, 1, "加量", CLERK),
        prices.end(number, ours, CLERK, merchant=neighbour),
    ):
        with pytest.raises(SkuUnknown):
            await crossed
    line = CheckoutLine(theirs, 1, f"live:{number}", seller=neighbour)
    assert (await mall.place(lines=[line], consumer="C1")).amount_fen == ROOM_FEN
    assert await scalar("SELECT count(*) FROM live_room_price WHERE ended_at IS NULL") == 2
    await prices.end(number, theirs, CLERK, merchant=neighbour)
    assert await scalar("SELECT code FROM live_room_price WHERE ended_at IS NULL") == ours
    assert await stock_differences() == []


async def test_an_assistant_of_the_shelf_ends_a_price_and_a_moderator_does_not(mall: Mall) -> None:
    """Fails when any role opens the shelf."""
    room = await Room(mall).open()
    plans, helper = Plans(room.house.clock), await presenting_account("U00000000000HELPER")
    await room.price()
    await plans.add_assistant(room.number, HOST, helper, AssistantRole.MODERATOR)
    with pytest.raises(SessionNotFound):
        await room.prices.end(room.number, room.sku, f"staff:{helper}", host=helper)
    await plans.add_assistant(room.number, HOST, helper, AssistantRole.SHELF)
    await room.prices.end(room.number, room.sku, f"staff:{helper}", host=helper)
    assert [each["author"] for each in await room.told("price")] == [CLERK, f"staff:{helper}"]


async def test_two_merchants_sell_in_one_room_over_the_doors(
    house: Doors, http: httpx.AsyncClient, inside: Doors
) -> None:
    """Each line takes its merchant's token and has its room's price; a third merchant has no room here."""
    rooms = House()
    session, _ = await rooms.on_air(house.merchant, house.foreign_merchant)
    skus = {}
    for role, merchant in (("merchant_clerk", house.merchant), ("foreign_clerk", house.foreign_merchant)):
        _, (skus[role],) = await listed_product(merchant, stock=9)
        await rooms.shelf.put(session.number, HOST, skus[role])
    body = {"price_fen": ROOM_FEN, "pieces": 2, "seconds": 600, "limit_per_buyer": 1}
    path = f"/v1/console/live/sessions/{session.number}/shelf"

    def headers(role: str) -> dict[str, str]:
        return house.headers(role, idempotency_key=idempotency_key())

    for role, sku in skus.items():
        (other,) = skus.keys() - {role}
        refused = await http.post(f"{path}/{sku}/price", json=body, headers=headers(other))
        check_problem(refused, 404, "sku_unknown")
        assert (await http.post(f"{path}/{sku}/price", json=body, headers=headers(role))).status_code == 201
    seen = (await http.get(f"/v1/miniapp/live/sessions/{session.number}")).json()
    tokens = {each["merchant"]: each["attribution"] for each in seen["attributions"]}
    lines = [{"sku": card["code"], "quantity": 1, "attribution": tokens[card["merchant"]]} for card in seen["shelf"]]
    quote = await http.post(
        "/v1/miniapp/quotes", json={"lines": lines, "region": "533124"}, headers=headers("consumer")
    )
    assert quote.json()["goods_fen"] == 2 * ROOM_FEN
