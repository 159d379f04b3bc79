"""From a request to the mini-program host to its answer.

Always HTTP 200 and JSON, refusals as ``errcode``.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw

from scripts.wechat_sandbox.codes import draw_code
from scripts.wechat_sandbox.content_checks import ContentChecks
from scripts.wechat_sandbox.errors import MiniProgramError
from scripts.wechat_sandbox.faults import Answer, Hang, Slow
from scripts.wechat_sandbox.miniprogram import MiniProgram
from scripts.wechat_sandbox.shipping import ShippingDesk
from scripts.wechat_sandbox.transport import cut_connection
from scripts.wechat_sandbox.world import World


@dataclass(frozen=True)
class Endpoint:
    """One endpoint; ``perform`` gets the query and the raw body."""

    name: str
    method: str
    path: str
    perform: Callable[[dict[str, str], bytes], dict[str, Any] | bytes]
    needs_token: bool = True


def list_endpoints(
    world: World, program: MiniProgram, checks: ContentChecks, shipping: ShippingDesk
) -> tuple[Endpoint, ...]:
    """Every endpoint of the mini-program host that this sandbox has."""

    def is_managed(_query: dict[str, str], _body: bytes) -> dict[str, Any]:
        return {"errcode": 0, "errmsg": "ok", "is_trade_managed": True}

    return (
        Endpoint(
            "sns.jscode2session",
            "GET",
            "/sns/jscode2session",
            lambda query, _: program.exchange_login_code(query),
            False,
        ),
        Endpoint("token.stable", "POST", "/cgi-bin/stable_token", lambda _, body: program.give_token(body), False),
        Endpoint(
            "phone.exchange",
            "POST",
            "/wxa/business/getuserphonenumber",
            lambda _, body: program.exchange_phone_code(body),
        ),
        Endpoint("code.unlimited", "POST", "/wxa/getwxacodeunlimit", lambda _, body: draw_code(body)),
        Endpoint("content.text", "POST", "/wxa/msg_sec_check", lambda _, body: checks.check_text(body)),
        Endpoint("content.media", "POST", "/wxa/media_check_async", lambda _, body: checks.check_media(body)),
        Endpoint("message.subscribe", "POST", "/cgi-bin/message/subscribe/send", lambda _, body: checks.send(body)),
        Endpoint(
            "shipping.upload",
            "POST",
            "/wxa/sec/order/upload_shipping_info",
            lambda _, body: shipping.upload(body),
        ),
        Endpoint(
            "shipping.upload_combined",
            "POST",
            "/wxa/sec/order/upload_combined_shipping_info",
            lambda _, body: shipping.upload_combined(body),
        ),
        Endpoint("shipping.get_order", "POST", "/wxa/sec/order/get_order", lambda _, body: shipping.show(body)),
        Endpoint(
            "shipping.remind",
            "POST",
            "/wxa/sec/order/notify_confirm_receive",
            lambda _, body: shipping.remind(body),
        ),
        Endpoint(
            "shipping.special",
            "POST",
            "/wxa/sec/order/opspecialorder",
            lambda _, body: shipping.declare_special(body),
        ),
        Endpoint("shipping.is_managed", "POST", "/wxa/sec/order/is_trade_managed", is_managed),
    )


class MiniProgramApi:
    """The host api.weixin.qq.com."""

    def __init__(self, world: World, program: MiniProgram, endpoints: tuple[Endpoint, ...]) -> None:
        self._world = world
        self._program = program
        self._endpoints = {endpoint.path: endpoint for endpoint in endpoints}

    def mount(self, app: Sanic[Any, Any]) -> None:
        """Take every path of the host that is known; others get WeChat's own refusal."""
        for prefix in ("sns", "cgi-bin", "wxa"):
            app.add_route(
                self.answer,
                f"/{prefix}/<rest:path>",
                methods=["GET", "POST"],
                name=f"host_{prefix.replace('-', '_')}",
            )

    async def answer(self, request: Request, rest: str) -> HTTPResponse:
        """Answer one call, or misbehave as ordered (``answer`` and ``hang`` faults.

        With errcode in ``code``).
        """
        began = time.monotonic()
        endpoint = self._endpoints.get(request.path)
        name = endpoint.name if endpoint else "unknown"
        fault = self._world.faults.take_call(name, "")
        if isinstance(fault, Slow | Hang):
            await asyncio.sleep(fault.seconds)
        if isinstance(fault, Hang) and fault.when == "before":
            return self._cut(request)
        ordered = self._ordered(fault) if isinstance(fault, Answer) else None
        status = 200
        body: dict[str, Any] | bytes
        if ordered is not None and isinstance(fault, Answer) and fault.when == "before":
            status, body = ordered
        else:
            body = self._perform(endpoint, request)
            if ordered is not None:
                status, body = ordered
        self._world.journal.write(
            "miniprogram",
            name,
            status=status,
            code=str(body.get("errcode", 0)) if isinstance(body, dict) else "0",
            fault=type(fault).__name__.lower() if fault else "",
            elapsed_ms=int((time.monotonic() - began) * 1000),
        )
        if isinstance(fault, Hang):
            return self._cut(request)
        if isinstance(body, bytes):
            return raw(body, content_type="image/png")
        return raw(msgspec.json.encode(body), status=status, content_type="application/json; encoding=utf-8")

    def _perform(self, endpoint: Endpoint | None, request: Request) -> dict[str, Any] | bytes:
        query = {name: values[0] for name, values in request.get_args(keep_blank_values=True).items()}
        try:
            if endpoint is None:
                raise MiniProgramError(40066, "invalid url")
            if request.method != endpoint.method:
                raise MiniProgramError(43002, f"require {endpoint.method} method")
            if endpoint.needs_token:
                self._program.check_token(query.get("access_token", ""))
            with self._world.store.transaction():
                return endpoint.perform(query, request.body)
        except MiniProgramError as error:
            return {"errcode": error.errcode, "errmsg": f"{error.errmsg} rid: {secrets.token_hex(12)}"}

    @staticmethod
    def _ordered(fault: Answer) -> tuple[int, dict[str, Any]]:
        """A numeric ``code`` is an errcode with HTTP 200; anything else is a plain HTTP failure."""
        digits = fault.code.removeprefix("-")
        if digits.isdigit():
            return 200, {"errcode": int(fault.code), "errmsg": fault.message}
        return fault.status, {"errcode": -1, "errmsg": "system error"}

    @staticmethod
    def _cut(request: Request) -> HTTPResponse:
        cut_connection(request)
        return raw(b"", status=500)
