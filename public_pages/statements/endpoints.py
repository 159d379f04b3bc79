"""The private page of a household's statement: a code on paper, and four characters that the household knows."""

import asyncio

from sanic import Request
from sanic.response import HTTPResponse, html

from api_kit.answer_cache import AnswerCache
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
    request: Request, token: str, statements: HouseholdStatements, stories: Stories, cache: AnswerCache
) -> HTTPResponse:
    """核对后四位后显示本季度数字，不显示姓名；连续五次有误则停用一天。本户对人物故事的同意可在此撤回。"""
    last_four, consent = (request.form.get(name) if request.form else None for name in ("last_four", "consent"))
    shown = await statements.open_page(token, str(last_four or ""))
    if shown is None:
        return html(question_view(refused=True), status=403, headers=_HEADERS)
    if consent:
        await stories.withdraw_own(shown.household, str(consent))
        await asyncio.sleep(cache.lasting_s)
    return html(statement_view(shown, await own_consents(shown.household)), headers=_HEADERS)
