"""Events of cold rooms: one of each lot and day, told anew when another day is known, and never one of each reading."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from epcis.hashes import event_id, reference_id
from epcis.queries import EventFilter, EventRecord, events
from kit.clock import CHINA
from kit.database import rows, scalar
from tests.accounts.people import throwaway_cipher
from tests.epcis.test_more_own_events import CLERK, valid
from tests.epcis.test_own_events import every, tell_all_again
from tests.orders.conftest import mall  # noqa: F401 - the fixture
from tests.orders.mall import Mall
from traceability.storage.days import tell_days
from traceability.storage.readings import SensorReadings
from traceability.storage.rooms import ColdRooms, RoomTerms

CIPHER = throwaway_cipher()
DAY = timedelta(days=1)


@dataclass
class Store:
    """A room that keeps 2 to 6 degrees, from the day after the mall's present day on."""

    mall: Mall
    rooms: ColdRooms
    room: str
    begins: datetime
    keys: dict[str, str] = field(default_factory=dict)

    async def install(self) -> str:
        device = await self.rooms.install(self.mall.merchant, self.room, "示例探头", CLERK)
        self.keys[device] = await self.rooms.renew_key(self.mall.merchant, device)
        return device

    async def read(self, device: str, readings: dict[float, float], kind: str = "temperature") -> None:
        """Degrees or percent by hour since midnight of the first day."""
        told = [
            {
                "client_id": f"{kind[:1]}{round(hour * 60)}", "kind": kind,
                "at": self.at(hour).isoformat(), "value_milli": round(value * 1000),
            }
            for hour, value in readings.items()
        ]  # fmt: skip
        body = msgspec.json.encode({"readings": told})
        signature = hmac.new(bytes.fromhex(self.keys[device]), body, hashlib.sha256).hexdigest()
        await SensorReadings(CIPHER, self.mall.watch).receive(device, body, signature)

    def at(self, hour: float) -> datetime:
        return self.begins + timedelta(hours=hour)

    async def tell(self) -> int:
        """The job, and what it announces."""
        told = await tell_days(self.mall.watch())
        await self.mall.deliver()
        return told

    async def cold(self, lot: str) -> list[tuple[dict[str, Any], EventRecord]]:
        """What is told of how cold a lot stood, declarations left out, in the order of writing."""
        found = EventFilter(things=[self.thing("lot", lot)], biz_steps=["sensor_reporting"], declarations=False)
        page, records, _ = await events(self.mall.merchant, found, None, 50)
        return list(zip(page, records, strict=True))

    def thing(self, kind: str, number: str) -> str:
        return f"{self.mall.built.mall.own_events.base}/trace/{kind}/{number}"

    def until(self, hour: float) -> None:
        """Wait until so many hours after the first midnight."""
        self.mall.watch.forward(seconds=(self.at(hour) - self.mall.watch()).total_seconds())


@pytest_asyncio.fixture
async def store(mall: Mall) -> Store:  # noqa: F811
    rooms = ColdRooms(CIPHER, mall.watch)
    terms = RoomTerms(name="示例冷库", min_celsius_milli=2_000, max_celsius_milli=6_000)
    room = await rooms.open(mall.merchant, terms, CLERK)
    midnight = mall.watch().astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return Store(mall, rooms, room, midnight + DAY)


def said(event: dict[str, Any]) -> list[tuple[str, float, float, float, bool]]:
    """Kind, least, most, mean, and whether it is an alarm, of each report."""
    return [
        (r["type"], r["minValue"], r["maxValue"], r["meanValue"], r.get("exception") == "ALARM_CONDITION")
        for element in event["sensorElementList"]
        for r in element["sensorReport"]
    ]


async def test_each_lot_has_one_event_of_each_day_with_what_each_device_read(store: Store) -> None:
    """By hand: from 10:00 on the lot stands; of 8, 12, 18 and 23:30 o'clock 3, 4, 6.5 and 2 degrees it sees the last
    three, mean 4.167; the next day until 9:00 two devices, one of them of humidity too.
    """
    lot, first, second = await store.mall.sealed_lot(5_000), await store.install(), await store.install()
    store.until(11)
    await store.rooms.place(store.mall.merchant, lot, store.room, store.at(10), CLERK)
    store.until(26)
    await store.read(first, {8: 3, 12: 4, 18: 6.5, 23.5: 2})
    assert await store.tell() == 0, "for some hours it is waited for what comes late"
    store.until(30)
    assert (await store.tell(), await store.tell()) == (1, 0)
    store.until(34)
    await store.rooms.remove(store.mall.merchant, lot, store.at(33), CLERK)
    await store.read(first, {25: 5, 33: 5.5, 33.5: 9})
    await store.read(second, {26: 4})
    await store.read(second, {26: 80, 27: 81}, "humidity")
    store.until(24 * 60)
    assert await store.tell() == 1
    (one, _), (two, _) = await store.cold(lot)
    assert said(one) == [("Temperature", 2, 6.5, 4.167, True)]
    assert said(two) == [
        ("Temperature", 5, 5.5, 5.25, False), ("Temperature", 4, 4, 4, False), ("RelativeHumidity", 80, 81, 80.5, False)
    ]  # fmt: skip
    assert [datetime.fromisoformat(each["eventTime"]) for each in (one, two)] == [store.at(24), store.at(33)]
    devices = [each["sensorMetadata"]["deviceID"] for each in two["sensorElementList"]]
    assert devices == [store.thing("device", first), store.thing("device", second)]
    assert one["sensorElementList"][0]["sensorMetadata"]["startTime"] == store.at(12).isoformat(timespec="milliseconds")
    found, _, _ = await events(None, EventFilter(things=[store.thing("lot", lot)]), None, 50)
    assert [(each["bizStep"], each["disposition"]) for each in found] == [
        ("commissioning", "active"),
        ("storing", "in_progress"),
        ("sensor_reporting", "in_progress"),
        ("departing", "in_progress"),
        ("sensor_reporting", "in_progress"),
    ]
    there, _, _ = await events(None, EventFilter(places=[store.thing("cold-room", store.room)]), None, 50)
    assert there == found[1:]
    on_the_day = EventFilter(since=store.at(24), until=store.at(25), biz_steps=["sensor_reporting"])
    assert (await events(store.mall.merchant, on_the_day, None, 50))[0] == [one]
    assert (await events("M-another", EventFilter(biz_steps=["sensor_reporting"]), None, 50))[0] == []
    valid(found)
    assert all(each["eventID"] == event_id(each) == reference_id(each, {}) for each in found)


