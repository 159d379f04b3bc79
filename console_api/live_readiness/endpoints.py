"""Before the air: the host declares, an officer verifies and signs, and the session becomes ready."""

from sanic import Request

from accounts.actors import Auditor, CountyOfficer, Host
from api_kit.doors import IdempotencyKey
from api_kit.languages import wants_english
from console_api import door
from console_api.live_readiness.schemas import (
    ComingSessionsView,
    ComingSessionView,
    SignOffInput,
    VerificationInput,
)
from live.models import SessionState
from live.queries import sessions
from live.readiness.queries import Gate, gate_of
from live.readiness.service import Readiness


@door.get("/live/coming-sessions")
async def list_coming_sessions(actor: CountyOfficer | Auditor) -> ComingSessionsView:
    """已预约与待开播的场次，供播前检查，最近的在前。"""
    found = await sessions((SessionState.SCHEDULED, SessionState.READY), limit=100)
    return ComingSessionsView(
        [ComingSessionView(s.number, s.title, s.host, s.merchant, s.state.value, s.planned_at) for s in found]
    )


@door.get("/live/sessions/<number:str>/readiness")
async def show_readiness(
    actor: Host | CountyOfficer | Auditor, number: str, readiness: Readiness, request: Request
) -> Gate:
    """播前检查：主播核验与资格、逐个商品的检查结果与签字。"""
    return await gate_of(
        readiness, number, actor.number if isinstance(actor, Host) else None, english=wants_english(request)
    )


@door.put("/live/sessions/<number:str>/readiness")
async def clear_session(actor: Host, number: str, readiness: Readiness, request: Request) -> Gate:
    """申请待开播：各项条件满足后方可取得推流地址。"""
    await readiness.clear(number, actor.number)
    return await gate_of(readiness, number, actor.number, english=wants_english(request))


@door.post("/live/sessions/<number:str>/identity-declarations")
async def declare_identity(
    actor: Host, number: str, key: IdempotencyKey, readiness: Readiness, request: Request
) -> Gate:
    """主播本人声明与建档身份一致；一日内有效。"""
    await readiness.declare(number, actor.number)
    return await gate_of(readiness, number, actor.number, english=wants_english(request))


@door.post("/live/sessions/<number:str>/identity-verifications")
async def verify_identity(
    actor: CountyOfficer,
    number: str,
    body: VerificationInput,
    key: IdempotencyKey,
    readiness: Readiness,
    request: Request,
) -> Gate:
    """县级人员为本场核验主播身份；一日内有效。"""
    await readiness.verify(number, body.document, actor.caller)
    return await gate_of(readiness, number, english=wants_english(request))


@door.post("/live/sessions/<number:str>/sign-offs")
async def sign_off_products(
    actor: CountyOfficer,
    number: str,
    body: SignOffInput,
    key: IdempotencyKey,
    readiness: Readiness,
    request: Request,
) -> Gate:
    """播前检查无问题的商品逐个签字；商品改名、改价或重新上架须重签。"""
    await readiness.sign_off(number, body.skus, actor.caller)
    return await gate_of(readiness, number, english=wants_english(request))
