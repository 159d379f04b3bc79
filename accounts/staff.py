"""Staff accounts: log-in with a password, back-off after failures, roles that are granted and revoked."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from tortoise.exceptions import IntegrityError

from accounts.actors import Staff
from accounts.errors import (
    LoginBlocked,
    LoginNameTaken,
    RoleChoiceNeeded,
    RoleGranted,
    RoleMissing,
    ScopeInvalid,
    StaffUnknown,
    WrongLogin,
)
from accounts.models import AccountSession, RoleGrant, StaffAccount
from accounts.passwords import Passwords, check_strength
from accounts.roles import SCOPE_OF_ROLE, Role, ScopeKind
from accounts.service import Opened, Sessions
from kit.clock import Clock, utc_now
from kit.database import execute, row, transaction
from kit.errors import Invalid
from kit.numbers import public_number

FAILURES_ALLOWED = 10
FAILURES_FORGOTTEN_AFTER = timedelta(hours=1)
FIRST_BLOCK = timedelta(minutes=1)
LONGEST_BLOCK = timedelta(hours=1)

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")
_SCOPE = {
    ScopeKind.COUNTY: re.compile(""),
    ScopeKind.MERCHANT: re.compile(r"[A-Z0-9]{1,40}"),
    ScopeKind.TOWNSHIP: re.compile(r"\d{9}"),
}

_COUNT_ATTEMPT = """
INSERT INTO login_failure AS f (subject_hash, failures, last_failed_at) VALUES ($1, 1, $2)
ON CONFLICT (subject_hash) DO UPDATE SET
    failures = CASE WHEN f.last_failed_at < $3 THEN 1 ELSE f.failures + 1 END,
    last_failed_at = $2,
    blocked_until = CASE WHEN f.last_failed_at >= $3 AND f.failures + 1 >= $4
        THEN $2 + LEAST($6::interval, $5::interval * power(2, LEAST(f.failures + 1 - $4, 10))) END
  WHERE f.blocked_until IS NULL OR f.blocked_until <= $2
