"""The private page of a household's statement: a code on paper, and four characters that the household knows."""

import asyncio

from sanic import Request
from sanic.request import RequestParameters
from sanic.response import HTTPResponse, html

from api_kit.answer_cache import AnswerCache
from kit.errors import DomainError
from poverty_alleviation.confirming.own_disputes import OwnDisputes
from poverty_alleviation.statements.service import HouseholdStatements
from poverty_alleviation.stories.queries import own_consents
from poverty_alleviation.stories.service import Stories
from public_pages import door
from public_pages.markup import HEADERS
from public_pages.statements.views import question_view, statement_view

_POLICY = HEADERS["content-security-policy"].replace("form-action 'none'", "form-action 'self'")
_HEADERS = {**HEADERS, "content-security-policy": _POLICY, "cache-control": "no-store", "x-robots-tag": "noindex"}


@door.get("/h/<token:str>", public=True)
async def ask_who_reads(request: Request, token: str) -> HTTPResponse:
    """对账单私密页：先填写手机号或证件号后四位；无论二维码真假均答复同一页。"""
    return html(question_view(refused=False), headers=_HEADERS)


@door.post("/h/<token:str>", public=True, status=200)
async def open_own_statement(
    request: Request,
    token: str,
    statements: HouseholdStatements,
    stories: Stories,
    own: OwnDisputes,
    cache: AnswerCache,
) -> HTTPResponse:
    """核对后四位后显示本季度数字，不显示姓名；连续五次有误则停用一天。可撤回本户人物故事的同意，可对有疑问的款项提出异议。"""
    form = request.form or RequestParameters()
    last_four, consent, reason, words = (
        str(form.get(name) or "") for name in ("last_four", "consent", "reason", "words")
    )
    shown = None if _is_from_elsewhere(request) else await statements.open_page(token, last_four)
    if shown is None:
        return html(question_view(refused=True), status=403, headers=_HEADERS)
    said, status = "", 200
    if consent:
        await stories.withdraw_own(shown.household, consent)
        await asyncio.sleep(cache.lasting_s)
    elif reason:
        try:
            await own.open(shown, [str(tick) for tick in form.getlist("tick") or ()], reason, words)
            said = "已提出异议，帮扶干部核查后答复；处理完毕前，所列款项不确认、不付款，追偿不抵扣。"
        except DomainError as refusal:
            said, status = refusal.title, refusal.status
    rows = await own.rows_of(shown)
    return html(statement_view(shown, rows, await own_consents(shown.household), said), status=status, headers=_HEADERS)


def _is_from_elsewhere(request: Request) -> bool:
    """Whether a browser says that another site has sent the form; the four characters no other site knows anyhow."""
    return request.headers.get("sec-fetch-site", "") in ("cross-site", "same-site")
