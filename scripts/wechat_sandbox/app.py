"""The process: one Sanic server with both hosts of WeChat, the control API, the cashier and the phone."""

import logging
import socket
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw

from scripts.wechat_sandbox.bills import BillDesk
from scripts.wechat_sandbox.cashier import Cashier
from scripts.wechat_sandbox.combined import CombineDesk
from scripts.wechat_sandbox.complaints import ComplaintDesk
from scripts.wechat_sandbox.content_checks import ContentChecks
from scripts.wechat_sandbox.control import Control
from scripts.wechat_sandbox.message_push import MessagePush
from scripts.wechat_sandbox.miniprogram import MiniProgram
from scripts.wechat_sandbox.miniprogram_api import MiniProgramApi, list_endpoints
from scripts.wechat_sandbox.notices import NoticeDesk
from scripts.wechat_sandbox.pay import PayDesk
from scripts.wechat_sandbox.pay_api import PayApi, list_operations
from scripts.wechat_sandbox.phone_page import mount_phone
from scripts.wechat_sandbox.product_proxy import ProductProxy
from scripts.wechat_sandbox.refunds import RefundDesk
from scripts.wechat_sandbox.settings import Settings, read_settings
from scripts.wechat_sandbox.sharing import SharingDesk
from scripts.wechat_sandbox.shipping import ShippingDesk
from scripts.wechat_sandbox.subscriptions import PopupDesk
from scripts.wechat_sandbox.transfers import TransferDesk
from scripts.wechat_sandbox.transport import UPLOAD_TARGET
from scripts.wechat_sandbox.world import World, build_world

MAX_BODY_BYTES = 1 << 20
MAX_UPLOAD_BYTES = 3 << 20


async def refuse_long_bodies(request: Request) -> HTTPResponse | None:
    """413 for a body over a mebibyte that is no picture."""
    is_long = len(request.body) > MAX_BODY_BYTES and request.path != UPLOAD_TARGET
    return raw(b"", status=413) if is_long else None


def create_app(settings: Settings) -> Sanic[Any, Any]:
    """Build the server with everything in it; nothing runs yet."""
    app: Sanic[Any, Any] = Sanic("wechat_sandbox", configure_logging=False)
    app.config.REQUEST_MAX_SIZE = MAX_UPLOAD_BYTES
    app.register_middleware(refuse_long_bodies, "request")
    app.config.RESPONSE_TIMEOUT = 3600
    app.config.ACCESS_LOG = False

    _mount(app, build_world(settings))
    return app


def _mount(app: Sanic[Any, Any], world: World) -> None:
    notices = NoticeDesk(world)
    pay = PayDesk(world, notices)
    refunds = RefundDesk(world, notices, pay)
    message_push, proxy = MessagePush(world), ProductProxy(world)
    program, checks = MiniProgram(world), ContentChecks(world, message_push)
    combined = CombineDesk(world, notices, pay)
    complaints, sharing = ComplaintDesk(world, notices), SharingDesk(world, notices, pay)
    bills, transfers = BillDesk(world, pay), TransferDesk(world, notices, pay)
    PayApi(world, list_operations(world, pay, combined, refunds, bills, complaints, sharing, transfers)).mount(app)
    complaints.mount(app)
    transfers.mount(app)
    PopupDesk(world, checks, message_push).mount(app)
    MiniProgramApi(world, program, list_endpoints(world, program, checks, ShippingDesk(world))).mount(app)
    Control(world, program, checks, pay, notices, Cashier(world, pay, combined), message_push).mount(app)
    proxy.mount(app)
    mount_phone(app)

    @app.after_server_start
    async def resume(_app: Sanic[Any, Any]) -> None:
        notices.resume()
        refunds.resume()
        sharing.resume()

    @app.before_server_stop
    async def close(_app: Sanic[Any, Any]) -> None:
        await world.timers.stop()
        await notices.close()
        await message_push.close()
        await proxy.close()
        world.store.close()


def main() -> None:
    """Read the environment, bind, say where, and serve until a signal comes."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("httpx", "httpcore", "sanic.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
    settings = read_settings()
    listener = socket.create_server((settings.host, settings.port), reuse_port=False, backlog=512)
    port = listener.getsockname()[1]
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    (settings.state_dir / "port").write_text(f"{port}\n", encoding="ascii")
    print(f"wechat_sandbox: http://{settings.host}:{port}", flush=True)
    create_app(settings).run(sock=listener, single_process=True, motd=False, access_log=False)
