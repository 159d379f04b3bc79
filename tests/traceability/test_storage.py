"""Cold rooms: signed readings in any order and any number, times out of range, and what a lot went through."""

import hashlib
import hmac
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

import msgspec
import pytest
import pytest_asyncio
from tortoise.exceptions import BaseORMException

from kit.database import execute, rows, scalar
from tests.accounts.people import throwaway_cipher
from tests.traceability.test_lots import NOW, Yard, clock, yard  # noqa: F401 - the fixture
from traceability.errors import LotUnknown
from traceability.oddities import silent_devices
from traceability.storage.errors import (
    ColdRoomInUse,
    ColdRoomInvalid,
    ColdRoomUnknown,
    LotNotPlaced,
    LotPlaced,
    PlacementInvalid,
    ReadingsForged,
    ReadingsMalformed,
    SensorDeviceUnknown,
)
from traceability.storage.queries import cold_rooms, placements, room_readings, sensor_episodes
from traceability.storage.readings import SensorReadings, Taken
from traceability.storage.rooms import ColdRooms, RoomTerms

CIPHER = throwaway_cipher()
BEGIN = NOW - timedelta(days=1)
CLERK = "staff:clerk"


def minute(number: float) -> datetime:
    return BEGIN + timedelta(minutes=number)


def told(number: int, celsius: float, kind: str = "temperature") -> dict[str, object]:
    """A reading of its minute."""
    at = minute(number).isoformat()
    return {"client_id": f"{kind}-{number}", "kind": kind, "at": at, "value_milli": round(celsius * 1000)}


@dataclass
class Store:
    """A room that keeps 2 to 6 degrees and up to 90 % of humidity, with one device."""

    yard: Yard
    rooms: ColdRooms
    readings: SensorReadings
    room: str
    device: str
    key: str

    async def send(self, *sent: dict[str, object]) -> Taken:
        body = msgspec.json.encode({"readings": sent})
        return await self.readings.receive(self.device, body, self.signed(body))

    def signed(self, body: bytes) -> str:
        return hmac.new(bytes.fromhex(self.key), body, hashlib.sha256).hexdigest()

    async def episodes(self) -> list[tuple[int, int | None, int, int, int]]:
        """Begin and end in minutes, lowest, highest, how many readings."""
        found, _ = await sensor_episodes(None, False, None, 100)
        minutes = [
            tuple(None if m is None else round((m - BEGIN) / timedelta(minutes=1)) for m in (e.started_at, e.ended_at))
            for e in found
        ]
        return sorted(
            (begun, ended, e.lowest_milli, e.highest_milli, e.readings)  # type: ignore[misc]
            for (begun, ended), e in zip(minutes, found, strict=True)
        )


@pytest_asyncio.fixture
async def store(yard: Yard) -> Store:  # noqa: F811
    rooms = ColdRooms(CIPHER, clock)
    terms = RoomTerms(
        name="示例冷库",
        min_celsius_milli=2_000,
        max_celsius_milli=6_000,
        min_humidity_milli=0,
        max_humidity_milli=90_000,
    )
    room = await rooms.open(yard.merchant, terms, CLERK)
    device = await rooms.install(yard.merchant, room, "示例探头", CLERK)
    key = await rooms.renew_key(yard.merchant, device)
    return Store(yard, rooms, SensorReadings(CIPHER, clock), room, device, key)


async def test_readings_are_signed_by_the_device_in_use(store: Store) -> None:
    body = msgspec.json.encode({"readings": [told(0, 4)]})
    for device, signature in (
        (store.device, ""),
        (store.device, store.signed(body + b" ")),
        ("D404", store.signed(body)),
    ):
        with pytest.raises(ReadingsForged):
            await store.readings.receive(device, body, signature)
    old, store.key = store.key, await store.rooms.renew_key(store.yard.merchant, store.device)
    with pytest.raises(ReadingsForged):
        await store.readings.receive(store.device, body, hmac.new(bytes.fromhex(old), body, hashlib.sha256).hexdigest())
    assert await store.readings.receive(store.device, body, store.signed(body)) == Taken(1, 0, [], [])
    assert store.key not in str(await rows("SELECT * FROM sensor_device")), "the key is sealed"
    with pytest.raises(SensorDeviceUnknown):
        await store.rooms.revoke(store.yard.other, store.device, CLERK)
    await store.rooms.revoke(store.yard.merchant, store.device, CLERK)
    with pytest.raises(ReadingsForged):
        await store.readings.receive(store.device, body, store.signed(body))
    assert await scalar("SELECT count(*) FROM sensor_reading") == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"\xff", b'{"readings": []}', msgspec.json.encode({"readings": [told(0, 4)] * 501}),
     msgspec.json.encode({"readings": [told(0, 4) | {"at": "2026-11-22T07:30:00"}]}),
     msgspec.json.encode({"readings": [told(0, 101)]})],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused_as_a_whole(store: Store, body: bytes) -> None:
    with pytest.raises(ReadingsMalformed):
        await store.readings.receive(store.device, body, store.signed(body))


