"""Lots that are made of lots: what goes in is what there was, what comes out is no more than can, shares are exact."""

import asyncio
import itertools
import random
from datetime import timedelta
from fractions import Fraction

import pytest
from tortoise.exceptions import BaseORMException

from kit.database import execute, rows, scalar
from kit.errors import DomainError
from products.errors import ProductUnknown
from tests.products.shelf import listed_product
from tests.traceability.test_lots import KEEPER, NOW, Yard, clock, yard  # noqa: F401 - the fixture
from traceability.errors import (
    LotNotSealed,
    LotOfAnotherProduct,
    LotShort,
    LotUnknown,
    LotYoungerThanParcel,
    RecipeInvalid,
    RecipeUnknown,
    RunInvalid,
    YieldExceeded,
)
from traceability.lots import PLAIN, Afterwards
from traceability.models import LateReason, LotKind
from traceability.processing.queries import recipes, runs
from traceability.processing.service import Processing, RecipeTerms, RunOutcome
from traceability.processing.shares import Consumed, inherited
from traceability.queries import line_lots, lot

CLERK = "staff:clerk"
_DELIVERIES = itertools.count()


def test_shares_are_inherited_by_mass_to_the_last_fraction() -> None:
    """30 of the 60 kg of A (25 + 20 + 15) and 20 of the 40 kg of B (all of delivery 4): 12.5, 10, 7.5 and 20 of 50 kg,
    which is 5 : 4 : 3 : 8. A third of that and 1 kg of a lot of deliveries 1 and 9 in equal parts, for a run of 4 kg
    in all: 3 × 5/20 + 1/2 = 1.25, 0.6, 0.45, 1.2 and 0.5, which is 25 : 12 : 9 : 24 : 10.
    """
    first = inherited([Consumed(30_000, {1: 25_000, 2: 20_000, 3: 15_000}), Consumed(20_000, {4: 40_000})])
    assert first == {1: 5, 2: 4, 3: 3, 4: 8}
    assert inherited([Consumed(3_000, first), Consumed(1_000, {1: 7, 9: 7})]) == {1: 25, 2: 12, 3: 9, 4: 24, 9: 10}


@pytest.mark.parametrize("seed", range(20))
def test_any_tree_of_runs_keeps_the_proportions_of_the_mass(seed: int) -> None:
    dice = random.Random(seed)
    held: list[dict[int, int]] = [
        {dice.randrange(50): dice.randrange(1, 10**9) for _ in range(dice.randrange(1, 6))} for _ in range(4)
    ]
    for _ in range(6):
        taken = [(dice.randrange(1, 10**9), weights) for weights in dice.sample(held, dice.randrange(1, 4))]
        made = inherited([Consumed(gram, weights) for gram, weights in taken])
        whole = sum(gram for gram, _ in taken)
        for delivery, weight in made.items():
            mass = sum((Fraction(gram * each.get(delivery, 0), sum(each.values())) for gram, each in taken), Fraction())
            assert Fraction(weight, sum(made.values())) == mass / whole
        held.append(made)


async def recipe(yard: Yard, max_yield_bp: int = 1_200) -> str:  # noqa: F811
    """Sugar (``product``) of cane (``second``)."""
    terms = RecipeTerms(product=yard.product, inputs=[yard.second], max_yield_bp=max_yield_bp, document="示例规程1号")
    return await Processing(clock).write_recipe(yard.merchant, terms, CLERK)


async def cane(yard: Yard, *masses: int) -> str:  # noqa: F811
    """A sealed lot of cane, of one delivery for each mass."""
    numbers = []
    for mass in masses:
        weighing = yard.weighing(f"cane-{next(_DELIVERIES):04}", product=yard.second, mass_gram=mass)
        numbers.append(await yard.intakes.accept(KEEPER, weighing))
    number = await yard.lots.make(yard.merchant, yard.second, sum(masses), numbers, CLERK)
    await yard.lots.seal(yard.merchant, number, CLERK)
    return number


