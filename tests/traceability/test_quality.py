"""Inspections, holds and recalls: what is held goes nowhere, and what failed is not let go without a later pass."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from tortoise.exceptions import BaseORMException

from kit.database import execute, rows, scalar, transaction
from kit.errors import DomainError
from kit.numbers import opaque_id
from tests.traceability.test_lots import NOW, Yard, clock, yard  # noqa: F401 - the fixture
from tests.traceability.test_processing import cane, outcome, recipe
from traceability.errors import LotOnHold, LotShort, LotUnknown
from traceability.lots import PLAIN, Afterwards
from traceability.models import LateReason
from traceability.processing.service import Processing
from traceability.quality.errors import (
    HoldOfCounty,
    InspectionInvalid,
    InspectionOpen,
    InspectionStepRefused,
    InspectionUnknown,
    LotCalledBack,
    LotNotOnHold,
    ReinspectionMissing,
    SampleDrawn,
)
from traceability.quality.holds import Holds, Placing
from traceability.quality.inspections import Finding, Inspections, Report, Sample
from traceability.quality.models import INSPECTION_TRANSITIONS, HoldReason, InspectionState
from traceability.quality.queries import holds, inspection, recall, recalls
from traceability.quality.recalls import RecallOrder, Recalls
from traceability.queries import lots_on_hand

CLERK, OFFICER = "staff:clerk", "staff:officer"
SUSPECT = Placing(reason=HoldReason.SUSPICION, note="外观异常")


def report(*good: bool) -> Report:
    findings = [
        Finding(name=f"项目{n}", allowed="0.5", found="0.1", unit="mg/kg", method="GB 23200.113", is_good=each)
        for n, each in enumerate(good)
    ]
    return Report(laboratory="示例检测中心", report="SL-2026-001", findings=findings)


def drawn(ago: timedelta = timedelta(0)) -> list[Sample]:
    return [Sample(code=opaque_id(), mass_gram=500, taken_at=NOW - ago)]


async def judged(yard: Yard, lot: str, *good: bool, at: timedelta = timedelta(0)) -> str:  # noqa: F811
    """An inspection through all its steps; everything happens ``at`` after the yard's hour."""
    room = Inspections(lambda: NOW + at)
    number = await room.request(yard.merchant, lot, CLERK)
    await room.sample(number, drawn(-at), OFFICER)
    await room.judge(number, report(*good), OFFICER)
    return number


async def _bring(room: Inspections, number: str, target: InspectionState) -> None:
    if target is InspectionState.SAMPLED:
        await room.sample(number, drawn(), OFFICER)
    elif target is InspectionState.WITHDRAWN:
        await room.withdraw(None, number, OFFICER)
    else:
        await room.judge(number, report(True, target is InspectionState.PASSED), OFFICER)


async def test_every_pair_of_inspection_states_moves_as_the_table_says(yard: Yard) -> None:  # noqa: F811
    room = Inspections(clock)
    for state in InspectionState:
        for target in InspectionState:
            lot = await yard.sealed(1_000)
            number = await room.request(yard.merchant, lot, CLERK)
            if state not in (InspectionState.REQUESTED, InspectionState.WITHDRAWN):
                await room.sample(number, drawn(), OFFICER)
            if state in (InspectionState.PASSED, InspectionState.FAILED):
                await room.judge(number, report(state is InspectionState.PASSED), OFFICER)
            if state is InspectionState.WITHDRAWN:
                await room.withdraw(None, number, OFFICER)
            if target is InspectionState.REQUESTED:
                assert target not in INSPECTION_TRANSITIONS[state]
                continue
            allowed = target in INSPECTION_TRANSITIONS[state]
            with contextlib.nullcontext() if allowed else pytest.raises(InspectionStepRefused):
                await _bring(room, number, target)
            assert (await inspection(yard.merchant, number)).state == (target if allowed else state)


