"""Scanned codes."""

from sanic import Request

from api_kit.visitors import looks_anew
from content.stories.models import StoryChannel
from kit.clock import utc_now
from miniapp_api import door
from miniapp_api.scans.schemas import ScanView
from products.queries import product_page, product_pages
from scans.label_pages import label_page
from scans.labels import note_scan
from scans.service import ScanPages, ScanTokens, scanned

SCAN_PAGE = StoryChannel.SCAN_PAGE


@door.get("/scans/<scene:str>", public=True)
async def show_scan(request: Request, scene: str, tokens: ScanTokens, pages: ScanPages) -> ScanView:
    """扫码结果：商品详情，批次标签另有溯源信息，以及下单时带回的来源凭据。

    Goods that are no longer on sale have no product behind a label, and none of it behind any other code.
    """
    code = await scanned(scene)
    token = tokens.token(code.code)
    if code.lot is None:
        return ScanView(code.code, code.place, await product_page(code.product, channel=SCAN_PAGE), None, token)
    now = utc_now()
    if looks_anew(request):
        await note_scan(code.code, now)
    trace = await label_page(code.code, pages.farmers_from, now)
    product = (await product_pages([code.product], channel=SCAN_PAGE)).get(code.product)
    return ScanView(code.code, code.place, product, trace, token)
