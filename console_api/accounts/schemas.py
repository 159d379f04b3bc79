"""The wire of staff accounts."""

from datetime import datetime
from typing import Annotated

import msgspec

from accounts.queries import AccessAlarmView, AccessRecord
from accounts.roles import Role
from api_kit.schemas import PLAIN, Input, View

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]
Scope = Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[A-Z0-9]*$(?!\n)")]
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class StaffLogInInput(Input):
    """Name and password; ``role`` and ``scope`` choose among several roles."""

    login: Text
    password: Password
    role: Role | None = None
    scope: Scope | None = None


class StaffView(View):
    """Who is logged in, and as what. ``scope`` is a merchant number, a township code, or empty."""

    number: str
    name: str
    role: Role
    scope: str


class StaffSessionView(View):
    """A session that has just begun. The token is shown here and never again."""

    token: str
    expires_at: datetime
    staff: StaffView


class NewPasswordInput(Input):
    """The old and the new password."""

    old: Password
    new: Password


class RoleInput(Input):
    """A role to grant."""

    role: Role
    scope: Scope = ""


class RoleScopeQuery(Input):
    """Which of several grants of one role is meant."""

    scope: Scope = ""


class StaffInput(Input):
    """A new staff account with its first password."""

    login: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{2,39}$(?!\n)")]
    name: Text
    password: Password
    roles: Annotated[list[RoleInput], msgspec.Meta(min_length=1, max_length=20)]


class RoleView(View):
    """A role that is held."""

    role: Role
    scope: str


class StaffMemberView(View):
    """A staff account."""

    number: str
    login: str
    name: str
    disabled: bool
    created_at: datetime
    roles: list[RoleView]


class StaffMembersView(View):
    """Every staff account, oldest first."""

    staff: list[StaffMemberView]


class AccessLogQuery(Input):
    """Which records to list."""

    subject: Text | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class AccessLogView(View):
    """Who read personal data, newest first."""

    records: list[AccessRecord]
    next_cursor: str | None


class AccessAlarmsQuery(Input):
    """Which page of the alarms."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class AccessAlarmsView(View):
    """Accounts that have looked at as many people within an hour as anybody may, newest first."""

    alarms: list[AccessAlarmView]
    next_cursor: str | None