async def test_who_asks_and_who_takes_back(yard: Yard) -> None:  # noqa: F811
    room, lot = Inspections(clock), await yard.sealed(1_000)
    with pytest.raises(LotUnknown):
        await room.request(yard.other, lot, CLERK)
    asked = await asyncio.gather(*(room.request(yard.merchant, lot, CLERK) for _ in range(4)), return_exceptions=True)
    (number,) = [each for each in asked if isinstance(each, str)]
    assert [type(each) for each in asked if not isinstance(each, str)] == [InspectionOpen] * 3
    with pytest.raises(InspectionUnknown):
        await room.withdraw(yard.other, number, CLERK)
    await room.withdraw(yard.merchant, number, CLERK)
    number = await room.request(None, lot, OFFICER)
    wrong: list[tuple[str, list[Sample]]] = [
        (number, []),
        (number, drawn() * 2),
        (number, drawn(timedelta(seconds=-1))),
        (number, drawn(timedelta(days=1))),
    ]
    for of, samples in wrong:
        with pytest.raises(InspectionInvalid):
            await room.sample(of, samples, OFFICER)
    await room.sample(number, drawn(), OFFICER)
    with pytest.raises(SampleDrawn):
        await room.withdraw(yard.merchant, number, CLERK)
    with pytest.raises(InspectionInvalid):
        await room.judge(number, report(), OFFICER)
    await room.judge(number, report(True, True), OFFICER)
    found = await inspection(yard.merchant, number)
    assert (found.state, found.laboratory, len(found.samples), len(found.findings)) == ("passed", "示例检测中心", 1, 2)
    assert await scalar("SELECT held_at FROM lot WHERE number = $1", lot) is None


async def test_nothing_is_taken_from_a_held_lot_by_whatever_way(yard: Yard) -> None:  # noqa: F811
    """Fails for each way when its guard is removed: tried."""
    lot, made_by = await yard.sealed(10_000), await recipe(yard)
    input_lot = await cane(yard, 10_000)
    for each in (lot, input_lot):
        await Holds(clock).place(yard.merchant, each, SUSPECT, CLERK)
    with pytest.raises(LotOnHold):
        await yard.lots.bind("O1-1", yard.product, yard.merchant, {lot: 1}, 500)
    late = Afterwards(packed_at=NOW, by=CLERK, reason=LateReason.NOT_SCANNED)
    with pytest.raises(LotOnHold):
        await yard.lots.bind("O1-1", yard.product, yard.merchant, {lot: 1}, 500, late)
    with pytest.raises(LotOnHold):
        await Processing(clock).finish(yard.merchant, outcome(made_by, {input_lot: 1_000}, 100), PLAIN, CLERK)
    assert await lots_on_hand(yard.merchant, [yard.product], NOW.date()) == []
    with pytest.raises(LotOnHold):
        await Holds(clock).place(None, lot, SUSPECT, OFFICER)
    with pytest.raises(LotUnknown):
        await Holds(clock).release(yard.other, lot, "已复核", CLERK)
    await Holds(clock).release(yard.merchant, lot, "已复核", CLERK)
    with pytest.raises(LotNotOnHold):
        await Holds(clock).release(yard.merchant, lot, "已复核", CLERK)
    await yard.lots.bind("O1-1", yard.product, yard.merchant, {lot: 1}, 500)
    (second, first), _ = await holds(yard.merchant, None, 9)
    assert (first.lot, first.release_note, second.lot, second.released_at) == (lot, "已复核", input_lot, None)
    topics = [each["topic"] for each in await rows("SELECT topic FROM outbox_message ORDER BY id DESC LIMIT 3")]
    assert topics == ["traceability.lot_released", "traceability.lot_held", "traceability.lot_held"]


async def test_who_waits_for_the_hold_sees_it(yard: Yard) -> None:  # noqa: F811
    """A binding that began before the hold was committed waits for it. Fails when the UPDATE of ``Lots.take`` asks
    ``lot_hold`` instead of the lot's own column: tried.
    """
    lot, placed = await yard.sealed(10_000), asyncio.Event()
    waiting = asyncio.create_task(_bound(yard, lot, placed))
    async with transaction():
        await Holds(clock).place(yard.merchant, lot, SUSPECT, CLERK)
        placed.set()
        await asyncio.sleep(0.3)
    assert isinstance(await waiting, LotOnHold)
    assert await scalar("SELECT bound_gram FROM lot WHERE number = $1", lot) == 0


async def _bound(yard: Yard, lot: str, placed: asyncio.Event) -> DomainError | None:  # noqa: F811
    await placed.wait()
    try:
        await yard.lots.bind("O9-1", yard.product, yard.merchant, {lot: 1}, 500)
    except DomainError as refusal:
        return refusal
    return None


async def test_a_lot_that_failed_is_held_until_it_has_passed_with_later_samples(yard: Yard) -> None:  # noqa: F811
    """Fails when ``sampled_at >= ended_at`` is left out of the release: tried."""
    lot = await yard.sealed(10_000)
    await Holds(clock).place(yard.merchant, lot, SUSPECT, CLERK)
    failed = await judged(yard, lot, True, False, at=timedelta(hours=2))
    with pytest.raises(HoldOfCounty):
        await Holds(clock).release(yard.merchant, lot, "已复核", CLERK)
    with pytest.raises(ReinspectionMissing) as refused:
        await Holds(clock).release(None, lot, "已复核", OFFICER)
    assert refused.value.facts["inspection"] == failed
    late = Inspections(lambda: NOW + timedelta(hours=3))
    number = await late.request(yard.merchant, lot, CLERK)
    await late.sample(number, drawn(timedelta(hours=-1)), OFFICER)
    await late.judge(number, report(True), OFFICER)
    with pytest.raises(ReinspectionMissing):
        await Holds(clock).release(None, lot, "已复核", OFFICER)
    await judged(yard, lot, True, at=timedelta(hours=3))
    await Holds(clock).release(None, lot, "复检合格", OFFICER)
    await yard.lots.bind("O1-1", yard.product, yard.merchant, {lot: 1}, 500)


