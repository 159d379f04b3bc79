"""``POST /v1/webhook/kuaidi100/tracks``: pushed tracks, a form whose ``param`` is signed."""

from sanic import Request
from sanic.response import HTTPResponse, json

from logistics.tracking import Tracking
from webhook_api import door

MAX_PUSH_BYTES = 256 * 1024


@door.post("/kuaidi100/tracks", public=True, status=200, max_body_bytes=MAX_PUSH_BYTES)
async def receive_tracks(request: Request, tracking: Tracking) -> HTTPResponse:
    """接收快递100的签名推送：轨迹去重保存，包裹随之流转。

    Whatever comes late, twice or out of order ends in the same rows. 403 when the signature is not theirs.
    """
    form = request.form
    await tracking.receive({name: str(form.get(name) or "") if form else "" for name in ("sign", "param")})
    return json({"result": True, "returnCode": "200", "message": "成功"})
