"""Printed waybills that are not used: taken back at the carrier, once, and a refusal blocks nothing and is seen."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio

from integrations.kuaidi100.service import Kuaidi100
from integrations.local_carrier.service import LocalCarrier
from kit.database import execute
from logistics.carriers import CarrierContract, Carriers
from logistics.errors import CarrierAway, LabelRefused, ParcelStateConflict
from logistics.labels import GIVEN_UP_AFTER, LEASE, LabelCancellations
from logistics.ports import Label, LabelOrder, Party
from logistics.queries import CancelledLabel, ParcelRecord, parcels_of
from orders.labels import Labels, LostLabels
from tests.logistics.kuaidi100_stand_in import CUSTOMER, KEY, SALT, SECRET, Kuaidi100StandIn
from tests.orders.mall import Mall

CLERK = "staff:clerk"


@dataclass
class Desk:
    """A merchant with a contract, and the carrier."""

    mall: Mall
    service: Kuaidi100
    labels: Labels
    cancellations: LabelCancellations
    carrier: Kuaidi100StandIn

    @property
    def lost(self) -> LostLabels:
        """The job that asks for waybills whose printer was killed."""
        return LostLabels(self.labels, self.cancellations)

    async def packed(self) -> str:
        """A parcel that waits for its carrier."""
        order = await self.mall.place(1)
        await self.mall.bring_to("packed", order)
        picks = {order.number: {order.lines[0].reference: 1}}
        return await self.mall.shipping.make(self.mall.merchant, picks, "YTO", None, CLERK)

    async def print(self, parcel: str) -> Label:
        """Its waybill."""
        return await self.labels.print(self.mall.merchant, parcel)

    async def cancel(self, parcel: str) -> None:
        """Unpack it."""
        await self.mall.shipping.cancel(self.mall.merchant, parcel, CLERK)

    async def seen(self, parcel: str) -> ParcelRecord:
        """As the merchant's list shows it."""
        page = await parcels_of(self.mall.merchant, None, None, 100)
        return next(each for each in page.parcels if each.number == parcel)

    @property
    def taken_back(self) -> list[str]:
        """The waybills that the carrier has taken back."""
        return [each["kuaidinum"] for each in self.carrier.taken_back]


@pytest.fixture
def stand_in() -> Iterator[Kuaidi100StandIn]:
    running = Kuaidi100StandIn()
    running.start()
    yield running
    running.stop()


@pytest_asyncio.fixture
async def desk(mall: Mall, stand_in: Kuaidi100StandIn) -> AsyncIterator[Desk]:
    book = Carriers(mall.cipher, mall.watch)
    sender = Party(name="示例合作社", phone="19900000099", address="云南省德宏州陇川县示例路 9 号")
    contract = CarrierContract(partner_id="demo", partner_key="demo-partner-key", sender=sender)
    await book.sign(mall.merchant, "YTO", contract, CLERK)
    async with httpx.AsyncClient(trust_env=False) as http:
        service = Kuaidi100(
            customer=CUSTOMER, key=KEY, secret=SECRET, salt=SALT, callback_url="https://example.invalid/push",
            poll_base=stand_in.base, api_base=stand_in.base, http=http,
        )  # fmt: skip
        labels = Labels(service, book, mall.shipping, mall.watch)
        yield Desk(mall, service, labels, LabelCancellations(service, book, mall.watch), stand_in)


async def test_the_waybill_of_an_unpacked_parcel_is_taken_back_once(desk: Desk) -> None:
    parcel, kept = await desk.packed(), await desk.packed()
    printed, other = await desk.print(parcel), await desk.print(kept)
    assert await desk.cancellations.cancel_due() == 0, "nothing is taken back of a parcel that stands"
    for _ in range(2):
        await desk.cancel(parcel)
    assert (await desk.seen(parcel)).cancelled_labels == [CancelledLabel(printed.waybill, "pending", None)]
    told = await asyncio.gather(*(desk.cancellations.cancel_due() for _ in range(4)))
    assert sorted(told) == [0, 0, 0, 1], "claimed by one worker"
    assert desk.taken_back == [printed.waybill]
    assert desk.carrier.taken_back[0]["orderId"] == f"KD{printed.waybill}"
    assert (await desk.seen(parcel)).cancelled_labels == [CancelledLabel(printed.waybill, "cancelled", None)]
    desk.mall.watch.forward(days=1)
    assert await desk.cancellations.cancel_due() == 0
    assert (await desk.seen(kept)).waybill == other.waybill


