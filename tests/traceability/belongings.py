"""What merchants and stations have in this room."""

from kit.clock import utc_now
from tests.doors.belongings import Owner
from tests.doors.good_requests import mall_of
from tests.products.shelf import TOWNSHIP
from tests.traceability.good_requests_of_plots import land
from tests.traceability.good_requests_of_storage import DEVICE, ROOM, device, room
from traceability.receipts import IntakeReceipts


async def give(owner: Owner) -> None:
    """A supplier of each, a delivery and the lot made of it."""
    farmer = {"name": "示例供货人甲", "kind": "farmer", "township": TOWNSHIP}
    mine = (await owner.ask("merchant_clerk", "POST", "/v1/console/suppliers", farmer))["supplier"]
    kept = (await owner.ask("station_keeper", "POST", "/v1/console/suppliers", farmer))["supplier"]
    delivery = {
        "client_id": f"device-{owner.turn:04}", "supplier": mine, "merchant": owner.house.merchant,
        "product": owner.house.product, "mass_gram": 1000, "grade": "一级", "unit_price_fen": 800,
        "mode": "consignment", "weighed_at": utc_now().isoformat(),
    }  # fmt: skip
    intake = (await owner.ask("merchant_clerk", "POST", "/v1/console/intakes", delivery))["number"]
    goods = {"product": owner.house.product, "input_gram": 1000, "intakes": [intake]}
    lot = (await owner.ask("merchant_clerk", "POST", "/v1/console/lots", goods))["lot"]["number"]
    await _run(owner, delivery)
    await _quality(owner, delivery)
    await _conformity(owner, delivery)
    await _plot(owner)
    await _cold_room(owner, lot)
    owner.found.by_pattern["/v1/console/suppliers/"] = {"number": mine}
    owner.found.bodies["console.note_supplier_identity"] = {"phone": "10000000071"}
    owner.found.by_pattern["/v1/console/intakes/"] = {"number": intake}
    owner.found.by_pattern["/r/"] = {"number": intake, "token": token_of(owner, intake)}
    owner.found.by_pattern["/v1/console/lots/"] = {"number": lot}
    owner.found.private["merchant_clerk"] |= {mine, intake, lot}
    owner.found.private["station_keeper"] |= {kept}


def token_of(owner: Owner, intake: str) -> str:
    """What the code of a receipt says."""
    receipts = mall_of(owner.house).built.services[IntakeReceipts]
    assert isinstance(receipts, IntakeReceipts)
    return receipts.link(intake).rpartition("/")[2]


async def _run(owner: Owner, delivery: dict[str, object]) -> None:
    """A recipe, and a run of it that has made a lot of another."""
    product = owner.house.product
    more = delivery | {"client_id": f"process-{owner.turn:04}"}
    intake = (await owner.ask("merchant_clerk", "POST", "/v1/console/intakes", more))["number"]
    goods = {"product": product, "input_gram": 1000, "intakes": [intake]}
    lot = (await owner.ask("merchant_clerk", "POST", "/v1/console/lots", goods))["lot"]["number"]
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/lots/{lot}/seal")
    terms = {"product": product, "inputs": [product], "max_yield_bp": 9_000, "document": "示例规程1号"}
    recipe = (await owner.ask("merchant_clerk", "POST", "/v1/console/recipes", terms))["recipe"]
    run = {"recipe": recipe, "inputs": {lot: 500}, "output_gram": 450, "finished_at": utc_now().isoformat()}
    made = await owner.ask("merchant_clerk", "POST", "/v1/console/process-runs", run)
    owner.found.bodies |= {
        "console.write_recipe": terms,
        "console.finish_process_run": run | {"inputs": {lot: 100}, "output_gram": 90},
    }
    owner.found.private["merchant_clerk"] |= {recipe, made["lot"]["number"]}


async def _plot(owner: Owner) -> None:
    """A plot of a supplier of the merchant's."""
    body = await land(owner)
    plot = (await owner.ask("merchant_clerk", "POST", "/v1/console/plots", body))["plot"]
    owner.found.by_pattern["/v1/console/plots/"] = {"number": plot}
    owner.found.bodies |= {"console.enter_plot": body, "console.end_plot": {"valid_until": "2026-12-31"}}
    owner.found.private["merchant_clerk"].add(plot)


async def _cold_room(owner: Owner, lot: str) -> None:
    """A cold room with a device, and a lot that stands there."""
    number = await room(owner)
    sensor = await device(owner, number)
    stands = {"room": number, "placed_at": utc_now().isoformat()}
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/lots/{lot}/placement", stands)
    owner.found.by_pattern["/v1/console/cold-rooms/"] = {"number": number}
    owner.found.by_pattern["/v1/console/sensor-devices/"] = {"number": sensor}
    owner.found.by_pattern["/v1/webhook/sensor-devices/"] = {"number": sensor}
    owner.found.bodies |= {
        "console.open_cold_room": ROOM, "console.install_sensor_device": DEVICE, "console.place_lot": stands,
        "console.remove_lot": {"removed_at": utc_now().isoformat()},
    }  # fmt: skip
    owner.found.private["merchant_clerk"] |= {number, sensor}


async def _conformity(owner: Owner, delivery: dict[str, object]) -> None:
    """A certificate of a sealed lot."""
    more = delivery | {"client_id": f"certified-{owner.turn:04}"}
    intake = (await owner.ask("merchant_clerk", "POST", "/v1/console/intakes", more))["number"]
    goods = {"product": owner.house.product, "input_gram": 1000, "intakes": [intake]}
    lot = (await owner.ask("merchant_clerk", "POST", "/v1/console/lots", goods))["lot"]["number"]
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/lots/{lot}/seal")
    told = {"basis": "own_promise", "contact": "19900000001"}
    made = await owner.ask("merchant_clerk", "POST", f"/v1/console/lots/{lot}/conformity-certificate", told)
    owner.found.by_pattern["/v1/console/conformity-certificates/"] = {"number": made["certificate"]}
    owner.found.private["merchant_clerk"].add(made["certificate"])


async def _quality(owner: Owner, delivery: dict[str, object]) -> None:
    """A lot that is being inspected, and one that was recalled."""
    lots = []
    for purpose in ("inspect", "recalled"):
        more = delivery | {"client_id": f"{purpose}-{owner.turn:04}"}
        intake = (await owner.ask("merchant_clerk", "POST", "/v1/console/intakes", more))["number"]
        goods = {"product": owner.house.product, "input_gram": 1000, "intakes": [intake]}
        lots.append((await owner.ask("merchant_clerk", "POST", "/v1/console/lots", goods))["lot"]["number"])
    asked = await owner.ask("merchant_clerk", "POST", f"/v1/console/lots/{lots[0]}/inspections")
    told = {"lot": lots[1], "cause": "农残超标", "document": "示例召回1号"}
    recall = await owner.ask("merchant_clerk", "POST", "/v1/console/recalls", told)
    owner.found.by_pattern["/v1/console/inspections/"] = {"number": asked["number"]}
    owner.found.by_pattern["/v1/console/recalls/"] = {"number": recall["number"]}
    owner.found.bodies["console.call_back"] = told
    owner.found.private["merchant_clerk"] |= {asked["number"], recall["number"]}
