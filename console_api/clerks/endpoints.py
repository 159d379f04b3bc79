"""The lead clerk invites, limits and removes clerks; the county does so for a merchant that has none yet."""

from accounts.actors import CountyOfficer, MerchantClerk
from accounts.clerks import Clerks, Invited, clerks_of, open_invitations
from console_api import door
from console_api.clerks.schemas import AcceptanceInput, AcceptedView, ClerksView, DutiesInput
from console_api.merchants.endpoints import check_own
from kit.clock import utc_now
from merchants.queries import merchant


async def _view(number: str) -> ClerksView:
    return ClerksView(await clerks_of(number), await open_invitations(number, utc_now()))


@door.get("/merchants/<number:str>/clerks")
async def list_clerks(actor: MerchantClerk | CountyOfficer, number: str) -> ClerksView:
    """商户人员及其职责，以及尚未使用的邀请。"""
    check_own(actor, number)
    return await _view(number)


@door.post("/merchants/<number:str>/clerk-invitations")
async def invite_clerk(actor: MerchantClerk | CountyOfficer, number: str, body: DutiesInput, clerks: Clerks) -> Invited:
    """邀请商户人员：邀请码只显示一次，七天内有效；职责为空即为负责人。

    Without an Idempotency-Key, because the kept answer would hold the code; an invitation too many is withdrawn.
    """
    check_own(actor, number)
    await merchant(number)
    return await clerks.invite(number, body.duties, actor.caller)


@door.delete("/merchants/<number:str>/clerk-invitations/<invitation:str>")
async def withdraw_invitation(
    actor: MerchantClerk | CountyOfficer, number: str, invitation: str, clerks: Clerks
) -> None:
    """撤回邀请：邀请码立即失效。"""
    check_own(actor, number)
    await clerks.withdraw(number, invitation)


@door.post("/clerk-invitations/acceptance", public=True)
async def accept_invitation(body: AcceptanceInput, clerks: Clerks) -> AcceptedView:
    """凭邀请码建立商户人员账号；邀请码只能使用一次。"""
    return AcceptedView(await clerks.accept(body.code, body.login, body.name, body.password), body.login)


@door.put("/merchants/<number:str>/clerks/<clerk:str>/duties")
async def limit_clerk(
    actor: MerchantClerk | CountyOfficer, number: str, clerk: str, body: DutiesInput, clerks: Clerks
) -> ClerksView:
    """调整商户人员的职责；其原有会话立即失效。"""
    check_own(actor, number)
    await clerks.limit(number, clerk, body.duties, actor.caller)
    return await _view(number)


@door.delete("/merchants/<number:str>/clerks/<clerk:str>")
async def remove_clerk(actor: MerchantClerk | CountyOfficer, number: str, clerk: str, clerks: Clerks) -> None:
    """移除商户人员：其会话立即失效；至少保留一名负责人。"""
    check_own(actor, number)
    await clerks.remove(number, clerk, actor.caller)