async def test_what_is_sent_again_changes_nothing_and_a_wrong_clock_holds_nothing_up(store: Store) -> None:
    batch = [told(0, 4), told(1, 9), told(2, 4)]
    assert await store.send(*batch) == Taken(3, 0, [], [])
    assert await store.send(*batch, batch[0], told(3, 9)) == Taken(1, 4, [], [])
    future = told(4, 9) | {"at": (NOW + timedelta(minutes=6)).isoformat()}
    assert await store.send(future, told(1, 8), told(5, 4)) == Taken(1, 0, ["temperature-4"], ["temperature-1"])
    assert await store.episodes() == [(1, 2, 9_000, 9_000, 1), (3, 5, 9_000, 9_000, 1)]
    facts = await rows("SELECT payload FROM outbox_message WHERE topic = 'traceability.sensor_episode_ended'")
    assert len(facts) == 2


async def test_late_readings_cut_and_join_what_was_out_of_range(store: Store) -> None:
    """By hand: 1 and 5 are out, 3 is not there yet, 7 is in range: one time from 1 to 7. Then 3 comes in range and cuts
    it into 1 to 3 and 5 to 7; then 2 is out, which changes the first; humidity has times of its own.
    """
    await store.send(told(0, 4), told(1, 6.001), told(5, 1.999), told(7, 6))
    assert await store.episodes() == [(1, 7, 1_999, 6_001, 2)]
    await store.send(told(3, 2))
    assert await store.episodes() == [(1, 3, 6_001, 6_001, 1), (5, 7, 1_999, 1_999, 1)]
    await store.send(told(2, 7), told(2, 90.001, "humidity"))
    assert await store.episodes() == [(1, 3, 6_001, 7_000, 2), (2, None, 90_001, 90_001, 1), (5, 7, 1_999, 1_999, 1)]
    going_on, _ = await sensor_episodes(store.yard.merchant, True, None, 9)
    assert [e.kind for e in going_on] == ["humidity"]
    ((room,), _) = await cold_rooms(store.yard.merchant, None, 9)
    assert (room.is_out, room.devices[0].last_read_at, room.lots) == (True, minute(7), 0)
    told_of = await rows(
        "SELECT payload->>'ended_at' AS ended FROM outbox_message"
        " WHERE topic = 'traceability.sensor_episode_ended' ORDER BY id"
    )
    ends = [round((datetime.fromisoformat(each["ended"]) - BEGIN) / timedelta(minutes=1)) for each in told_of]
    assert ends == [7, 3, 7, 3], "each end and each other end is announced"


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_of_arrival_ends_in_the_same_times(store: Store, seed: int) -> None:
    """Against the plain definition: sort by minute, take the runs that are out, end each with what follows."""
    chance = random.Random(seed)
    story = [told(number, chance.choice((1, 3, 5, 7))) for number in chance.sample(range(60), 30)]
    parts = [chance.sample(story, chance.randint(1, 9)) for _ in range(12)]
    for part in [*parts, story]:
        await store.send(*part)
    by_minute = sorted((int(str(each["client_id"])[12:]), int(str(each["value_milli"]))) for each in story)
    runs = [list(run) for _, run in groupby(by_minute, key=lambda pair: not 2_000 <= pair[1] <= 6_000)]
    expected = [
        (run[0][0], after[0][0] if after else None, min(v for _, v in run), max(v for _, v in run), len(run))
        for run, after in zip(runs, [*runs[1:], None], strict=True)
        if not 2_000 <= run[0][1] <= 6_000
    ]
    assert await store.episodes() == expected


