"""One-time codes: eight digits that only their buyer sees, and a limit to guessing them."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from kit.database import execute, row
from kit.encryption import FieldCipher
from orders.errors import RedemptionBlocked

DIGITS = 8
TRIES_PER_DAY = 5
"""Wrong codes for one thing in a day: who guesses every day for a week is right once in three million times."""
TRIES_PER_HOUR = 30
"""Wrong codes at one desk in an hour, over all things."""


@dataclass(frozen=True)
class Codes:
    """Makes, opens and compares codes. ``place`` binds a sealed code to its row."""

    cipher: FieldCipher

    def make(self, place: str) -> bytes:
        """A new code, sealed."""
        return self.cipher.encrypt(f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}", place)

    def read(self, sealed: bytes, place: str) -> str:
        """The code, for the buyer's eyes."""
        return self.cipher.decrypt(bytes(sealed), place)

    def fits(self, sealed: bytes, place: str, given: str) -> bool:
        """Whether the given code is the one."""
        return hmac.compare_digest(self.read(sealed, place).encode(), given.encode())


async def tries_left(desk: str, subject: str, now: datetime) -> int:
    """How many wrong codes a thing still bears. Holds the desk: tries there come one after the other.

    Raises RedemptionBlocked when there were too many, for the thing or at the desk. In the caller's transaction.
    """
    await execute("SELECT pg_advisory_xact_lock(hashtextextended('redemption|' || $1, 0))", desk)
    found = await row(
        "SELECT count(*) FILTER (WHERE subject = $2) AS of_subject, count(*) FILTER (WHERE failed_at > $4) AS of_desk"
        " FROM redemption_failure WHERE desk = $1 AND failed_at > $3",
        desk,
        subject,
        now - timedelta(days=1),
        now - timedelta(hours=1),
    )
    assert found is not None
    if found["of_subject"] >= TRIES_PER_DAY or found["of_desk"] >= TRIES_PER_HOUR:
        raise RedemptionBlocked()
    return int(TRIES_PER_DAY - found["of_subject"])


async def note_wrong_code(desk: str, subject: str, actor: str, now: datetime) -> None:
    """Count a wrong code; the caller's transaction must commit."""
    await row(
        "INSERT INTO redemption_failure (desk, subject, actor, failed_at) VALUES ($1, $2, $3, $4) RETURNING id",
        desk,
        subject,
        actor,
        now,
    )
