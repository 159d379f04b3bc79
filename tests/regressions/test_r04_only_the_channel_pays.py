"""R4: no buyer can say that an order is paid; only a genuine, fresh notice of our own merchant can (commerce 2)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kit.clock import utc_now
from payments.errors import NoticeNotAccepted, NoticeNotAuthentic
from server.app import DOORS, load_doors
from tests.orders.mall import Mall, state_of, trade
from tests.payments import channel


async def honest(mall: Mall, number: str) -> channel.Paid:
    payment = await mall.payment(number)
    return channel.Paid(
        number=payment["number"],
        amount_fen=payment["amount_fen"],
        payer_openid=payment["payer_openid"],
        transaction_id=f"42{payment['number']}",
        sub_mchid=payment["sub_mchid"],
    )


async def test_r04_forged_stale_and_foreign_notices_pay_nothing(mall: Mall) -> None:
    """Fails when ``verify`` is taken out of ``integrations.wechat_pay.notices.read_notice`` or ``_is_our_merchant`` out
    of the confirmation: tried with each.
    """
    order = await mall.place(1)
    paid = await honest(mall, order.number)
    before = {**await trade(), "facts": None}
    raw = channel.notice_body(paid.members())
    for headers in (
        {},
        channel.signed_headers(raw, key="stranger"),
        channel.signed_headers(raw, serial="PUB_KEY_ID_0000000000000000000000000000000"),
        channel.signed_headers(raw, at=utc_now() - timedelta(minutes=6)),
        channel.signed_headers(raw, prefix="WECHATPAY/SIGNTEST/"),
        channel.signed_headers(raw + b" "),
    ):
        with pytest.raises(NoticeNotAuthentic):
            await mall.notices.receive(headers, raw)
    for strange in (
        replace(paid, mchid="1900000999"),
        replace(paid, sub_mchid="1900000999"),
        replace(paid, appid="wx0000000000000000"),
    ):
        raw = channel.notice_body(strange.members())
        with pytest.raises(NoticeNotAccepted):
            await mall.notices.receive(channel.signed_headers(raw), raw)
    await mall.deliver()
    assert {**await trade(), "facts": None} == before
    assert await state_of(order.number) == "pending_payment"
    await mall.receive_notice(channel.notice_body(paid.members()))
    assert await state_of(order.number) == "paid"


def test_r04_no_route_of_a_person_says_paid() -> None:
    """What a consumer can do about a payment is to open the cashier and to give up: nothing takes a state."""
    load_doors()
    routes = {
        endpoint.path: sorted(endpoint.body.__struct_fields__) if endpoint.body else []
        for door in DOORS
        if door.name == "miniapp"
        for endpoint in door.endpoints
        if "/trades/" in endpoint.path and endpoint.method != "GET"
    }
    trades = "/v1/miniapp/trades/<number:str>"
    assert routes == {f"{trades}/payment": [], f"{trades}/cancellation": []}
