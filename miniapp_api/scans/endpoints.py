"""Scanned codes."""

from miniapp_api import door
from miniapp_api.scans.schemas import ScanView
from products.queries import product_page
from scans.service import ScanTokens, scanned


@door.get("/scans/<scene:str>", public=True)
async def show_scan(scene: str, tokens: ScanTokens) -> ScanView:
    """扫码结果：商品详情，以及下单时带回的来源凭据。"""
    code = await scanned(scene)
    return ScanView(code.code, code.place, await product_page(code.product), tokens.token(code.code))
