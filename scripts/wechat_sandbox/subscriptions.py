"""The popup of ``wx.requestSubscribeMessage``: what a person answers counts, and is pushed to the product.

WeChat pushes ``subscribe_msg_popup_event`` by itself (wechat reference 2.8, 2.10), so the product hears of an accept
from WeChat and never from the client.
"""

from typing import Annotated, Any, Literal

import msgspec
from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw

from scripts.wechat_sandbox.content_checks import ContentChecks
from scripts.wechat_sandbox.message_push import MessagePush, PushOrder
from scripts.wechat_sandbox.world import World

MOST_TEMPLATES = 3
"""So many a client may ask for at once."""


class Popup(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """``POST /sandbox/subscription-popups``: what a person has answered, by template."""

    openid: str
    answers: Annotated[dict[str, Literal["accept", "reject"]], msgspec.Meta(min_length=1, max_length=MOST_TEMPLATES)]


class PopupDesk:
    """Takes the answers of people."""

    def __init__(self, world: World, checks: ContentChecks, push: MessagePush) -> None:
        self._world = world
        self._checks = checks
        self._push = push

    def mount(self, app: Sanic[Any, Any]) -> None:
        """The person's side."""
        app.add_route(self.answer, "/sandbox/subscription-popups", methods=["POST"], name="sandbox_popups")

    async def answer(self, request: Request) -> HTTPResponse:
        """Count the accepts and push all answers, some time after this; answers as ``wx`` tells the client."""
        try:
            told = msgspec.json.decode(request.body, type=Popup)
        except msgspec.DecodeError as error:
            return raw(msgspec.json.encode({"error": str(error)}), status=422, content_type="application/json")
        if self._world.people.get(told.openid) is None:
            return raw(b'{"error": "this person is not known"}', status=404, content_type="application/json")
        with self._world.store.transaction():
            for template, said in told.answers.items():
                if said == "accept":
                    self._checks.agree(told.openid, template, 1)
        self._world.timers.start(self._tell(told))
        content = {"errMsg": "requestSubscribeMessage:ok", **told.answers}
        return raw(msgspec.json.encode(content), status=201, content_type="application/json")

    async def _tell(self, told: Popup) -> None:
        listed = [
            {"TemplateId": template, "SubscribeStatusString": said, "PopupScene": "0"}
            for template, said in told.answers.items()
        ]
        event = {"Event": "subscribe_msg_popup_event", "List": listed}
        await self._push.push(PushOrder(event=event, openid=told.openid))