def outcome(of: str, inputs: dict[str, int], output_gram: int, **changes: object) -> RunOutcome:
    usual: dict[str, object] = {"finished_at": NOW - timedelta(minutes=10)}
    return RunOutcome(recipe=of, inputs=inputs, output_gram=output_gram, **(usual | changes))  # type: ignore[arg-type]


async def test_a_run_consumes_its_inputs_and_makes_a_sealed_lot_with_their_shares(yard: Yard) -> None:  # noqa: F811
    made_by = await recipe(yard)
    first, second = await cane(yard, 25_000, 20_000, 15_000), await cane(yard, 40_000)
    number = await Processing(clock).finish(
        yard.merchant, outcome(made_by, {first: 30_000, second: 20_000}, 5_000), PLAIN, CLERK
    )
    card, parts = await lot(yard.merchant, number)
    assert (card.kind, card.input_gram, card.contributed_gram, card.left_gram) == ("processed", 5_000, 5_000, 5_000)
    assert card.sealed_at is not None
    assert sorted(part.mass_gram for part in parts) == [750, 1_000, 1_250, 2_000]
    assert [(await lot(yard.merchant, each))[0].left_gram for each in (first, second)] == [30_000, 20_000]
    await yard.lots.bind("O1-1", yard.product, yard.merchant, {number: 3}, 500)
    (bound,) = await line_lots(["O1-1"])
    assert sorted(part.mass_gram for part in bound.contributions) == [3, 4, 5, 8]
    ((run,), _), ((written,), _) = await runs(yard.merchant, None, 9), await recipes(yard.merchant, None, 9)
    assert (run.lot, run.inputs, run.loss_gram) == (number, {first: 30_000, second: 20_000}, 45_000)
    assert (written.number, written.inputs) == (run.recipe, [yard.second])
    assert await runs(yard.other, None, 9) == ([], None)
    topics = await rows("SELECT topic FROM outbox_message ORDER BY id DESC LIMIT 2")
    assert {each["topic"] for each in topics} == {"traceability.lot_sealed", "traceability.process_run_finished"}


async def test_a_run_that_cannot_have_been_is_refused_and_takes_nothing(yard: Yard) -> None:  # noqa: F811
    made_by = await recipe(yard)
    sealed, sugar = await cane(yard, 10_000), await yard.sealed(10_000)
    intake = await yard.intakes.accept(KEEPER, yard.weighing("open-0001", product=yard.second))
    unsealed = await yard.lots.make(yard.merchant, yard.second, 10_000, [intake], CLERK)
    before_it_came = NOW - timedelta(hours=2)
    cases: list[tuple[RunOutcome, type[DomainError]]] = [
        (outcome(made_by, {sealed: 10_000}, 1_201), YieldExceeded),
        (outcome(made_by, {sealed: 10_001}, 1_000), LotShort),
        (outcome(made_by, {sealed: 1_000, unsealed: 1_000}, 100), LotNotSealed),
        (outcome(made_by, {sealed: 1_000, sugar: 1_000}, 100), LotOfAnotherProduct),
        (outcome(made_by, {sealed: 1_000, "L404": 1_000}, 100), LotUnknown),
        (outcome(made_by, {sealed: 0}, 100), RunInvalid),
        (outcome(made_by, {}, 100), RunInvalid),
        (outcome(made_by, {sealed: 1_000}, 100, finished_at=NOW + timedelta(seconds=1)), RunInvalid),
        (outcome(made_by, {sealed: 1_000}, 100, finished_at=before_it_came), LotYoungerThanParcel),
        (outcome("R404", {sealed: 1_000}, 100), RecipeUnknown),
    ]
    for told, refusal in cases:
        with pytest.raises(refusal):
            await Processing(clock).finish(yard.merchant, told, PLAIN, CLERK)
    with pytest.raises(RecipeUnknown):
        await Processing(clock).finish(yard.other, outcome(made_by, {sealed: 1_000}, 100), PLAIN, CLERK)
    assert await scalar("SELECT sum(bound_gram)::bigint FROM lot") == 0
    assert await scalar("SELECT count(*) FROM lot WHERE kind = 'processed'") == 0
    await Processing(clock).finish(yard.merchant, outcome(made_by, {sealed: 10_000}, 1_200), PLAIN, CLERK)


