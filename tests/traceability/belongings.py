"""What merchants and stations have in this room."""

from kit.clock import utc_now
from tests.doors.belongings import Owner
from tests.products.shelf import TOWNSHIP


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
    owner.found.by_pattern["/v1/console/lots/"] = {"number": lot}
    owner.found.private["merchant_clerk"] |= {mine, intake, lot}
    owner.found.private["station_keeper"] |= {kept}
