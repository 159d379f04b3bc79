"""The customer-service entry: what the phone hands over so that a conversation carries its order along.

A signed text that the mini-program puts into the contact button's session context. It says which order of which
consumer is talked about and cannot be made up; it opens nothing.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated

import msgspec

from county.complaints.errors import EntryInvalid
from kit.clock import Clock, utc_now

GOOD_FOR = timedelta(hours=24)


class EntryContext(msgspec.Struct, frozen=True, array_like=True):
    """Which order is talked about; ``until`` is when the entry stops being good, in seconds since 1970."""

    order: Annotated[str, msgspec.Meta(max_length=40)]
    consumer: Annotated[str, msgspec.Meta(max_length=32)]
    until: int


@dataclass(frozen=True)
class ServiceEntries:
    """Signs and reads entries. ``secret`` is the installation's."""

    secret: str
    clock: Clock = utc_now

    def sign(self, order: str, consumer: str) -> tuple[str, datetime]:
        """The entry for an order that is the consumer's, and until when it is good."""
        until = (self.clock() + GOOD_FOR).replace(microsecond=0)
        body = msgspec.json.encode(EntryContext(order, consumer, int(until.timestamp()))).hex()
        return f"{body}.{self._mac(body)}", until

    def read(self, entry: str) -> EntryContext:
        """What an entry says. Raises :class:`EntryInvalid` for one that is not ours or no longer good."""
        body, _, mac = entry.partition(".")
        if not hmac.compare_digest(mac.encode(), self._mac(body).encode()):
            raise EntryInvalid()
        context = msgspec.json.decode(bytes.fromhex(body), type=EntryContext)
        if context.until < self.clock().timestamp():
            raise EntryInvalid()
        return context

    def _mac(self, body: str) -> str:
        return hmac.new(self.secret.encode(), f"service_entry|{body}".encode(), sha256).hexdigest()
