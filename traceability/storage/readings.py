"""Taking what devices have read, and telling when it was out of range."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, transaction
from kit.encryption import FieldCipher
from kit.outbox import announce
from traceability.events import SensorEpisodeEnded
from traceability.storage.days import note_readings
from traceability.storage.errors import ReadingsForged, ReadingsMalformed
from traceability.storage.models import ReadingKind
from traceability.storage.rooms import LIMIT_MILLI, sealed_place

MAX_READINGS = 500
CLOCK_SLACK = timedelta(minutes=5)
"""How far a device's clock may be ahead of ours."""


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reading; ``value_milli`` in thousandths of a degree Celsius or of a percent."""

    client_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$(?!\n)")]
    kind: ReadingKind
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    value_milli: Annotated[int, msgspec.Meta(ge=-LIMIT_MILLI, le=LIMIT_MILLI)]


class Readings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a device sends at once."""

    readings: Annotated[list[Reading], msgspec.Meta(min_length=1, max_length=MAX_READINGS)]


class Taken(msgspec.Struct, frozen=True):
    """What became of them: how many are new, how many had come before, and whose ``client_id`` is refused why.

    ``in_future`` is of a clock that is wrong; under a ``reused`` one something else was sent before.
    """

    taken: int
    known: int
    in_future: list[str]
    reused: list[str]


_read = msgspec.json.Decoder(Readings).decode


@dataclass(frozen=True)
class SensorReadings:
    """What devices have read."""

    cipher: FieldCipher
    clock: Clock = utc_now

    async def receive(self, device: str, body: bytes, signature: str) -> Taken:
        """Take readings that a device has signed: hexadecimal HMAC-SHA256 of the body under its key.

        However often and in whatever order they come, the same rows stand in the end. Raises :class:`ReadingsForged`,
        :class:`ReadingsMalformed`.
        """
        found = await row(
            "SELECT id, sealed_key FROM sensor_device WHERE number = $1 AND sealed_key IS NOT NULL", device
        )
        if found is None or not self._signed(device, found["sealed_key"], body, signature):
            raise ReadingsForged()
        try:
            sent = _read(body).readings
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ReadingsMalformed(because=str(error)) from error
        latest = self.clock() + CLOCK_SLACK
        return await self._take(
            found["id"],
            [each for each in sent if each.at <= latest],
            [each.client_id for each in sent if each.at > latest],
        )

    def _signed(self, device: str, sealed: bytes, body: bytes, signature: str) -> bool:
        key = bytes.fromhex(self.cipher.decrypt(bytes(sealed), sealed_place(device)))
        expected = hmac.new(key, body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.encode())

    async def _take(self, device_id: int, sent: Sequence[Reading], in_future: list[str]) -> Taken:
        async with transaction():
            device = await row(_DEVICE, device_id)
            assert device is not None  # devices are never deleted
            added = await rows(
                "INSERT INTO sensor_reading (device_id, room_id, client_id, kind, at, value_milli, is_out, received_at)"
                " SELECT $1, $2, t.*, $8"
                " FROM unnest($3::text[], $4::text[], $5::timestamptz[], $6::int[], $7::bool[]) t"
                " ON CONFLICT (device_id, client_id) DO NOTHING RETURNING kind, at, client_id",
                device_id,
                device["room_id"],
                [each.client_id for each in sent],
                [str(each.kind) for each in sent],
                [each.at for each in sent],
                [each.value_milli for each in sent],
                [_is_out(device, each) for each in sent],
                self.clock(),
            )
            if added:
                await note_readings(device["room_id"], [each["at"] for each in added])
            reused = await _reused(device_id, sent) if len(added) < len(sent) else []
            for kind in ReadingKind:
                moments = [each["at"] for each in added if each["kind"] == kind]
                if moments:
                    await self._settle(device, kind, min(moments), max(moments))
        return Taken(len(added), len(sent) - len(added) - len(reused), in_future, reused)

    async def _settle(self, device: Mapping[str, object], kind: ReadingKind, first: datetime, last: datetime) -> None:
        """Make the episodes around new readings anew, and announce those that have ended or ended otherwise."""
        found = await rows(_EPISODES, device["id"], str(kind), first, last)
        await execute(_FORGET, device["id"], str(kind), first, last, [each["started_at"] for each in found])
        if not found:
            return
        names = ("started_at", "ended_at", "lowest_milli", "highest_milli", "readings")
        changed = await rows(_KEEP, device["id"], str(kind), *([each[name] for each in found] for name in names))
        for each in changed:
            if each["ended_at"] is not None:
                await announce(
                    SensorEpisodeEnded(
                        room=str(device["room"]),
                        merchant=str(device["merchant"]),
                        device=str(device["number"]),
                        kind=str(kind),
                        started_at=each["started_at"],
                        ended_at=each["ended_at"],
                        lowest_milli=each["lowest_milli"],
                        highest_milli=each["highest_milli"],
                    )
                )


