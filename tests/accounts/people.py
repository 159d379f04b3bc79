"""Consumers and staff for tests."""

from collections.abc import Callable
from datetime import datetime, timedelta

from argon2 import PasswordHasher

from accounts.passwords import Passwords
from accounts.ports import CodeRejected, WeChatIdentity
from accounts.roles import Role
from accounts.staff import GrantedRole, StaffAccounts, StaffMember
from integrations.field_encryption.cipher import KeyRing, RingKey

PASSWORD = "Correct-Horse-9"  # pragma: allowlist secret
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def quick_passwords(**limits: int) -> Passwords:
    """Argon2id with little work, so that a test of hundreds of log-ins takes no minutes."""
    return Passwords(QUICK, **limits)


def throwaway_cipher(*names: str, algorithm: str = "aes-256-gcm") -> KeyRing:
    """A ring of keys of no installation, equal for equal names: the first one seals, the others only open."""
    keys = [
        RingKey(name, algorithm, name.encode().ljust(32, b"."), writes=not n) for n, name in enumerate(names or ("k1",))
    ]
    return KeyRing(keys, b"\x11" * 32)


class MovingClock:
    """A clock that a test moves."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


class SomeoneElsesPhone:
    """People whose codes are ``login-<openid>`` and ``phone-<number>``, each good for one exchange."""

    def __init__(self, unionid: Callable[[str], str | None] = lambda openid: None) -> None:
        self.used: set[str] = set()
        self._unionid = unionid

    def _take(self, code: str, kind: str) -> str:
        if not code.startswith(kind) or code in self.used:
            raise CodeRejected()
        self.used.add(code)
        return code.removeprefix(kind).split("#")[0]

    async def exchange_login_code(self, code: str) -> WeChatIdentity:
        """The identity in the code."""
        openid = self._take(code, "login-")
        return WeChatIdentity(openid, self._unionid(openid))

    async def exchange_phone_code(self, code: str, openid: str) -> str:
        """The number in the code."""
        return self._take(code, "phone-")


async def staff_member(login: str, *roles: GrantedRole) -> StaffMember:
    """A staff account with the usual password; a county officer unless told otherwise."""
    granted = roles or (GrantedRole(Role.COUNTY_OFFICER),)
    return await StaffAccounts(quick_passwords()).create(login, "示例人员", PASSWORD, granted, "staff:test")
