"""Packing by the wave: first expired first out, one scan for all, and no parcel is held up by a lot."""

import asyncio
from datetime import date, timedelta

import pytest

from kit.clock import china_day
from kit.database import row, scalar
from orders.errors import WaveEmpty, WaveUnknown
from orders.events import OrderPacked
from orders.waves.proposals import DueLine, Take, propose
from orders.waves.queries import WaveCard, wave_card
from orders.waves.queries import waves as list_of_waves
from orders.waves.service import PackingWaves
from poverty_alleviation.reconciliation import reconciliation
from tests.orders.mall import Mall, facts, state_of
from tests.traceability.test_conformity import demanded
from traceability.conformity.models import ConformityBasis
from traceability.conformity.service import Conformity
from traceability.errors import LotWithoutCertificate
from traceability.lots import LotNotes
from traceability.models import LotUnit
from traceability.queries import LotOnHand, line_lots

CLERK = "staff:clerk"


def on_hand(lot: str, left_gram: int, product: str = "P", piece_gram: int | None = None) -> LotOnHand:
    return LotOnHand(lot=lot, product=product, piece_gram=piece_gram, left_gram=left_gram, best_before=None)


def test_lots_are_used_up_in_their_order_and_a_line_has_all_its_lots_or_none() -> None:
    """By hand: A has 1,200 g less 200 promised, two jars of 500; the third jar is B's. The 7 jars of the second line
    are more than is left anywhere, so it has none, and the third line goes on with B. Pieces fit their own size alone.
    """
    lines = [
        DueLine(1, "O1-1", "P", 3, 500),
        DueLine(2, "O2-1", "P", 7, 500),
        DueLine(3, "O3-1", "P", 2, 500),
        DueLine(3, "O3-2", "Q", 1, 250),
    ]
    lots = [
        on_hand("A", 1_200),
        on_hand("JARS-250", 9_000, piece_gram=250),
        on_hand("B", 1_700),
        on_hand("Q-500", 9_000, "Q", 500),
    ]
    assert propose(lines, lots, {"A": 200, "Q-500": 10_000}) == [
        Take(1, "O1-1", "A", 2, 1_000),
        Take(1, "O1-1", "B", 1, 500),
        Take(3, "O3-1", "B", 2, 1_000),
    ]


def waves_of(mall: Mall) -> PackingWaves:
    return PackingWaves(mall.fulfilment, mall.watch)


async def due_orders(mall: Mall, *pieces: int) -> list[str]:
    """Paid orders, one for each number of pieces; answers their lines in the order of the orders."""
    lines = []
    for n, quantity in enumerate(pieces):
        order = await mall.place(quantity, consumer=f"C{n}")
        await mall.pay(order.number)
        lines.append(order.lines[0].reference)
    return lines


def proposed(card: WaveCard) -> dict[str, dict[str, int]]:
    return {line.line: {t.lot: t.pieces for t in line.lots} for order in card.orders for line in order.lines}


async def test_a_wave_proposes_first_expired_first_out_and_one_scan_packs_it(mall: Mall) -> None:
    """Undated last, the expired and the unsealed not at all; of one day the older lot, split where one runs out."""
    today = china_day(mall.watch())
    undated = await mall.sealed_lot(5_000)
    late = await mall.sealed_lot(1_000, notes=LotNotes(best_before=today + timedelta(days=9)))
    soon = await mall.sealed_lot(1_000, notes=LotNotes(best_before=today))
    again_late = await mall.sealed_lot(1_000, notes=LotNotes(best_before=today + timedelta(days=9)))
    await mall.sealed_lot(5_000, notes=LotNotes(best_before=today - timedelta(days=1)))
    jars = LotNotes(unit=LotUnit.PIECE, piece_gram=250, best_before=today)
    await mall.sealed_lot(5_000, notes=jars)
    await mall.lots.make(mall.merchant, mall.product, 5_000, [], CLERK, notes=LotNotes(best_before=today))
    lines = await due_orders(mall, 3, 3, 3)
    number = await waves_of(mall).propose(mall.merchant, None, CLERK)
    card = await wave_card(mall.merchant, number)
    assert proposed(card) == {
        lines[0]: {soon: 2, late: 1},
        lines[1]: {late: 1, again_late: 2},
        lines[2]: {undated: 3},
    }
    assert await scalar("SELECT sum(bound_gram)::bigint FROM lot") == 0, "nothing is taken before the scan"
    await waves_of(mall).pack(mall.merchant, number, CLERK)
    card = await wave_card(mall.merchant, number)
    assert card.confirmed_at is not None
    assert all(order.packed_at and not order.refused_code for order in card.orders)
    bound: dict[str, dict[str, int]] = {}
    for lot in await line_lots(lines):
        bound.setdefault(lot.line, {})[lot.lot] = lot.quantity
    assert bound == proposed(card)
    await mall.deliver()
    found = await reconciliation()
    assert (found.is_exact, found.unattributed_fen) == (True, 0)
    await waves_of(mall).pack(mall.merchant, number, "staff:another")
    assert len(await facts(OrderPacked)) == 3
    assert await wave_card(mall.merchant, number) == card