async def test_a_parcel_without_a_printed_waybill_has_nothing_to_take_back(desk: Desk) -> None:
    bare, typed = await desk.packed(), await desk.packed()
    await desk.mall.shipping.correct(desk.mall.merchant, typed, "YTO", "YT9999999999", CLERK)
    for parcel in (bare, typed):
        await desk.cancel(parcel)
        assert (await desk.seen(parcel)).cancelled_labels == []
    assert await desk.cancellations.cancel_due() == 0


async def test_a_refusal_is_seen_by_the_merchant_and_blocks_nothing(desk: Desk) -> None:
    parcel = await desk.packed()
    printed = await desk.print(parcel)
    desk.carrier.collected.add(printed.waybill)
    await desk.cancel(parcel)
    assert await desk.cancellations.cancel_due() == 1
    seen = await desk.seen(parcel)
    assert seen.state == "cancelled"
    assert seen.cancelled_labels == [CancelledLabel(printed.waybill, "failed", "快件已揽收，不能取消")]
    desk.mall.watch.forward(days=1)
    assert await desk.cancellations.cancel_due() == 0, "a refusal is the carrier's last word"
    (piece,) = seen.pieces
    again = await desk.mall.shipping.make(desk.mall.merchant, {piece.reference: {piece.line: 1}}, "YTO", None, CLERK)
    assert (await desk.print(again)).waybill != printed.waybill


async def test_a_carrier_that_is_away_is_told_later_and_given_up_after_days(desk: Desk) -> None:
    parcels = [await desk.packed() for _ in range(2)]
    printed = [await desk.print(parcel) for parcel in parcels]
    await desk.cancel(parcels[0])
    desk.carrier.next_answer = (500, b"")
    assert await desk.cancellations.cancel_due() == 1
    (waits,) = (await desk.seen(parcels[0])).cancelled_labels
    assert (waits.state, bool(waits.note)) == ("pending", True)
    assert await desk.cancellations.cancel_due() == 0, "not before the pause is over"
    desk.mall.watch.forward(minutes=1)
    assert await desk.cancellations.cancel_due() == 1
    assert (await desk.seen(parcels[0])).cancelled_labels == [CancelledLabel(printed[0].waybill, "cancelled", None)]
    await desk.cancel(parcels[1])
    desk.mall.watch.forward(seconds=GIVEN_UP_AFTER.total_seconds())
    desk.carrier.next_answer = (200, b"not json")
    await desk.cancellations.cancel_due()
    (failed,) = (await desk.seen(parcels[1])).cancelled_labels
    assert (failed.state, bool(failed.note)) == ("failed", True)


async def test_a_worker_that_was_killed_in_its_call_leaves_the_waybill_to_the_next(desk: Desk) -> None:
    parcel = await desk.packed()
    printed = await desk.print(parcel)
    await desk.cancel(parcel)
    assert len(await desk.cancellations._claim(20)) == 1
    assert await desk.cancellations.cancel_due() == 0
    desk.mall.watch.forward(seconds=LEASE.total_seconds())
    assert await desk.cancellations.cancel_due() == 1
    assert desk.taken_back == [printed.waybill]


async def test_a_contract_that_has_ended_is_said(desk: Desk) -> None:
    parcel = await desk.packed()
    await desk.print(parcel)
    await desk.cancel(parcel)
    await desk.labels.carriers.end(desk.mall.merchant, "YTO")
    await desk.cancellations.cancel_due()
    assert [each.state for each in (await desk.seen(parcel)).cancelled_labels] == ["failed"]


async def test_another_waybill_written_over_a_printed_one_takes_that_back(desk: Desk) -> None:
    parcel = await desk.packed()
    printed = await desk.print(parcel)
    shipping, merchant = desk.mall.shipping, desk.mall.merchant
    await shipping.correct(merchant, parcel, "YTO", printed.waybill, CLERK)
    assert (await desk.seen(parcel)).label == printed.url, "the same one again changes nothing"
    await shipping.correct(merchant, parcel, "SF", "SF0000000001", CLERK)
    seen = await desk.seen(parcel)
    assert (seen.waybill, seen.label) == ("SF0000000001", None)
    await desk.cancellations.cancel_due()
    assert desk.taken_back == [printed.waybill]
    await shipping.correct(merchant, parcel, "YTO", "YT9999999999", CLERK)
    desk.mall.watch.forward(minutes=2)
    assert (await desk.print(parcel)).waybill != printed.waybill, "what was taken back is not printed again"


