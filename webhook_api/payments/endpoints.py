"""``POST /v1/webhook/wechat-pay/notices``.

The raw body goes to the room, the answer is what WeChat Pay understands.

WeChat Pay looks at the status first: 200 and 204 end its retries, anything else makes it come again (wechat
reference 2.3). The failure body is its ``{"code": "FAIL", "message": ...}`` and a problem document at once.
"""

import msgspec
import structlog
from sanic import Request
from sanic.response import HTTPResponse

from kit.errors import DomainError, Unavailable
from payments.notices import Notices
from webhook_api import door

log = structlog.get_logger("webhooks")

MAX_NOTICE_BYTES = 64 * 1024

_SIGNED_HEADERS = (
    "wechatpay-serial",
    "wechatpay-timestamp",
    "wechatpay-nonce",
    "wechatpay-signature",
    "wechatpay-signature-type",
)


@door.post("/wechat-pay/notices", public=True, status=204, max_body_bytes=MAX_NOTICE_BYTES)
async def receive_wechat_pay_notice(request: Request, notices: Notices) -> HTTPResponse:
    """接收微信支付的签名通知。

    204 when it has taken effect now or before. 401 when it is not WeChat's, 409 or 422 when it does not fit.
    """
    try:
        await notices.receive(signed_headers(request), request.body)
    except DomainError as refusal:
        return failure(request, refusal)
    return HTTPResponse(b"", status=204)


def signed_headers(request: Request) -> dict[str, str]:
    """The headers that carry the signature.

    One that comes twice is joined, so it cannot pass as either of them.
    """
    return {name: ",".join(request.headers.getall(name, [])) for name in _SIGNED_HEADERS if name in request.headers}


def failure(request: Request, refusal: DomainError) -> HTTPResponse:
    """The refusal as WeChat Pay and as RFC 9457 want it; ``reason`` is our stable code."""
    if isinstance(refusal, Unavailable):
        request_id = getattr(request.ctx, "request_id", "none")
        log.warning("unavailable", request_id=request_id, cause=f"{refusal.code}: {refusal.__cause__}"[:300])
    body = {
        "type": f"urn:longchuan:problem:{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "code": "FAIL",
        "message": refusal.title,
        "reason": refusal.code,
        "request_id": getattr(request.ctx, "request_id", "none"),
    }
    return HTTPResponse(msgspec.json.encode(body), status=refusal.status, content_type="application/problem+json")
