"""``/v1/webhook/wechat/messages``: the mini-program's message push."""

import logging

from sanic import Request
from sanic.response import HTTPResponse, text

from messages.inbox import Inbox
from webhook_api import door
from webhook_api.wechat.push import MAX_PUSH_BYTES, MessagePush, PushQuery

log = logging.getLogger(__name__)


@door.get("/wechat/messages", public=True)
async def verify_wechat_push(query: PushQuery, push: MessagePush) -> HTTPResponse:
    """微信后台验证服务器地址：签名无误则原样返回 echostr。"""
    return text(push.answer_probe(query))


@door.post("/wechat/messages", public=True, status=200, max_body_bytes=MAX_PUSH_BYTES)
async def receive_wechat_push(request: Request, query: PushQuery, push: MessagePush, inbox: Inbox) -> HTTPResponse:
    """接收微信消息与事件推送：五秒内答复，否则微信会重发三次。

    Kept as one row however often it comes, announced with it, and named in the log without its content.
    """
    message = push.open(query, request.body)
    await inbox.receive(message.key, message.sender, message.kind, message.event or "", message.members)
    log.info("wechat_push", extra={"kind": message.kind, "event": message.event})
    return text("success")