async def test_a_parcel_that_is_unpacked_while_its_waybill_is_printed(desk: Desk) -> None:
    """Nobody would know the waybill: the printer takes it back. Fails when ``_keep`` only updates: tried."""
    parcel, service = await desk.packed(), desk.service

    class Slow(LocalCarrier):
        async def print_label(self, order: LabelOrder) -> Label:
            printed = await service.print_label(order)
            await desk.cancel(parcel)
            return printed

    with pytest.raises(ParcelStateConflict):
        await replace(desk.labels, service=Slow()).print(desk.mall.merchant, parcel)
    assert await desk.cancellations.cancel_due() == 1
    assert len(desk.taken_back) == 1


class Killed(Exception):
    """The worker ends in the middle of its work."""


async def killed_while_printing(desk: Desk, parcel: str, *, has_arrived: bool = True) -> None:
    """A clerk prints a waybill and the process ends before it is written down, or before the carrier is called."""

    class Dying(LocalCarrier):
        async def print_label(self, order: LabelOrder) -> Label:
            if has_arrived:
                await desk.service.print_label(order)
            raise Killed

    with pytest.raises(Killed):
        await replace(desk.labels, service=Dying()).print(desk.mall.merchant, parcel)


async def test_a_printing_that_was_killed_is_taken_up_again_with_the_same_waybill(desk: Desk) -> None:
    parcel = await desk.packed()
    await killed_while_printing(desk, parcel)
    desk.mall.watch.forward(minutes=2)
    assert (await desk.print(parcel)).waybill in desk.carrier.labels.values()
    assert len(desk.carrier.labels) == 1, "nothing was printed twice"
    assert await desk.lost.find_due() == 0


@pytest.mark.parametrize("has_arrived", [True, False])
async def test_a_waybill_whose_printer_was_killed_is_found_and_taken_back(desk: Desk, has_arrived: bool) -> None:
    """Fails when cancelling looks at written waybills alone: tried; the carrier kept it for ever."""
    parcel = await desk.packed()
    await killed_while_printing(desk, parcel, has_arrived=has_arrived)
    await desk.cancel(parcel)
    assert (await desk.seen(parcel)).cancelled_labels == [CancelledLabel(None, "pending", None)]
    assert await desk.lost.find_due() == 0, "the call may still be under way"
    desk.mall.watch.forward(minutes=2)
    assert await desk.cancellations.cancel_due() == 0
    assert sorted(await asyncio.gather(*(desk.lost.find_due() for _ in range(4)))) == [0, 0, 0, 1]
    assert await desk.cancellations.cancel_due() == 1
    (waybill,) = desk.carrier.labels.values()
    assert desk.taken_back == [waybill]
    assert (await desk.seen(parcel)).cancelled_labels == [CancelledLabel(waybill, "cancelled", None)]
    desk.mall.watch.forward(days=1)
    assert await desk.lost.find_due() + await desk.cancellations.cancel_due() == 0


async def test_a_lost_printing_of_a_carrier_that_is_away_is_asked_for_later(desk: Desk) -> None:
    parcel = await desk.packed()
    desk.carrier.next_answer = (500, b"")
    with pytest.raises(CarrierAway):
        await desk.print(parcel)
    await desk.cancel(parcel)
    desk.mall.watch.forward(minutes=2)
    desk.carrier.next_answer = (500, b"")
    assert await desk.lost.find_due() == 1
    assert await desk.lost.find_due() == 0, "not before the pause is over"
    desk.mall.watch.forward(minutes=1)
    assert await desk.lost.find_due() == 1
    assert await desk.cancellations.cancel_due() == 1
    assert len(desk.taken_back) == 1


