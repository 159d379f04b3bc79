"""Notices of the ends of transfers: signed like those of payments, at an address of their own."""

from sanic import HTTPResponse, Request

from kit.errors import DomainError
from poverty_alleviation.transfers.service import Transfers
from webhook_api import door
from webhook_api.payments.endpoints import MAX_NOTICE_BYTES, failure, signed_headers


@door.post("/wechat-pay/transfers", public=True, status=204, max_body_bytes=MAX_NOTICE_BYTES)
async def receive_transfer_notice(request: Request, transfers: Transfers) -> HTTPResponse:
    """接收微信支付商家转账的签名通知。"""
    try:
        await transfers.receive(signed_headers(request), request.body)
    except DomainError as refusal:
        return failure(request, refusal)
    return HTTPResponse(b"", status=204)