RETURNING failures
"""


class LoginNameInvalid(Invalid):
    """A login name has 3 to 40 lower-case letters, digits, dots, hyphens or underscores."""

    code = "login_name_invalid"
    title = "登录名格式有误"
    title_en = "The login name is not valid"


def check_login_name(login: str) -> None:
    """Raises :class:`LoginNameInvalid`."""
    if not _LOGIN.fullmatch(login):
        raise LoginNameInvalid()


@dataclass(frozen=True)
class StaffSession:
    """A log-in that worked: the token, who it stands for, and the role."""

    opened: Opened
    number: str
    name: str
    role: Role
    scope: str


@dataclass(frozen=True)
class StaffLogin:
    """Logs staff in. A wrong name, a wrong password and a closed account get one answer after equal work."""

    passwords: Passwords
    sessions: Sessions
    clock: Clock = utc_now
    in_turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    async def log_in(
        self, login: str, password: str, address: str, role: Role | None = None, scope: str | None = None
    ) -> StaffSession:
        """A session in one role; with several roles the caller names one.

        Ten failures of one name or from one address within an hour block it for a minute, each further one
        for twice as long, up to an hour. An attempt counts as failed before the password is looked at, so
        parallel guesses are counted too. Raises :class:`WrongLogin`, :class:`LoginBlocked`,
        :class:`RoleMissing`, :class:`RoleChoiceNeeded`, :class:`LoginBusy`.
        """
        login = login.strip().lower()
        subjects = (_subject("account", login), _subject("address", address))
        async with self.in_turn:
            for subject in subjects:
                await self._count_attempt(subject)
            account = await StaffAccount.get_or_none(login=login)
            stored = account.password_hash if account and account.disabled_at is None else None
            if not await self.passwords.matches(stored, password) or account is None:
                raise WrongLogin()
            await self._forgive(*subjects)
        grant = await self._choose_grant(account.id, role, scope)
        opened = await self.sessions.open_for_grant(grant.id)
        return StaffSession(opened, account.number, account.name, grant.role, grant.scope)

    async def _count_attempt(self, subject: str) -> None:
        now = self.clock()
        counted = await row(
            _COUNT_ATTEMPT,
            subject,
            now,
            now - FAILURES_FORGOTTEN_AFTER,
            FAILURES_ALLOWED,
            FIRST_BLOCK,
            LONGEST_BLOCK,
        )
        if counted is None:
            blocked = await row("SELECT blocked_until FROM login_failure WHERE subject_hash = $1", subject)
            left = (blocked["blocked_until"] - now).total_seconds() if blocked and blocked["blocked_until"] else 1
            raise LoginBlocked(retry_after_s=max(1, int(left)))

    async def _forgive(self, account: str, address: str) -> None:
        """A success clears the name; the address loses this attempt alone, or one account would clear it."""
        await execute("DELETE FROM login_failure WHERE subject_hash = $1", account)
        await execute(
            "UPDATE login_failure SET failures = failures - 1, blocked_until = NULL WHERE subject_hash = $1"
            " AND failures > 0",
            address,
        )

    async def _choose_grant(self, staff_id: int, role: Role | None, scope: str | None) -> RoleGrant:
        grants = await RoleGrant.filter(staff_id=staff_id, revoked_at=None).order_by("id")
        fitting = [g for g in grants if role in (None, g.role) and scope in (None, g.scope)]
        if not fitting:
            raise RoleMissing()
        if len(fitting) > 1:
            raise RoleChoiceNeeded(roles=[{"role": g.role.value, "scope": g.scope} for g in fitting])
        return fitting[0]


def _subject(kind: str, name: str) -> str:
    return sha256(f"{kind}|{name}".encode()).hexdigest()


@dataclass(frozen=True)
class GrantedRole:
    """A role to grant, or one that is held."""

    role: Role
    scope: str = ""


@dataclass(frozen=True)
class StaffMember:
    """A staff account as the administrator sees it."""

    number: str
    login: str
    name: str
    disabled: bool
    created_at: datetime
    roles: tuple[GrantedRole, ...]


@dataclass(frozen=True)
class StaffAccounts:
    """What the administrator does. ``by`` is the caller who is held to it."""

    passwords: Passwords
    clock: Clock = utc_now

    async def create(
        self, login: str, name: str, password: str, roles: tuple[GrantedRole, ...], by: str
    ) -> StaffMember:
        """A new account with its roles. Raises :class:`LoginNameTaken`, :class:`LoginNameInvalid`,
        :class:`PasswordTooWeak` and :class:`ScopeInvalid`."""
        check_login_name(login)
        check_strength(password, login)
        password_hash = await self.passwords.hash(password)
        now = self.clock()
        async with transaction():
            try:
                async with transaction():
                    account = await StaffAccount.create(
                        number=public_number(now, "U"),
                        login=login,
                        name=name,
                        password_hash=password_hash,
                        password_set_at=now,
                        created_at=now,
                        created_by=by,
                    )
            except IntegrityError:
                raise LoginNameTaken(login=login) from None
            for granted in roles:
                await self.grant(account.number, granted, by)
        return await self.show(account.number)

    async def grant(self, number: str, granted: GrantedRole, by: str) -> None:
        """Give a role. Raises :class:`StaffUnknown`, :class:`ScopeInvalid`, :class:`RoleGranted`."""
        kind = SCOPE_OF_ROLE[granted.role]
        if not _SCOPE[kind].fullmatch(granted.scope):
            raise ScopeInvalid(role=granted.role.value, scope_kind=kind.value)
        account = await StaffAccount.get_or_none(number=number)
        if account is None:
            raise StaffUnknown()
        async with transaction():
            # The account's row serialises two grants of the same role.
            await row("SELECT id FROM staff_account WHERE id = $1 FOR UPDATE", account.id)
            held = {"staff_id": account.id, "role": granted.role, "scope": granted.scope, "revoked_at": None}
            if await RoleGrant.exists(**held):
                raise RoleGranted(role=granted.role.value)
            await RoleGrant.create(**held, scope_kind=kind, granted_at=self.clock(), granted_by=by)

    async def revoke(self, number: str, granted: GrantedRole, by: str) -> None:
        """Take a role away; its sessions end with the next request. Repeating it changes nothing."""
        await RoleGrant.filter(staff__number=number, role=granted.role, scope=granted.scope, revoked_at=None).update(
            revoked_at=self.clock(), revoked_by=by
        )

    async def disable(self, number: str) -> None:
        """Close an account for good; its sessions end with the next request. Raises :class:`StaffUnknown`."""
        if not await StaffAccount.exists(number=number):
            raise StaffUnknown()
        await StaffAccount.filter(number=number, disabled_at=None).update(disabled_at=self.clock())

    async def change_password(self, staff: Staff, old: str, new: str) -> None:
        """Replace the own password; every session of the account ends. Raises :class:`WrongLogin`."""
        account = await StaffAccount.get(id=staff.id)
        if not await self.passwords.matches(account.password_hash, old):
            raise WrongLogin()
        check_strength(new, account.login)
        password_hash = await self.passwords.hash(new)
        now = self.clock()
        async with transaction():
            changed = await StaffAccount.filter(id=account.id, password_hash=account.password_hash).update(
                password_hash=password_hash, password_set_at=now
            )
            if not changed:
                raise WrongLogin()
            await AccountSession.filter(grant__staff_id=account.id, revoked_at=None).update(revoked_at=now)

    async def has_administrator(self) -> bool:
        """Whether somebody may still act as administrator."""
        return await RoleGrant.exists(role=Role.ADMINISTRATOR, revoked_at=None, staff__disabled_at=None)

    async def show(self, number: str) -> StaffMember:
        """One account. Raises :class:`StaffUnknown`."""
        found = await self._members([number])
        if not found:
            raise StaffUnknown()
        return found[0]

    async def everybody(self) -> list[StaffMember]:
        """Every account, oldest first; a county has a few hundred."""
        return await self._members(None)

    async def _members(self, numbers: list[str] | None) -> list[StaffMember]:
        wanted = StaffAccount.all() if numbers is None else StaffAccount.filter(number__in=numbers)
        accounts = await wanted.order_by("id").limit(1000)
        roles: dict[int, list[GrantedRole]] = {account.id: [] for account in accounts}
        held = RoleGrant.filter(staff_id__in=list(roles), revoked_at=None).order_by("id")
        for staff_id, role, scope in await held.values_list("staff_id", "role", "scope"):
            roles[staff_id].append(GrantedRole(Role(role), scope))
        return [
            StaffMember(a.number, a.login, a.name, a.disabled_at is not None, a.created_at, tuple(roles[a.id]))
            for a in accounts
        ]
