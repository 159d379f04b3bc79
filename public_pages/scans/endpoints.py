"""Printed codes and GS1 Digital Links, as a browser meets them."""

import re
from collections.abc import Awaitable, Callable

from sanic import Request
from sanic.response import HTTPResponse

from api_kit.answer_cache import AnswerCache
from api_kit.mounting import kept_answer
from api_kit.visitors import looks_anew
from content.stories.models import StoryChannel
from kit.clock import utc_now
from kit.gs1 import NotDigitalLink, read_digital_link
from merchants.queries import shop_front
from products.errors import ProductUnknown
from products.queries import product_page
from public_pages import door
from public_pages.markup import CONTENT_TYPE, HEADERS
from public_pages.scans.linksets import LINKSET_TYPE, asked_for, links, linkset, usual
from public_pages.scans.views import label_view, mini_program_address, product_view
from scans.errors import ScanCodeUnknown
from scans.label_pages import label_page
from scans.labels import TraceLabels, linked, note_scan
from scans.service import ScanPages, scanned

_CODE = re.compile("[0-9A-Z]{16}")


@door.get("/s/<code:str>", public=True)
async def show_code(request: Request, code: str, pages: ScanPages, cache: AnswerCache) -> HTTPResponse:
    """扫码页：批次标签显示溯源信息，其他二维码显示商品；在小程序购买时保留来源。"""
    if not _CODE.fullmatch(code):
        raise ScanCodeUnknown()
    if looks_anew(request):
        await note_scan(code, utc_now())

    async def make() -> str:
        found = await scanned(code)
        shop = mini_program_address(pages.appid, code)
        if found.lot is not None:
            return label_view(await label_page(code, pages.farmers_from, utc_now()), shop)
        shown = await product_page(found.product, channel=StoryChannel.SCAN_PAGE)
        return product_view(shown, await shop_front(shown.merchant), shop)

    return await _answer(request, cache, make)


@door.get("/p/<code:str>", public=True)
async def show_product_page(request: Request, code: str, cache: AnswerCache) -> HTTPResponse:
    """商品公开页：只有商品条码、没有批次的 GS1 链接指向此页。"""
    if not re.fullmatch("[0-9A-Z]{1,24}", code):
        raise ProductUnknown()

    async def make() -> str:
        shown = await product_page(code, channel=StoryChannel.SCAN_PAGE)
        return product_view(shown, await shop_front(shown.merchant), None)

    return await _answer(request, cache, make)


@door.get("/01/<gtin:str>", public=True, status=307)
async def follow_gtin(request: Request, gtin: str, labels: TraceLabels) -> HTTPResponse:
    """GS1 Digital Link：商品条码，转到商品页；linkType 指定其他链接，linkset 给出全部（RFC 9264）。"""
    return await _follow(request, labels.web_base)


@door.get("/01/<gtin:str>/<first:str>/<a:str>", public=True, status=307)
async def follow_one_qualifier(request: Request, gtin: str, first: str, a: str, labels: TraceLabels) -> HTTPResponse:
    """GS1 Digital Link：商品条码加一个限定符（22、10、21 或 235），转到扫码页。"""
    return await _follow(request, labels.web_base)


@door.get("/01/<gtin:str>/<first:str>/<a:str>/<second:str>/<b:str>", public=True, status=307)
async def follow_two_qualifiers(
    request: Request, gtin: str, first: str, a: str, second: str, b: str, labels: TraceLabels
) -> HTTPResponse:
    """GS1 Digital Link：商品条码加两个限定符，转到扫码页。"""
    return await _follow(request, labels.web_base)


@door.get("/01/<gtin:str>/<first:str>/<a:str>/<second:str>/<b:str>/<third:str>/<c:str>", public=True, status=307)
async def follow_three_qualifiers(
    request: Request,
    gtin: str,
    first: str,
    a: str,
    second: str,
    b: str,
    third: str,
    c: str,
    labels: TraceLabels,
) -> HTTPResponse:
    """GS1 Digital Link：商品条码加三个限定符（22、10、21），转到扫码页。"""
    return await _follow(request, labels.web_base)


async def _follow(request: Request, base: str) -> HTTPResponse:
    """The address as it was asked for, so that every rule of the syntax holds; the host is whatever we are called.

    ``linkType`` asks for another link than the usual one, ``linkset`` for all; a type that there is no link of is not
    found.
    """
    query = f"?{request.query_string}" if request.query_string else ""
    try:
        target = await linked(read_digital_link(f"https://host{request.path}{query}"))
    except NotDigitalLink:
        raise ScanCodeUnknown() from None
    wanted = asked_for(request.args.get("linkType", ""), request.headers.get("accept", ""))
    headers = {**HEADERS, "cache-control": "no-cache", "vary": "accept"}
    if wanted == "linkset":
        return HTTPResponse(linkset(base + request.path, target, base), content_type=LINKSET_TYPE, headers=headers)
    found = usual(target)
    if wanted != "":
        other = links(target, base).get(wanted or "")
        if other is None:
            raise ScanCodeUnknown()
        found = str(other["href"]).removeprefix(base)
    headers["link"] = f'<{request.path}?linkType=linkset>; rel="linkset"; type="{LINKSET_TYPE}"'
    return HTTPResponse(b"", status=307, headers={**headers, "location": found})


async def _answer(request: Request, cache: AnswerCache, make: Callable[[], Awaitable[str]]) -> HTTPResponse:
    async def octets() -> bytes:
        return (await make()).encode()

    found = await cache.get(request.path, octets)
    return kept_answer(request, found, CONTENT_TYPE, HEADERS)
