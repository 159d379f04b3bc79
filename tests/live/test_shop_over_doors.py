"""What a host and a merchant do with goods while on air, as it is asked for and seen over the doors."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from live.models import LiveSession
from products.queries import stock_differences
from tests.doors.conftest import house, http, inside
from tests.doors.house import House as Doors
from tests.doors.house import idempotency_key, order_body
from tests.doors.problems import check_problem
from tests.live.belongings import own_account
from tests.live.rooms import HOST, House
from tests.products.shelf import listed_product

__all__ = ["house", "http", "inside"]
pytestmark = pytest.mark.asyncio
LIST_FEN, ROOM_FEN = 3990, 1990


class Seats:
    """The house's host, clerk and consumer in one session on air, by the wire alone."""

    def __init__(self, house: Doors, http: httpx.AsyncClient) -> None:
        self.house, self.http = house, http

    async def open(self) -> "Seats":
        rooms = House()
        session, _ = await rooms.on_air(self.house.merchant)
        _, (self.sku,) = await listed_product(self.house.merchant, stock=20)
        await rooms.shelf.put(session.number, HOST, self.sku)
        await LiveSession.filter(id=session.id).update(host=await own_account())
        self.number = session.number
        self.shelf = f"/v1/console/live/sessions/{session.number}/shelf/{self.sku}"
        return self

    async def ask(self, role: str, method: str, path: str, body: object = None) -> httpx.Response:
        headers = self.house.headers(role, idempotency_key=idempotency_key())
        return await self.http.request(method, path, json=body, headers=headers)

    async def room(self) -> dict[str, Any]:
        return dict((await self.http.get(f"/v1/miniapp/live/sessions/{self.number}")).json())

    async def order(self, quantity: int, role: str = "consumer", token: str | None = None) -> httpx.Response:
        seen = token or (await self.room())["attribution"]
        return await self.ask(
            role,
            "POST",
            "/v1/miniapp/orders",
            order_body(self.sku, quantity, amount_fen=quantity * ROOM_FEN, attribution=seen),
        )

    async def priced(self, **more: int) -> dict[str, Any]:
        """The card after a price of the room was opened."""
        terms = {"price_fen": ROOM_FEN, "pieces": 5, "seconds": 600, **more}
        assert (await self.ask("merchant_clerk", "POST", f"{self.shelf}/price", terms)).status_code == 201
        (card,) = (await self.room())["shelf"]
        return dict(card)


async def test_pieces_and_stock_come_in_on_air(house: Doors, http: httpx.AsyncClient, inside: Doors) -> None:
    seats = await Seats(house, http).open()
    assert (await seats.priced())["stock"] == 5
    more = {"pieces": 4, "reason": "到货"}
    for kind in ("stock", "price/pieces"):
        refused = await seats.ask("foreign_clerk", "POST", f"{seats.shelf}/{kind}", more)
        check_problem(refused, 404, "live_session_not_found")
    added = await seats.ask("merchant_clerk", "POST", f"{seats.shelf}/stock", more)
    assert (added.status_code, added.json()) == (201, {"available": 20 - 5 + 4})
    assert (await seats.ask("merchant_clerk", "POST", f"{seats.shelf}/price/pieces", more)).status_code == 204
    room = await seats.room()
    assert room["shelf"][0]["stock"] == 9
    told = [each["payload"] for each in room["messages"] if each["kind"] == "stock"]
    assert [(each.get("added"), each.get("set_aside")) for each in told] == [(4, None), (None, 4)]
    assert await stock_differences() == []


async def test_what_is_hidden_is_not_shown_nor_sold_at_the_rooms_price(
    house: Doors, http: httpx.AsyncClient, inside: Doors
) -> None:
    seats = await Seats(house, http).open()
    await seats.priced()
    token = (await seats.room())["attribution"]
    for role, status in (("foreign_host", 404), ("host", 200)):
        assert (await seats.ask(role, "PUT", f"{seats.shelf}/visibility", {"hidden": True})).status_code == status
    room = await seats.room()
    assert (room["shelf"], room["timeline"][0]["kind"]) == ([], "price")
    wanted = {"lines": [{"sku": seats.sku, "quantity": 1}], "region": "533124", "attribution": token}
    quote = await seats.ask("consumer", "POST", "/v1/miniapp/quotes", wanted)
    assert quote.json()["goods_fen"] == LIST_FEN
    assert (await seats.ask("host", "PUT", f"{seats.shelf}/visibility", {"hidden": False})).status_code == 200
    assert [card["price_fen"] for card in (await seats.room())["shelf"]] == [ROOM_FEN]
    quote = await seats.ask("consumer", "POST", "/v1/miniapp/quotes", wanted)
    assert quote.json()["goods_fen"] == ROOM_FEN


async def test_a_buyer_has_so_many_at_the_rooms_price_and_the_next_buyer_as_many(
    house: Doors, http: httpx.AsyncClient, inside: Doors
) -> None:
    seats = await Seats(house, http).open()
    card = await seats.priced(limit_per_buyer=2)
    assert card["offer"]["limit_per_buyer"] == 2
    check_problem(await seats.order(3), 409, "offer_limit_reached")
    assert (await seats.order(1)).status_code == 201
    assert check_problem(await seats.order(2), 409, "offer_limit_reached")["sku"] == seats.sku
    assert (await seats.order(2, "consumer_two")).status_code == 201
    assert await stock_differences() == []


async def test_the_countdown_is_the_servers_end_beside_the_servers_time(
    house: Doors, http: httpx.AsyncClient, inside: Doors
) -> None:
    """The same end in the card, in the event and in what is sold; after it the card is the SKU's again."""
    seats = await Seats(house, http).open()
    card = await seats.priced(seconds=600)
    room = await seats.room()
    ends_at, now = datetime.fromisoformat(card["offer"]["ends_at"]), datetime.fromisoformat(room["server_time"])
    assert timedelta() < ends_at - now <= timedelta(seconds=600)
    (told,) = [each["payload"] for each in room["messages"] if each["kind"] == "price"]
    assert datetime.fromisoformat(told["ends_at"]) == ends_at
    assert (await seats.ask("host", "DELETE", f"{seats.shelf}/price")).status_code == 204
    room = await seats.room()
    assert (room["shelf"][0]["offer"], room["shelf"][0]["price_fen"]) == (None, LIST_FEN)
    over = [each["payload"] for each in room["messages"] if each["kind"] == "price"][-1]
    assert (over["ended"], over["price_fen"]) == (True, LIST_FEN)
