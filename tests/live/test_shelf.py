"""The order of the shelf, and what of it viewers are not shown."""

import asyncio

import pytest

from kit.database import row, rows, scalar
from live.errors import NotOnShelf, SessionNotFound, SessionStateForbids, ShelfChanged, ShelfItemHidden
from live.models import LiveSession
from live.queries import room_view
from live.shop.moments import Seen, places_of
from live.talk.frames import room_state
from tests.live.rooms import HOST, House
from tests.products.shelf import approved_merchant, draft_of, listed_product

pytestmark = pytest.mark.asyncio


async def stocked(house: House, products: int = 3) -> tuple[LiveSession, list[str]]:
    """A session on air with some products on its shelf."""
    merchant = await approved_merchant()
    codes = [(await listed_product(merchant, draft_of(f"示例商品 {n}")))[1][0] for n in range(products)]
    session, _ = await house.on_air(merchant)
    for code in codes:
        await house.shelf.put(session.number, HOST, code)
    await house.signed(session.number, *codes)
    return session, codes


async def test_an_order_is_taken_upon_the_version_that_was_seen(database: str) -> None:
    """Fails when a second caller's older list is written over the first one's: tried."""
    house = House()
    session, (first, second, third) = await stocked(house)
    view = await room_view(session.number)
    assert (view.shelf, view.shelf_version) == ((first, second, third), 3)
    wishes = [[third, first, second], [second, third, first]]
    done = await asyncio.gather(
        *(house.shelf.arrange(session.number, HOST, wish, 3) for wish in wishes), return_exceptions=True
    )
    assert [isinstance(each, ShelfChanged) for each in done].count(True) == 1
    won = wishes[[each is None for each in done].index(True)]
    view = await room_view(session.number)
    assert (list(view.shelf), view.shelf_version) == (won, 4)
    await house.shelf.arrange(session.number, HOST, won, 3)  # said again, it is there already
    for codes in (won[:2], [*won, won[0]], [*won[:2], "NONE"]):
        with pytest.raises(ShelfChanged) as refused:
            await house.shelf.arrange(session.number, HOST, codes, 4)
        assert refused.value.facts == {"version": 4}
    with pytest.raises(SessionNotFound):
        await house.shelf.arrange(session.number, "S-other", won, 4)
    told = await row("SELECT payload ->> 'order' AS told, payload ->> 'before' AS before, author FROM live_feed_message"
                     " WHERE payload ? 'order'")  # fmt: skip
    assert told is not None
    assert (won[0] in told["told"], first in told["before"], told["author"]) == (True, True, f"staff:{HOST}")
    await house.sessions.end(session.number, HOST)
    with pytest.raises(SessionStateForbids):
        await house.shelf.arrange(session.number, HOST, won[::-1], 4)


async def test_what_is_hidden_keeps_its_place_and_is_not_sold_in_the_room(database: str) -> None:
    """Fails when viewers get its card, when it stays pinned, and when the room's token still counts for it."""
    house = House()
    session, (first, second, third) = await stocked(house)
    await house.shelf.pin(session.number, HOST, second)
    for _ in range(2):
        await house.shelf.hide(session.number, HOST, second, hidden=True)
    view = await room_view(session.number)
    assert (view.shelf, view.hidden, view.pinned) == ((first, second, third), frozenset({second}), None)
    assert view.shelf_version == 4
    assert [card.code for card in (await room_state(view)).shelf] == [first, third]
    with pytest.raises(ShelfItemHidden):
        await house.shelf.pin(session.number, HOST, second)
    with pytest.raises(NotOnShelf):
        await house.shelf.hide(session.number, HOST, "NONE", hidden=True)
    source = f"live:{session.number}"

    async def sources() -> list[str | None]:
        seen = [Seen(code, source, 0) for code in (first, second)]
        return [found for found, _ in await places_of(seen, house.clock())]

    assert await sources() == [source, None]
    await house.shelf.hide(session.number, HOST, second, hidden=False)
    assert await sources() == [source, source]
    assert [card.code for card in (await room_state(await room_view(session.number))).shelf] == [first, second, third]
    kinds = await rows(
        "SELECT kind, payload ->> 'offset_ms' AS at FROM live_feed_message ORDER BY \"offset\" DESC LIMIT 3"
    )
    assert [each["kind"] for each in kinds] == ["shelf", "shelf", "unpin"]
    assert all(each["at"] is not None for each in kinds)
    assert await scalar("SELECT count(*) FROM live_feed_message WHERE kind = 'shelf'") == 5
