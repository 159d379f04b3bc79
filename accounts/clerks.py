"""Clerks of one scope, kept by their own lead: invited with a code, limited to duties, removed.

The scope is opaque here (a merchant's number); whoever calls has checked that it is the caller's own.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from tortoise.exceptions import IntegrityError

from accounts.errors import ClerkUnknown, InvitationsFull, InvitationUnknown, LastLead, LoginNameTaken
from accounts.models import ClerkInvitation, RoleGrant, StaffAccount
from accounts.passwords import Passwords, check_strength
from accounts.roles import Duty, Role, ScopeKind
from accounts.staff import check_login_name
from accounts.tokens import token_hash
from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.numbers import public_number, secret_token

INVITED_FOR = timedelta(days=7)
MAX_OPEN = 20


class Invited(msgspec.Struct, frozen=True):
    """An invitation that was just made; the only moment at which its code is known."""

    number: str
    code: str
    expires_at: datetime


class Invitation(msgspec.Struct, frozen=True):
    """An invitation that nobody has used yet."""

    number: str
    duties: list[Duty]
    invited_at: datetime
    invited_by: str
    expires_at: datetime


class Clerk(msgspec.Struct, frozen=True):
    """One of the clerks. Without duties a lead, who does everything there."""

    number: str
    login: str
    name: str
    duties: list[Duty]
    granted_at: datetime


def _written(duties: Collection[Duty]) -> str:
    return " ".join(sorted(set(duties)))


async def clerks_of(scope: str) -> list[Clerk]:
    """The clerks of a scope, the oldest grant first, at most 200."""
    found = await rows(
        "SELECT a.number, a.login, a.name, g.duties, g.granted_at FROM role_grant g"
        " JOIN staff_account a ON a.id = g.staff_id WHERE g.role = 'merchant_clerk' AND g.scope = $1"
        " AND g.revoked_at IS NULL AND a.disabled_at IS NULL ORDER BY g.id LIMIT 200",
        scope,
    )
    return [Clerk(**{**r, "duties": [Duty(each) for each in r["duties"].split()]}) for r in found]


async def open_invitations(scope: str, now: datetime) -> list[Invitation]:
    """The invitations of a scope that may still be used, oldest first."""
    found = await rows(
        "SELECT number, duties, invited_at, invited_by, expires_at FROM clerk_invitation WHERE scope = $1"
        " AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2 ORDER BY id",
        scope,
        now,
    )
    return [Invitation(**{**r, "duties": [Duty(each) for each in r["duties"].split()]}) for r in found]


@dataclass(frozen=True)
class Clerks:
    """Invites, limits and removes clerks. ``by`` is the caller who is held to it."""

    passwords: Passwords
    clock: Clock = utc_now

    async def invite(self, scope: str, duties: Collection[Duty], by: str) -> Invited:
        """A code that makes one person a clerk, for a week. No duties make a lead. Raises :class:`InvitationsFull`."""
        now, code = self.clock(), secret_token()
        invited = Invited(public_number(now, "CI"), code, now + INVITED_FOR)
        async with transaction():
            await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"clerk_invitation|{scope}")
            if len(await open_invitations(scope, now)) >= MAX_OPEN:
                raise InvitationsFull(limit=MAX_OPEN)
            await ClerkInvitation.create(
                number=invited.number,
                code_hash=token_hash(code),
                scope=scope,
                duties=_written(duties),
                invited_at=now,
                invited_by=by,
                expires_at=invited.expires_at,
            )
        return invited

    async def withdraw(self, scope: str, number: str) -> None:
        """Make an open invitation worthless; repeating it changes nothing. Raises :class:`InvitationUnknown`."""
        await execute(
            "UPDATE clerk_invitation SET withdrawn_at = $3 WHERE scope = $1 AND number = $2"
            " AND withdrawn_at IS NULL AND accepted_at IS NULL",
            scope,
            number,
            self.clock(),
        )
        ended = "SELECT 1 FROM clerk_invitation WHERE scope = $1 AND number = $2 AND withdrawn_at IS NOT NULL"
        if await scalar(ended, scope, number) is None:
            raise InvitationUnknown()

    async def accept(self, code: str, login: str, name: str, password: str) -> str:
        """Make the account of whoever has the code; answers its number. A code makes one account.

        Raises :class:`InvitationUnknown`, before any password is hashed, :class:`LoginNameInvalid`,
        :class:`LoginNameTaken`, :class:`PasswordTooWeak`.
        """
        if await self._invitation(code, "") is None:
            raise InvitationUnknown()
        check_login_name(login)
        check_strength(password, login)
        password_hash = await self.passwords.hash(password)
        now = self.clock()
        number = public_number(now, "U")
        async with transaction():
            invitation = await self._invitation(code, " FOR UPDATE")
            if invitation is None:
                raise InvitationUnknown()
            by = f"invitation:{invitation['number']}"
            try:
                async with transaction():
                    account = await StaffAccount.create(
                        number=number,
                        login=login,
                        name=name,
                        password_hash=password_hash,
                        password_set_at=now,
                        created_at=now,
                        created_by=by,
                    )
            except IntegrityError:
                raise LoginNameTaken(login=login) from None
            await _grant(account.id, invitation["scope"], invitation["duties"], now, by)
            await execute(
                "UPDATE clerk_invitation SET accepted_at = $2, accepted_by = $3 WHERE id = $1",
                invitation["id"],
                now,
                number,
            )
        return number

    async def _invitation(self, code: str, locking: str) -> Row | None:
        return await row(
            "SELECT id, number, scope, duties FROM clerk_invitation WHERE code_hash = $1 AND accepted_at IS NULL"
            f" AND withdrawn_at IS NULL AND expires_at > $2{locking}",
            token_hash(code),
            self.clock(),
        )

    async def limit(self, scope: str, number: str, duties: Collection[Duty], by: str) -> None:
        """Give a clerk other duties, or none to make a lead; the sessions of the old ones end.

        Raises :class:`ClerkUnknown`, :class:`LastLead`.
        """
        async with transaction():
            held = await self._end(scope, number, by, keeps_lead=not duties)
            await _grant(held["staff_id"], scope, _written(duties), self.clock(), by)

    async def remove(self, scope: str, number: str, by: str) -> None:
        """Take a clerk's place away; its sessions end with the next request.

        Raises :class:`ClerkUnknown`, :class:`LastLead`.
        """
        async with transaction():
            await self._end(scope, number, by, keeps_lead=False)

    async def _end(self, scope: str, number: str, by: str, *, keeps_lead: bool) -> Row:
        """End one grant, with all of the scope locked so that two leads cannot remove each other at once."""
        held = await rows(
            "SELECT g.id, g.staff_id, g.duties, a.number, a.disabled_at IS NULL AS active FROM role_grant g"
            " JOIN staff_account a ON a.id = g.staff_id WHERE g.role = 'merchant_clerk' AND g.scope = $1"
            " AND g.revoked_at IS NULL ORDER BY g.id FOR UPDATE OF g",
            scope,
        )
        found = next((each for each in held if each["number"] == number), None)
        if found is None:
            raise ClerkUnknown()
        leads = [each for each in held if not each["duties"] and each["active"] and each is not found]
        if not found["duties"] and not leads and not keeps_lead:
            raise LastLead()
        await execute(
            "UPDATE role_grant SET revoked_at = $2, revoked_by = $3 WHERE id = $1", found["id"], self.clock(), by
        )
        return found


async def _grant(staff_id: int, scope: str, duties: str, now: datetime, by: str) -> None:
    await RoleGrant.create(
        staff_id=staff_id,
        role=Role.MERCHANT_CLERK,
        scope_kind=ScopeKind.MERCHANT,
        scope=scope,
        duties=duties,
        granted_at=now,
        granted_by=by,
    )
