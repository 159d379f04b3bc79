"""What merchants have in this room."""

from kit.clock import utc_now
from kit.database import execute
from tests.doors.belongings import Owner
from tests.products.shelf import TOWNSHIP

GTIN = "09520000000011"


async def give(owner: Owner) -> None:
    """A code on a shelf, and the labels of a sealed lot of goods that have a GTIN."""
    body = {"product": owner.house.product, "place": "label", "note": "示例标签"}
    code = (await owner.ask("merchant_clerk", "POST", "/v1/console/scan-codes", body))["code"]
    owner.found.by_pattern["/v1/console/scan-codes/"] = {"code": code}
    owner.found.by_pattern["/v1/miniapp/scans/"] = {"scene": code}
    owner.found.private["merchant_clerk"] |= {code}
    await execute("UPDATE sku SET gtin = $2 WHERE code = $1", owner.house.sku, GTIN)
    lot = await sealed_lot(owner)
    labels = {"sku": owner.house.sku, "serials": 1}
    made = await owner.ask("merchant_clerk", "POST", f"/v1/console/lots/{lot}/labels", labels)
    label = made["labels"][0]
    owner.found.by_pattern["/v1/console/lots/<number:str>/labels"] = {"number": lot}
    owner.found.by_pattern["/v1/console/labels/"] = {"code": label["code"]}
    owner.found.by_pattern["/v1/console/label-batches/"] = {"batch": made["batch"]}
    owner.found.by_pattern["/s/"] = {"code": label["code"]}
    owner.found.by_pattern["/p/"] = {"code": owner.house.product}
    names = {"gtin": GTIN, "first": "10", "a": lot, "second": "21", "b": label["serial"]}
    owner.found.by_pattern["/01/"] = names
    owner.found.by_pattern["/01/<gtin:str>/<first:str>/<a:str>/<second:str>/<b:str>/<third:str>"] = {
        "gtin": GTIN, "first": "22", "a": "V", "second": "10", "b": lot, "third": "21", "c": label["serial"],
    }  # fmt: skip
    owner.found.bodies["console.make_labels"] = {"sku": owner.house.sku}
    await owner.ask("merchant_clerk", "POST", f"/v1/console/lots/{lot}/labels", {"sku": owner.house.sku})


async def sealed_lot(owner: Owner, suppliers: int = 1, **notes: object) -> str:
    """A sealed lot of the merchant's product, a kilogram of each of some farmers, with what is noted of it."""
    intakes = []
    for serial in range(suppliers):
        farmer = {"name": f"示例供货人{serial}", "kind": "farmer", "township": TOWNSHIP}
        supplier = (await owner.ask("merchant_clerk", "POST", "/v1/console/suppliers", farmer))["supplier"]
        delivery = {
            "client_id": f"labelled-{owner.turn:04}-{serial:04}", "supplier": supplier,
            "merchant": owner.house.merchant, "product": owner.house.product, "mass_gram": 1000, "grade": "一级",
            "unit_price_fen": 800, "mode": "consignment", "weighed_at": utc_now().isoformat(),
        }  # fmt: skip
        intakes.append((await owner.ask("merchant_clerk", "POST", "/v1/console/intakes", delivery))["number"])
    goods = {"product": owner.house.product, "input_gram": 1000 * suppliers, "intakes": intakes, **notes}
    lot: str = (await owner.ask("merchant_clerk", "POST", "/v1/console/lots", goods))["lot"]["number"]
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/lots/{lot}/seal")
    return lot
