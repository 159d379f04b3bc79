"""What happens to pieces that are not there, to files of waybills, and when WeChat or a carrier says it is over."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import pytest_asyncio

import console_api.shipping.endpoints
from api_kit.spreadsheets import write_sheet
from kit.database import rows, scalar
from logistics.addresses import Address
from logistics.carriers import Carriers
from logistics.errors import AddressUnknown, RegionNotServed
from logistics.freight import FreightRule
from logistics.models import ParcelState
from logistics.parcels import Parcels
from logistics.templates import FreightDraft, FreightTemplates
from messages.events import TradeSettled
from orders.errors import FreightWouldRise, OrderNotFound, OrderStateConflict, PiecesNotLeft, WaybillsRefused
from orders.handlers import on_trade_settled
from orders.labels import Labels
from orders.readdressing import Readdressing
from orders.waybills import WaybillRow, ship_all
from tests.accounts.served import Served, served
from tests.logistics.test_parcels import CLERK, packed, said
from tests.orders.mall import CheckoutLine, Mall, state_of, stock_of
from tests.products.test_product_doors import clerk_of, keyed


async def test_short_pieces_are_refunded_with_their_share_and_leave_the_stock(mall: Mall) -> None:
    order = await mall.place(3)
    await mall.pay(order.number)
    line, before = order.lines[0], await stock_of(mall.skus[0])
    case = await mall.shortages.report(mall.merchant, order.number, line.reference, 1, "缺货一件", CLERK)
    with pytest.raises(OrderStateConflict):
        await mall.fulfilment.pack(mall.merchant, order.number, {}, CLERK)
    await mall.receive_notice(await mall.refund_notice(case))
    assert await scalar("SELECT amount_fen FROM after_sales_case WHERE number = $1", case) == line.net_fen // 3
    available, reserved, sold = before
    assert await stock_of(mall.skus[0]) == (available, reserved, sold - 1), "not sold, and not for sale either"
    await mall.shortages.write_off(case)
    assert await stock_of(mall.skus[0]) == (available, reserved, sold - 1), "once"
    await mall.fulfilment.pack(mall.merchant, order.number, {}, CLERK)
    await mall.fulfilment.ship(mall.merchant, order.number, "SF", "SF0000000001", CLERK)
    assert await scalar("SELECT quantity FROM parcel_item") == 2


async def test_pieces_that_are_packed_can_be_short_and_those_in_a_parcel_cannot(mall: Mall) -> None:
    order = await packed(mall, 3)
    number, line = order.number, order.lines[0].reference
    before = await stock_of(mall.skus[0])
    await mall.shipping.make(mall.merchant, {number: {line: 2}}, "SF", "SF0000000001", CLERK)
    with pytest.raises(PiecesNotLeft):
        await mall.shortages.report(mall.merchant, number, line, 2, "破损", CLERK)
    case = await mall.shortages.report(mall.merchant, number, line, 1, "破损", CLERK)
    await mall.receive_notice(await mall.refund_notice(case))
    assert await stock_of(mall.skus[0]) == before, "a packed piece never comes back to the shelf"
    for merchant, which, refusal in (("M2", number, OrderNotFound), (mall.merchant, "NOBODY", OrderNotFound)):
        with pytest.raises(refusal):
            await mall.shortages.report(merchant, which, line, 1, "缺货", CLERK)
    parcel = str(await scalar("SELECT number FROM parcel"))
    await mall.shipping.hand_over(mall.merchant, parcel, CLERK)
    assert await state_of(number) == "shipped"
    with pytest.raises(OrderStateConflict):
        await mall.shortages.report(mall.merchant, number, line, 1, "缺货", CLERK)


async def test_a_file_of_waybills_is_taken_whole_or_not_at_all_and_twice_changes_nothing(mall: Mall) -> None:
    orders = [await packed(mall, 1) for _ in range(3)]
    found = [
        WaybillRow(row=n + 2, order=order.number, carrier="SF", waybill=f"SF000000000{n}")
        for n, order in enumerate(orders)
    ]
    unpaid = await mall.place(1)
    wrong = [
        *found,
        WaybillRow(row=5, order=unpaid.number, carrier="SF", waybill="SF0000000009"),
        WaybillRow(row=6, order="NOBODY", carrier="SF", waybill="SF0000000009"),
        WaybillRow(row=7, order=orders[0].number, carrier="SF", waybill="SF0000000008"),
    ]
    with pytest.raises(WaybillsRefused) as refused:
        await ship_all(mall.shipping, mall.merchant, wrong, CLERK)
    told = refused.value.facts["rows"]
    assert isinstance(told, list)
    assert {each["row"] for each in told} == {5, 6, 7}
    assert await scalar("SELECT count(*) FROM parcel") == 0
    with pytest.raises(WaybillsRefused):
        await ship_all(mall.shipping, "M2", found, CLERK)
    assert await ship_all(mall.shipping, mall.merchant, found[:2], CLERK) == 2
    # A longer file with the rows of the shorter one, from two clerks at once.
    done = await asyncio.gather(
        *(ship_all(mall.shipping, mall.merchant, order, CLERK) for order in (found, found[::-1]))
    )
    assert done == [3, 3]
    assert [await state_of(order.number) for order in orders] == ["shipped"] * 3
    assert await scalar("SELECT count(*) FROM parcel") == 3


@pytest_asyncio.fixture
async def doors(mall: Mall) -> AsyncIterator[Served]:
    labels = Labels(None, Carriers(mall.cipher), mall.shipping)
    async with served(mall.shipping, mall.shortages, labels, also=[console_api.shipping.endpoints]) as client:
        yield client


async def table(file_format: str, found: list[list[str]]) -> bytes:
    async def each() -> AsyncIterator[list[str]]:
        for row in found:
            yield row

    return b"".join([piece async for piece in write_sheet(file_format, ["订单号", "承运商", "运单号"], each())])  # type: ignore[arg-type]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
async def test_the_door_reads_a_spreadsheet_row_by_row(mall: Mall, doors: Served, file_format: str) -> None:
    clerk = await clerk_of(doors, mall.merchant, "clerk")
    one, two = await packed(mall, 1), await packed(mall, 1)
    path = "/v1/console/waybill-imports"
    rows_of = [[one.number, "SF", "SF0000000001"], [two.number, "YTO", "YT0000000002"]]
    bad = await table(file_format, [*rows_of, ["=1+1", "SF", "SF0000000003"], [one.number, "sf", "1"]])
    refused = await doors.http.post(path, headers=keyed(clerk, "bad"), content=bad)
    assert (refused.status_code, refused.json()["code"]) == (422, "waybills_refused"), refused.text
    assert {(each["row"], each["column"]) for each in refused.json()["rows"]} == {
        (4, "订单号"), (5, "承运商"), (5, "运单号"),
    }  # fmt: skip
    assert await scalar("SELECT count(*) FROM parcel") == 0
    junk = await doors.http.post(path, headers=keyed(clerk, "junk"), content=b"PK\x03\x04 not a workbook")
    assert junk.status_code == 422
    good = await table(file_format, rows_of)
    for key in ("k1", "k1", "k2"):
        taken = await doors.http.post(path, headers=keyed(clerk, key), content=good)
        assert (taken.status_code, taken.json()) == (201, {"orders": 2})
    in_form = await doors.http.post(path, headers=keyed(clerk, "k3"), files={"file": ("waybills", good)})
    assert (in_form.status_code, in_form.json()) == (201, {"orders": 2}), in_form.text
    assert [await state_of(order.number) for order in (one, two)] == ["shipped", "shipped"]
    assert await scalar("SELECT count(*) FROM parcel") == 2


async def test_parcels_and_shortages_through_the_doors(mall: Mall, doors: Served) -> None:
    clerk = await clerk_of(doors, mall.merchant, "clerk")
    order = await packed(mall, 3)
    line, http = order.lines[0].reference, doors.http
    body = {"orders": {order.number: {line: 1}}, "carrier": "SF"}
    made = [await http.post("/v1/console/parcels", headers=keyed(clerk, "p"), json=body) for _ in range(2)]
    assert made[0].json() == made[1].json()
    number = made[0].json()["number"]
    assert (await http.put(f"/v1/console/parcels/{number}/handover", headers=clerk)).json()["code"] == "waybill_missing"
    waybill = {"carrier": "SF", "waybill": "SF0000000001"}
    assert (await http.put(f"/v1/console/parcels/{number}/waybill", headers=clerk, json=waybill)).status_code == 204
    assert (await http.put(f"/v1/console/parcels/{number}/handover", headers=clerk)).status_code == 204
    listed = (await http.get("/v1/console/parcels?state=handed_over", headers=clerk)).json()["parcels"]
    assert [(each["number"], each["pieces"][0]["quantity"]) for each in listed] == [(number, 1)]
    label = await http.post(f"/v1/console/parcels/{number}/label", headers=keyed(clerk, "l"))
    assert label.json()["code"] == "carrier_service_missing"
    path = f"/v1/console/orders/{order.number}/lines/{line}/shortage"
    short = await http.post(path, headers=keyed(clerk, "s"), json={"quantity": 2, "reason": "缺货"})
    assert short.status_code == 201, short.text
    await mall.receive_notice(await mall.refund_notice(short.json()["case"]))
    assert await state_of(order.number) == "shipped", "the rest was short, the first piece is on its way"
    carriers = (await http.get("/v1/console/carriers", headers=clerk)).json()["carriers"]
    assert {"SF", "YTO"} <= {each["code"] for each in carriers}
    account = {
        "partner_id": "demo", "partner_key": "demo-partner-key",
        "sender": {"name": "示例合作社", "phone": "19900000099", "address": "示例路 9 号"},
    }  # fmt: skip
    assert (await http.put("/v1/console/carrier-accounts/SF", headers=clerk, json=account)).status_code == 204
    assert (await http.get("/v1/console/carrier-accounts", headers=clerk)).json() == {"carriers": ["SF"]}
    assert (await http.delete("/v1/console/carrier-accounts/SF", headers=clerk)).status_code == 204
    await mall.deliver()
    assert (await http.get("/v1/console/shipping-reports", headers=clerk)).json() == {"reports": []}


async def test_a_signature_brings_receipt_nearer_and_wechats_settlement_brings_it(mall: Mall) -> None:
    """The last parcel's signature counts as delivery; a settlement is believed once, and an estimate is not one."""
    order = await packed(mall, 2)
    number, line = order.number, order.lines[0].reference
    for n in (1, 2):
        made = await mall.shipping.make(mall.merchant, {number: {line: 1}}, "SF", f"SF000000000{n}", CLERK)
        await mall.shipping.hand_over(mall.merchant, made, CLERK)
    await mall.deliver()
    for n, parcel in enumerate(await rows("SELECT id FROM parcel ORDER BY id")):
        await Parcels().record(parcel["id"], said(ParcelState.SIGNED, f"第 {n} 件"), "carrier")
        await mall.deliver()
        delivered = await scalar("SELECT delivered_at IS NOT NULL FROM customer_order WHERE number = $1", number)
        assert delivered is (n == 1)
    payment = await mall.payment(number)
    settled_at = datetime.now(UTC) + timedelta(seconds=1)

    def settled(at: int, transaction_id: str) -> TradeSettled:
        return TradeSettled(
            number=payment["number"], transaction_id=transaction_id, confirm_receive_method=1,
            estimated_settlement_time=1, settlement_time=at,
        )  # fmt: skip

    for fact in (settled(0, payment["transaction_id"]), settled(int(settled_at.timestamp()), "42of-another")):
        await on_trade_settled(fact, mall.receipts)
        assert await state_of(number) == "shipped"
    for _ in range(2):
        await on_trade_settled(settled(int(settled_at.timestamp()), payment["transaction_id"]), mall.receipts)
    assert await state_of(number) == "received"
    actors = await rows("SELECT actor FROM order_event WHERE state = 'received'")
    assert [each["actor"] for each in actors] == ["wechat"]


