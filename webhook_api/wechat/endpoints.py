"""``/v1/webhook/wechat/messages``: the mini-program's message push."""

import logging

from sanic import Request
from sanic.response import HTTPResponse, text

from webhook_api import door
from webhook_api.wechat.push import MAX_PUSH_BYTES, MessagePush, PushQuery

log = logging.getLogger(__name__)


@door.get("/wechat/messages", public=True)
async def verify_wechat_push(query: PushQuery, push: MessagePush) -> HTTPResponse:
    """微信后台验证服务器地址：签名无误则原样返回 echostr。"""
    return text(push.answer_probe(query))


@door.post("/wechat/messages", public=True, status=200, max_body_bytes=MAX_PUSH_BYTES)
async def receive_wechat_push(request: Request, query: PushQuery, push: MessagePush) -> HTTPResponse:
    """接收微信消息与事件推送：五秒内答复，否则微信会重发三次。

    No room follows an event yet: what arrives is verified, named in the log without its content, and
    acknowledged.
    """
    message = push.open(query, request.body)
    log.info("wechat_push", extra={"kind": message.kind, "event": message.event})
    return text("success")
