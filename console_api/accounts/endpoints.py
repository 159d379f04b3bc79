"""Log-in of staff, the administrator's accounts, the auditor's access log."""

from sanic import Request
from sanic.response import ResponseStream

from accounts.access_chain import export_pieces
from accounts.actors import (
    Administrator,
    Auditor,
    CountyOfficer,
    Host,
    MerchantClerk,
    PovertyOfficer,
    Staff,
    StationKeeper,
)
from accounts.queries import access_alarms, access_records
from accounts.roles import Role
from accounts.service import AccessLogs, Sessions
from accounts.staff import GrantedRole, StaffAccounts, StaffLogin, StaffMember
from accounts.tokens import read_bearer
from api_kit.addresses import client_address
from api_kit.downloads import download
from console_api import door
from console_api.accounts.schemas import (
    AccessAlarmsQuery,
    AccessAlarmsView,
    AccessLogQuery,
    AccessLogView,
    NewPasswordInput,
    RoleInput,
    RoleScopeQuery,
    RoleView,
    StaffInput,
    StaffLogInInput,
    StaffMembersView,
    StaffMemberView,
    StaffSessionView,
    StaffView,
)
from kit.clock import china_day, utc_now
from kit.errors import NotFound
from merchants.queries import merchant
from places.errors import DivisionUnknown
from places.queries import division_names

_ROLE_OF_ACTOR: dict[type[Staff], Role] = {
    MerchantClerk: Role.MERCHANT_CLERK,
    Host: Role.HOST,
    StationKeeper: Role.STATION_KEEPER,
    CountyOfficer: Role.COUNTY_OFFICER,
    PovertyOfficer: Role.POVERTY_OFFICER,
    Auditor: Role.AUDITOR,
    Administrator: Role.ADMINISTRATOR,
}


class RoleUnknown(NotFound):
    """There is no such role."""

    code = "role_unknown"
    title = "角色不存在"
    title_en = "No such role"


def _member(member: StaffMember) -> StaffMemberView:
    return StaffMemberView(
        number=member.number,
        login=member.login,
        name=member.name,
        disabled=member.disabled,
        created_at=member.created_at,
        roles=[RoleView(held.role, held.scope) for held in member.roles],
    )


async def _granted(given: RoleInput) -> GrantedRole:
    """The role with a scope that exists. Raises the errors of the rooms that know merchants and places."""
    if given.role is Role.MERCHANT_CLERK:
        await merchant(given.scope)
    if given.role is Role.STATION_KEEPER and given.scope not in await division_names([given.scope]):
        raise DivisionUnknown(division=given.scope)
    return GrantedRole(given.role, given.scope)


@door.post("/session", public=True)
async def staff_log_in(body: StaffLogInInput, request: Request, staff_login: StaffLogin) -> StaffSessionView:
    """工作人员登录：一个令牌对应一个角色；多个角色时须指明。"""
    begun = await staff_login.log_in(body.login, body.password, client_address(request), body.role, body.scope)
    staff = StaffView(begun.number, begun.name, begun.role, begun.scope)
    return StaffSessionView(begun.opened.token, begun.opened.expires_at, staff)


@door.delete("/session")
async def staff_log_out(actor: Staff, request: Request, sessions: Sessions) -> None:
    """退出登录：当前令牌立即失效。"""
    await sessions.revoke(read_bearer(request.headers.get("authorization")) or "")


@door.get("/me")
async def show_staff_me(actor: Staff) -> StaffView:
    """当前账号与角色。"""
    scope = ""
    if isinstance(actor, MerchantClerk):
        scope = actor.merchant
    if isinstance(actor, StationKeeper):
        scope = actor.township
    return StaffView(actor.number, actor.name, _ROLE_OF_ACTOR[type(actor)], scope)


@door.put("/me/password", status=204)
async def change_password(actor: Staff, body: NewPasswordInput, staff: StaffAccounts) -> None:
    """修改密码：本账号的所有会话立即失效。"""
    await staff.change_password(actor, body.old, body.new)


@door.post("/staff")
async def create_staff(actor: Administrator, body: StaffInput, staff: StaffAccounts) -> StaffMemberView:
    """新建工作人员账号。"""
    roles = tuple([await _granted(role) for role in body.roles])
    return _member(await staff.create(body.login, body.name, body.password, roles, actor.caller))


@door.get("/staff")
async def list_staff(actor: Administrator, staff: StaffAccounts) -> StaffMembersView:
    """全部工作人员账号。"""
    return StaffMembersView([_member(member) for member in await staff.everybody()])


@door.delete("/staff/<number:str>")
async def disable_staff(actor: Administrator, number: str, staff: StaffAccounts) -> None:
    """停用账号：其会话立即失效。"""
    await staff.disable(number)


@door.post("/staff/<number:str>/roles")
async def grant_role(actor: Administrator, number: str, body: RoleInput, staff: StaffAccounts) -> StaffMemberView:
    """授予角色。"""
    await staff.grant(number, await _granted(body), actor.caller)
    return _member(await staff.show(number))


@door.delete("/staff/<number:str>/roles/<role:str>")
async def revoke_role(
    actor: Administrator, number: str, role: str, query: RoleScopeQuery, staff: StaffAccounts
) -> None:
    """收回角色：以该角色登录的会话立即失效。"""
    if role not in set(Role):
        raise RoleUnknown()
    await staff.revoke(number, GrantedRole(Role(role), query.scope), actor.caller)


@door.get("/access-log")
async def list_access_log(actor: Auditor, query: AccessLogQuery) -> AccessLogView:
    """个人信息查看记录。"""
    return AccessLogView(*await access_records(query.subject, query.cursor, query.limit))


@door.get("/access-log/export")
async def export_access_log(actor: Auditor, logs: AccessLogs) -> ResponseStream:
    """导出全部查看记录（JSON Lines），可用 scripts/verify_access_log 独立核验；本次导出亦留记录。"""
    now = utc_now()
    await logs.record(actor, "查看记录导出", "access_log", ["records"])
    return download(f"access-log-{china_day(now)}.jsonl", "application/x-ndjson", export_pieces(now))


@door.get("/access-alarms")
async def list_access_alarms(actor: Auditor | Administrator, query: AccessAlarmsQuery) -> AccessAlarmsView:
    """一小时内查看农户信息达到上限的账号，最新在前；达到上限后的查看一律拒绝。"""
    return AccessAlarmsView(*await access_alarms(query.cursor, query.limit))