async def test_what_a_carrier_refused_to_print_is_not_looked_for(desk: Desk) -> None:
    parcel = await desk.packed()
    refusal = json.dumps({"success": False, "code": 30007, "message": "面单账号错误"}).encode()
    desk.carrier.next_answer = (200, refusal)
    with pytest.raises(LabelRefused):
        await desk.print(parcel)
    assert (await desk.print(parcel)).waybill, "nobody has to wait for the lease of a call that has ended"
    other = await desk.packed()
    desk.carrier.next_answer = (200, refusal)
    with pytest.raises(LabelRefused):
        await desk.print(other)
    await desk.cancel(other)
    assert (await desk.seen(other)).cancelled_labels == []


async def test_a_refusal_after_a_killed_printing_proves_nothing(desk: Desk) -> None:
    parcel = await desk.packed()
    await killed_while_printing(desk, parcel)
    desk.mall.watch.forward(minutes=2)
    refusal = json.dumps({"success": False, "code": 30007, "message": "面单账号错误"}).encode()
    desk.carrier.next_answer = (200, refusal)
    with pytest.raises(LabelRefused):
        await desk.print(parcel)
    await desk.cancel(parcel)
    desk.mall.watch.forward(minutes=2)
    assert await desk.lost.find_due() + await desk.cancellations.cancel_due() == 2
    assert desk.taken_back == list(desk.carrier.labels.values())


async def test_another_waybill_leaves_a_lost_printing_to_be_taken_back(desk: Desk) -> None:
    """Written by hand over it, or handed over with one that was there before."""
    written, shipped = await desk.packed(), await desk.packed()
    await desk.mall.shipping.correct(desk.mall.merchant, shipped, "YTO", "YT9999999998", CLERK)
    for parcel in (written, shipped):
        await killed_while_printing(desk, parcel)
    await desk.mall.shipping.correct(desk.mall.merchant, written, "YTO", "YT9999999999", CLERK)
    await desk.mall.shipping.hand_over(desk.mall.merchant, shipped, CLERK)
    desk.mall.watch.forward(minutes=2)
    assert await desk.lost.find_due() == 2
    assert await desk.cancellations.cancel_due() == 2
    assert sorted(desk.taken_back) == sorted(desk.carrier.labels.values())
    assert (await desk.seen(written)).waybill == "YT9999999999"
    assert (await desk.print(written)).waybill not in desk.taken_back


async def test_a_waybill_that_two_clerks_printed_leaves_with_the_parcel(desk: Desk) -> None:
    """The lease of the first ran out; both got the same waybill, and it must not be taken back under way."""
    parcel, service = await desk.packed(), desk.service

    class Slow(LocalCarrier):
        async def print_label(self, order: LabelOrder) -> Label:
            printed = await service.print_label(order)
            desk.mall.watch.forward(minutes=2)
            await desk.print(parcel)
            await desk.mall.shipping.hand_over(desk.mall.merchant, parcel, CLERK)
            return printed

    printed = await replace(desk.labels, service=Slow()).print(desk.mall.merchant, parcel)
    assert (await desk.seen(parcel)).waybill == printed.waybill
    assert await desk.cancellations.cancel_due() == 0


async def test_the_local_twin_takes_back_and_no_service_tells_nobody(desk: Desk) -> None:
    local = LocalCarrier(60, desk.mall.watch)
    parcel = await desk.packed()
    await replace(desk.labels, service=local).print(desk.mall.merchant, parcel)
    await desk.cancel(parcel)
    assert await replace(desk.cancellations, service=None).cancel_due() == 0
    assert await replace(desk.cancellations, service=local).cancel_due() == 1
    assert [each.state for each in (await desk.seen(parcel)).cancelled_labels] == ["cancelled"]


async def test_what_is_settled_stays_settled(desk: Desk) -> None:
    parcel = await desk.packed()
    printed = await desk.print(parcel)
    await desk.cancel(parcel)
    (slow,) = await desk.cancellations._claim(20)
    desk.mall.watch.forward(seconds=LEASE.total_seconds())
    await desk.cancellations.cancel_due()
    desk.carrier.collected.add(printed.waybill)
    await desk.cancellations._cancel(desk.service, slow)
    assert [each.state for each in (await desk.seen(parcel)).cancelled_labels] == ["cancelled"]
    with pytest.raises(Exception, match=r"append-only|permission denied|must be owner"):
        await execute("DELETE FROM label_cancellation")
    assert timedelta(days=1) < GIVEN_UP_AFTER
