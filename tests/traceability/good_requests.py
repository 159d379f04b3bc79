"""Requests from the scale to the lot that succeed."""

import secrets

from kit.clock import utc_now
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.products.shelf import TOWNSHIP


async def delivery(owner: Owner, role: str) -> dict[str, object]:
    """Ten kilograms of a supplier's."""
    farmer = {"name": "示例供货人乙", "kind": "farmer", "township": TOWNSHIP}
    supplier = (await owner.ask(role, "POST", "/v1/console/suppliers", farmer))["supplier"]
    return {
        "client_id": secrets.token_hex(8), "supplier": supplier, "merchant": owner.house.merchant,
        "product": owner.house.product, "mass_gram": 10_000, "grade": "一级", "unit_price_fen": 800,
        "mode": "consignment", "weighed_at": utc_now().isoformat(),
    }  # fmt: skip


@good("console.accept_intake")
async def weigh(owner: Owner) -> GoodRequest:
    return GoodRequest(body=await delivery(owner, "station_keeper"), role="station_keeper")


async def taken_in(owner: Owner) -> str:
    """A delivery to the merchant itself."""
    body = await delivery(owner, "merchant_clerk")
    return str((await owner.ask("merchant_clerk", "POST", "/v1/console/intakes", body))["number"])


async def goods(owner: Owner, input_gram: int) -> dict[str, object]:
    """What a lot is made of."""
    return {"product": owner.house.product, "input_gram": input_gram, "intakes": [await taken_in(owner)]}


@good("console.make_lot")
async def make(owner: Owner) -> GoodRequest:
    return GoodRequest(body=await goods(owner, 10_000))


@good("console.contribute_to_lot")
async def contribute(owner: Owner) -> GoodRequest:
    made = await owner.ask("merchant_clerk", "POST", "/v1/console/lots", await goods(owner, 10_000))
    return GoodRequest(names={"number": made["lot"]["number"]}, body={"intakes": [await taken_in(owner)]})
