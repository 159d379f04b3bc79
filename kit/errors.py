"""Errors a room raises when it refuses to do something.

A room subclasses one of the six kinds, states a ``code`` and its title in both languages, and raises it with the
facts a client needs. ``server/problems.py`` renders every one of them as ``application/problem+json`` (RFC 9457).
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence in both languages, as a fact or within one; whoever asked gets the one that was asked for."""

    chinese: str
    english: str

    def told(self, *, english: bool) -> str:
        """The sentence in one language."""
        return self.english if english else self.chinese


class DomainError(Exception):
    """A refusal with a stable code. Subclass a kind below, never this class.

    ``code`` is stable and documented, ``title`` is Chinese, ``title_en`` English; ``facts`` are plain JSON values
    that appear as members of the problem document.
    """

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]
    title_en: ClassVar[str]

    def __init__(self, detail: str | None = None, **facts: object) -> None:
        super().__init__(detail or f"{self.code}: {facts}" if facts else detail or self.code)
        self.detail = detail
        self.facts = facts


class Invalid(DomainError):
    """The request is understood and wrong."""

    status = 422
    code = "invalid"
    title = "请求内容有误"
    title_en = "The request is not valid"


class NotAuthenticated(DomainError):
    """Nobody is logged in, or the token is no longer good."""

    status = 401
    code = "not_authenticated"
    title = "请先登录"
    title_en = "Please log in"


class NotPermitted(DomainError):
    """Somebody is logged in who may not do this."""

    status = 403
    code = "not_permitted"
    title = "没有权限"
    title_en = "Not permitted"


class NotFound(DomainError):
    """There is no such thing, or it is not the caller's: the answer is the same."""

    status = 404
    code = "not_found"
    title = "内容不存在"
    title_en = "Not found"


class Conflict(DomainError):
    """The thing is in a state in which this cannot be done."""

    status = 409
    code = "conflict"
    title = "当前状态不允许此操作"
    title_en = "Not possible in the present state"


class Unavailable(DomainError):
    """A part that is needed does not answer; the same request may succeed later."""

    status = 503
    code = "unavailable"
    title = "服务暂不可用，请稍后再试"
    title_en = "Temporarily unavailable"
