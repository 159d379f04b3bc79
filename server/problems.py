"""Every refusal and every failure as RFC 9457 ``application/problem+json``, in the language that was asked for."""

import re

import msgspec
import structlog
from sanic import Request
from sanic.exceptions import RequestCancelled, SanicException
from sanic.response import HTTPResponse
from tortoise.exceptions import ValidationError

from api_kit.errors import ContentInvalid
from api_kit.languages import wants_english
from api_kit.shape_words import in_chinese
from api_kit.sheet_words import row_in_english
from kit.errors import Conflict, DomainError, Invalid, NotAuthenticated, Unavailable, Words
from public_pages.markup import CONTENT_TYPE, HEADERS, is_page, refusal_page
from server.outages import causes, in_one_line, is_away, is_busy

log = structlog.get_logger("problems")

_TYPE = "urn:longchuan:problem:{code}"
_TITLES = {
    400: ("bad_request", "请求有误", "Bad request"),
    404: ("route_not_found", "地址不存在", "No such address"),
    405: ("method_not_allowed", "不支持该请求方法", "Method not allowed"),
    408: ("request_timeout", "请求超时", "The request took too long"),
    413: ("content_too_large", "请求内容过大", "The body is too large"),
    414: ("uri_too_long", "请求地址过长", "The address is too long"),
    417: ("expectation_failed", "请求头不受支持", "Expectation failed"),
    431: ("headers_too_large", "请求头过大", "The headers are too large"),
    503: ("unavailable", "服务暂不可用，请稍后再试", "Temporarily unavailable"),
}


class Busy(Conflict):
    """Another request holds the same rows for longer than the lock timeout; try again."""

    code = "busy"
    title = "系统繁忙，请重试"
    title_en = "Busy, please try again"


def problem_for(request: Request, error: BaseException) -> HTTPResponse:
    """The answer to a failed request. Unknown errors are logged whole and shown as nothing but an id."""
    known = _as_domain_error(error)
    if known is not None:
        if isinstance(known, Unavailable):
            log.warning("unavailable", request_id=request_id(request), cause=in_one_line(error))
        in_english = wants_english(request)
        title = known.title_en if in_english else known.title
        facts = _told_in_english(known) if in_english else _told_in_chinese(known)
        told = {name: _worded(fact, english=in_english) for name, fact in facts.items()}
        return _render(request, known.status, known.code, title, known.detail, told)
    if isinstance(error, SanicException):
        code, chinese, english = _TITLES.get(error.status_code, _TITLES[400])
        if error.status_code == Unavailable.status:  # RESPONSE_TIMEOUT is over, and what was begun is rolled back
            log.warning("unavailable", request_id=request_id(request), cause=in_one_line(error))
        if error.status_code < 500 or error.status_code == Unavailable.status:
            return _render(request, error.status_code, code, english if wants_english(request) else chinese)
    if isinstance(error, RequestCancelled):
        return _render(request, 503, "request_cancelled", "请求已中断")  # the client has gone; nobody reads this
    # The route, not the path: a household's code or a statement's token may stand in that.
    route = request.route.path if request.route else "unmatched"
    log.error("unexpected_error", request_id=request_id(request), route=route, exc_info=error)
    title = "Unexpected error" if wants_english(request) else "系统内部错误"
    return _render(request, 500, "unexpected_error", title)


def problem_document(error: DomainError, request: str, *, english: bool) -> bytes:
    """A refusal without facts, as it stands in a body; ``request`` is the id of the request."""
    return msgspec.json.encode(_document(error.status, error.code, error.title_en if english else error.title, request))


def request_id(request: Request) -> str:
    """The id of this request; a well-formed ``X-Request-ID`` of the client is kept."""
    found = getattr(request.ctx, "request_id", None)
    return found if isinstance(found, str) else "none"


def _as_domain_error(error: BaseException) -> DomainError | None:
    """The refusal that a failure amounts to, wherever it stands in the chain of causes, or None for a fault of ours."""
    for cause in causes(error):
        if isinstance(cause, DomainError):
            return cause
        if is_busy(cause):
            return Busy()
        if is_away(cause):
            return Unavailable()
        if isinstance(cause, ValidationError):  # a text longer than the column that it was compared with
            return Invalid()
    return None


def _told_in_chinese(error: DomainError) -> dict[str, object]:
    if not isinstance(error, ContentInvalid):
        return error.facts
    return {"errors": [{**wrong, "detail": in_chinese(wrong["detail"])} for wrong in error.errors]}


def _told_in_english(error: DomainError) -> dict[str, object]:
    """The facts with the words about each row of a file in English; readers of files speak Chinese."""
    return {
        name: [row_in_english(each) for each in fact] if isinstance(fact, list) else fact
        for name, fact in error.facts.items()
    }


def _worded(fact: object, *, english: bool) -> object:
    """A fact with the words of one language in it."""
    match fact:
        case Words():
            return fact.told(english=english)
        case list():
            return [_worded(each, english=english) for each in fact]
        case dict():
            return {name: _worded(each, english=english) for name, each in fact.items()}
        case _:
            return fact


def _document(status: int, code: str, title: str, request: str) -> dict[str, object]:
    return {
        "type": _TYPE.format(code=code),
        "title": title,
        "status": status,
        "code": code,
        "request_id": request,
    }


def _render(
    request: Request,
    status: int,
    code: str,
    title: str,
    detail: str | None = None,
    facts: dict[str, object] | None = None,
) -> HTTPResponse:
    body = {
        **_document(status, code, title, request_id(request)),
        **({"detail": detail} if detail else {}),
        **(facts or {}),
    }
    headers = {
        "content-language": "en" if wants_english(request) else "zh-CN",
        "cache-control": "no-store",
    }
    if is_page(request.path):
        content = refusal_page(status, title if re.search("[一-鿿]", title) else "页面不存在")
        return HTTPResponse(content, status=status, headers=headers | HEADERS, content_type=CONTENT_TYPE)
    if status == NotAuthenticated.status:
        headers["www-authenticate"] = "Bearer"
    if status == Unavailable.status or code == "request_in_progress":
        headers["retry-after"] = str((facts or {}).get("retry_after_s", 2))
    return HTTPResponse(
        msgspec.json.encode(body), status=status, headers=headers, content_type="application/problem+json"
    )
