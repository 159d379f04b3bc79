"""What a session came to, and what its host is promised, to the fen and to the person."""

from datetime import timedelta
from pathlib import Path

import pytest

from kit.clock import china_day, utc_now
from kit.database import execute, scalar
from live.boards.clicks import Clicks
from live.boards.commissions import MAX_SESSIONS, all_commissions, commission_of, commissions_of
from live.boards.queries import board_of
from live.errors import CommissionsTooMany, SessionNotFound
from live.models import LiveSession
from live.own_records import forget_chat
from live.talk.models import RestrictionKind, RoomRestriction
from live.talk.presence import tell_present
from orders.quotes import HOSTED
from tests.live.kept import Kept
from tests.live.rooms import HOST
from tests.orders.conftest import mall
from tests.orders.mall import CheckoutLine, Mall

__all__ = ["mall"]
pytestmark = pytest.mark.asyncio


def pass_of(kept: Kept, number: str, viewer: str) -> str:
    return kept.house.keys.viewer_pass(number, viewer, utc_now() + timedelta(hours=1))


async def test_a_click_is_one_of_a_viewer_of_a_product_on_air(database: str, tmp_path: Path) -> None:
    """Fails when opening twice counts twice, without a pass, of who was put out, of what is hidden, off the air."""
    kept = Kept(tmp_path, [])
    session, (first, second) = await kept.on_air()
    clicks, number = Clicks(kept.house.keys), session.number
    for viewer, code in (("A" * 26, first), ("A" * 26, first), ("B" * 26, first), ("A" * 26, second)):
        await clicks.opened(number, code, pass_of(kept, number, viewer))
    await clicks.opened(number, "NONE", pass_of(kept, number, "A" * 26))
    await clicks.opened(number, first, pass_of(kept, "L0", "C" * 26))
    await clicks.opened(number, first, "forged")
    await RoomRestriction.create(
        session=session, author="consumer:C9", viewer="E" * 26, kind=RestrictionKind.BAN, noted_at=utc_now()
    )
    await clicks.opened(number, first, pass_of(kept, number, "E" * 26))
    await kept.house.shelf.hide(number, HOST, second, hidden=True)
    await clicks.opened(number, second, pass_of(kept, number, "C" * 26))

    async def counted() -> dict[str, int]:
        return {each.sku: each.clicks for each in (await board_of(kept.house.keys, number, None)).products}

    assert await counted() == {first: 2, second: 1}
    await kept.house.sessions.end(number, HOST)
    await clicks.opened(number, first, pass_of(kept, number, "D" * 26))
    assert await counted() == {first: 2, second: 1}
    assert await forget_chat(utc_now() + timedelta(days=1)) == 1
    assert await scalar("SELECT count(*) FROM live_product_viewer") == 0
    assert await counted() == {first: 2, second: 1}


async def sold_out_of(mall: Mall, kept: Kept) -> LiveSession:
    """Of 3,990 fen each: two pieces of one buyer, one of which goes back; three of another who has received them; four
    that nobody pays for; one in another room. Commission 7.77 percent, of the first product that is recognised alone.
    """
    await execute("UPDATE product SET host_commission_bp = 777")
    session, _ = await kept.on_air()
    source = HOSTED + session.number

    async def placed(quantity: int, consumer: str, at: str | None = source) -> str:
        order = await mall.place(lines=[CheckoutLine(mall.skus[0], quantity, at)], consumer=consumer)
        if quantity != 4:
            await mall.bring_to("received" if quantity == 3 else "paid", order)
        if quantity == 2:
            await mall.refund(order, 0, 1)
        return order.number

    await placed(2, "C1")
    await placed(3, "C2")
    await placed(4, "C3")
    await placed(1, "C1", "live:L1")
    await placed(1, "C1")
    return session