async def test_a_paid_order_goes_elsewhere_until_it_is_packed_and_never_for_more_freight(mall: Mall) -> None:
    draft = FreightDraft(
        name="示例", unit="piece",
        rules=(
            FreightRule(first=1, first_fen=500, further=1, further_fen=100),
            FreightRule(first=1, first_fen=800, further=1, further_fen=100, regions=("11",)),
        ),
        not_served=("65",),
    )  # fmt: skip
    templates = FreightTemplates(mall.watch)
    template = await templates.make(mall.merchant, draft, CLERK)
    _, (sku,) = await mall.another_product(freight_template=template)
    order = await mall.place(lines=[CheckoutLine(sku, 2)])
    assert order.freight_fen == 600
    dearer = msgspec.structs.replace(draft, rules=(FreightRule(first=1, first_fen=9900, further=1, further_fen=0),))
    await templates.change(mall.merchant, template, dearer, CLERK)
    places = {}
    for region in ("533103", "110105", "650102"):
        kept = Address(recipient="示例收货人", phone="19900000002", region=region, region_name="示例", street="路 1 号")
        places[region] = await mall.addresses.add("C1", kept)
    readdressing = Readdressing(mall.checkout, mall.shipping, mall.watch)
    with pytest.raises(OrderStateConflict):
        await readdressing.change("C1", order.number, places["533103"])
    await mall.pay(order.number)
    for consumer, number, address, refusal in (
        ("C2", order.number, places["533103"], AddressUnknown),
        ("C1", "NOBODY", places["533103"], OrderNotFound),
        ("C1", order.number, places["110105"], FreightWouldRise),
        ("C1", order.number, places["650102"], RegionNotServed),
    ):
        with pytest.raises(refusal):
            await readdressing.change(consumer, number, address)
    for _ in range(2):
        await readdressing.change("C1", order.number, places["533103"])
    receiver = await mall.shipping.receiver(mall.merchant, order.number)
    assert (receiver.region, receiver.phone, receiver.address) == ("533103", "19900000002", "示例 路 1 号")
    told = await rows("SELECT state FROM order_event WHERE reason = 'address_changed'")
    assert [each["state"] for each in told] == ["paid"], "the terms are the order's own, and twice is once"
    await mall.fulfilment.pack(mall.merchant, order.number, {}, CLERK)
    with pytest.raises(OrderStateConflict):
        await readdressing.change("C1", order.number, places["533103"])
