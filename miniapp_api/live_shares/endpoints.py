"""A viewer shares a room, and others come by the code."""

from sanic import Request
from sanic.response import HTTPResponse, raw

from accounts.actors import Consumer
from api_kit.visitors import looks_anew
from live.listing import PHASES
from live.shares.service import PAGE, Shares
from miniapp_api import door
from miniapp_api.live_shares.schemas import ShareCodeView, SharedRoomView


@door.put("/live/sessions/<number:str>/share-code")
async def make_own_share_code(actor: Consumer, number: str, shares: Shares) -> ShareCodeView:
    """我的直播分享码：每场一个，码中只有随机编号，不含个人信息。"""
    code = await shares.of_viewer(number, actor.caller)
    return ShareCodeView(code, f"{PAGE}?scene={code}")


@door.get("/live/share-codes/<code:str>/file")
async def draw_own_share_code(actor: Consumer, code: str, shares: Shares) -> HTTPResponse:
    """下载我的直播分享小程序码，由微信绘制。"""
    drawn = await shares.picture(code, actor.caller)
    kind = "image/png" if drawn.startswith(b"\x89PNG") else "image/jpeg"
    return raw(drawn, content_type=kind, headers={"content-security-policy": "default-src 'none'"})


@door.get("/live/share-codes/<code:str>", public=True)
async def open_share_code(request: Request, actor: Consumer | None, code: str, shares: Shares) -> SharedRoomView:
    """打开分享码：得到直播间，并如实计入该码的打开与到访。"""
    caller = actor.caller if actor else None
    number, state = await shares.open(code, caller, is_look=looks_anew(request))
    return SharedRoomView(number, PHASES[state])