async def test_the_board_counts_what_its_words_say(mall: Mall, tmp_path: Path) -> None:
    """Fails when what is not paid counts, when a buyer of two orders is two, and when another room's counts."""
    kept = Kept(tmp_path, [], merchant=mall.merchant)
    session = await sold_out_of(mall, kept)
    other, _ = await kept.on_air()
    number, shelved = session.number, await kept_codes(session)
    await kept.house.shelf.pin(number, HOST, shelved[0])
    await kept.house.shelf.unpin(number, HOST)
    await execute("UPDATE live_pin SET offset_ms = 1000, end_offset_ms = 91000")
    names = [letter * 26 for letter in "ABCD"] + [kept.house.keys.viewer_name(number, "consumer:C1")]
    await tell_present(session.id, "P1", 3, names[:3], True)
    await tell_present(session.id, "P1", 2, names[3:], True)
    await tell_present(other.id, "P1", 9, names, True)
    await execute("UPDATE live_audience_minute SET minute = minute - interval '1 minute' WHERE session_id = $1",
                  session.id)  # fmt: skip
    await tell_present(session.id, "P1", 2, names, True)
    board = await board_of(kept.house.keys, number, HOST)
    assert (board.viewers, board.peak_viewers, board.dwell_s) == (5, 3, (3 + 2) * 60 // 5)
    assert (board.orders, board.buyers, board.pieces) == (3, 2, 6)
    assert (board.paid_fen, board.refunded_fen) == (6 * 3990, 3990)
    assert board.conversion_bp == 2 * 10_000 // (5 + 2 - 1)  # of the two buyers C1 has watched
    assert (board.recognised_fen, board.recognised_share_bp) == (0, 0)
    lines = {each.sku: each for each in board.products}
    assert lines.keys() == {*shelved, mall.skus[0]}
    assert (lines[shelved[0]].explained_ms, lines[shelved[0]].orders) == (90_000, 0)
    assert [lines[sku].title for sku in shelved] == ["示例商品 0", "示例商品 1"]
    sold = await mall.place(lines=[CheckoutLine(mall.skus[0], 1, None)])
    assert {lines[sku].spec for sku in lines} == {sold.lines[0].spec} != {""}
    assert (lines[mall.skus[0]].pieces, lines[mall.skus[0]].refunded_fen) == (6, 3990)
    assert sum(point.paid_fen for point in board.curve) == board.paid_fen
    assert [point.viewers for point in board.curve if point.viewers] == [3, 2]
    assert [code for point in board.curve for code in point.pinned] == [shelved[0]]
    alone, (explained, _) = await kept.on_air()
    await kept.house.shelf.pin(alone.number, HOST, explained)
    (point,) = (await board_of(kept.house.keys, alone.number, HOST)).curve  # while nobody watches
    assert (point.viewers, point.pinned) == (0, [explained])
    with pytest.raises(SessionNotFound):
        await board_of(kept.house.keys, number, "S-other")
    empty = await board_of(kept.house.keys, (await kept.house.scheduled(mall.merchant)).number, None)
    assert (empty.viewers, empty.dwell_s, empty.conversion_bp, empty.recognised_share_bp) == (0, None, None, None)
    assert (empty.curve, empty.products, empty.orders) == ([], [], 0)


async def test_a_room_whose_buyers_were_never_in_it_converts_all_and_no_more(mall: Mall, tmp_path: Path) -> None:
    """Two bought what they saw elsewhere of the room and nobody watched. Fails when buyers are divided by viewers; a
    buyer who is counted among the viewers too makes it less than all: tried. Without names there is none.
    """
    kept = Kept(tmp_path, [], merchant=mall.merchant)
    session = await sold_out_of(mall, kept)
    keys, number = kept.house.keys, session.number

    async def conversion() -> int | None:
        return (await board_of(keys, number, None)).conversion_bp

    assert await conversion() == 10_000
    await tell_present(session.id, "P1", 1, [keys.viewer_name(number, "consumer:C1")], True)
    assert (await board_of(keys, number, None)).viewers == 1
    assert await conversion() == 10_000
    await tell_present(session.id, "P1", 2, [keys.viewer_name(number, "consumer:C3")], True)
    assert await conversion() == 2 * 10_000 // 3
    await kept.house.sessions.end(number, HOST)
    assert await forget_chat(utc_now() + timedelta(days=1)) == 1
    assert await conversion() is None
    assert (await board_of(keys, number, None)).viewers == 2


async def kept_codes(session: LiveSession) -> list[str]:
    """What is on the shelf of a session."""
    return list(await scalar("SELECT array_agg(code ORDER BY position) FROM live_shelf_item WHERE session_id = $1",
                             session.id))  # fmt: skip


async def test_what_was_recognised_when_it_was_bought_is_told_net_of_refunds(mall: Mall, tmp_path: Path) -> None:
    """Fails when what was refunded counts as recognised."""
    kept = Kept(tmp_path, [], merchant=mall.merchant)
    session, _ = await kept.on_air()
    source = HOSTED + session.number
    recognised = await mall.place(lines=[CheckoutLine(mall.skus[0], 3, source)])
    await execute('UPDATE order_line SET marks = \'["public_brand", "poverty_product"]\'')
    plain = await mall.place(lines=[CheckoutLine(mall.skus[0], 2, source)])
    for order in (recognised, plain):
        await mall.bring_to("paid", order)
    await mall.refund(recognised, 0, 1)
    board = await board_of(kept.house.keys, session.number, None)
    assert (board.recognised_fen, board.recognised_share_bp) == (2 * 3990, 5000)


async def test_a_commission_is_net_of_refunds_and_stands_beside_the_books(mall: Mall, tmp_path: Path) -> None:
    """Each line is rounded down for itself; the books have what is packed with a lot. Fails gross of refunds."""
    kept = Kept(tmp_path, [], merchant=mall.merchant)
    session = await sold_out_of(mall, kept)
    today = china_day(utc_now())
    (found,) = await commissions_of(today, today, HOST)
    each = 3990 * 777 // 10_000, 3 * 3990 * 777 // 10_000
    assert (found.number, found.paid_fen, found.refunded_fen) == (session.number, 6 * 3990, 3990)
    assert found.commission_fen == 2 * each[0] + each[1]
    assert (found.booked_fen, found.open_fen) == (0, found.commission_fen)
    lot = await mall.sealed_lot(50_000)
    order = await mall.place(lines=[CheckoutLine(mall.skus[0], 2, HOSTED + session.number)], consumer="C9")
    await mall.bring_to("paid", order)
    line = order.lines[0].reference
    await mall.fulfilment.pack(mall.merchant, order.number, {line: {lot: 2}}, "staff:clerk")
    await mall.deliver()
    booked, lines = await commission_of(session.number, HOST)
    assert booked.booked_fen == 2 * 3990 * 777 // 10_000
    assert booked.open_fen == found.commission_fen
    assert (booked.booked_earned_fen, booked.booked_paid_fen) == (0, 0)
    assert len(lines) == 4
    assert sum(line.commission_fen for line in lines) == booked.commission_fen
    assert (await commissions_of(today, today, None))[0] == booked
    assert await commissions_of(today, today, "S-other") == []
    assert await commissions_of(today + timedelta(days=1), today + timedelta(days=9), None) == []
    waiting = await kept.house.scheduled(mall.merchant)
    for number, host in ((session.number, "S-other"), (waiting.number, None), ("L0", None)):
        with pytest.raises(SessionNotFound):
            await commission_of(number, host)


async def test_a_list_that_would_be_cut_is_refused_and_the_file_has_all(mall: Mall, tmp_path: Path) -> None:
    """Fails when the list is cut, when a page leaves out who began at the same moment, and when one comes twice."""
    kept = Kept(tmp_path, [], merchant=mall.merchant)
    session = await sold_out_of(mall, kept)
    today = china_day(utc_now())
    more = (
        "INSERT INTO live_session SELECT (jsonb_populate_record(s, jsonb_build_object('id', 1000000 + g, 'number',"
        " 'LX' || g, 'stream', 'sx' || g, 'host', CASE WHEN g = 1 THEN 'S-other' ELSE s.host END))).*"
        " FROM live_session s, generate_series($1::int, $2::int) g WHERE s.number = $3"
    )
    await execute(more, 1, MAX_SESSIONS - 1, session.number)
    found = await commissions_of(today, today, None)
    assert len(found) == MAX_SESSIONS
    assert [each async for each in all_commissions(today, today, None)] == found
    await execute(more, MAX_SESSIONS, MAX_SESSIONS + 1, session.number)
    with pytest.raises(CommissionsTooMany):
        await commissions_of(today, today, None)
    numbers = [each.number async for each in all_commissions(today, today, None)]
    assert (len(numbers), len(set(numbers))) == (MAX_SESSIONS + 2, MAX_SESSIONS + 2)
    assert [each.number for each in await commissions_of(today, today, "S-other")] == ["LX1"]