async def test_a_lot_shows_what_was_read_while_it_stood_there(store: Store) -> None:
    lot, merchant = await store.yard.sealed(1_000), store.yard.merchant
    await store.send(*(told(number, celsius) for number, celsius in enumerate((9, 3, 7, 4, 1))))
    with pytest.raises(LotUnknown):
        await store.rooms.place(store.yard.other, lot, store.room, minute(1), CLERK)
    with pytest.raises(ColdRoomUnknown):
        await store.rooms.place(merchant, lot, "K404", minute(1), CLERK)
    with pytest.raises(LotNotPlaced):
        await store.rooms.remove(merchant, lot, minute(1), CLERK)
    with pytest.raises(PlacementInvalid):
        await store.rooms.place(merchant, lot, store.room, NOW + timedelta(seconds=1), CLERK)
    await store.rooms.place(merchant, lot, store.room, minute(1), CLERK)
    with pytest.raises(LotPlaced):
        await store.rooms.place(merchant, lot, store.room, minute(2), CLERK)
    with pytest.raises(ColdRoomInUse):
        await store.rooms.close(merchant, store.room, CLERK)
    (open_end,) = await placements(merchant, lot)
    assert (open_end.lowest_celsius_milli, open_end.highest_celsius_milli) == (1_000, 7_000)
    for moment in (minute(0), NOW + timedelta(seconds=1)):
        with pytest.raises(PlacementInvalid):
            await store.rooms.remove(merchant, lot, moment, CLERK)
    await store.rooms.remove(merchant, lot, minute(3), CLERK)
    with pytest.raises(PlacementInvalid):
        await store.rooms.place(merchant, lot, store.room, minute(2), CLERK)
    (stood,) = await placements(merchant, lot)
    assert (stood.removed_at, stood.lowest_celsius_milli, stood.highest_celsius_milli) == (minute(3), 3_000, 7_000)
    with pytest.raises(LotUnknown):
        await placements(store.yard.other, lot)
    assert await placements(merchant, await store.yard.sealed(1_000)) == []
    found, _ = await sensor_episodes(merchant, False, None, 9)
    assert [(each.started_at, each.lots) for each in found] == [(minute(4), []), (minute(2), [lot]), (minute(0), [])]
    await store.rooms.close(merchant, store.room, CLERK)
    with pytest.raises(ColdRoomUnknown):
        await store.rooms.install(merchant, store.room, "示例探头二", CLERK)
    with pytest.raises(ReadingsForged):
        await store.send(told(9, 4))
    page, following = await room_readings(merchant, store.room, None, 3)
    rest, _ = await room_readings(merchant, store.room, following, 3)
    assert [each.value_milli for each in [*page, *rest]] == [1_000, 4_000, 7_000, 3_000, 9_000]
    with pytest.raises(ColdRoomUnknown):
        await room_readings(store.yard.other, store.room, None, 3)


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"min_celsius_milli": 6_000}, "celsius"),
        ({"max_celsius_milli": 100_001}, "celsius"),
        ({"min_humidity_milli": 1}, "humidity"),
        ({"min_humidity_milli": 2, "max_humidity_milli": 1}, "humidity"),
        ({"site": "S-404"}, "site"),
    ],
)
async def test_a_room_keeps_a_span(yard: Yard, changes: dict[str, object], member: str) -> None:  # noqa: F811
    usual: dict[str, object] = {"name": "示例冷库", "min_celsius_milli": 2_000, "max_celsius_milli": 6_000}
    with pytest.raises(ColdRoomInvalid) as refused:
        await ColdRooms(CIPHER, clock).open(yard.merchant, msgspec.convert(usual | changes, RoomTerms), CLERK)
    assert refused.value.facts["members"] == [member]


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE sensor_reading SET value_milli = 1",
        "DELETE FROM sensor_reading",
        "UPDATE lot_placement SET placed_at = now()",
        "UPDATE lot_placement SET removed_at = NULL, removed_by = NULL",
        "DELETE FROM lot_placement",
        "DELETE FROM sensor_device",
    ],
)
async def test_readings_and_placements_stay(store: Store, attack: str) -> None:
    await store.send(told(0, 4))
    lot = await store.yard.sealed(1_000)
    await store.rooms.place(store.yard.merchant, lot, store.room, minute(1), CLERK)
    await store.rooms.remove(store.yard.merchant, lot, minute(3), CLERK)
    with pytest.raises(BaseORMException):
        await execute(attack)
    assert minute(0).tzinfo == UTC


async def test_a_device_is_silent_where_goods_stand_alone(store: Store) -> None:
    """By hand: it read last in minute 10; it is silent since then once a lot has stood there for as long."""
    merchant, lot = store.yard.merchant, await store.yard.sealed(1_000)

    async def silent(minutes: float) -> dict[str, datetime | None]:
        return {each.device: each.last_read_at for each in await silent_devices(minute(minutes))}

    unkeyed = await store.rooms.install(merchant, store.room, "示例探头二", CLERK)
    await store.send(told(2, 50, "humidity"), told(10, 4))
    assert await silent(60) == {}, "no goods, nothing to tell"
    await store.rooms.place(merchant, lot, store.room, minute(20), CLERK)
    assert [await silent(10), await silent(20)] == [{}, {}]
    assert await silent(20.5) == {store.device: minute(10)}
    assert await silent(60 * 24 + 1) == {store.device: minute(10)}, "one that has no key yet is awaited by nobody"
    await store.rooms.renew_key(merchant, unkeyed)
    assert await silent(60 * 24) == {store.device: minute(10)}, "it was only installed now"
    assert await silent(60 * 24 + 1) == {store.device: minute(10), unkeyed: None}
    await store.send(told(30, 60, "humidity"))
    assert await silent(20.5) == {}
    for device in (store.device, unkeyed):
        await store.rooms.revoke(merchant, device, CLERK)
    assert await silent(60 * 24 + 1) == {}
