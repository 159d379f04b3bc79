"""Scan codes: merchants make them for their own products, the county for any."""

from sanic.response import HTTPResponse, raw

from accounts.actors import CountyOfficer, MerchantClerk, own_merchant
from api_kit.doors import IdempotencyKey
from console_api import door
from console_api.scans.schemas import CodeFileQuery, ScanCodeInput, ScanCodesQuery, ScanCodesView
from scans.service import ScanCodeRecord, ScanCodes, scan_codes


@door.post("/scan-codes")
async def make_scan_code(
    actor: MerchantClerk | CountyOfficer, body: ScanCodeInput, key: IdempotencyKey, codes: ScanCodes
) -> ScanCodeRecord:
    """为商品制作二维码：展示中心货架、商品标签或直播画面；经由它的购买记入来源。"""
    return await codes.make(own_merchant(actor), body.product, body.place, body.note, actor.caller)


@door.get("/scan-codes")
async def list_scan_codes(actor: MerchantClerk | CountyOfficer, query: ScanCodesQuery) -> ScanCodesView:
    """二维码，最新在前；商户人员只看到自己商户的。"""
    return ScanCodesView(*await scan_codes(own_merchant(actor), query.cursor, query.limit))


@door.get("/scan-codes/<code:str>/file")
async def draw_scan_code(
    actor: MerchantClerk | CountyOfficer, code: str, query: CodeFileQuery, codes: ScanCodes
) -> HTTPResponse:
    """下载：普通二维码（svg、png），或由微信绘制的小程序码。"""
    merchant = own_merchant(actor)
    if query.format == "svg":
        return raw(await codes.svg(merchant, code), content_type="image/svg+xml", headers=_attached("code.svg"))
    if query.format == "png":
        return raw(await codes.png(merchant, code), content_type="image/png", headers=_attached("code.png"))
    drawn = await codes.mini_program_code(merchant, code)
    kind = "image/png" if drawn.startswith(b"\x89PNG") else "image/jpeg"
    return raw(drawn, content_type=kind, headers=_attached("code.png" if kind == "image/png" else "code.jpg"))


@door.delete("/scan-codes/<code:str>")
async def retire_scan_code(actor: MerchantClerk | CountyOfficer, code: str, codes: ScanCodes) -> None:
    """停用二维码：扫码不再有结果。"""
    await codes.retire(own_merchant(actor), code)


def _attached(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"', "content-security-policy": "default-src 'none'"}
