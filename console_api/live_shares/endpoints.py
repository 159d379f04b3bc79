"""A host hangs up codes that lead into the own room, and reads what came by them."""

from sanic.response import HTTPResponse, raw

from accounts.actors import Auditor, CountyOfficer, Host
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.live_shares.schemas import PlaceCodeInput, PlaceCodeView
from live.shares.queries import ShareFigures, share_figures
from live.shares.service import Shares


@door.post("/live/sessions/<number:str>/share-codes")
async def make_place_code(
    actor: Host, number: str, body: PlaceCodeInput, key: IdempotencyKey, shares: Shares
) -> PlaceCodeView:
    """为本场制作投放码：注明投放地点，如村务公告栏、传单、微信群。"""
    return PlaceCodeView(await shares.for_place(number, actor.number, body.note))


@door.get("/live/sessions/<number:str>/share-codes")
async def show_share_figures(actor: Host | CountyOfficer | Auditor, number: str) -> ShareFigures:
    """本场各投放码与观众分享带来的打开次数、到访人数、订单数与件数；不显示任何观众。"""
    return await share_figures(number, actor.number if isinstance(actor, Host) else None)


@door.get("/live/share-codes/<code:str>/file")
async def draw_place_code(actor: Host, code: str, shares: Shares) -> HTTPResponse:
    """下载投放小程序码，由微信绘制。"""
    drawn = await shares.picture(code, actor.caller)
    is_png = drawn.startswith(b"\x89PNG")
    headers = {
        "content-disposition": f'attachment; filename="code.{"png" if is_png else "jpg"}"',
        "content-security-policy": "default-src 'none'",
    }
    return raw(drawn, content_type="image/png" if is_png else "image/jpeg", headers=headers)
