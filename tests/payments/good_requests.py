"""Requests about money, and WeChat Pay's own notices, that succeed."""

import contextlib

import httpx

from kit.clock import china_day, utc_now
from kit.database import scalar
from kit.errors import DomainError
from payments.bills import Bills
from payments.differences import Differences
from payments.jobs import compare_bills
from payments.ports import BillLineKind, TradeBill, TradeBillRow
from tests.county.good_requests import officer
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, bought, good, mall_of
from tests.payments import channel


@good("webhook.receive_wechat_pay_notice")
async def notice(owner: Owner) -> GoodRequest:
    """An order is paid."""
    raw = await mall_of(owner.house).payment_notice((await bought(owner)).number)
    return GoodRequest(body=raw, headers=channel.signed_headers(raw))


@good("console.close_held_payment")
async def held(owner: Owner) -> GoodRequest:
    """Too little was paid."""
    number, mall = (await bought(owner)).number, mall_of(owner.house)
    payment = await mall.payment(number)
    paid = channel.Paid(
        number=payment["number"], amount_fen=1, payer_openid=payment["payer_openid"], sub_mchid=payment["sub_mchid"]
    )
    with contextlib.suppress(DomainError):
        await mall.receive_notice(channel.notice_body(paid.members()))
    return GoodRequest(names={"number": payment["number"]})


@good("webhook.receive_complaint_notice")
async def complaint(owner: Owner) -> GoodRequest:
    """Somebody complains at WeChat about a payment, paid there."""
    wechat = owner.house.environment["WECHAT_API_BASE"]
    order = await bought(owner)
    cashier = await owner.ask("consumer", "POST", f"/v1/miniapp/trades/{order.trade}/payment")
    number = (await mall_of(owner.house).payment(order.number))["number"]
    async with httpx.AsyncClient(base_url=f"{wechat}/sandbox", trust_env=False) as http:
        await http.post("/cashier/pay", json={"openid": "openid-consumer", **cashier})
        told = await http.post("/complaints", json={"out_trade_no": number, "detail": "没有收到货"})
    resource = {"complaint_id": told.json()["complaint_id"], "action_type": "CREATE_COMPLAINT"}
    raw = channel.notice_body(resource, event="COMPLAINT.CREATE")
    return GoodRequest(body=raw, headers=channel.signed_headers(raw))


async def difference(owner: Owner) -> str:
    """A bill's line whose payment is not captured; answers the item's number."""
    order, mall = await bought(owner), mall_of(owner.house)
    payment = await mall.payment(order.number)
    line = TradeBillRow(
        line_number=1, kind=BillLineKind.CAPTURE, traded_at=utc_now(), appid=channel.APPID, mchid=channel.MCHID,
        sub_mchid=payment["sub_mchid"], transaction_id=f"42{payment['number']}", number=payment["number"],
        refund_id=None, refund_number=None, refund_state=None, gross_fen=payment["amount_fen"], fee_fen=6,
    )  # fmt: skip
    bills = Bills(mall.gateway)
    await bills._keep(TradeBill(day=china_day(utc_now()), sha1="0" * 40, rows=(line,)))
    await compare_bills(bills)
    await Differences(mall.gateway).collect()
    return str(await scalar("SELECT number FROM bill_difference ORDER BY id DESC LIMIT 1"))


@good("console.assign_difference")
async def assign(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await difference(owner)}, body={"owner": await officer(), "note": "请核对"})


@good("console.close_difference")
async def close(owner: Owner) -> GoodRequest:
    number = await difference(owner)
    given = {"owner": await officer(), "note": "请核对"}
    await owner.ask("county_officer", "PUT", f"/v1/console/bill-differences/{number}/owner", given)
    return GoodRequest(names={"number": number}, body={"reason": "示例原因"})


@good("console.assign_split")
async def assign_split(owner: Owner) -> GoodRequest:
    """The split of a captured payment, as planning leaves it."""
    payment = await mall_of(owner.house).payment((await bought(owner, "paid")).number)
    number = await scalar(
        "INSERT INTO payment_split (number, payment_id, due_fen, base_fen, planned_at, next_attempt_at, state, round,"
        " owed_fen, attempts, refusals, note)"
        " VALUES ('S' || $1::text, $2, 10, 1000, now(), now(), 'planned', 1, 0, 0, 0, '')"
        " RETURNING number",
        payment["number"],
        payment["id"],
    )
    return GoodRequest(names={"number": str(number)}, body={"owner": await officer(), "note": "请核对"})
