"""Tracks: the local twin to the end, Kuaidi100 with its real signatures, once each, in order, and claimed by one."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from integrations.kuaidi100.service import Kuaidi100
from integrations.kuaidi100.signatures import query_signature
from integrations.local_carrier.service import LocalCarrier
from kit.clock import utc_now
from kit.database import row, rows, scalar
from logistics.carriers import CarrierContract, CarrierRecord, Carriers, accounts_of, carriers
from logistics.errors import (
    CarrierAccountMissing,
    CarrierAway,
    CarrierServiceMissing,
    CarrierUnknown,
    LabelRefused,
    TracksForged,
)
from logistics.events import ParcelSigned
from logistics.parcels import Parcels, Piece
from logistics.ports import Party, Waybill
from logistics.queries import shipments_of
from logistics.tracking import LEASE, LONGEST_PAUSE, Tracking
from orders.labels import Labels
from tests.accounts.served import served
from tests.logistics.kuaidi100_stand_in import CUSTOMER, KEY, SALT, SECRET, Kuaidi100StandIn, push_form, signed
from tests.orders.mall import Mall, Watch, facts, state_of

CLERK = "staff:clerk"
PAUSE = timedelta(minutes=30)


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Kuaidi100StandIn]:
    running = Kuaidi100StandIn()
    running.start()
    yield running
    running.stop()


@pytest_asyncio.fixture
async def kuaidi100(stand_in: Kuaidi100StandIn) -> AsyncIterator[Kuaidi100]:
    stand_in.known.clear()
    stand_in.subscribed.clear()
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Kuaidi100(
            customer=CUSTOMER, key=KEY, secret=SECRET, salt=SALT, callback_url="https://example.invalid/push",
            poll_base=stand_in.base, api_base=stand_in.base, http=http,
        )  # fmt: skip


async def parcel(waybill: str = "SF0000000001", carrier: str = "SF", clock: Watch | None = None) -> int:
    """A parcel that was handed over now."""
    parcels = Parcels(clock or utc_now)
    piece = Piece(reference="O1", line=f"O1-{waybill}", title="古法红糖", quantity=1)
    number = await parcels.make("M1", carrier, waybill, "0001", [piece], CLERK)
    await parcels.hand_over("M1", number, CLERK)
    return int(await scalar("SELECT id FROM parcel WHERE number = $1", number))


async def where(parcel_id: int) -> Any:
    return await row(
        "SELECT state, track_due_at, track_polls, track_error, (SELECT count(*) FROM parcel_track"
        " WHERE parcel_id = p.id) AS steps FROM parcel p WHERE id = $1",
        parcel_id,
    )


def result(state: str, *steps: tuple[str, str], nu: str = "SF0000000001", com: str = "shunfeng") -> dict[str, Any]:
    """What Kuaidi100 knows: steps as (time, text), the newest first."""
    data = [{"time": time, "ftime": time, "context": text, "areaName": "云南,德宏"} for time, text in steps]
    return {
        "com": com,
        "nu": nu,
        "state": state,
        "ischeck": "1" if state == "3" else "0",
        "status": "200",
        "data": data,
    }


async def test_the_local_carrier_brings_a_parcel_to_its_end_and_is_then_left_alone(database: str) -> None:
    watch = Watch()
    tracking = Tracking(LocalCarrier(60, watch), Parcels(watch), timedelta(seconds=10), watch)
    ends = {"SF0000000001": "signed", "SF0000000008": "returned", "SF0000000007": "lost"}
    ids = {waybill: await parcel(waybill, clock=watch) for waybill in ends}
    assert await tracking.look() == 0, "nobody asks in the first minute"
    for _ in range(40):
        watch.forward(seconds=20)
        await tracking.look()
    assert {waybill: (await where(ids[waybill]))["state"] for waybill in ends} == ends
    assert {(await where(each))["track_due_at"] for each in ids.values()} == {None}
    (fact,) = await facts(ParcelSigned)
    assert fact.references == ("O1",)
    events = await rows("SELECT state FROM parcel_event WHERE parcel_id = $1 ORDER BY id", ids["SF0000000001"])
    told = [each["state"] for each in events]
    assert told == ["created", "handed_over", "in_transit", "delivered", "signed"]


async def test_a_delivery_that_is_signed_reaches_the_order_and_wechats_reminder(mall: Mall) -> None:
    order = await mall.place(2)
    await mall.bring_to("packed", order)
    line = order.lines[0].reference
    for n in (1, 2):
        made = await mall.shipping.make(mall.merchant, {order.number: {line: 1}}, "SF", f"SF000000001{n}", CLERK)
        await mall.shipping.hand_over(mall.merchant, made, CLERK)
    tracking = Tracking(LocalCarrier(60, mall.watch), Parcels(mall.watch), timedelta(seconds=10), mall.watch)
    mall.watch.forward(minutes=10)
    assert await tracking.look(limit=1) == 1
    await mall.deliver()
    assert await scalar("SELECT count(*) FROM shipping_report WHERE kind = 'receipt'") == 0, "one is under way"
    assert await tracking.look() == 1
    await mall.deliver()
    assert [fact.arrived for fact in await facts(ParcelSigned)] == [(), (order.number,)]
    found = await row(
        "SELECT reference, state, arrived_at IS NOT NULL AS at FROM shipping_report WHERE kind = 'receipt'"
    )
    assert found == {"reference": order.number, "state": "pending", "at": True}
    assert await state_of(order.number) == "shipped", "receipt is the buyer's word, or time's"


async def test_kuaidi100_is_subscribed_once_and_asked_with_its_signature(
    database: str, kuaidi100: Kuaidi100, stand_in: Kuaidi100StandIn
) -> None:
    watch = Watch()
    tracking = Tracking(kuaidi100, Parcels(watch), PAUSE, watch)
    sent = await parcel(clock=watch)
    watch.forward(minutes=2)
    assert await tracking.look() == 1
    assert (await where(sent))["track_error"] is None, "a waybill that nobody has heard of yet is no fault"
    (asked,) = stand_in.subscribed
    assert (asked["company"], asked["number"], asked["parameters"]["phone"]) == ("shunfeng", "SF0000000001", "0001")
    steps = [("2026-11-20 10:00:00", "已揽收"), ("2026-11-20 18:30:00", "到达转运中心")]
    stand_in.known["SF0000000001"] = {**result("0", *reversed(steps)), "phone": "0001"}
    for _ in range(3):
        watch.forward(hours=9)
        await tracking.look()
    assert (await where(sent))["state"] == "in_transit"
    (shipment,) = await shipments_of("O1")
    assert [(each.text, each.happened_at.isoformat()) for each in shipment.tracks] == [
        ("到达转运中心", "2026-11-20T10:30:00+00:00"),
        ("已揽收", "2026-11-20T02:00:00+00:00"),
    ]
    assert len(stand_in.subscribed) == 1
    stand_in.known["SF0000000001"] = {
        **result("3", ("2026-11-21 09:00:00", "已签收"), *reversed(steps)),
        "phone": "0001",
    }
    watch.forward(hours=9)
    await tracking.look()
    assert (await where(sent))["state"] == "signed"
    assert (await where(sent))["track_due_at"] is None
    assert (await where(sent))["steps"] == 3


async def test_pauses_grow_without_news_and_faults_are_kept_for_the_merchant(
    database: str, kuaidi100: Kuaidi100, stand_in: Kuaidi100StandIn
) -> None:
    watch = Watch()
    tracking = Tracking(kuaidi100, Parcels(watch), PAUSE, watch)
    sent = await parcel(clock=watch)
    pauses = []
    for _ in range(7):
        watch.forward(days=1)
        assert await tracking.look() == 1
        pauses.append(round(((await where(sent))["track_due_at"] - watch()) / PAUSE))
    assert pauses == [1, 2, 4, 8, 16, 16, 16]
    assert pauses[-1] == LONGEST_PAUSE
    for status, body in (
        (500, b""),
        (200, b"<html>"),
        (200, b'{"result":false,"returnCode":"601","message":"KEY expired"}'),
    ):
        stand_in.next_answer = (status, body)
        watch.forward(days=1)
        await tracking.look()
        assert (await where(sent))["track_error"].startswith("carrier_away")
    watch.forward(days=60)
    await tracking.look()
    assert (await where(sent))["track_due_at"] is None, "after two months nobody follows it any more"


async def test_two_workers_never_ask_about_one_parcel_and_a_killed_ones_comes_due_again(database: str) -> None:
    asked: list[str] = []

    class Slow(LocalCarrier):
        async def subscribe(self, waybill: Waybill) -> None:
            asked.append(waybill.number)
            await asyncio.sleep(0.05)

    watch = Watch()
    for n in range(12):
        await parcel(f"SF00000001{n:02d}", clock=watch)
    watch.forward(minutes=2)
    tracking = Tracking(Slow(60, watch), Parcels(watch), PAUSE, watch)
    await asyncio.gather(*(tracking.look(limit=4) for _ in range(4)))
    assert len(asked) == len(set(asked)) == 12
    await parcel("SF0000000199", clock=watch)
    watch.forward(minutes=2)
    assert len(await tracking._claim(20)) == 1, "claimed by a worker that is killed now"
    assert await tracking.look() == 0
    watch.forward(seconds=LEASE.total_seconds() + 1)
    assert await tracking.look() == 1


async def test_pushes_are_believed_when_signed_and_end_in_the_same_rows_in_any_order(
    database: str, kuaidi100: Kuaidi100
) -> None:
    sent = await parcel()
    tracking = Tracking(kuaidi100, Parcels(), PAUSE)
    early, late = ("2026-11-20 10:00:00", "已揽收"), ("2026-11-21 09:00:00", "派送中")
    first, second = result("1", early), result("5", late, early)
    for form in (push_form(second), push_form(first), push_form(second), push_form(first)):
        assert await tracking.receive(form) == 1
    found = await where(sent)
    assert (found["state"], found["steps"]) == ("delivered", 2), "an older word moves nothing back"
    assert await tracking.receive(push_form(result("3", late, nu="SF9999999999"))) == 0
    assert await tracking.receive(push_form(result("3", late, com="yuantong"))) == 0, "another carrier's number"
    assert (await where(sent))["state"] == "delivered"
    genuine = push_form(result("3", ("2026-11-22 09:00:00", "已签收")))
    for forged in (
        push_form(result("3", late), salt="another salt of the forger"),
        {**genuine, "param": genuine["param"].replace("SF0000000001", "SF0000000002")},
        {**genuine, "sign": ""},
        {**genuine, "sign": "签名"},
        {"param": "", "sign": genuine["sign"]},
        {},
    ):
        with pytest.raises(TracksForged):
            await tracking.receive(forged)
    for unreadable in ("[]", "{}", '{"lastResult": {"data": [{"time": "yesterday"}]}}'):
        with pytest.raises(TracksForged):
            await tracking.receive({"param": unreadable, "sign": signed(unreadable + SALT)})
    assert await tracking.receive({**genuine, "sign": genuine["sign"].lower()}) == 1
    assert (await where(sent))["state"] == "signed"
    with pytest.raises(CarrierServiceMissing):
        await Tracking(None, Parcels()).receive(genuine)
    assert await Tracking(None, Parcels()).look() == 0


async def test_the_webhook_verifies_the_raw_form(database: str, kuaidi100: Kuaidi100) -> None:
    sent = await parcel()
    async with served(Tracking(kuaidi100, Parcels(), PAUSE)) as doors:
        path, form = "/v1/webhook/kuaidi100/tracks", push_form(result("1", ("2026-11-20 10:00:00", "已揽收 & 100%+")))
        forged = await doors.http.post(path, data={**form, "sign": "0" * 32})
        assert (forged.status_code, forged.json()["code"]) == (403, "tracks_forged")
        assert (await doors.http.post(path, json=form)).status_code == 403
        for _ in range(2):
            taken = await doors.http.post(path, data=form)
            assert (taken.status_code, taken.json()["returnCode"]) == (200, "200")
    assert (await where(sent))["steps"] == 1
    assert (await shipments_of("O1"))[0].tracks[0].text == "已揽收 & 100%+"


def test_the_signatures_are_the_documented_ones() -> None:
    """MD5 over ``param + key + customer`` in capital letters: the documentation's own way, by other code."""
    param = json.dumps({"com": "yuantong", "num": "YT0000000001"})
    expected = hashlib.new("md5", (param + "k" + "c").encode(), usedforsecurity=False).hexdigest().upper()
    assert query_signature(param, "k", "c") == expected