async def test_what_waits_in_a_wave_is_not_proposed_again_and_its_lots_are_left_for_it(mall: Mall) -> None:
    lot = await mall.sealed_lot(2_000)
    (first,) = await due_orders(mall, 3)
    waves = waves_of(mall)
    one = await waves.propose(mall.merchant, None, CLERK)
    with pytest.raises(WaveEmpty):
        await waves.propose(mall.merchant, None, CLERK)
    second, third = await due_orders(mall, 2, 1)
    two = await waves.propose(mall.merchant, None, CLERK)
    assert proposed(await wave_card(mall.merchant, one)) == {first: {lot: 3}}
    assert proposed(await wave_card(mall.merchant, two)) == {second: {}, third: {lot: 1}}
    page, following = await list_of_waves(mall.merchant, None, 1)
    rest, end = await list_of_waves(mall.merchant, following, 1)
    assert [(w.number, w.orders, w.waiting) for w in [*page, *rest]] == [(two, 2, 2), (one, 1, 1)]
    assert (end, await list_of_waves("M404", None, 9)) == (None, ([], None))
    for number in (two, one):
        await waves.pack(mall.merchant, number, CLERK)
    assert await row("SELECT input_gram, bound_gram FROM lot WHERE number = $1", lot) == {
        "input_gram": 2_000,
        "bound_gram": 2_000,
    }
    (unattributed,) = [
        line.line
        for order in (await wave_card(mall.merchant, two)).orders
        for line in order.lines
        if line.is_unattributed
    ]
    assert unattributed == second


async def test_a_wave_of_named_orders_takes_those_that_are_due(mall: Mall) -> None:
    await mall.sealed_lot(5_000)
    lines = await due_orders(mall, 1, 1)
    numbers = [line.rpartition("-")[0] for line in lines]
    number = await waves_of(mall).propose(mall.merchant, [numbers[1], "X404"], CLERK)
    assert [order.order for order in (await wave_card(mall.merchant, number)).orders] == [numbers[1]]
    with pytest.raises(WaveEmpty):
        await waves_of(mall).propose("M404", None, CLERK)
    with pytest.raises(WaveUnknown):
        await waves_of(mall).pack("M404", number, CLERK)
    with pytest.raises(WaveUnknown):
        await wave_card("M404", number)


async def test_one_order_that_may_not_be_packed_does_not_hold_up_the_others(mall: Mall) -> None:
    """A claim after the proposal refuses its order, which comes into a later wave when the claim is decided.

    A refund takes its pieces off the lot to be used last; an order packed by hand meanwhile is packed.
    """
    soon = await mall.sealed_lot(1_000, notes=LotNotes(best_before=date(2099, 1, 1)))
    rest = await mall.sealed_lot(9_000)
    orders = [await mall.place(3, consumer=f"C{n}") for n in range(4)]
    for order in orders:
        await mall.pay(order.number)
    first, claimed, by_hand, gone = (order.lines[0].reference for order in orders)
    waves = waves_of(mall)
    number = await waves.propose(mall.merchant, None, CLERK)
    await mall.refund(orders[0], 0, 2)
    case = await mall.after_sales.request("C1", orders[1].number, claimed, 1, "少买一件")
    await mall.fulfilment.pack(mall.merchant, orders[2].number, {by_hand: {rest: 3}}, CLERK)
    await mall.refund(orders[3], 0, 3)
    await waves.pack(mall.merchant, number, CLERK)
    card = await wave_card(mall.merchant, number)
    assert [(order.packed_at is not None, order.refused_code) for order in card.orders] == [
        (True, None),
        (False, "order_state_conflict"),
        (True, None),
        (False, "order_state_conflict"),
    ]
    assert {(lot.lot, lot.quantity) for lot in await line_lots([first])} == {(soon, 1)}
    assert await line_lots([gone]) == []
    await mall.after_sales.refuse(mall.merchant, case, "已备货", CLERK)
    later = await waves.propose(mall.merchant, None, CLERK)
    await waves.pack(mall.merchant, later, CLERK)
    assert await state_of(orders[1].number) == "packed"
    await mall.deliver()
    assert (await reconciliation()).is_exact


