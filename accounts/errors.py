"""What this room refuses."""

from typing import ClassVar

from kit.errors import Conflict, Invalid, NotAuthenticated, NotFound, NotPermitted, Unavailable


class WrongLogin(NotAuthenticated):
    """The login name or the password is wrong, or the account is closed; the answer does not say which."""

    code = "wrong_login"
    title = "用户名或密码错误"
    title_en = "Wrong login name or password"


class LoginBlocked(NotPermitted):
    """Too many failed log-ins for this name or from this address; ``retry_after_s`` seconds remain."""

    status: ClassVar[int] = 429
    code = "login_blocked"
    title = "登录失败次数过多，请稍后再试"
    title_en = "Too many failed log-ins; try again later"


class LoginBusy(Unavailable):
    """More people are logging in at this moment than passwords can be checked."""

    code = "login_busy"
    title = "登录人数较多，请稍后再试"
    title_en = "Too many log-ins at this moment"


class RoleMissing(NotPermitted):
    """The account has no role that is valid now, or not the one asked for."""

    code = "role_missing"
    title = "账号没有可用的角色"
    title_en = "The account does not have this role"


class RoleChoiceNeeded(Conflict):
    """The account has several roles; the log-in must name one of ``roles`` (role and scope)."""

    code = "role_choice_needed"
    title = "请选择登录角色"
    title_en = "Choose one of the roles"


class LoginNameTaken(Conflict):
    """Another staff account has this login name."""

    code = "login_name_taken"
    title = "登录名已被使用"
    title_en = "The login name is taken"


class RoleGranted(Conflict):
    """The account has this role with this scope already."""

    code = "role_granted_already"
    title = "该角色已授予"
    title_en = "The role is granted already"


class StaffUnknown(NotFound):
    """There is no such staff account."""

    code = "staff_unknown"
    title = "工作人员账号不存在"
    title_en = "No such staff account"


class ScopeInvalid(Invalid):
    """A merchant clerk's role names a merchant, a station keeper's a township, every other role nothing."""

    code = "scope_invalid"
    title = "角色范围有误"
    title_en = "The scope does not fit the role"


class PasswordTooWeak(Invalid):
    """A password has 10 to 128 characters, not all of one kind, and does not contain the login name."""

    code = "password_too_weak"
    title = "密码强度不足"
    title_en = "The password is too weak"


class PurposeMissing(Invalid):
    """Personal data are shown for a stated purpose only."""

    code = "purpose_missing"
    title = "请填写查看目的"
    title_en = "State the purpose"


class InvitationUnknown(NotFound):
    """There is no such invitation, or it has been used, withdrawn, or has run out."""

    code = "invitation_unknown"
    title = "邀请无效或已过期"
    title_en = "The invitation is unknown, used or has run out"


class InvitationsFull(Conflict):
    """Too many invitations of this merchant are open; withdraw one first."""

    code = "invitations_full"
    title = "未使用的邀请过多"
    title_en = "Too many open invitations"


class ClerkUnknown(NotFound):
    """Nobody with this number is a clerk here."""

    code = "clerk_unknown"
    title = "商户人员不存在"
    title_en = "No such clerk"


class LastLead(Conflict):
    """A merchant keeps at least one lead clerk."""

    code = "last_lead_clerk"
    title = "至少保留一名负责人"
    title_en = "The last lead clerk stays"


class TooManyViews(NotPermitted):
    """The account has looked at as many people within an hour as may be (``allowed_per_hour``); auditors are told."""

    status: ClassVar[int] = 429
    code = "too_many_views"
    title = "一小时内查看次数已达上限，已告知审计人员"
    title_en = "Too many looks at personal data within an hour; auditors are told"
