"""``POST /v1/webhook/sensor-devices/<number>/readings``: what a device in a cold room has read, signed by it."""

from typing import Any

import msgspec
from sanic import Request
from sanic.response import HTTPResponse, json

from traceability.storage.readings import SensorReadings
from webhook_api import door

MAX_READINGS_BYTES = 128 * 1024


@door.post("/sensor-devices/<number:str>/readings", public=True, status=200, max_body_bytes=MAX_READINGS_BYTES)
async def receive_readings(request: Request, number: str, readings: SensorReadings) -> HTTPResponse:
    """接收冷库设备的签名读数（一次最多 500 条）：按设备自己的编号去重，可整批重传。

    ``x-signature`` is the hexadecimal HMAC-SHA256 of the body under the device's key; 403 without it. The answer counts
    what was new and what was known, and names the readings that are refused.
    """
    signature = request.headers.get("x-signature", "")
    answer: dict[str, Any] = msgspec.structs.asdict(await readings.receive(number, request.body, signature))
    return json(answer)
