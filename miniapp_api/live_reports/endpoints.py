"""A consumer reports a live room and sees what came of it."""

from accounts.actors import Consumer
from live.reports.queries import own_reports
from live.reports.service import RoomReports, Seen
from miniapp_api import door
from miniapp_api.live_reports.schemas import OwnReportsQuery, OwnReportsView, ReportedView, ReportInput


@door.post("/live/sessions/<number:str>/reports")
async def report_room(actor: Consumer, number: str, body: ReportInput, reports: RoomReports) -> ReportedView:
    """举报直播间，可指明发言或商品；同一理由每日一次。"""
    seen = Seen(body.message, body.sku)
    return ReportedView(await reports.report(actor.number, number, body.reason, body.detail, seen))


@door.get("/live/reports")
async def list_own_reports(actor: Consumer, query: OwnReportsQuery) -> OwnReportsView:
    """我的举报与处理结果。"""
    return OwnReportsView(*await own_reports(actor.number, query.cursor, query.limit))
