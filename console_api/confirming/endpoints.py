"""Photographs that prove, and what a household says to its statement: yes by phone or on the sheet, or no."""

from sanic.response import HTTPResponse

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey
from api_kit.downloads import printed, private_picture
from api_kit.uploads import MAX_UPLOAD_BYTES, FileBody, Uploads
from console_api import door
from console_api.confirming.schemas import (
    CallInput,
    DisputeAnswer,
    DisputeInput,
    DisputeOpened,
    DisputesQuery,
    DisputesView,
    DisputeVerdict,
    EvidenceListView,
    EvidenceQuery,
    EvidenceTakenView,
    ProvedQuery,
    SheetAcceptance,
    SheetRejection,
    SheetsQuery,
    SheetStatement,
    SheetsView,
    TakenSheetsView,
)
from console_api.poverty_alleviation.schemas import ViewingInput
from content.evidence.service import evidence_of
from kit.pdf_files import MAGIC
from poverty_alleviation.confirming.confirmations import (
    CallDraft,
    Confirmed,
    StatementConfirmations,
    StatementStanding,
    statement_standing,
)
from poverty_alleviation.confirming.disputes import DisputeCard, Disputes, RowName, dispute_card, dispute_cards
from poverty_alleviation.confirming.models import DisputeState
from poverty_alleviation.confirming.sheets import StatementSheets, sheet_cards
from poverty_alleviation.proofs import Proofs

MAX_SHEETS_BYTES = 3 * MAX_UPLOAD_BYTES
"""Ten photographs of a usual phone."""


@door.post("/poverty/evidence", max_body_bytes=MAX_UPLOAD_BYTES)
async def take_evidence(
    actor: PovertyOfficer, query: EvidenceQuery, file: FileBody, proofs: Proofs
) -> EvidenceTakenView:
    """上传凭证：照片去除位置等信息，PDF 不超过 20 页且不含脚本与附件；加密保存，归档到所证明的记录，不得重复上传。"""
    return EvidenceTakenView(await proofs.take(file.content, query.kind, query.proved, query.number, actor.caller))


@door.get("/poverty/evidence")
async def list_evidence(actor: PovertyOfficer | Auditor, query: ProvedQuery) -> EvidenceListView:
    """一项记录的凭证清单，不含照片。"""
    return EvidenceListView(await evidence_of(query.proved.value, [query.number]))


@door.post("/poverty/evidence/<number:str>/views", status=200)
async def look_at_evidence(
    actor: PovertyOfficer | Auditor, number: str, body: ViewingInput, proofs: Proofs
) -> HTTPResponse:
    """查看凭证；须说明用途与依据，计入每小时查看次数，先留访问记录再回答。审计人员只能看企业间的合同。"""
    content = await proofs.look(actor, number, body.viewing())
    return printed(content, "evidence.pdf") if content.startswith(MAGIC) else private_picture(content)


@door.get("/poverty/household-statements/<number:str>/confirmation")
async def show_statement_confirmation(actor: PovertyOfficer | Auditor, number: str) -> StatementStanding:
    """一份对账单逐笔的确认与异议情况，以及电话、签字页记录。"""
    return await statement_standing(number, with_words=isinstance(actor, PovertyOfficer))


@door.post("/poverty/household-statements/<number:str>/calls")
async def record_statement_call(
    actor: PovertyOfficer,
    number: str,
    body: CallInput,
    key: IdempotencyKey,
    confirmations: StatementConfirmations,
) -> Confirmed:
    """登记核对电话；农户同意的，对账单上未有异议的已付收入一次确认。"""
    call = CallDraft(called_at=body.called_at, script=body.script, answer=body.answer, note=body.note)
    return await confirmations.record_call(number, call, actor.caller)


@door.post("/poverty/statement-sheets", max_body_bytes=MAX_SHEETS_BYTES)
async def take_statement_sheets(actor: PovertyOfficer, uploads: Uploads, sheets: StatementSheets) -> TakenSheetsView:
    """上传签字页照片（最多十张）：按二维码自动归档，读不出的转人工；同一照片不得重复上传。"""
    return TakenSheetsView(await sheets.take(uploads.contents, actor.caller))


@door.get("/poverty/statement-sheets")
async def list_statement_sheets(actor: PovertyOfficer, query: SheetsQuery) -> SheetsView:
    """签字页清单，先到先办：unread 须人工归档（unfiled 为原因：several_sheets 一照两份），filed 须人工核对。"""
    return SheetsView(*await sheet_cards(query.state, query.cursor, query.limit))


@door.put("/poverty/statement-sheets/<number:str>/statement", status=204)
async def file_statement_sheet(
    actor: PovertyOfficer, number: str, body: SheetStatement, sheets: StatementSheets
) -> None:
    """人工归档二维码读不出的签字页，或将归错、退回的重新归档：原归档留存，须由另一人核对签字；已确认的收入先更正。"""
    await sheets.file(number, body.statement, actor.caller)


@door.put("/poverty/statement-sheets/<number:str>/acceptance")
async def accept_statement_sheet(
    actor: PovertyOfficer, number: str, body: SheetAcceptance, sheets: StatementSheets
) -> Confirmed:
    """核对签字或手印无误：对账单上未有异议的已付收入一次确认。须先由本人查看照片，留有访问记录。"""
    return await sheets.accept(number, body.signed_on, body.note, actor.caller)


@door.put("/poverty/statement-sheets/<number:str>/rejection", status=204)
async def reject_statement_sheet(
    actor: PovertyOfficer, number: str, body: SheetRejection, sheets: StatementSheets
) -> None:
    """照片上没有签字的对账单。"""
    await sheets.reject(number, body.note, actor.caller)


@door.post("/poverty/households/<code:str>/disputes")
async def open_dispute(
    actor: PovertyOfficer, code: str, body: DisputeInput, key: IdempotencyKey, disputes: Disputes
) -> DisputeOpened:
    """登记农户异议：所列收入（含工资、分红、租金）在处理完毕前不确认、不付款，所列追偿不批准、不抵扣。"""
    named = [RowName(each.kind, each.source_id) for each in body.rows]
    return DisputeOpened(await disputes.open(code, named, body.reason, actor.caller))


@door.get("/poverty/disputes")
async def list_disputes(actor: PovertyOfficer | Auditor, query: DisputesQuery) -> DisputesView:
    """异议清单，先到先办；审计人员不见双方原话。"""
    with_words = isinstance(actor, PovertyOfficer)
    return DisputesView(*await dispute_cards(query.state, query.cursor, query.limit, with_words=with_words))


@door.get("/poverty/disputes/<number:str>")
async def show_dispute(actor: PovertyOfficer | Auditor, number: str) -> DisputeCard:
    """一件异议；审计人员不见双方原话。"""
    return await dispute_card(number, with_words=isinstance(actor, PovertyOfficer))


@door.put("/poverty/disputes/<number:str>/answer")
async def answer_dispute(actor: PovertyOfficer, number: str, body: DisputeAnswer, disputes: Disputes) -> DisputeCard:
    """登记核查结果与对农户的答复。"""
    await disputes.answer(number, body.answer, actor.caller)
    return await dispute_card(number)


@door.put("/poverty/disputes/<number:str>/verdict")
async def close_dispute(actor: PovertyOfficer, number: str, body: DisputeVerdict, disputes: Disputes) -> DisputeCard:
    """异议办结：成立的可附已批准的更正单；所列收入解除暂停，仍须农户另行确认。"""
    await disputes.close(number, DisputeState(body.state), body.verdict, body.correction, actor.caller)
    return await dispute_card(number)
