"""What buyers and merchants have in this room."""

from kit.clock import utc_now
from kit.database import execute
from logistics.parcels import Parcels, Piece
from logistics.reports import PaymentOfGoods, ShippingReports
from tests.doors.belongings import Owner


async def give(owner: Owner) -> None:
    """An address, a freight template, a parcel, and a report that waits for a person."""
    home = {
        "recipient": "示例收货人", "phone": "19900000001", "region": "533124",
        "region_name": "云南省 德宏州 陇川县", "street": "章凤镇示例路 1 号",
    }  # fmt: skip
    address = (await owner.ask("consumer", "POST", "/v1/miniapp/addresses", home))["number"]
    terms = {"name": "示例运费", "unit": "piece", "rules": [{"first": 1, "first_fen": 800, "further": 1,
                                                     "further_fen": 200}]}  # fmt: skip
    template = (await owner.ask("merchant_clerk", "POST", "/v1/console/freight-templates", terms))["code"]
    merchant, reference = owner.house.merchant, f"O20261126OWNED{owner.turn:04}"
    piece = Piece(reference=reference, line=f"{reference}-1", title="示例商品", quantity=1)
    parcel = await Parcels().make(merchant, "SF", f"SF{owner.turn:010}", "0001", [piece], "staff:clerk")
    goods = PaymentOfGoods(transaction_id=f"42{owner.turn:08}", payer_openid="openid-consumer", paid_at=utc_now())
    await ShippingReports().note(reference, merchant, goods, is_complete=True)
    await execute("UPDATE shipping_report SET state = 'for_a_person' WHERE reference = $1", reference)
    owner.found.by_pattern["/v1/console/parcels/"] = {"number": parcel}
    owner.found.by_pattern["/v1/console/shipping-reports/"] = {"reference": reference, "kind": "shipping"}
    owner.found.by_pattern["/v1/console/carriers/"] = {"code": "SF"}
    owner.found.by_pattern["/v1/console/carrier-accounts/"] = {"carrier": "SF"}
    for act in ("sign", "end"):
        owner.found.shared[f"console.{act}_carrier_account"] = "a carrier's code is everybody's, the contract one's own"
    owner.found.private["merchant_clerk"] |= {parcel, reference}
    owner.found.by_pattern["/v1/miniapp/addresses/"] = {"number": address}
    owner.found.by_pattern["/v1/console/freight-templates/"] = {"code": template}
    owner.found.bodies["miniapp.change_address"] = home
    owner.found.bodies["miniapp.change_order_address"] = {"address": address}
    owner.found.private["consumer"] |= {address}
    owner.found.private["merchant_clerk"] |= {template}
