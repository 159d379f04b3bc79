"""What happened to goods, as EPCIS 2.0 tells it: the query interface, and the capture interface for others' events."""

from typing import Any
from urllib.parse import quote, urlencode

from sanic import Request
from sanic.response import HTTPResponse, raw

from accounts.actors import Auditor, CountyOfficer, MerchantClerk, own_merchant
from api_kit.doors import Answer, IdempotencyKey
from api_kit.uploads import FileBody
from console_api import door
from console_api.epcis.schemas import (
    LIMITS,
    NAMESPACE,
    CaptureJobsView,
    CaptureJobView,
    CaptureQuery,
    DeclarationInput,
    EventsQuery,
    EventTakenView,
    PageQuery,
    QueryBodyView,
    QueryDocumentView,
    ResultsView,
)
from epcis.captures import MAX_FILE_BYTES, Capturer, Captures, Report
from epcis.contexts import CONTEXT
from epcis.declarations import Declaration, Declarations
from epcis.errors import BehaviourUnknown
from epcis.exports import export_lot
from epcis.models import Behaviour
from epcis.queries import CaptureJob, EventRecord, capture_job, capture_jobs, events, one_event
from epcis.records import OwnEvents
from kit.clock import utc_now


def _document(page: list[dict[str, Any]], records: list[EventRecord], following: str | None) -> QueryDocumentView:
    return QueryDocumentView(
        context=(CONTEXT, NAMESPACE),
        kind="EPCISQueryDocument",
        schemaVersion="2.0",
        creationDate=utc_now(),
        epcisBody=QueryBodyView(ResultsView("SimpleEventQuery", {"eventList": page})),
        records=records,
        following=following,
    )


@door.get("/epcis/events")
async def list_epcis_events(
    actor: MerchantClerk | CountyOfficer | Auditor, query: EventsQuery, request: Request
) -> Answer[QueryDocumentView]:
    """追溯事件（EPCIS 2.0）：按时间、步骤、地点、批次查询；商户只看自己的，标明由谁记录、是否已声明有误。

    Answers an EPCISQueryDocument; where more follow, the header ``Link`` (``rel="next"``) leads to them.
    """
    page, records, following = await events(own_merchant(actor), query.wanted(), query.cursor, query.limit)
    headers = {}
    if following is not None:
        asked = [(name, told) for name, told in request.get_query_args() if name != "nextPageToken"]
        headers["link"] = f'<{request.path}?{urlencode([*asked, ("nextPageToken", following)])}>; rel="next"'
    return Answer(_document(page, records, following), 200, headers)


@door.get("/epcis/events/<event:str>")
async def show_epcis_event(actor: MerchantClerk | CountyOfficer | Auditor, event: str) -> QueryDocumentView:
    """按编号查看追溯事件；已声明有误的连同声明一起给出。"""
    return _document(*await one_event(own_merchant(actor), event), None)


@door.get("/epcis/lots/<lot:str>")
async def export_epcis_lot(actor: MerchantClerk | CountyOfficer | Auditor, lot: str, own: OwnEvents) -> HTTPResponse:
    """导出一个批次的全部追溯事件（EPCISDocument，JSON-LD 文件）：从收购到加工、包装、发运。"""
    content = await export_lot(own_merchant(actor), lot, own.base)
    headers = {"content-disposition": f'attachment; filename="lot-{lot}.jsonld"', "cache-control": "no-store"}
    return raw(content, content_type="application/ld+json", headers=headers)


def _capturer(actor: MerchantClerk | CountyOfficer, query: CaptureQuery) -> Capturer:
    return Capturer(merchant=own_merchant(actor) or "", partner=query.partner or "", by=actor.caller)


@door.post("/epcis/events", max_body_bytes=MAX_FILE_BYTES)
async def take_epcis_event(
    actor: MerchantClerk | CountyOfficer, query: CaptureQuery, file: FileBody, captures: Captures
) -> Answer[EventTakenView]:
    """接收一条追溯事件（EPCIS 2.0 JSON-LD）；同一事件重复提交不产生变化。

    The body is the event with its ``@context``. ``partner`` names the company whose event it is. Answers the id;
    ``Location`` is where the event is read. Faults are answered as ``epcis_events_refused`` with ``findings``.
    """
    taken = await captures.take_event(_capturer(actor, query), file.content)
    location = f"/v1/console/epcis/events/{quote(taken, safe='')}"
    return Answer(EventTakenView(taken), 201, {**LIMITS, "location": location})


def _behaviour(request: Request) -> Behaviour:
    try:
        return Behaviour(request.headers.get("gs1-capture-error-behaviour", Behaviour.ROLLBACK).lower())
    except ValueError:
        raise BehaviourUnknown() from None


@door.post("/epcis/capture", status=202, max_body_bytes=MAX_FILE_BYTES)
async def capture_epcis_document(
    actor: MerchantClerk | CountyOfficer, query: CaptureQuery, file: FileBody, request: Request, captures: Captures
) -> Answer[CaptureJobView]:
    """接收追溯事件文件（EPCISDocument，JSON-LD）：逐条校验，标记为他方记录，不改变本县批次；同一文件只接收一次。

    At most 500 events in 1 MiB. The header ``GS1-Capture-Error-Behaviour`` is ``rollback`` (one fault keeps all events
    out; the default) or ``proceed``. Answers the job, which has ended; ``Location`` is where it is read again.
    """
    job = await captures.take_document(_capturer(actor, query), file.content, _behaviour(request))
    return Answer(_job(job), 202, {**LIMITS, "location": f"/v1/console/epcis/capture/{job.number}"})


@door.post("/epcis/capture-checks", status=200, max_body_bytes=MAX_FILE_BYTES)
async def check_epcis_document(
    actor: MerchantClerk | CountyOfficer, query: CaptureQuery, file: FileBody, captures: Captures
) -> Report:
    """试接收追溯事件文件：逐条指出错误，不保存任何内容。"""
    return await captures.check(_capturer(actor, query), file.content)


@door.get("/epcis/capture")
async def list_epcis_captures(actor: MerchantClerk | CountyOfficer | Auditor, query: PageQuery) -> CaptureJobsView:
    """接收记录，最新在前；商户只看自己的。"""
    page, following = await capture_jobs(own_merchant(actor), query.cursor, query.limit)
    return CaptureJobsView([_job(each) for each in page], following)


@door.get("/epcis/capture/<job:str>")
async def show_epcis_capture(actor: MerchantClerk | CountyOfficer | Auditor, job: str) -> CaptureJobView:
    """一次接收的结果和逐条错误。"""
    return _job(await capture_job(own_merchant(actor), job))


@door.post("/epcis/events/<event:str>/error-declaration")
async def declare_epcis_event_wrong(
    actor: MerchantClerk | CountyOfficer,
    event: str,
    body: DeclarationInput,
    key: IdempotencyKey,
    declarations: Declarations,
) -> QueryDocumentView:
    """声明一条追溯事件有误：不修改原事件，另记声明，可指明更正事件；只能声明一次。"""
    told = Declaration(reason=body.reason, corrective_event_ids=body.corrective_event_ids)
    await declarations.declare(own_merchant(actor), event, told, actor.caller)
    return _document(*await one_event(own_merchant(actor), event), None)


def _job(job: CaptureJob) -> CaptureJobView:
    return CaptureJobView(
        captureID=job.number,
        createdAt=job.captured_at,
        finishedAt=job.captured_at,
        running=False,
        success=job.success,
        captureErrorBehaviour=job.behaviour,
        partner=job.partner,
        total=job.total,
        captured=job.captured,
        known=job.known,
        errors=job.findings,
    )
