"""The signed word that a purchase began somewhere: handed out there, handed in at checkout, never believed unsigned."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from kit.clock import Clock, utc_now

TOKEN_LIFETIME = timedelta(hours=4)
_TOKEN = re.compile(r"([0-9A-Z]{16})\.(\d{9,11})\.([0-9a-f]{64})")


@dataclass(frozen=True)
class SourceTokens:
    """What the rooms share that give sources out; each has a key of its own and a prefix for its codes."""

    room: ClassVar[str]
    prefix: ClassVar[str]

    house_secret: str = field(repr=False)
    clock: Clock = utc_now

    def signed(self, code: str) -> str:
        """A token for a code of 16 characters, good for four hours."""
        expires = int((self.clock() + TOKEN_LIFETIME).timestamp())
        return f"{code}.{expires}.{self._sign(code, expires)}"

    def verify(self, token: str) -> str | None:
        """The opaque ``source`` of an order, prefix and code, or None for a token that is not ours or too old."""
        found = _TOKEN.fullmatch(token)
        if found is None or int(found[2]) <= self.clock().timestamp():
            return None
        if not hmac.compare_digest(self._sign(found[1], int(found[2])), found[3]):
            return None
        return self.prefix + found[1]

    def _sign(self, code: str, expires: int) -> str:
        key = hmac.new(self.house_secret.encode(), f"{self.room}.source".encode(), hashlib.sha256).digest()
        return hmac.new(key, f"{code}:{expires}".encode(), hashlib.sha256).hexdigest()
