"""The first answer to a key is every later answer to it (reliability reference 1, Stripe's rules).

A claim is a row; it commits together with the effect, or with nothing. A request that was refused leaves no claim, so
a corrected one may use the key again. For steps that must talk to the network between two transactions the claim
commits first, and the step resumes by the state of its own rows.
"""

import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from tortoise import fields

from kit.clock import utc_now
from kit.database import execute, row, rows, scalar
from kit.errors import Conflict, Invalid
from kit.models import Model

KEPT_FOR = timedelta(hours=72)
MAX_ROUTE_CHARS = 160
"""A longer route, which names nothing that exists, is kept as its hash."""
MAX_MADE_CHARS = 60


class KeyMissing(Invalid):
    """A request that makes money move has no Idempotency-Key header of 1 to 255 visible ASCII characters."""

    code = "idempotency_key_missing"
    title = "缺少幂等键 Idempotency-Key"
    title_en = "The Idempotency-Key header is missing"


class KeyReused(Invalid):
    """The key was used before with another request body."""

    code = "idempotency_key_reused"
    title = "幂等键已用于另一请求"
    title_en = "The Idempotency-Key was used with another body"


class StillRunning(Conflict):
    """The first request with the key has not finished yet."""

    code = "request_in_progress"
    title = "相同请求正在处理"
    title_en = "The same request is still running"


class IdempotencyClaim(Model):
    """One used key of one caller on one route, and the answer once there is one, or what it is read again by."""

    id = fields.BigIntField(primary_key=True)
    caller = fields.CharField(max_length=120)
    route = fields.CharField(max_length=MAX_ROUTE_CHARS)
    key = fields.CharField(max_length=255)
    body_mark = fields.BinaryField()
    status = fields.SmallIntField(null=True)
    answer = fields.BinaryField(null=True)
    made = fields.CharField(max_length=MAX_MADE_CHARS, null=True)
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "idempotency_claim"
        # The key leads, so that used_keys finds it without knowing the caller.
        unique_together = (("key", "caller", "route"),)


@dataclass(frozen=True)
class Claimed:
    """A claim that is held: ``status`` and ``answer`` or ``made`` are set when an earlier request has finished."""

    id: int
    status: int | None
    answer: bytes | None
    made: str | None = None


@dataclass(frozen=True)
class BodyMarks:
    """Knows a body again without keeping it: HMAC-SHA-256 under a key of its own.

    A bare hash of a body with an identity number gives the number to whoever tries them all. Without the house's secret
    a process knows the bodies of its own time alone.
    """

    house_secret: bytes = field(default_factory=lambda: os.urandom(32), repr=False)

    def of(self, body: bytes) -> bytes:
        """The mark of a body."""
        key = hmac.new(self.house_secret, b"idempotency.body", sha256).digest()
        return hmac.new(key, body, sha256).digest()


async def claim(caller: str, route: str, key: str, mark: bytes) -> Claimed:
    """Take the key for this caller and route, inside the transaction of the effect or just before it.

    ``mark`` is what :class:`BodyMarks` makes of the body.

    A concurrent first request blocks this one until it commits; :class:`StillRunning` after the lock timeout.
    Raises :class:`KeyReused` when the body differs.
    """
    if len(route) > MAX_ROUTE_CHARS:
        route = sha256(route.encode()).hexdigest()
    new = await scalar(
        "INSERT INTO idempotency_claim (caller, route, key, body_mark, created_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT DO NOTHING RETURNING id",
        caller,
        route,
        key,
        mark,
        utc_now(),
    )
    if new is not None:
        return Claimed(new, None, None)
    old = await row(
        "SELECT id, body_mark, status, answer, made FROM idempotency_claim"
        " WHERE caller = $1 AND route = $2 AND key = $3",
        caller,
        route,
        key,
    )
    if old is None:
        raise StillRunning()
    if not hmac.compare_digest(bytes(old["body_mark"]), mark):
        raise KeyReused()
    answer = bytes(old["answer"]) if old["answer"] is not None else None
    return Claimed(old["id"], old["status"], answer, old["made"])


async def used_keys(keys: Sequence[str]) -> set[str]:
    """Those of the keys under which anybody has an answer. One query."""
    return {found["key"] for found in await rows("SELECT key FROM idempotency_claim WHERE key = ANY($1::text[])", keys)}


async def let_go(claimed: Claimed) -> None:
    """A claim that committed before its request was refused is no claim: the key may be used again."""
    await execute("DELETE FROM idempotency_claim WHERE id = $1 AND status IS NULL", claimed.id)


async def settle(claimed: Claimed, status: int, answer: bytes | None, made: str | None = None) -> None:
    """Keep the answer with the claim, or the number of what was ``made``, by which it is read again."""
    await execute(
        "UPDATE idempotency_claim SET status = $2, answer = $3, made = $4 WHERE id = $1 AND status IS NULL",
        claimed.id,
        status,
        answer,
        made,
    )


async def forget_old_claims(now: datetime) -> int:
    """Delete claims older than three days; answers how many."""
    return await execute("DELETE FROM idempotency_claim WHERE created_at < $1", now - KEPT_FOR)
