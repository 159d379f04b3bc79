"""Hosts read what their own sessions came to, officers and auditors everybody's; the same as files."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime, timedelta

from sanic.response import ResponseStream

from accounts.actors import Auditor, CountyOfficer, Host
from api_kit.downloads import download
from api_kit.spreadsheets import CSV, XLSX, Cell, Format, write_sheet
from console_api import door
from console_api.live_boards.schemas import (
    BoardFileQuery,
    CommissionsFileQuery,
    CommissionsQuery,
    CommissionsView,
    SessionCommissionView,
)
from console_api.live_replays.endpoints import own_host
from kit.actors import Actor
from kit.clock import CHINA
from kit.errors import Invalid
from live.boards.commissions import all_commissions, commission_of, commissions_of
from live.boards.queries import Board, board_of
from live.media.keys import LiveKeys
from live.media.playback import Playback
from live.queries import room_view
from live.shop.moments import Moment, moment_of
from orders.errors import OrderNotFound
from orders.sources import place_of_line

LONGEST = timedelta(days=366)
_PRODUCTS = (
    "SKU",
    "商品",
    "规格",
    "点击人数",
    "讲解毫秒",
    "订单数",
    "买家数",
    "件数",
    "支付（分）",
    "退款（分）",
    "认定帮扶产品净额（分）",
)
_CURVE = ("时间", "在线人数", "下单支付（分）", "开始讲解")
_COMMISSIONS = (
    "场次", "标题", "主播", "商户", "开播时间", "支付（分）", "退款（分）",
    "佣金（分）", "已结清订单佣金（分）", "已入账（分）", "未入账（分）",
)  # fmt: skip


class DaysInvalid(Invalid):
    """The first day is not after the last one, and not more than a year before it."""

    code = "live_days_invalid"
    title = "起止日期应先后有序，且不超过一年"
    title_en = "The days are in the wrong order or more than a year apart"


@door.get("/live/sessions/<number:str>/board")
async def show_board(actor: Host | CountyOfficer | Auditor, number: str, keys: LiveKeys) -> Board:
    """数据看板：观看、峰值、停留、商品点击、订单、支付与退款、转化、认定帮扶产品占比、在线曲线与讲解；主播只见自己的场次。

    转化率 = 买家数 ÷ 开播期间看过或买过的不同人数（看了又买的算一人），不超过 100%；观众名册按期限删除后不再给出。
    """
    return await board_of(keys, number, own_host(actor))


@door.get("/live/sessions/<number:str>/board/file")
async def export_board(
    actor: Host | CountyOfficer | Auditor, number: str, query: BoardFileQuery, keys: LiveKeys
) -> ResponseStream:
    """导出看板的商品表或分钟曲线（XLSX 或 CSV）。"""
    board = await board_of(keys, number, own_host(actor))
    if query.part == "curve":
        curve = ((_local(p.minute), p.viewers, p.paid_fen, " ".join(p.pinned)) for p in board.curve)
        return _file(query.format, f"{number}-curve", _CURVE, curve)
    products = (
        (
            p.sku, p.title, p.spec, p.clicks, p.explained_ms, p.orders, p.buyers, p.pieces, p.paid_fen, p.refunded_fen,
            p.recognised_fen,
        )
        for p in board.products
    )  # fmt: skip
    return _file(query.format, f"{number}-products", _PRODUCTS, products)


def _of_days(actor: Actor, query: CommissionsQuery) -> tuple[date, date, str | None]:
    if not timedelta() <= query.last_day - query.first_day <= LONGEST:
        raise DaysInvalid()
    return query.first_day, query.last_day, own_host(actor) or query.host


@door.get("/live/commissions")
async def list_host_commissions(actor: Host | CountyOfficer | Auditor, query: CommissionsQuery) -> CommissionsView:
    """主播佣金结算：按场次汇总，已扣除退款；主播只见自己的。超过一千场时不截断而拒绝，请缩短日期或导出。"""
    found = await commissions_of(*_of_days(actor, query))
    return CommissionsView(
        found,
        paid_fen=sum(each.paid_fen for each in found),
        refunded_fen=sum(each.refunded_fen for each in found),
        commission_fen=sum(each.commission_fen for each in found),
        earned_fen=sum(each.earned_fen for each in found),
        booked_fen=sum(each.booked_fen for each in found),
    )


@door.get("/live/commissions/file")
async def export_host_commissions(actor: Host | CountyOfficer | Auditor, query: CommissionsFileQuery) -> ResponseStream:
    """导出主播佣金结算（XLSX 或 CSV），不限场次。"""
    found = all_commissions(*_of_days(actor, query))
    cells = (
        (
            c.number, c.title, c.host, c.merchant, _local(c.started_at), c.paid_fen, c.refunded_fen,
            c.commission_fen, c.earned_fen, c.booked_fen, c.open_fen,
        )
        async for c in found
    )  # fmt: skip
    return _sheet(query.format, f"commissions-{query.first_day}-{query.last_day}", _COMMISSIONS, cells)


@door.get("/live/sessions/<number:str>/commission")
async def show_commission(actor: Host | CountyOfficer | Auditor, number: str) -> SessionCommissionView:
    """一场直播的佣金及逐行明细，不含买家。"""
    return SessionCommissionView(*await commission_of(number, own_host(actor)))


@door.get("/live/order-lines/<line:str>/moment")
async def show_line_moment(actor: Host | CountyOfficer | Auditor, line: str, playback: Playback) -> Moment | None:
    """由订单行打开成交时刻：场次、画面位置、当时讲解的商品与价格、回放地址；主播只见自己的场次。"""
    place = await place_of_line(line)
    found = await moment_of(place.source, place.offset_ms, playback) if place else None
    host = own_host(actor)
    if place is None or (host and (found is None or (await room_view(found.session, limit=1)).host != host)):
        raise OrderNotFound()
    return found


def _local(at: datetime) -> str:
    """A time as the county's clocks show it, for who reads the table."""
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"


def _file(form: Format, name: str, titles: Sequence[str], found: Iterable[Sequence[Cell]]) -> ResponseStream:
    async def cells() -> AsyncIterator[Sequence[Cell]]:
        for each in found:
            yield each

    return _sheet(form, name, titles, cells())


def _sheet(form: Format, name: str, titles: Sequence[str], cells: AsyncIterator[Sequence[Cell]]) -> ResponseStream:
    return download(f"{name}.{form}", XLSX if form == "xlsx" else CSV, write_sheet(form, titles, cells))
