"""Log-in and the own account of a consumer."""

from sanic import Request

from accounts.actors import Consumer
from accounts.consents import missing_documents
from accounts.service import ConsumerLogin, ConsumerProfile, Sessions
from accounts.tokens import read_bearer
from miniapp_api import door
from miniapp_api.accounts.schemas import CodeInput, ConsumerView, SessionView


def _view(profile: ConsumerProfile) -> ConsumerView:
    return ConsumerView(profile.number, profile.phone_masked, profile.created_at, profile.unreadable)


@door.post("/session", public=True)
async def log_in(body: CodeInput, consumers: ConsumerLogin) -> SessionView:
    """用 wx.login 的 code 登录；每次登录都得到新的令牌；注销冷静期内登录即撤回注销。"""
    opened, profile = await consumers.log_in(body.code)
    missing = await missing_documents(profile.number)
    return SessionView(opened.token, opened.expires_at, _view(profile), missing)


@door.delete("/session")
async def log_out(actor: Consumer, request: Request, sessions: Sessions) -> None:
    """退出登录：当前令牌立即失效。"""
    await sessions.revoke(read_bearer(request.headers.get("authorization")) or "")


@door.get("/me")
async def show_me(actor: Consumer, consumers: ConsumerLogin) -> ConsumerView:
    """我的账号。"""
    return _view(await consumers.profile(actor))


@door.put("/me/phone")
async def bind_phone(actor: Consumer, body: CodeInput, consumers: ConsumerLogin) -> ConsumerView:
    """用手机号按钮的 code 绑定手机号（加密保存）。"""
    return _view(await consumers.bind_phone(actor, body.code))
