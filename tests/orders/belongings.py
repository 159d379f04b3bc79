"""What buyers and merchants have in this room."""

from kit.database import execute
from places.models import SiteKind, SiteLevel, SiteState
from places.service import Places
from tests.doors.belongings import Owner
from tests.doors.house import order_body
from tests.orders.papers import plain_pdf
from tests.products.shelf import TOWNSHIP


async def give(owner: Owner) -> None:
    """A paid order of two pieces with a claim."""
    await owner.ask("consumer", "POST", "/v1/miniapp/orders", order_body(owner.house.sku, 2))
    order = (await owner.ask("consumer", "GET", "/v1/miniapp/orders"))["orders"][0]
    number, line = order["number"], order["lines"][0]["line"]
    # The money's way is walked elsewhere; here the order is paid by decree.
    await execute("UPDATE customer_order SET state = 'paid', paid_at = now() WHERE number = $1", number)
    claim = {"kind": "refund_only", "cause": "quality", "quantity": 1, "reason": "示例原因"}
    case = await owner.ask("consumer", "POST", f"/v1/miniapp/orders/{number}/lines/{line}/after-sales", claim)
    owner.found.by_pattern["/v1/miniapp/trades/"] = {"number": order["trade"]}
    owner.found.by_pattern["/v1/(miniapp|console)/orders/"] = {"number": number, "line": line}
    owner.found.by_pattern["/v1/console/order-lines/"] = {"line": line}
    owner.found.bodies["console.assign_lots"] = {"lots": {"L1": 1}, "reason": "not_scanned"}
    owner.found.by_pattern["/v1/(miniapp|console)/after-sales/"] = {"number": case["number"]}
    await _parcel(owner)
    await _wave(owner)
    for role in ("consumer", "merchant_clerk"):
        owner.found.private[role] |= {number, order["trade"], case["number"]}
    window = {"valid_from": f"2020-01-{owner.turn:02}", "days": 365, "source_document": "示例文件 1 号"}
    await owner.ask("county_officer", "POST", "/v1/console/invoice-windows", window)
    made_out_to = {"kind": "personal", "title": "示例收货人", "email": "buyer@example.com"}
    asked = await owner.ask("consumer", "POST", f"/v1/miniapp/orders/{number}/invoice-request", made_out_to)
    invoice = asked["invoice"]["number"]
    issued = {"invoice_number": f"26537{owner.turn:03}"}
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/invoice-requests/{invoice}/issue", issued)
    upload = f"/v1/console/invoice-requests/{invoice}/file"
    stored = await owner.http.post(upload, headers=owner.house.headers("merchant_clerk"), content=plain_pdf())
    assert stored.status_code == 204, stored.text
    owner.found.by_pattern["/v1/console/invoice-requests/"] = {"number": invoice}
    owner.found.bodies["miniapp.request_invoice"] = made_out_to
    for role in ("consumer", "merchant_clerk"):
        owner.found.private[role] |= {invoice}
    names = {"channel": "douyin", "kind": "orders", "merchant": owner.house.merchant}
    for pattern in ("channel-imports/", "channel-import-checks/", "merchants/<merchant:str>/channel-import"):
        owner.found.by_pattern[f"/v1/console/{pattern}"] = names
    for endpoint in ("import_channel_file", "check_channel_file"):
        owner.found.shared[f"console.{endpoint}"] = "channels and kinds of files are everybody's, the file one's own"
    own = "a cart is the caller's own; the name in its path is a SKU, which everybody may see"
    for endpoint in ("put_in_cart", "take_out_of_cart"):
        owner.found.by_pattern["/v1/miniapp/cart/lines/"] = {"sku": owner.house.sku}
        owner.found.shared[f"miniapp.{endpoint}"] = own


async def _parcel(owner: Owner) -> None:
    """A parcel at a station of the keeper's township."""
    site = f"S{owner.turn}"
    await Places().enter_site(site, "示例自提站", SiteKind.LOGISTICS, SiteLevel.STATION, TOWNSHIP, SiteState.OPERATING)
    fetching = {"site": site, "recipient": "示例取件人", "phone": "19900000001"}
    placed = await owner.ask(
        "consumer", "POST", "/v1/miniapp/orders", order_body(owner.house.sku, 1, delivery=None, pickup=fetching)
    )
    number = placed["orders"][0]["number"]
    await execute("UPDATE customer_order SET state = 'packed', paid_at = now() WHERE number = $1", number)
    await owner.ask("station_keeper", "PUT", f"/v1/console/pickups/{number}/arrival")
    owner.found.by_pattern["/v1/miniapp/orders/<number:str>/pickup"] = {"number": number}
    owner.found.by_pattern["/v1/console/pickups/"] = {"number": number}
    owner.found.private["station_keeper"].add(number)


async def _wave(owner: Owner) -> None:
    """A wave of one order that is due."""
    placed = await owner.ask("consumer", "POST", "/v1/miniapp/orders", order_body(owner.house.sku, 1))
    number = placed["orders"][0]["number"]
    await execute("UPDATE customer_order SET state = 'paid', paid_at = now() WHERE number = $1", number)
    wave = await owner.ask("merchant_clerk", "POST", "/v1/console/packing-waves", {"orders": [number]})
    owner.found.by_pattern["/v1/console/packing-waves/"] = {"number": wave["number"]}
    owner.found.private["merchant_clerk"] |= {number, wave["number"]}
    owner.found.private["consumer"].add(number)