async def test_recipes_are_of_the_merchants_own_products(yard: Yard) -> None:  # noqa: F811
    foreign, _ = await listed_product(yard.other)
    for inputs, product, bp, error in (
        ([], yard.product, 1_000, RecipeInvalid),
        ([yard.second], yard.product, 0, RecipeInvalid),
        ([yard.second], yard.product, 100_001, RecipeInvalid),
        ([foreign], yard.product, 1_000, ProductUnknown),
        ([yard.second], foreign, 1_000, ProductUnknown),
    ):
        terms = RecipeTerms(product=product, inputs=inputs, max_yield_bp=bp, document="示例规程1号")
        with pytest.raises(error):
            await Processing(clock).write_recipe(yard.merchant, terms, CLERK)


async def test_runs_and_lines_at_once_never_take_more_than_there_is(yard: Yard) -> None:  # noqa: F811
    made_by = await recipe(yard)
    sealed = await cane(yard, 10_000)
    done = await asyncio.gather(
        *(
            Processing(clock).finish(yard.merchant, outcome(made_by, {sealed: 1_500}, 150), PLAIN, CLERK)
            for _ in range(8)
        ),
        *(yard.lots.bind(f"O{n}-1", yard.second, yard.merchant, {sealed: 1}, 1_500) for n in range(4)),
        return_exceptions=True,
    )
    assert sum(not isinstance(each, BaseException) for each in done) == 6
    assert {type(each) for each in done} <= {str, type(None), LotShort}
    assert await scalar("SELECT bound_gram FROM lot WHERE number = $1", sealed) == 9_000


async def test_a_parcel_holds_nothing_that_was_made_after_it(yard: Yard) -> None:  # noqa: F811
    """Fails when the run's end is left out of the guard in ``Lots.take``: tried."""
    made_by = await recipe(yard)
    sealed = await cane(yard, 10_000)
    number = await Processing(clock).finish(yard.merchant, outcome(made_by, {sealed: 10_000}, 1_000), PLAIN, CLERK)
    earlier = Afterwards(packed_at=NOW - timedelta(minutes=20), by=CLERK, reason=LateReason.SEALED_LATE)
    with pytest.raises(LotYoungerThanParcel):
        await yard.lots.bind("O1-1", yard.product, yard.merchant, {number: 1}, 500, earlier)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE inherited_share SET weight = 99",
        "DELETE FROM inherited_share",
        "UPDATE process_input SET mass_gram = 1",
        "DELETE FROM process_run",
        "UPDATE recipe SET max_yield_bp = 99999",
        "INSERT INTO inherited_share (lot_id, intake_id, supplier_id, weight)"
        " SELECT s.lot_id, i.id, i.supplier_id, 1 FROM inherited_share s, intake i"
        " WHERE i.id NOT IN (SELECT intake_id FROM inherited_share) LIMIT 1",
    ],
)
async def test_what_a_run_was_cannot_be_changed(yard: Yard, attack: str) -> None:  # noqa: F811
    made_by = await recipe(yard)
    sealed = await cane(yard, 10_000)
    await cane(yard, 1_000)
    await Processing(clock).finish(yard.merchant, outcome(made_by, {sealed: 10_000}, 1_000), PLAIN, CLERK)
    with pytest.raises(BaseORMException):
        await execute(attack)


async def test_a_processed_lot_is_sealed_by_its_run_alone(yard: Yard) -> None:  # noqa: F811
    number = await yard.lots.make(yard.merchant, yard.product, 5, (), CLERK, LotKind.PROCESSED)
    with pytest.raises(BaseORMException, match="the run makes at most"):
        await execute(f"UPDATE lot SET sealed_at = now(), sealed_by = 'x' WHERE number = '{number}'")
