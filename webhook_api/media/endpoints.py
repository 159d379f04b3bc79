"""nginx-rtmp's callbacks, of which anything but a 2xx keeps the publisher out, so that every failure fails closed; and
the cloud's notices, which carry their own signature.
"""

from typing import Annotated
from urllib.parse import parse_qsl

import msgspec
from sanic import Request

from api_kit.addresses import peer_is_loopback
from api_kit.schemas import Input, View
from live.errors import PublishRefused
from live.media.cloud import CloudNotices
from live.media.keys import LiveKeys
from live.media.publishing import Publishing, PublishRequest
from webhook_api import door

MAX_FIELDS = 40
_OWN_FIELDS = ("app", "name", "addr", "clientid", "flashver", "call")
_KEY_FIELDS = ("e", "n", "s")


class CallbackQuery(Input):
    """The secret shared with the media server."""

    secret: Annotated[str, msgspec.Meta(max_length=200)] = ""


def _fields(request: Request, query: CallbackQuery, keys: LiveKeys) -> dict[str, str]:
    """The callback's fields. Only the media server on this machine is heard, and nothing that a proxy hands on.

    nginx appends the publisher's own query to its fields unescaped, so a field given twice is an attack.
    """
    if not peer_is_loopback(request) or not keys.callback_secret_holds(query.secret):
        raise PublishRefused()
    try:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise PublishRefused() from None
    names = [name for name, _ in pairs]
    if any(names.count(name) > 1 for name in (*_OWN_FIELDS, *_KEY_FIELDS)):
        raise PublishRefused()
    return dict(pairs)


@door.post("/media/publish", public=True, status=204, max_body_bytes=16 * 1024)
async def publish(request: Request, query: CallbackQuery, keys: LiveKeys, publishing: Publishing) -> None:
    """媒体服务器询问：此推流地址能否开播。

    An OBS server + key pair and a whole URL arrive alike: the key's parts are fields of the form.
    """
    told = _fields(request, query, keys)
    if told.get("call") != "publish" or told.get("app") != "live":
        raise PublishRefused()
    await publishing.admit(
        PublishRequest(
            stream=told.get("name", ""),
            client=told.get("clientid", ""),
            address=told.get("addr", ""),
            encoder=told.get("flashver", ""),
            expires=told.get("e", ""),
            nonce=told.get("n", ""),
            signature=told.get("s", ""),
        )
    )


@door.post("/media/publish-done", public=True, status=204, max_body_bytes=16 * 1024)
async def publish_done(request: Request, query: CallbackQuery, keys: LiveKeys, publishing: Publishing) -> None:
    """媒体服务器告知：推流已断开。"""
    told = _fields(request, query, keys)
    await publishing.note_done(told.get("name", ""), told.get("clientid", ""))


class CloudAnswer(View):
    """What the cloud takes for heard."""

    code: int


@door.post("/cloud-live/notices", public=True, status=200, max_body_bytes=16 * 1024)
async def hear_cloud(request: Request, notices: CloudNotices) -> CloudAnswer:
    """云直播告知：推流开始、推流结束、录制文件生成。"""
    await notices.hear(request.body)
    return CloudAnswer(0)
