"""Passwords: argon2id in threads, never more than a few at once (reliability reference 4, case 18)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from accounts.errors import LoginBusy, PasswordTooWeak

MIN_LENGTH = 10
MAX_LENGTH = 128

ResultT = TypeVar("ResultT")


class Passwords:
    """Hashes and checks passwords.

    ``at_once`` bounds memory (64 MiB each with the library's defaults) and processor time; ``waiting_limit``
    bounds the queue, so that a flood of log-ins is turned away instead of filling the process.
    """

    def __init__(self, hasher: PasswordHasher | None = None, at_once: int = 2, waiting_limit: int = 40) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="argon2")
        self._waiting_limit = waiting_limit
        self._waiting = 0

    @cached_property
    def _nobodys_hash(self) -> str:
        return self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The argon2id hash, with its parameters and salt inside. Raises :class:`LoginBusy`."""
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one. ``None`` never matches and costs as much time."""

        def check() -> bool:
            try:
                return self._hasher.verify(stored or self._nobodys_hash, password) and stored is not None
            except (VerificationError, InvalidHashError):
                return False

        return await self._in_thread(check)

    async def _in_thread(self, work: Callable[[], ResultT]) -> ResultT:
        if self._waiting >= self._waiting_limit:
            raise LoginBusy()
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def check_strength(password: str, login: str) -> None:
    """Raises :class:`PasswordTooWeak`."""
    used = (
        any(char.isdigit() for char in password)
        + any(char.islower() for char in password)
        + any(char.isupper() for char in password)
        + any(not char.isalnum() for char in password)
    )
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH or used < 2 or login.lower() in password.lower():
        raise PasswordTooWeak(min_length=MIN_LENGTH, max_length=MAX_LENGTH)