def _is_out(device: Row, reading: Reading) -> bool:
    name = "celsius" if reading.kind is ReadingKind.TEMPERATURE else "humidity"
    low, high = device[f"min_{name}_milli"], device[f"max_{name}_milli"]
    return low is not None and not low <= reading.value_milli <= high


async def _reused(device_id: int, sent: Sequence[Reading]) -> list[str]:
    """Ids under which something else than this stands."""
    found = await rows(
        "SELECT client_id, kind, at, value_milli FROM sensor_reading WHERE device_id = $1 AND client_id = ANY($2)",
        device_id,
        [each.client_id for each in sent],
    )
    stands = {each["client_id"]: (each["kind"], each["at"], each["value_milli"]) for each in found}
    return [each.client_id for each in sent if stands[each.client_id] != (str(each.kind), each.at, each.value_milli)]


_DEVICE = """
SELECT d.id, d.number, d.room_id, k.number AS room, k.merchant, k.min_celsius_milli, k.max_celsius_milli,
       k.min_humidity_milli, k.max_humidity_milli
  FROM sensor_device d JOIN cold_room k ON k.id = d.room_id WHERE d.id = $1 FOR UPDATE OF d
"""
# From the last reading in range before the new ones to the first after them: no episode reaches beyond.
_WINDOW = """
SELECT coalesce((SELECT max(at) FROM sensor_reading
                  WHERE device_id = $1 AND kind = $2 AND NOT is_out AND at < $3), '-infinity') AS since,
       coalesce((SELECT min(at) FROM sensor_reading
                  WHERE device_id = $1 AND kind = $2 AND NOT is_out AND at > $4), 'infinity') AS until
"""
_EPISODES = f"""
WITH w AS ({_WINDOW}), seen AS (
    SELECT at, value_milli, is_out, count(*) FILTER (WHERE NOT is_out) OVER (ORDER BY at, is_out, id) AS run
      FROM sensor_reading, w WHERE device_id = $1 AND kind = $2 AND at >= w.since
       AND (at < w.until OR at = w.until AND NOT is_out))
SELECT min(s.at) AS started_at, min(s.value_milli) AS lowest_milli, max(s.value_milli) AS highest_milli,
       count(*)::int AS readings, (SELECT e.at FROM seen e WHERE NOT e.is_out AND e.run = s.run + 1) AS ended_at
  FROM seen s WHERE s.is_out GROUP BY s.run ORDER BY 1
"""
_FORGET = f"""
WITH w AS ({_WINDOW})
DELETE FROM sensor_episode e USING w
 WHERE e.device_id = $1 AND e.kind = $2 AND e.started_at >= w.since AND e.started_at < w.until
   AND e.started_at <> ALL($5)
"""
_KEEP = """
INSERT INTO sensor_episode (device_id, kind, started_at, ended_at, lowest_milli, highest_milli, readings)
SELECT $1, $2, t.* FROM unnest($3::timestamptz[], $4::timestamptz[], $5::int[], $6::int[], $7::int[]) t
    ON CONFLICT (device_id, kind, started_at) DO UPDATE SET ended_at = EXCLUDED.ended_at,
       lowest_milli = EXCLUDED.lowest_milli, highest_milli = EXCLUDED.highest_milli, readings = EXCLUDED.readings
 WHERE (sensor_episode.ended_at, sensor_episode.readings) IS DISTINCT FROM (EXCLUDED.ended_at, EXCLUDED.readings)
RETURNING started_at, ended_at, lowest_milli, highest_milli
"""
