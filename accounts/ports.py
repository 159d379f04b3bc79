"""What this room needs from the world: a way to learn who holds the phone."""

from dataclasses import dataclass
from typing import Protocol

from kit.errors import Conflict, Invalid, NotPermitted, Unavailable


class CodeRejected(Invalid):
    """A login code or a phone code is unknown, expired or already used.

    The mini-program must ask for a new one.
    """

    code = "wechat_code_rejected"
    title = "微信授权码无效或已过期，请重试"
    title_en = "The WeChat code is invalid, expired or already used"


class LoginTooFrequent(Conflict):
    """WeChat limits how often one person may log in."""

    code = "wechat_login_too_frequent"
    title = "登录过于频繁，请稍后再试"
    title_en = "Too many log-ins; try again later"


class PersonBlocked(NotPermitted):
    """WeChat refuses this person as high-risk."""

    code = "wechat_person_blocked"
    title = "该微信账号存在风险，暂不能登录"
    title_en = "WeChat has blocked this account"


class LoginUnavailable(Unavailable):
    """WeChat does not answer, or refuses this application itself (secret, quota, address list)."""

    code = "wechat_login_unavailable"
    title = "微信登录暂不可用，请稍后再试"
    title_en = "WeChat log-in is temporarily unavailable"


@dataclass(frozen=True)
class WeChatIdentity:
    """A person as one mini-program knows them. ``session_key`` is never kept: it never leaves the adapter."""

    openid: str
    unionid: str | None


class MiniProgramLogin(Protocol):
    """Exchanges single-use codes of the mini-program (wechat reference 2.1).

    Raises :class:`CodeRejected`, :class:`LoginTooFrequent`, :class:`PersonBlocked` or
    :class:`LoginUnavailable`.
    """

    async def exchange_login_code(self, code: str) -> WeChatIdentity:
        """The identity behind a code of ``wx.login``."""
        ...

    async def exchange_phone_code(self, code: str, openid: str) -> str:
        """The phone number behind a code of the phone button that was given to this person, with country code, for
        example ``+8613800000000``.
        """
        ...
