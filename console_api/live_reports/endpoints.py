"""Officers of the county take reports of live rooms up and answer them; auditors read how."""

from accounts.actors import Auditor, CountyOfficer
from console_api import door
from console_api.live_reports.schemas import ReportDecisionInput, RoomReportsQuery, RoomReportsView
from live.reports.queries import reports
from live.reports.service import RoomReports


@door.get("/live-reports")
async def list_room_reports(actor: CountyOfficer | Auditor, query: RoomReportsQuery) -> RoomReportsView:
    """直播间举报待办，先到先办；不显示举报人。"""
    return RoomReportsView(*await reports(query.state, query.cursor, query.limit))


@door.put("/live-reports/<report:str>/owner")
async def take_room_report(actor: CountyOfficer, report: str, desk: RoomReports) -> None:
    """受理一件举报。"""
    await desk.take(report, actor.caller)


@door.put("/live-reports/<report:str>/decision")
async def decide_room_report(actor: CountyOfficer, report: str, body: ReportDecisionInput, desk: RoomReports) -> None:
    """办结举报：属实或不属实，并答复举报人。"""
    await desk.decide(report, body.upheld, body.answer, actor.caller)
