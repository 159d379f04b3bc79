"""Requests about cold rooms that succeed, a device's own among them."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from kit.clock import utc_now
from tests.doors.belongings import Owner
from tests.doors.good_requests import GoodRequest, good
from tests.traceability.good_requests import goods

ROOM = {"name": "示例冷库", "min_celsius_milli": 2_000, "max_celsius_milli": 6_000}
DEVICE = {"name": "示例探头"}


async def room(owner: Owner) -> str:
    """A cold room of the merchant's."""
    return str((await owner.ask("merchant_clerk", "POST", "/v1/console/cold-rooms", ROOM))["room"])


async def device(owner: Owner, within: str) -> str:
    """A device in a room."""
    path = f"/v1/console/cold-rooms/{within}/devices"
    return str((await owner.ask("merchant_clerk", "POST", path, DEVICE))["device"])


async def placed(owner: Owner, within: str) -> str:
    """A lot that stands in a room."""
    made = await owner.ask("merchant_clerk", "POST", "/v1/console/lots", await goods(owner, 10_000))
    lot = str(made["lot"]["number"])
    body = {"room": within, "placed_at": utc_now().isoformat()}
    await owner.ask("merchant_clerk", "PUT", f"/v1/console/lots/{lot}/placement", body)
    return lot


@good("console.close_cold_room")
async def close(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await room(owner)})


@good("console.revoke_sensor_device")
async def revoke(owner: Owner) -> GoodRequest:
    return GoodRequest(names={"number": await device(owner, await room(owner))})


@good("console.place_lot")
async def place(owner: Owner) -> GoodRequest:
    made = await owner.ask("merchant_clerk", "POST", "/v1/console/lots", await goods(owner, 10_000))
    body = {"room": await room(owner), "placed_at": utc_now().isoformat()}
    return GoodRequest(names={"number": made["lot"]["number"]}, body=body)


@good("console.remove_lot")
async def remove(owner: Owner) -> GoodRequest:
    return GoodRequest(
        names={"number": await placed(owner, await room(owner))}, body={"removed_at": utc_now().isoformat()}
    )


@good("webhook.receive_readings")
async def read(owner: Owner) -> GoodRequest:
    number = await device(owner, await room(owner))
    key = (await owner.ask("merchant_clerk", "PUT", f"/v1/console/sensor-devices/{number}/key"))["key"]
    body, headers = signed(key, utc_now(), [(0, 9_000)])
    return GoodRequest(names={"number": number}, body=body, headers=headers)


def signed(key: str, begun: datetime, readings: Sequence[tuple[int, int]]) -> tuple[bytes, dict[str, str]]:
    """A body of temperatures at seconds since a moment, and the header that signs it."""
    told = [
        {
            "client_id": f"r-{secrets.token_hex(8)}", "kind": "temperature",
            "at": (begun + timedelta(seconds=second)).isoformat(), "value_milli": milli,
        }
        for second, milli in readings
    ]  # fmt: skip
    body = msgspec.json.encode({"readings": told})
    return body, {"x-signature": hmac.new(bytes.fromhex(key), body, hashlib.sha256).hexdigest()}