async def test_a_recall_reaches_what_was_made_of_the_lot_and_does_not_end(yard: Yard) -> None:  # noqa: F811
    made_by = await recipe(yard)
    bad, good = await cane(yard, 10_000), await cane(yard, 10_000)
    run = outcome(made_by, {bad: 1_000, good: 1_000}, 200)
    sugar = await Processing(clock).finish(yard.merchant, run, PLAIN, CLERK)
    clean = await Processing(clock).finish(yard.merchant, outcome(made_by, {good: 1_000}, 100), PLAIN, CLERK)
    await Holds(clock).place(yard.merchant, sugar, SUSPECT, CLERK)
    told = RecallOrder(lot=bad, cause="农残超标", document="示例召回1号")
    with pytest.raises(LotUnknown):
        await Recalls(clock).call_back(yard.other, told, CLERK)
    number = await Recalls(clock).call_back(yard.merchant, told, CLERK)
    card = await recall(yard.merchant, number)
    assert (card.origin, set(card.lots)) == (bad, {bad, sugar})
    assert await recalls(yard.other, None, 9) == ([], None)
    for lot, product in ((bad, yard.second), (sugar, yard.product)):
        with pytest.raises(LotOnHold):
            await yard.lots.bind("O1-1", product, yard.merchant, {lot: 1}, 10)
        with pytest.raises(LotCalledBack):
            await Holds(clock).release(None, lot, "已复核", OFFICER)
    await yard.lots.bind("O1-1", yard.product, yard.merchant, {clean: 1}, 10)
    with pytest.raises(LotCalledBack):
        await Recalls(clock).call_back(None, told, OFFICER)
    topic = "SELECT payload->>'lot' AS lot FROM outbox_message WHERE topic = 'traceability.lot_recalled'"
    assert {each["lot"] for each in await rows(topic)} == {bad, sugar}


async def test_a_run_at_the_moment_of_a_recall_is_called_back_or_refused(yard: Yard) -> None:  # noqa: F811
    made_by = await recipe(yard)
    bad = await cane(yard, 10_000)
    told = RecallOrder(lot=bad, cause="农残超标", document="示例召回1号")
    done = await asyncio.gather(
        *(Processing(clock).finish(yard.merchant, outcome(made_by, {bad: 500}, 50), PLAIN, CLERK) for _ in range(4)),
        Recalls(clock).call_back(yard.merchant, told, CLERK),
        *(Processing(clock).finish(yard.merchant, outcome(made_by, {bad: 500}, 50), PLAIN, CLERK) for _ in range(4)),
        return_exceptions=True,
    )
    assert {type(each) for each in done} <= {str, LotOnHold, LotShort}
    assert isinstance(done[4], str)
    assert await scalar("SELECT count(*) FROM lot WHERE kind = 'processed' AND held_at IS NULL") == 0
    made = {each for n, each in enumerate(done) if n != 4 and isinstance(each, str)}
    assert set((await recall(None, done[4])).lots) == made | {bad}


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE inspection SET state = 'passed' WHERE state = 'failed'",
        "DELETE FROM inspection",
        "UPDATE inspection_item SET is_good = true",
        "DELETE FROM inspection_sample",
        "DELETE FROM recalled_lot",
        "UPDATE recall SET cause = 'x'",
        "DELETE FROM lot_hold",
        "UPDATE lot_hold SET released_by = NULL, released_at = NULL WHERE released_at IS NOT NULL",
    ],
)
async def test_what_was_found_and_held_cannot_be_changed(yard: Yard, attack: str) -> None:  # noqa: F811
    lot, other = await yard.sealed(10_000), await yard.sealed(5_000)
    await judged(yard, lot, False)
    await Holds(clock).place(yard.merchant, other, SUSPECT, CLERK)
    await Holds(clock).release(yard.merchant, other, "已复核", CLERK)
    await Recalls(clock).call_back(None, RecallOrder(lot=lot, cause="农残超标", document="示例召回1号"), OFFICER)
    with pytest.raises(BaseORMException):
        await execute(attack)