async def test_a_lot_that_is_gone_costs_its_lines_their_lot_and_never_the_parcel(mall: Mall) -> None:
    first_lot, second_lot = await mall.sealed_lot(1_000), await mall.sealed_lot(5_000)
    lines = await due_orders(mall, 3, 2)
    waves = waves_of(mall)
    number = await waves.propose(mall.merchant, None, CLERK)
    assert proposed(await wave_card(mall.merchant, number)) == {
        lines[0]: {first_lot: 2, second_lot: 1},
        lines[1]: {second_lot: 2},
    }
    await mall.lots.bind("ELSEWHERE-1", mall.product, mall.merchant, {first_lot: 1}, 500)
    await waves.pack(mall.merchant, number, CLERK)
    orders = (await wave_card(mall.merchant, number)).orders
    assert [order.packed_at is not None for order in orders] == [True, True]
    assert [order.lines[0].is_unattributed for order in orders] == [True, False]
    assert {lot.line for lot in await line_lots(lines)} == {lines[1]}


async def test_many_scans_and_many_clerks_at_once_pack_each_order_once(mall: Mall) -> None:
    await mall.sealed_lot(6_000)
    await due_orders(mall, *[1] * 6)
    waves = waves_of(mall)
    made = await asyncio.gather(*(waves.propose(mall.merchant, None, CLERK) for _ in range(4)), return_exceptions=True)
    (number,) = [each for each in made if isinstance(each, str)]
    assert {type(each) for each in made} == {str, WaveEmpty}
    await asyncio.gather(*(waves.pack(mall.merchant, number, CLERK) for _ in range(4)))
    assert len(await facts(OrderPacked)) == 6
    assert await scalar("SELECT sum(bound_gram)::bigint FROM lot") == 3_000


async def test_what_needs_a_certificate_waits_for_it(mall: Mall) -> None:
    """A rule of the category demands a certificate of every lot: nothing is proposed of a lot without one, nothing is
    packed without a lot, and what was proposed waits when its certificate is taken back. A certificate frees it.
    """
    lot = await mall.sealed_lot(5_000)
    (line,) = await due_orders(mall, 2)
    order = line.rpartition("-")[0]
    await demanded(mall.product, china_day(mall.watch()))
    with pytest.raises(LotWithoutCertificate):
        await mall.fulfilment.pack(mall.merchant, order, {}, CLERK)
    waves, certificates = waves_of(mall), Conformity(mall.watch)

    async def packed_by_a_wave(number: str) -> str | None:
        await waves.pack(mall.merchant, number, CLERK)
        ((found,),) = [(await wave_card(mall.merchant, number)).orders]
        return found.refused_code

    bare = await waves.propose(mall.merchant, None, CLERK)
    assert proposed(await wave_card(mall.merchant, bare)) == {line: {}}
    assert await packed_by_a_wave(bare) == "lot_without_certificate"
    first = await certificates.issue(mall.merchant, lot, ConformityBasis.OWN_PROMISE, "19900000001", CLERK)
    hasty = await waves.propose(mall.merchant, None, CLERK)
    assert proposed(await wave_card(mall.merchant, hasty)) == {line: {lot: 2}}
    await certificates.withdraw(mall.merchant, first, "信息有误", CLERK)
    assert await packed_by_a_wave(hasty) == "lot_without_certificate"
    assert await state_of(order) == "paid"
    await certificates.issue(mall.merchant, lot, ConformityBasis.OWN_TEST, "19900000001", CLERK)
    assert await packed_by_a_wave(await waves.propose(mall.merchant, None, CLERK)) is None
    assert [(bound.lot, bound.quantity) for bound in await line_lots([line])] == [(lot, 2)]


async def test_a_rule_for_lots_begins_on_its_day(mall: Mall) -> None:
    (line,) = await due_orders(mall, 2)
    await demanded(mall.product, china_day(mall.watch()) + timedelta(days=1))
    await mall.fulfilment.pack(mall.merchant, line.rpartition("-")[0], {}, CLERK)
    assert await state_of(line.rpartition("-")[0]) == "packed"
