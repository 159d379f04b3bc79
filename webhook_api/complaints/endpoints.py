"""Notices of complaints: signed like those of payments, at an address of their own."""

from sanic import HTTPResponse, Request

from county.complaints.channel import ComplaintChannel
from kit.errors import DomainError
from webhook_api import door
from webhook_api.payments.endpoints import MAX_NOTICE_BYTES, failure, signed_headers


@door.post("/wechat-pay/complaints", public=True, status=204, max_body_bytes=MAX_NOTICE_BYTES)
async def receive_complaint_notice(request: Request, channel: ComplaintChannel) -> HTTPResponse:
    """接收微信支付消费者投诉的签名通知。"""
    try:
        await channel.receive(signed_headers(request), request.body)
    except DomainError as refusal:
        return failure(request, refusal)
    return HTTPResponse(b"", status=204)