async def test_a_waybill_is_printed_once_and_says_who_receives(
    mall: Mall, kuaidi100: Kuaidi100, stand_in: Kuaidi100StandIn
) -> None:
    book = Carriers(mall.cipher, mall.watch)
    labels = Labels(kuaidi100, book, mall.shipping, mall.watch)
    order = await mall.place(2)
    await mall.bring_to("packed", order)
    made = await mall.shipping.make(mall.merchant, {order.number: {order.lines[0].reference: 2}}, "YTO", None, CLERK)
    sender = Party(name="示例合作社", phone="19900000099", address="云南省德宏州陇川县示例路 9 号")
    with pytest.raises(CarrierAccountMissing):
        await labels.print(mall.merchant, made)
    with pytest.raises(CarrierUnknown):
        await book.sign(mall.merchant, "PIGEON", CarrierContract(partner_id="a", partner_key="b", sender=sender), CLERK)
    with pytest.raises(CarrierAccountMissing):
        await labels.print(mall.merchant, made)  # nothing was asked for, so nobody has to wait
    for key, refusal in (("wrong", LabelRefused), ("demo-partner-key", None)):
        contract = CarrierContract(partner_id="demo", partner_key=key, sender=sender)
        await book.sign(mall.merchant, "YTO", contract, CLERK)
        mall.watch.forward(minutes=2)
        if refusal:
            with pytest.raises(refusal):
                await labels.print(mall.merchant, made)
    stand_in.next_answer = (500, b"")
    with pytest.raises(CarrierAway):
        await labels.print(mall.merchant, made)
    mall.watch.forward(minutes=2)
    printed = await labels.print(mall.merchant, made)
    assert await labels.print(mall.merchant, made) == printed
    assert await scalar("SELECT waybill FROM parcel WHERE number = $1", made) == printed.waybill
    kept = str(await rows("SELECT * FROM carrier_account"))
    assert "demo-partner-key" not in kept
    assert await accounts_of(mall.merchant) == ["YTO"]
    await mall.shipping.hand_over(mall.merchant, made, CLERK)
    assert await state_of(order.number) == "shipped"
    with pytest.raises(CarrierServiceMissing):
        await replace(labels, service=None).print(mall.merchant, made)
    local = await LocalCarrier().print_label(await labels.order(mall.merchant, made, "YTO", made))
    assert local == await LocalCarrier().print_label(await labels.order(mall.merchant, made, "YTO", made))


async def test_carriers_are_rows_that_the_county_changes(mall: Mall) -> None:
    known = {each.code: each for each in await carriers()}
    assert (known["YUNDA"].wechat_id, known["YUNDA"].kuaidi100_code) == ("YD", "yunda")
    new = CarrierRecord(
        code="LC", name="示例县内配送", wechat_id="OTHERS", kuaidi100_code="other", asks_phone=False, is_active=True
    )
    book = Carriers(mall.cipher)
    await book.enter(new)
    await parcel("LC0000000001", "LC")
    await book.enter(msgspec.structs.replace(new, is_active=False))
    with pytest.raises(CarrierUnknown):
        await parcel("LC0000000002", "LC")
    assert {each.code: each for each in await carriers()}["LC"].is_active is False
