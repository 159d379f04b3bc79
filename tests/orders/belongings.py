"""What buyers and merchants have in this room."""

from kit.database import execute
from tests.doors.belongings import Owner
from tests.doors.house import order_body


async def give(owner: Owner) -> None:
    """A paid order of two pieces with a claim."""
    await owner.ask("consumer", "POST", "/v1/miniapp/orders", order_body(owner.house.sku, 2))
    (order,) = (await owner.ask("consumer", "GET", "/v1/miniapp/orders"))["orders"]
    number, line = order["number"], order["lines"][0]["line"]
    # The money's way is walked elsewhere; here the order is paid by decree.
    await execute("UPDATE customer_order SET state = 'paid', paid_at = now() WHERE number = $1", number)
    claim = {"kind": "refund_only", "cause": "quality", "quantity": 1, "reason": "示例原因"}
    case = await owner.ask("consumer", "POST", f"/v1/miniapp/orders/{number}/lines/{line}/after-sales", claim)
    owner.found.by_pattern["/v1/miniapp/trades/"] = {"number": order["trade"]}
    owner.found.by_pattern["/v1/(miniapp|console)/orders/"] = {"number": number, "line": line}
    owner.found.by_pattern["/v1/(miniapp|console)/after-sales/"] = {"number": case["number"]}
    for role in ("consumer", "merchant_clerk"):
        owner.found.private[role] |= {number, order["trade"], case["number"]}
    own = "a cart is the caller's own; the name in its path is a SKU, which everybody may see"
    for endpoint in ("put_in_cart", "take_out_of_cart"):
        owner.found.by_pattern["/v1/miniapp/cart/lines/"] = {"sku": owner.house.sku}
        owner.found.shared[f"miniapp.{endpoint}"] = own