async def test_another_day_than_was_told_is_told_and_the_old_one_declared_wrong(store: Store) -> None:
    """Fails when the old event is not declared, or a known reading has the day told again: tried."""
    lot, device = await store.mall.sealed_lot(5_000), await store.install()
    store.until(1)
    await store.rooms.place(store.mall.merchant, lot, store.room, store.at(0.5), CLERK)
    store.until(40)
    await store.read(device, {3: 3, 5: 5})
    await store.tell()
    ((first, _),) = await store.cold(lot)
    await store.read(device, {3: 3, 5: 5})
    assert await store.tell() == 0
    await store.read(device, {4: 7})
    assert await store.tell() == 1
    (_, old), (second, new) = await store.cold(lot)
    assert (said(first)[0][1:3], said(second)[0][1:3]) == ((3, 5), (3, 7))
    assert old.declared_wrong_at is not None
    assert new.declared_wrong_at is None
    assert old.corrected_by == [new.event_id]
    # It is learnt that the lot had left at four: half of the day is another.
    await store.rooms.remove(store.mall.merchant, lot, store.at(4), CLERK)
    assert await store.tell() == 1
    records = [record for _, record in await store.cold(lot)]
    assert [each.declared_wrong_at is None for each in records] == [False, False, True]
    assert records[1].corrected_by == [records[2].event_id]
    stands = await every()
    await tell_all_again(store.mall)
    assert await every() == stands
    assert await scalar("SELECT count(*) FROM epcis_event WHERE is_declaration") == 2
    found, _, _ = await events(None, EventFilter(things=[store.thing("lot", lot)]), None, 50)
    valid(found)


async def test_more_readings_of_the_same_mean_are_another_event(store: Store) -> None:
    """By hand: 3 and 5 are 4 on average, with 4.5 they are 4.167, with 3.5 besides 4 again: the first event was wrong.

    Fails when ``rawData`` is left out: tried.
    """
    lot, device = await store.mall.sealed_lot(5_000), await store.install()
    store.until(1)
    await store.rooms.place(store.mall.merchant, lot, store.room, store.at(0.5), CLERK)
    store.until(40)
    for readings in ({3.0: 3.0, 5.0: 5.0}, {4.0: 4.5}, {4.5: 3.5}):
        await store.read(device, readings)
        await store.tell()
    cold = await store.cold(lot)
    assert [said(event)[0][1:4] for event, _ in cold] == [(3, 5, 4), (3, 5, 4.167), (3, 5, 4)]
    assert [record.declared_wrong_at is None for _, record in cold] == [False, False, True]


async def test_a_day_on_which_the_lot_was_not_there_after_all_did_not_occur(store: Store) -> None:
    lot, device = await store.mall.sealed_lot(5_000), await store.install()
    store.until(1)
    await store.rooms.place(store.mall.merchant, lot, store.room, store.at(0.5), CLERK)
    store.until(60)
    await store.read(device, {2: 3, 30: 4})
    assert await store.tell() == 2
    await store.rooms.remove(store.mall.merchant, lot, store.at(23), CLERK)
    assert await store.tell() == 2
    cold = await store.cold(lot)
    wrong = [event for event, record in cold if record.declared_wrong_at is not None]
    assert [datetime.fromisoformat(each["eventTime"]) for each in wrong] == [store.at(24), store.at(48)]
    reasons = await rows("SELECT body->'errorDeclaration' AS told FROM epcis_event WHERE is_declaration ORDER BY id")
    told = [msgspec.json.decode(each["told"]) for each in reasons]
    assert [each["reason"] for each in told] == ["incorrect_data", "did_not_occur"]
    assert "correctiveEventIDs" not in told[1]


@pytest.mark.parametrize("readings", [10, 400])
async def test_so_many_readings_make_no_more_events(store: Store, readings: int) -> None:
    lots = [await store.mall.sealed_lot(1_000) for _ in range(3)]
    device = await store.install()
    store.until(1)
    for lot in lots:
        await store.rooms.place(store.mall.merchant, lot, store.room, store.at(0.5), CLERK)
    store.until(80)
    await store.read(device, {1 + 70 * n / readings: 4 for n in range(readings)})
    await store.tell()
    assert await scalar("SELECT count(*) FROM epcis_event WHERE biz_step = 'sensor_reporting'") == 9
