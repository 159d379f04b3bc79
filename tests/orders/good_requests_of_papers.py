"""Requests about invoices and files of other channels that succeed."""

import secrets
from datetime import timedelta

from kit.clock import CHINA, utc_now
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, bought, good
from tests.orders.papers import plain_pdf

MADE_OUT_TO = {"kind": "personal", "title": "示例收货人", "email": "buyer@example.com"}


@good("miniapp.request_invoice")
async def request(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await bought(owner, "received")).number}, body=MADE_OUT_TO)


async def requested(owner: Owner) -> tuple[str, str]:
    """An order and its open request."""
    order = (await bought(owner, "received")).number
    asked = await owner.ask("consumer", "POST", f"/v1/miniapp/orders/{order}/invoice-request", MADE_OUT_TO)
    return order, asked["invoice"]["number"]


@good("miniapp.withdraw_invoice_request")
async def withdraw(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await requested(owner))[0]})


def invoice_number() -> dict[str, str]:
    """A number that no invoice has."""
    return {"invoice_number": f"{secrets.randbelow(10**8):08d}"}


@good("console.issue_invoice")
async def issue(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await requested(owner))[1]}, body=invoice_number())


@good("console.upload_invoice_file")
async def upload(owner: Owner) -> GoodRequest:
    _, invoice = await requested(owner)
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/invoice-requests/{invoice}/issue", invoice_number())
    return GoodRequest(names={"number": invoice}, body=plain_pdf())


@good("console.refuse_invoice")
async def refuse(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": (await requested(owner))[1]}, body={"reason": "示例原因"})


@good(
    "console.import_channel_file",
    "console.check_channel_file",
    "console.import_channel_file_for",
    "console.check_channel_file_for",
)
async def sold_elsewhere(owner: Owner) -> GoodRequest:
    """Two orders of a channel."""
    paid = (utc_now() - timedelta(hours=3)).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    lines = ["外部订单号,规格编码,件数,商品实收,运费,优惠,付款时间,收货人,收货电话,收货地址"]
    for _ in range(2):
        number = f"D-{secrets.token_hex(6)}"
        lines.append(f"{number},{owner.house.sku},2,79.80,,,{paid},示例收货人,19900000001,示例市示例路 1 号")
    names = {"channel": "douyin", "kind": "orders", "merchant": owner.house.merchant}
    return GoodRequest(names=names, body="\n".join(lines).encode())
