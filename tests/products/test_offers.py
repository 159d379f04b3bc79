"""Flash offers: pieces set aside, a limit for each buyer, and an end that loses nothing."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tortoise.exceptions import IntegrityError

from kit.clock import utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.errors import DomainError
from products.errors import (
    OfferInvalid,
    OfferLimitReached,
    OfferOver,
    OfferTaken,
    OfferUnknown,
    SkuUnknown,
    SoldOut,
)
from products.offer_models import OFFER_TRANSITIONS, OfferState
from products.offers import Offers, OfferTerms, offer_of, open_offers
from products.queries import sku_offers, stock_differences
from products.service import Stock
from tests.orders.mall import Watch
from tests.products.shelf import approved_merchant, listed_product
from tests.statements import counted_statements

pytestmark = pytest.mark.asyncio

LATER = utc_now() + timedelta(minutes=30)
LIST_FEN, FLASH_FEN = 3990, 1990


def terms(pieces: int = 10, limit: int | None = None, **changes: Any) -> OfferTerms:
    now = utc_now()
    members: dict[str, Any] = {"price_fen": FLASH_FEN, "starts_at": now - timedelta(minutes=1),
                               "ends_at": now + timedelta(hours=1), **changes}  # fmt: skip
    return OfferTerms(pieces=pieces, limit_per_buyer=limit, **members)


async def reserve(reference: str, sku: str, quantity: int, offer: str | None, buyer: str = "C1") -> None:
    async with transaction():
        await Stock().reserve({reference: {sku: quantity}}, LATER, {sku: offer} if offer else {}, buyer)


async def move(name: str, *arguments: Any) -> None:
    async with transaction():
        await getattr(Stock(), name)(*arguments)


async def a_sku(stock: int = 20) -> str:
    serial = int(await scalar("SELECT count(*) FROM merchant")) + 1
    _, (sku,) = await listed_product(await approved_merchant(serial, f"示例商户 {serial}"), stock=stock)
    return sku


async def columns(sku: str) -> tuple[int, int, int, int]:
    """Available, reserved, sold, set aside."""
    found = await row("SELECT available, reserved, sold, set_aside FROM sku WHERE code = $1", sku)
    assert found is not None
    return found["available"], found["reserved"], found["sold"], found["set_aside"]


async def test_an_open_offer_prices_its_sku_in_the_same_statement(database: str) -> None:
    sku = await a_sku(20)
    plain = (await sku_offers([sku]))[sku]
    assert (plain.unit_price_fen, plain.list_price_fen, plain.offer, plain.available) == (LIST_FEN, LIST_FEN, None, 20)
    offer = await Offers().open(sku, terms(8, limit=2), "staff:test")
    with counted_statements() as sent:
        shown = (await sku_offers([sku]))[sku]
    assert len(sent) == 1
    assert (shown.unit_price_fen, shown.list_price_fen, shown.offer, shown.limit_per_buyer, shown.available) == (
        FLASH_FEN, LIST_FEN, offer, 2, 8,
    )  # fmt: skip
    assert await columns(sku) == (12, 0, 0, 8)
    over = (await sku_offers([sku], utc_now() + timedelta(hours=2)))[sku]
    assert (over.unit_price_fen, over.offer, over.available) == (LIST_FEN, None, 12)
    with counted_statements() as sent:
        assert [(o.offer, o.left) for o in await open_offers()] == [(offer, 8)]
    assert len(sent) == 1


async def test_pieces_are_set_aside_out_of_the_stock_and_never_made_of_nothing(database: str) -> None:
    """Fails when ``available >= $2`` is removed from the opening (the CHECK of the table refuses): tried."""
    sku = await a_sku(10)
    for wrong, member in (({"price_fen": LIST_FEN}, "price_fen"), ({"price_fen": 0}, "price_fen"),
                          ({"ends_at": utc_now() - timedelta(minutes=2)}, "ends_at")):  # fmt: skip
        with pytest.raises(OfferInvalid) as refused:
            await Offers().open(sku, terms(**wrong), "staff:test")
        assert refused.value.facts["member"] == member
    with pytest.raises(SoldOut) as gone:
        await Offers().open(sku, terms(11), "staff:test")
    assert gone.value.facts == {"sku": sku, "left": 10}
    with pytest.raises(SkuUnknown):
        await Offers().open(sku, terms(1), "staff:test", merchant="NOBODY")
    found = await asyncio.gather(
        *(Offers().open(sku, terms(6), "staff:test") for _ in range(5)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in found) == ["OfferTaken"] * 4 + ["str"] or (
        sum(isinstance(each, str) for each in found) == 1
    )
    assert await columns(sku) == (4, 0, 0, 6)
    with pytest.raises(OfferTaken):
        await Offers().open(sku, terms(1), "staff:test")
    assert await stock_differences() == []


async def test_no_piece_is_stranded_in_its_bucket(database: str) -> None:
    """One order takes what lies in all buckets together, and the last buyers get what the others left."""
    sku = await a_sku(40)
    offer = await Offers().open(sku, terms(40), "staff:test")
    assert await scalar("SELECT count(*) FROM flash_bucket") == 16
    await reserve("big", sku, 37, offer)
    with pytest.raises(SoldOut) as refused:
        await reserve("too-big", sku, 4, offer)
    assert refused.value.facts == {"sku": sku, "left": 3}
    await reserve("rest", sku, 3, offer)
    with pytest.raises(SoldOut):
        await reserve("late", sku, 1, offer)
    await move("release", "big")
    await reserve("again", sku, 37, offer)
    assert await stock_differences() == []


async def test_r1_a_rush_sells_every_piece_and_not_one_more(database: str) -> None:
    """R1 at an offer: 200 buyers of 1 to 3 pieces want more than there are; what nobody got is too little for any."""
    sku = await a_sku(150)
    offer = await Offers().open(sku, terms(150), "staff:test")

    async def buy(i: int) -> int:
        try:
            await reserve(f"T{i}", sku, 1 + i % 3, offer, f"C{i}")
        except SoldOut:
            return 0
        return 1 + i % 3

    taken = sum(await asyncio.gather(*(buy(i) for i in range(200))))
    assert taken == 150
    assert await scalar("SELECT sum(available) FROM flash_bucket") == 0
    assert await stock_differences() == []


async def test_the_limit_for_each_buyer_stands_in_the_database(database: str) -> None:
    """Fails when the ``WHERE`` of the upsert is removed (then the CHECK of the row refuses): tried."""
    sku = await a_sku(100)
    offer = await Offers().open(sku, terms(60, limit=2), "staff:test")
    with pytest.raises(OfferLimitReached):
        await reserve("three", sku, 3, offer)
    calls = [reserve(f"T{i}", sku, 1, offer, f"C{i % 5}") for i in range(40)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(e) for e in found if e is not None] == [OfferLimitReached] * 30
    assert {r["pieces"] for r in await rows("SELECT pieces FROM flash_buyer")} == {2}
    mine = [r["reference"] for r in await rows("SELECT reference FROM stock_reservation WHERE buyer = 'C1'")]
    await move("release", mine[0])
    await move("release", mine[0])
    await reserve("freed", sku, 1, offer, "C1")
    with pytest.raises(OfferLimitReached):
        await reserve("once-more", sku, 1, offer, "C1")
    with pytest.raises(IntegrityError):
        await execute("UPDATE flash_buyer SET pieces = 3")
    assert await stock_differences() == []


async def test_the_end_gives_the_rest_to_the_sku_and_keeps_what_was_taken(database: str) -> None:
    sku = await a_sku(20)
    offer = await Offers().open(sku, terms(10), "staff:test")
    for i, step in enumerate(("hold", "sell", "release", "sell")):
        await reserve(f"T{i}", sku, 2, offer)
        if step != "hold":
            await move(step, f"T{i}")
    await move("put_back", "T3", sku, 1)
    assert await columns(sku) == (11, 0, 0, 9)
    with pytest.raises(OfferUnknown):
        await Offers().end(offer, "staff:test", merchant="NOBODY")
    for _ in range(2):
        await Offers().end(offer, "staff:test")
    assert await columns(sku) == (15, 2, 3, 0)
    assert (await offer_of(offer)).state is OfferState.ENDED
    assert await stock_differences() == []
    with pytest.raises(OfferOver):
        await reserve("T9", sku, 1, offer)
    await move("release", "T0")
    await move("revive", "T2")
    await move("put_back", "T1", sku, 2)
    assert await columns(sku) == (17, 0, 3, 0)
    assert await stock_differences() == []


@pytest.mark.parametrize(
    ("name", "arguments", "after"),
    [
        ("reserve", (), (10, 10, 0, 0)),
        ("sell", (), (15, 0, 5, 0)),
        ("release", (), (20, 0, 0, 0)),
        ("put_back", ("SKU", 2), (17, 0, 3, 0)),
        ("revive", (), (15, 0, 5, 0)),
    ],
)
async def test_the_end_waits_for_the_moves_that_are_inside(
    database: str, name: str, arguments: tuple[Any, ...], after: tuple[int, ...]
) -> None:
    """Fails for all but ``reserve`` when the offer is not locked FOR KEY SHARE: tried."""
    sku = await a_sku(20)
    offer = await Offers().open(sku, terms(20), "staff:test")
    await reserve("T1", sku, 5, offer)
    for before in {"put_back": ["sell"], "revive": ["release"]}.get(name, []):
        await move(before, "T1")
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def mover() -> None:
        async with transaction():
            if name == "reserve":
                await Stock().reserve({"T2": {sku: 5}}, LATER, {sku: offer}, "C1")
            else:
                await getattr(Stock(), name)("T1", *(sku if each == "SKU" else each for each in arguments))
            inside.set()
            await go_on.wait()

    moving = asyncio.create_task(mover())
    await inside.wait()
    ending = asyncio.create_task(Offers().end(offer, "staff:test"))
    await asyncio.sleep(0.2)
    with pytest.raises(OfferOver):
        await reserve("T3", sku, 1, offer)
    go_on.set()
    await asyncio.gather(moving, ending)
    assert await columns(sku) == after
    assert await stock_differences() == []


async def test_time_ends_an_offer_and_every_step_follows_the_table(database: str) -> None:
    watch = Watch()
    sku = await a_sku(20)
    offer = await Offers(watch).open(sku, terms(5), "staff:test")
    assert await Offers(watch).end_due() == 0
    watch.forward(hours=2)
    with pytest.raises(OfferOver):
        async with transaction():
            await Stock(watch).reserve({"T1": {sku: 1}}, LATER, {sku: offer}, "C1")
    assert await Offers(watch).end_due() == 1
    assert await columns(sku) == (20, 0, 0, 0)
    assert {OfferState.OPEN: {OfferState.ENDED}, OfferState.ENDED: frozenset()} == OFFER_TRANSITIONS
    found = await row("SELECT ended_by, returned FROM flash_offer")
    assert found == {"ended_by": "time", "returned": 5}


async def test_every_offer_state_meets_every_end_as_the_table_says(database: str) -> None:
    taken = set()
    for state in OfferState:
        for event in ("by hand", "by time", "time has not come"):
            sku = await a_sku(20)
            number = await Offers().open(sku, terms(5), "staff:test")
            if state is OfferState.ENDED:
                await Offers().end(number, "staff:first")
            watch = Watch()
            if event == "by time":
                watch.forward(hours=2)
            await (Offers(watch).end(number, "staff:test") if event == "by hand" else Offers(watch).end_due())
            after = OfferState(str(await scalar("SELECT state FROM flash_offer WHERE number = $1", number)))
            assert after is (state if event == "time has not come" else OfferState.ENDED)
            assert after is state or after in OFFER_TRANSITIONS[state]
            taken |= {(state, after)} - {(state, state)}
            assert await stock_differences() == []
            await Offers().end(number, "staff:test")
    assert taken == {(state, to) for state, after in OFFER_TRANSITIONS.items() for to in after}


async def test_an_offer_that_has_not_begun_sells_nothing_and_can_be_ended(database: str) -> None:
    sku = await a_sku(20)
    soon = terms(5, starts_at=utc_now() + timedelta(minutes=5))
    offer = await Offers().open(sku, soon, "staff:test")
    assert (await sku_offers([sku]))[sku].offer is None
    with pytest.raises(OfferOver):
        await reserve("T1", sku, 1, offer)
    await Offers().end(offer, "staff:test")
    assert await columns(sku) == (20, 0, 0, 0)


Operation = tuple[str, int, int]
OPERATIONS = st.tuples(
    st.sampled_from(["reserve", "reserve", "reserve", "release", "sell", "revive", "put_back", "open", "end"]),
    st.integers(0, 7),
    st.integers(1, 5),
)


class Play:
    """Interleavings on one SKU of 12 pieces; refusals are part of the game."""

    def __init__(self, sku: str) -> None:
        self.sku, self.turn = sku, 0

    async def step(self, operation: Operation) -> None:
        name, i, n = operation
        self.turn += 1
        steps: dict[str, Callable[[], Awaitable[object]]] = {
            "reserve": lambda: self._reserve(f"{self.sku}-{self.turn}", n, f"C{i % 3}"),
            "open": lambda: Offers().open(self.sku, terms(2 * n, limit=n + 1 if i % 2 else None), "staff:test"),
            "end": self._end,
            "put_back": lambda: self._of(i, "put_back", self.sku, n),
        }
        with contextlib.suppress(DomainError):
            await steps.get(name, lambda: self._of(i, name))()

    async def _reserve(self, reference: str, quantity: int, buyer: str) -> None:
        offer = (await sku_offers([self.sku]))[self.sku].offer
        await reserve(reference, self.sku, quantity, offer, buyer)

    async def _of(self, i: int, name: str, *more: object) -> None:
        """A move of the i-th last reservation."""
        found = await scalar(
            "SELECT reference FROM stock_reservation WHERE reference LIKE $1 ORDER BY id DESC OFFSET $2 LIMIT 1",
            f"{self.sku}-%",
            i,
        )
        if found is not None:
            await move(name, found, *more)

    async def _end(self) -> None:
        for offer in await rows(
            "SELECT f.number FROM flash_offer f JOIN sku s ON s.id = f.sku_id WHERE s.code = $1 AND f.state = 'open'",
            self.sku,
        ):
            await Offers().end(offer["number"], "staff:test")

    async def check(self) -> None:
        assert await stock_differences() == []
        assert sum(await columns(self.sku)) == 12
        assert await rows("SELECT 1 FROM flash_buyer b WHERE pieces <> (SELECT COALESCE(sum(quantity), 0)"
                          " FROM stock_reservation r WHERE r.offer_id = b.offer_id AND r.buyer = b.buyer"
                          " AND r.state <> 'released') AND EXISTS (SELECT 1 FROM flash_offer f WHERE f.id = b.offer_id"
                          " AND f.state = 'open')") == []  # fmt: skip

    async def close(self) -> None:
        """Whatever has happened, every piece that is not sold can be bought in the end."""
        await self._end()
        for i in reversed(range(self.turn)):
            await self._of(i, "release")
        available, reserved, sold, set_aside = await columns(self.sku)
        assert (reserved, set_aside, available + sold) == (0, 0, 12)
        if available:
            await reserve(f"{self.sku}-all", self.sku, available, None)
        await self.check()


async def _play(rounds: Sequence[Sequence[Operation]]) -> None:
    play = Play(await a_sku(12))
    for together in rounds:
        await asyncio.gather(*(play.step(operation) for operation in together))
        await play.check()
    await play.close()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(OPERATIONS.map(lambda one: [one]), min_size=4, max_size=20))
async def test_r1_no_sequence_loses_or_makes_a_piece(database: str, rounds: list[list[Operation]]) -> None:
    """R1: reserve, sell, release, revive, put back, open and end in any order."""
    await _play(rounds)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(OPERATIONS, min_size=2, max_size=8), min_size=1, max_size=5))
async def test_r1_no_interleaving_loses_or_makes_a_piece(database: str, rounds: list[list[Operation]]) -> None:
    """R1: the same with up to eight tasks at once."""
    await _play(rounds)
