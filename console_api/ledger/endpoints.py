"""The books: months and their closing by the poverty office and the operator; journals and export for auditors."""

import asyncio

from sanic.response import HTTPResponse, ResponseStream

from accounts.actors import Auditor, CountyOfficer, PovertyOfficer
from accounts.service import AccessLogs
from api_kit.doors import IdempotencyKey
from api_kit.downloads import download, printed
from console_api import door
from console_api.ledger.schemas import (
    AnchorsQuery,
    AnchorsView,
    CertificateView,
    ItemsInput,
    JournalsQuery,
    JournalsView,
    PeriodsView,
    PeriodView,
    ReopeningInput,
    SignatureInput,
    StandingCertificate,
)
from kit.clock import china_day, utc_now
from ledger.anchors import anchor_page
from ledger.export import export_pieces, journal_page
from ledger.models import PeriodState, Signatory
from ledger.periods import Certificate, certificate, period_card, period_cards
from poverty_alleviation.certificate_paper import MonthCertificates
from poverty_alleviation.certificate_text import certificate_text
from poverty_alleviation.month_close import MonthClose, certified, checklist


async def _month(period: str) -> PeriodView:
    card = await period_card(period)
    if card.state is PeriodState.OPEN:
        found = await checklist(period)
        return PeriodView(found.period, found.is_ready, found.checks, found.matters, found.figures, None)
    standing = await certificate(period)
    month = certified(standing)
    signed = StandingCertificate(
        standing.round, standing.digest, standing.made_by, standing.made_at, standing.signatures
    )
    return PeriodView(card, True, month.checks, month.items, month.figures, signed)


def _shown(found: Certificate) -> CertificateView:
    return CertificateView(
        period=found.period,
        round=found.round,
        root=found.root,
        digest=found.digest,
        document=found.text,
        month=certified(found),
        signatures=found.signatures,
        text=certificate_text(found),
    )


@door.get("/ledger/periods")
async def list_ledger_periods(actor: PovertyOfficer | CountyOfficer | Auditor) -> PeriodsView:
    """账期列表：开放、关账中、已关账。"""
    return PeriodsView(await period_cards())


@door.get("/ledger/periods/<period:str>")
async def show_ledger_period(actor: PovertyOfficer | CountyOfficer | Auditor, period: str) -> PeriodView:
    """一个账期的核对清单、差异与数字；已开始关账的以证明为准。"""
    return await _month(period)


@door.post("/ledger/periods/<period:str>/items", status=204)
async def list_period_items(
    actor: PovertyOfficer | CountyOfficer, period: str, body: ItemsInput, key: IdempotencyKey, close: MonthClose
) -> None:
    """列示差异并说明理由；金额变动后须重新列示。"""
    await close.list_matters(period, body.kind, body.keys, body.reason, actor.caller)


@door.put("/ledger/periods/<period:str>/closing")
async def begin_period_close(actor: PovertyOfficer | CountyOfficer, period: str, close: MonthClose) -> CertificateView:
    """开始关账：冻结、封存、核对，生成待签字的证明；核对未通过则恢复开放。"""
    return _shown(await close.begin(period, actor.caller))


@door.put("/ledger/periods/<period:str>/reopening", status=204)
async def reopen_period(
    actor: PovertyOfficer | CountyOfficer, period: str, body: ReopeningInput, close: MonthClose
) -> None:
    """撤回尚未完成的关账，说明理由；已签字的证明留存。"""
    await close.reopen(period, body.reason, actor.caller)


@door.put("/ledger/periods/<period:str>/signature")
async def sign_period(
    actor: PovertyOfficer | CountyOfficer, period: str, body: SignatureInput, close: MonthClose
) -> CertificateView:
    """对所读的证明签字；扶贫部门与平台运营方须为两个不同账号，第二人签字即关账。"""
    signatory = Signatory.POVERTY_OFFICE if isinstance(actor, PovertyOfficer) else Signatory.OPERATOR
    return _shown(await close.sign(period, body.digest, signatory, actor.caller, actor.name))


@door.get("/ledger/periods/<period:str>/certificate")
async def show_period_certificate(actor: PovertyOfficer | CountyOfficer | Auditor, period: str) -> CertificateView:
    """关账证明：数字、差异、末笔哈希与签字人；原文、摘要与中文文本。"""
    return _shown(await certificate(period))


@door.get("/ledger/periods/<period:str>/certificate/file")
async def print_period_certificate(
    actor: PovertyOfficer | CountyOfficer | Auditor, period: str, papers: MonthCertificates
) -> HTTPResponse:
    """打印关账证明（A4 PDF）：勾稽、科目发生额、迟到事项、末笔哈希、双方签字人与核对二维码。"""
    found = await certificate(period)
    return printed(await asyncio.to_thread(papers.paper, found), f"certificate-{found.period}.pdf")


@door.get("/ledger/journals")
async def list_journals(actor: PovertyOfficer | Auditor, query: JournalsQuery) -> JournalsView:
    """已封存的记账凭证，按账期与编号逐页列出，可只列涉及某科目的；账户仅以代码表示。"""
    return JournalsView(*await journal_page(query.period, query.cursor, query.limit, query.account))


@door.get("/ledger/export")
async def export_ledger(actor: PovertyOfficer | Auditor, log: AccessLogs) -> ResponseStream:
    """导出全部账簿（JSON Lines：清单、凭证、试算、关账证明），可用 scripts/verify_ledger 独立核验；留访问记录。"""
    now = utc_now()
    await log.record(actor, "账簿导出", "ledger", ["journals", "accounts", "certificates"])
    return download(f"ledger-{china_day(now)}.jsonl", "application/x-ndjson", export_pieces(now))


@door.get("/ledger/anchors")
async def list_ledger_anchors(actor: PovertyOfficer | CountyOfficer | Auditor, query: AnchorsQuery) -> AnchorsView:
    """每日锚点：各账期封存到第几笔，附签名与公钥，最新在前；应另行留存以备核验。"""
    return AnchorsView(*await anchor_page(query.cursor, query.limit))
