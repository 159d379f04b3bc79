"""Events of goods that are looked at, held, called back, bound late, fetched and returned; and the file of a lot."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from epcis import exports
from epcis.captures import Capturer, Captures
from epcis.checker import check_document
from epcis.errors import ExportTooLarge
from epcis.exports import export_lot
from epcis.models import Behaviour
from orders.cases.models import CaseKind, Cause
from tests.epcis.test_captures import filed, seen
from tests.epcis.test_own_events import SCHEMA, document, every, whole_life
from tests.orders.cases import claim, order_of, set_return_address
from tests.orders.conftest import mall  # noqa: F401 - the fixture
from tests.orders.mall import CheckoutLine, Mall
from tests.orders.test_pickups import arrived, pickups  # noqa: F401 - the fixture
from traceability.errors import LotUnknown
from traceability.lots import PLAIN, LotNotes
from traceability.models import LateReason
from traceability.processing.service import Processing, RecipeTerms, RunOutcome
from traceability.quality.holds import Holds, Placing
from traceability.quality.inspections import Finding, Inspections, Report, Sample
from traceability.quality.models import HoldReason
from traceability.quality.recalls import RecallOrder, Recalls

CLERK, OFFICER = "staff:clerk", "staff:officer"


async def steps() -> list[tuple[str, str]]:
    return [(each["bizStep"], each["disposition"]) for each in await every()]


def valid(found: list[dict[str, Any]]) -> None:
    SCHEMA.validate(document(found))
    assert check_document(document(found), 1000).findings == []


async def test_what_a_laboratory_and_the_county_do_to_a_lot_is_told(mall: Mall) -> None:  # noqa: F811
    lot = await mall.sealed_lot(5000)
    mall.watch.forward(minutes=1)
    room, holds = Inspections(mall.watch), Holds(mall.watch)
    for good in (False, True):
        number = await room.request(mall.merchant, lot, CLERK)
        mall.watch.forward(minutes=1)
        await room.sample(number, [Sample(code="YP-1", mass_gram=500, taken_at=mall.watch())], OFFICER)
        mall.watch.forward(minutes=1)
        finding = Finding(name="项目", allowed="0.5", found="0.1", unit="mg/kg", method="GB 23200.113", is_good=good)
        await room.judge(number, Report(laboratory="示例检测中心", report="SL-1", findings=[finding]), OFFICER)
        mall.watch.forward(minutes=1)
    await holds.release(None, lot, "复检合格", OFFICER)
    mall.watch.forward(minutes=1)
    await holds.place(mall.merchant, lot, Placing(reason=HoldReason.SUSPICION, note="外观异常"), CLERK)
    told = RecallOrder(lot=lot, cause="农残超标", document="示例召回1号")
    await Recalls(mall.watch).call_back(None, told, OFFICER)
    await mall.deliver()
    looked_at = [("sampling", "in_progress"), ("inspecting", "non_conformant"), ("holding", "non_sellable_other")]
    assert sorted((await steps())[2:]) == sorted(
        [
            *looked_at, ("sampling", "in_progress"), ("inspecting", "conformant"),
            ("storing", "sellable_not_accessible"), ("holding", "non_sellable_other"), ("holding", "recalled"),
        ]
    )  # fmt: skip
    found = await every()
    valid(found)
    lasting = [each["persistentDisposition"] for each in found if "persistentDisposition" in each]
    assert lasting.count({"set": ["unavailable"]}) == 2
    assert {"unset": ["unavailable"]} in lasting
    assert {"set": ["recalled"]} in lasting
    assert len({each["certificationInfo"] for each in found if each["bizStep"] in {"sampling", "inspecting"}}) == 2
    written = json.dumps(found, ensure_ascii=False)
    assert not any(word in written for word in ("农残超标", "外观异常", "复检合格", "示例检测中心"))


async def test_a_lot_says_what_was_known_of_it_when_it_was_made(mall: Mall) -> None:  # noqa: F811
    day = mall.watch().date()
    notes = LotNotes(harvest_from=day, harvest_until=day, best_before=day + timedelta(days=30))
    lot = await mall.sealed_lot(1000, notes=notes)
    (made,) = [each for each in await every() if each["bizStep"] == "commissioning"]
    assert made["ilmd"] == {
        "cbvmda:lotNumber": lot, "cbvmda:harvestStartDate": day.isoformat(),
        "cbvmda:harvestEndDate": day.isoformat(), "cbvmda:bestBeforeDate": (day + timedelta(days=30)).isoformat(),
    }  # fmt: skip
    valid(await every())


async def test_lots_that_are_known_late_are_seen_in_the_goods(mall: Mall) -> None:  # noqa: F811
    lot = await mall.sealed_lot(5000)
    order = await mall.place(lines=[CheckoutLine(mall.skus[0], 2)])
    await mall.bring_to("packed", order)
    assert "packing" not in {step for step, _ in await steps()}
    line = order.lines[0].reference
    await mall.fulfilment.assign(mall.merchant, line, {lot: 2}, LateReason.NOT_SCANNED, CLERK)
    await mall.deliver()
    seen_in = (await every())[-1]
    assert (seen_in["type"], seen_in["action"], seen_in["bizStep"]) == ("AggregationEvent", "OBSERVE", "other")
    assert seen_in["parentID"].endswith(f"/trace/goods/{order.number}")
    assert [each["quantity"] for each in seen_in["childQuantityList"]] == [1]
    valid(await every())


async def test_goods_are_followed_to_a_station_and_to_who_fetches_them(mall: Mall, pickups: Any) -> None:  # noqa: F811
    number, code = await arrived(mall, pickups)
    await mall.deliver()
    waiting = (await every())[-1]
    assert (waiting["bizStep"], waiting["disposition"]) == ("arriving", "in_progress")
    assert len(waiting["readPoint"]["id"].rpartition("/")[2]) == 9
    township = waiting["readPoint"]["id"].rpartition("/")[2]
    mall.watch.forward(minutes=1)
    await pickups.redeem(township, number, code, "staff:keeper")
    await mall.deliver()
    assert (await steps())[-1] == ("accepting", "in_progress")
    valid(await every())


async def test_only_goods_that_come_back_are_returned(mall: Mall) -> None:  # noqa: F811
    await set_return_address(mall)
    order = await order_of(mall, "received")
    await mall.deliver()
    before = await steps()
    assert ("accepting", "in_progress") in before
    case = await claim(mall, order, CaseKind.RETURN_REFUND, Cause.CHANGED_MIND)
    await mall.after_sales.approve(mall.merchant, case, CLERK)
    await mall.after_sales.send_back("C1", case, "SF", "SF0000000002")
    await mall.deliver()
    assert await steps() == before
    await mall.after_sales.take_back(mall.merchant, case, CLERK, fit_for_sale=True)
    await mall.deliver()
    assert await steps() == [*before, ("receiving", "returned")]
    (back,) = (await every())[-1]["quantityList"]
    assert back == {"epcClass": back["epcClass"], "quantity": 1}
    valid(await every())


async def test_money_alone_is_no_event_of_goods(mall: Mall) -> None:  # noqa: F811
    order = await mall.place(lines=[CheckoutLine(mall.skus[0], 2)])
    await mall.bring_to("paid", order)
    await mall.refund(order, 0, 1)
    await mall.deliver()
    assert await steps() == []


async def chain(mall: Mall) -> tuple[str, str, str]:  # noqa: F811
    """Two lots, a third that a run made of the first, and an order with pieces of the third."""
    one, two = await mall.sealed_lot(5000), await mall.sealed_lot(3000)
    process = Processing(mall.watch)
    terms = RecipeTerms(product=mall.product, inputs=[mall.product], max_yield_bp=10_000, document="示例规程1号")
    recipe = await process.write_recipe(mall.merchant, terms, CLERK)
    outcome = RunOutcome(recipe=recipe, inputs={one: 4000}, output_gram=3900, finished_at=mall.watch())
    made = await process.finish(mall.merchant, outcome, PLAIN, CLERK)
    order = await mall.place(lines=[CheckoutLine(mall.skus[0], 2)])
    await mall.pay(order.number)
    await mall.fulfilment.pack(mall.merchant, order.number, {order.lines[0].reference: {made: 2}}, CLERK)
    await mall.fulfilment.ship(mall.merchant, order.number, "SF", "SF0000000001", CLERK)
    await mall.deliver()
    return one, two, made


async def read(mall: Mall, lot: str, merchant: str | None = None) -> list[dict[str, Any]]:  # noqa: F811
    told = msgspec.json.decode(await export_lot(merchant, lot, mall.built.mall.own_events.base))
    SCHEMA.validate(told)
    assert check_document(told, 1000).findings == []
    found: list[dict[str, Any]] = told["epcisBody"]["eventList"]
    return found


async def test_the_file_of_a_lot_goes_from_the_deliveries_to_the_parcels(mall: Mall) -> None:  # noqa: F811
    one, two, made = await chain(mall)
    await whole_life(mall)  # of another lot and another order, which are in no file here
    whole = ["receiving", "commissioning", "commissioning", "packing", "shipping"]
    for lot in (one, made):  # forwards from the first, backwards from the last
        assert sorted(each["bizStep"] for each in await read(mall, lot, mall.merchant)) == sorted(whole)
    order = await mall.place(lines=[CheckoutLine(mall.skus[0], 1)])  # what else is made of the first is not the last's
    await mall.pay(order.number)
    await mall.fulfilment.pack(mall.merchant, order.number, {order.lines[0].reference: {one: 1}}, CLERK)
    await mall.deliver()
    assert sorted(each["bizStep"] for each in await read(mall, made, mall.merchant)) == sorted(whole)
    assert sorted(each["bizStep"] for each in await read(mall, one)) == sorted([*whole, "packing"])
    assert [each["bizStep"] for each in await read(mall, two)] == ["receiving", "commissioning"]
    with pytest.raises(LotUnknown):
        await export_lot("M-other", one, mall.built.mall.own_events.base)


async def test_the_file_of_a_lot_has_what_others_say_of_it_and_follows_only_our_own(
    mall: Mall,  # noqa: F811
) -> None:
    _, two, made = await chain(mall)
    at = mall.built.mall.own_events.base
    partner = Capturer(merchant=mall.merchant, partner="示例物流公司", by=CLERK)
    theirs = seen(1, epcList=None, quantityList=[{"epcClass": f"{at}/trace/lot/{made}"}])
    false = seen(2, type="TransformationEvent", action=None, epcList=None,
                 inputQuantityList=[{"epcClass": f"{at}/trace/lot/{two}"}],
                 outputQuantityList=[{"epcClass": f"{at}/trace/lot/{made}"}])  # fmt: skip
    job = await Captures(mall.watch).take_document(partner, filed(theirs, false), Behaviour.ROLLBACK)
    assert job.success
    found = await read(mall, made, mall.merchant)
    assert theirs["quantityList"] in [each.get("quantityList") for each in found]
    assert f"/lot/{two}" not in json.dumps([each for each in found if each["eventTime"] != theirs["eventTime"]])


async def test_a_file_that_would_be_too_large_is_refused(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    lot = await mall.sealed_lot(1000)
    monkeypatch.setattr(exports, "MAX_EXPORTED", 1)
    with pytest.raises(ExportTooLarge):
        await export_lot(None, lot, mall.built.mall.own_events.base)
