"""What buyers and merchants have in this room."""

from kit.database import execute
from tests.doors.belongings import Owner
from tests.doors.house import order_body


async def give(owner: Owner) -> None:
    """A review of stars alone, which shows at once, of an order that was received by decree."""
    await owner.ask("consumer", "POST", "/v1/miniapp/orders", order_body(owner.house.sku, 1))
    order = (await owner.ask("consumer", "GET", "/v1/miniapp/orders"))["orders"][0]
    await execute(
        "UPDATE customer_order SET state = 'received', paid_at = now(), received_at = now() WHERE number = $1",
        order["number"],
    )
    body = {"line": order["lines"][0]["line"], "stars": 5}
    review = (await owner.ask("consumer", "POST", "/v1/miniapp/reviews", body))["number"]
    owner.found.by_pattern["/v1/(miniapp|console)/reviews/"] = {"number": review}
    owner.found.bodies["miniapp.follow_up_review"] = {"text": "示例追评"}
    for role in ("consumer", "merchant_clerk"):
        owner.found.private[role] |= {review}
