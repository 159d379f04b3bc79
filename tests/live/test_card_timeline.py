"""The card in the picture: one table of cases for the server's rule and for the client's."""

import base64
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import async_playwright

from kit.clock import utc_now
from kit.database import scalar
from live.queries import room_view
from live.shop.prices import RoomTerms
from live.shop.timeline import CardEvent, card_at, timeline
from scripts.local_stack.chromium import require_chromium
from tests.live.rooms import HOST, Clock, House
from tests.products.shelf import approved_merchant, draft_of, listed_product


class Stopped(Clock):
    """A clock that a test alone moves."""

    began = utc_now()

    def __call__(self) -> datetime:
        return self.began + self.ahead


PHONE = Path(__file__).resolve().parents[2] / "public_pages/live_rooms/assets/card_at.js"
PROGRAM = """async ([rule, asked]) => {
    const { cardAt, placeOnAir } = await import(rule);
    const place = placeOnAir({ mediaMs: 60000, toldAt: 1000 }, 11000, 2500);
    return [asked.map(([events, at]) => cardAt(events, at)), place, placeOnAir({ mediaMs: 100, toldAt: 0 }, 0, 500)];
}"""


def pin(at: int, code: str, fen: int) -> CardEvent:
    return CardEvent(kind="pin", code=code, offset_ms=at, title=f"商品 {code}", price_fen=fen)


def unpin(at: int, code: str) -> CardEvent:
    return CardEvent(kind="unpin", code=code, offset_ms=at)


def price(at: int, code: str, fen: int) -> CardEvent:
    return CardEvent(kind="price", code=code, offset_ms=at, price_fen=fen)


SHOW = [
    pin(1_000, "A", 3990), price(2_000, "B", 500), price(3_000, "A", 1990), unpin(5_000, "A"), pin(5_000, "B", 500),
    price(6_000, "A", 3990), price(7_000, "B", 900), unpin(9_000, "B"),
]  # fmt: skip
LATE = [pin(0, "A", 3990), price(4_000, "A", 1990), unpin(9_000, "A"), price(6_000, "A", 3990)]
CASES: list[tuple[list[CardEvent], int, tuple[str, int] | None]] = [
    ([], 5, None),
    (SHOW, 0, None),
    (SHOW, 999, None),
    (SHOW, 1_000, ("A", 3990)),
    (SHOW, 2_999, ("A", 3990)),
    (SHOW, 3_000, ("A", 1990)),
    (SHOW, 4_999, ("A", 1990)),
    (SHOW, 5_000, ("B", 500)),
    (SHOW, 6_500, ("B", 500)),
    (SHOW, 7_000, ("B", 900)),
    (SHOW, 9_000, None),
    (SHOW, 10**9, None),
    # The end of a price is told a moment after it was, and counts from its own place on.
    (LATE, 5_999, ("A", 1990)),
    (LATE, 6_000, ("A", 3990)),
    (LATE, 9_000, None),
    (
        [pin(0, "A", 3990), price(1_000, "A", 1990), price(5_000, "A", 2990), price(4_000, "A", 3990)],
        5_500,
        ("A", 2990),
    ),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_the_servers_rule(case: int) -> None:
    events, at, wanted = CASES[case]
    card = card_at(events, at)
    assert (card and (card.code, card.price_fen)) == wanted


async def test_the_clients_rule_is_the_servers() -> None:
    """In a Chromium. Fails when either is changed alone: tried with a client that does not sort."""
    rule = "data:text/javascript;base64," + base64.b64encode(PHONE.read_bytes()).decode()
    asked = [[[msgspec.to_builtins(event) for event in events], at] for events, at, _ in CASES]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(require_chromium()), args=["--no-sandbox"])
        page = await browser.new_page()
        found, place, early = await page.evaluate(PROGRAM, [rule, asked])
        await browser.close()
    assert [card and (card["code"], card["price_fen"]) for card in found] == [wanted for _, _, wanted in CASES]
    assert (place, early) == (67_500, 0)


async def test_a_show_is_told_as_it_was(database: str) -> None:
    """From the host's acts to the card at each place. Fails when a price that is over stays on the card."""
    house = House(clock=Stopped())
    merchant = await approved_merchant()
    _, (first,) = await listed_product(merchant)
    _, (second,) = await listed_product(merchant, draft_of("另一种商品"))
    session, _ = await house.on_air(merchant)
    number = session.number
    for code in (first, second):
        await house.shelf.put(number, HOST, code)
        await house.signed(number, code)

    def ahead(seconds: int) -> None:
        house.clock.ahead += timedelta(seconds=seconds)

    ahead(10)
    await house.shelf.pin(number, HOST, first)
    ahead(10)
    terms = RoomTerms(price_fen=1990, pieces=5, seconds=20)
    await house.prices.open(number, merchant, first, terms, "staff:clerk")
    ahead(30)  # the price is over since 40
    assert await house.prices.close_due() == 1
    ahead(10)
    await house.shelf.pin(number, HOST, second)
    ahead(10)
    await house.shelf.unpin(number, HOST)
    events = await timeline((await room_view(number)).id)
    assert [(event.kind, event.offset_ms // 1000) for event in events] == [
        ("pin", 10), ("price", 20), ("price", 40), ("unpin", 60), ("pin", 60), ("unpin", 70),
    ]  # fmt: skip
    places = (5, 15, 25, 45, 65, 75)
    cards = [card_at(events, seconds * 1000) for seconds in places]
    assert [card and (card.code, card.price_fen) for card in cards] == [
        None, (first, 3990), (first, 1990), (first, 3990), (second, 3990), None,
    ]  # fmt: skip
    assert await scalar("SELECT count(*) FROM live_feed_message WHERE kind IN ('pin', 'unpin', 'price')") == 6
