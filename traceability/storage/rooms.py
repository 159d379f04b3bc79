"""Cold rooms, their devices, and the lots that stand in them."""

import secrets
from dataclasses import dataclass
from datetime import datetime

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher
from kit.numbers import public_number
from kit.outbox import announce
from places.queries import site_within
from traceability.errors import LotUnknown
from traceability.events import LotRemoved, LotStored
from traceability.storage.days import tell_again
from traceability.storage.errors import (
    ColdRoomInUse,
    ColdRoomInvalid,
    ColdRoomUnknown,
    LotNotPlaced,
    LotPlaced,
    PlacementInvalid,
    SensorDeviceUnknown,
)

LIMIT_MILLI = 100_000


class RoomTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a room is to keep, in thousandths of a degree Celsius and of a percent."""

    name: str
    min_celsius_milli: int
    max_celsius_milli: int
    min_humidity_milli: int | None = None
    max_humidity_milli: int | None = None
    site: str = ""


@dataclass(frozen=True)
class ColdRooms:
    """A merchant's cold rooms."""

    cipher: FieldCipher
    clock: Clock = utc_now

    async def open(self, merchant: str, terms: RoomTerms, by: str) -> str:
        """Enter a room; answers its number. Raises :class:`ColdRoomInvalid`."""
        wrong = (
            ["celsius"] if not -LIMIT_MILLI <= terms.min_celsius_milli < terms.max_celsius_milli <= LIMIT_MILLI else []
        )
        low, high = terms.min_humidity_milli, terms.max_humidity_milli
        if (low is None) != (high is None) or (
            low is not None and high is not None and not 0 <= low < high <= LIMIT_MILLI
        ):
            wrong.append("humidity")
        if terms.site and not await site_within(terms.site, ""):
            wrong.append("site")
        if wrong:
            raise ColdRoomInvalid(members=wrong)
        number: str = await scalar(
            "INSERT INTO cold_room (number, merchant, site, name, min_celsius_milli, max_celsius_milli,"
            " min_humidity_milli, max_humidity_milli, recorded_by, recorded_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING number",
            public_number(self.clock(), "K"),
            merchant,
            terms.site,
            terms.name,
            terms.min_celsius_milli,
            terms.max_celsius_milli,
            low,
            high,
            by,
            self.clock(),
        )
        return number

    async def close(self, merchant: str, number: str, by: str) -> None:
        """Take an empty room and its devices out of use. Raises :class:`ColdRoomUnknown`, :class:`ColdRoomInUse`."""
        async with transaction():
            room = await self._room(merchant, number)
            if await scalar("SELECT 1 FROM lot_placement WHERE room_id = $1 AND removed_at IS NULL LIMIT 1", room):
                raise ColdRoomInUse(room=number)
            now = self.clock()
            await execute(
                "UPDATE sensor_device SET revoked_at = $2, revoked_by = $3, sealed_key = NULL"
                " WHERE room_id = $1 AND revoked_at IS NULL",
                room,
                now,
                by,
            )
            await execute("UPDATE cold_room SET closed_at = $2, closed_by = $3 WHERE id = $1", room, now, by)

    async def install(self, merchant: str, room: str, name: str, by: str) -> str:
        """Enter a device in a room; answers its number. It has no key yet. Raises :class:`ColdRoomUnknown`."""
        async with transaction():
            number: str = await scalar(
                "INSERT INTO sensor_device (number, room_id, name, recorded_by, recorded_at)"
                " VALUES ($1, $2, $3, $4, $5) RETURNING number",
                public_number(self.clock(), "D"),
                await self._room(merchant, room),
                name,
                by,
                self.clock(),
            )
        return number

    async def renew_key(self, merchant: str, device: str) -> str:
        """Give a device a new key, 64 hexadecimal digits, told once; an old one signs nothing any more.

        Raises :class:`SensorDeviceUnknown`.
        """
        key = secrets.token_hex(32)
        if not await rows(
            f"UPDATE sensor_device d SET sealed_key = $3 {_OF_MERCHANT} RETURNING 1",
            merchant,
            device,
            self.cipher.encrypt(key, sealed_place(device)),
        ):
            raise SensorDeviceUnknown(device=device)
        return key

    async def revoke(self, merchant: str, device: str, by: str) -> None:
        """Take a device out of use; its readings stay. Raises :class:`SensorDeviceUnknown`."""
        if not await rows(
            f"UPDATE sensor_device d SET revoked_at = $3, revoked_by = $4, sealed_key = NULL {_OF_MERCHANT}"
            " RETURNING 1",
            merchant,
            device,
            self.clock(),
            by,
        ):
            raise SensorDeviceUnknown(device=device)

    async def place(self, merchant: str, lot: str, room: str, at: datetime, by: str) -> None:
        """A lot has come into a room. Raises LotUnknown, :class:`ColdRoomUnknown`, :class:`LotPlaced` and
        :class:`PlacementInvalid`: not before it left the last one, and by now.
        """
        async with transaction():
            lot_id = await self._lot(merchant, lot)
            room_id = await self._room(merchant, room)
            last = await row(
                "SELECT removed_at FROM lot_placement WHERE lot_id = $1 ORDER BY placed_at DESC, id DESC LIMIT 1",
                lot_id,
            )
            if last is not None and last["removed_at"] is None:
                raise LotPlaced(lot=lot)
            if at > self.clock() or (last is not None and at < last["removed_at"]):
                raise PlacementInvalid(members=["placed_at"])
            await execute(
                "INSERT INTO lot_placement (lot_id, room_id, placed_at, placed_by) VALUES ($1, $2, $3, $4)",
                lot_id,
                room_id,
                at,
                by,
            )
            await tell_again(room_id, at)
            await announce(LotStored(lot=lot, merchant=merchant, room=room, stored_at=at))

    async def remove(self, merchant: str, lot: str, at: datetime, by: str) -> None:
        """A lot has left its room. Raises LotUnknown, :class:`LotNotPlaced`, :class:`PlacementInvalid`."""
        async with transaction():
            lot_id = await self._lot(merchant, lot)
            stands = await row(
                "SELECT w.placed_at, w.room_id, k.number AS room FROM lot_placement w JOIN cold_room k"
                " ON k.id = w.room_id WHERE w.lot_id = $1 AND w.removed_at IS NULL",
                lot_id,
            )
            if stands is None:
                raise LotNotPlaced(lot=lot)
            if not stands["placed_at"] <= at <= self.clock():
                raise PlacementInvalid(members=["removed_at"])
            await execute(
                "UPDATE lot_placement SET removed_at = $2, removed_by = $3 WHERE lot_id = $1 AND removed_at IS NULL",
                lot_id,
                at,
                by,
            )
            await tell_again(stands["room_id"], at)
            await announce(LotRemoved(lot=lot, merchant=merchant, room=stands["room"], removed_at=at))

    async def _room(self, merchant: str, number: str) -> int:
        """The row id of an open room, locked."""
        found = await scalar(
            "SELECT id FROM cold_room WHERE number = $1 AND merchant = $2 AND closed_at IS NULL FOR UPDATE",
            number,
            merchant,
        )
        if found is None:
            raise ColdRoomUnknown(room=number)
        return int(found)

    async def _lot(self, merchant: str, number: str) -> int:
        """The row id of a lot, locked."""
        found = await scalar("SELECT id FROM lot WHERE number = $1 AND merchant = $2 FOR UPDATE", number, merchant)
        if found is None:
            raise LotUnknown(lot=number)
        return int(found)


def sealed_place(device: str) -> str:
    """What a device's sealed key is bound to."""
    return f"sensor_device|sealed_key|{device}"


_OF_MERCHANT = "FROM cold_room k WHERE k.id = d.room_id AND k.merchant = $1 AND d.number = $2 AND d.revoked_at IS NULL"
