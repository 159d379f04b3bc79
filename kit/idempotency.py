"""The first answer to a key is every later answer to it (reliability reference 1, Stripe's rules).

A claim is a row; it commits together with the effect, or with nothing. A request that was refused leaves no claim, so
a corrected one may use the key again. For steps that must talk to the network between two transactions the claim
commits first, and the step resumes by the state of its own rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from tortoise import fields
from tortoise.models import Model

from kit.clock import utc_now
from kit.database import execute, row, rows, scalar
from kit.errors import Conflict, Invalid

KEPT_FOR = timedelta(hours=72)
MAX_ROUTE_CHARS = 160
"""A longer route, which names nothing that exists, is kept as its hash."""


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
    """One used key of one caller on one route, and the answer once there is one."""

    id = fields.BigIntField(primary_key=True)
    caller = fields.CharField(max_length=120)
    route = fields.CharField(max_length=MAX_ROUTE_CHARS)
    key = fields.CharField(max_length=255)
    body_hash = fields.BinaryField()
    status = fields.SmallIntField(null=True)
    answer = fields.BinaryField(null=True)
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "idempotency_claim"
        # The key leads, so that used_keys finds it without knowing the caller.
        unique_together = (("key", "caller", "route"),)


@dataclass(frozen=True)
class Claimed:
    """A claim that is held: ``status`` and ``answer`` are set when an earlier request has finished."""

    id: int
    status: int | None
    answer: bytes | None


async def claim(caller: str, route: str, key: str, body: bytes) -> Claimed:
    """Take the key for this caller and route, inside the transaction of the effect or just before it.

    A concurrent first request blocks this one until it commits; :class:`StillRunning` after the lock timeout.
    Raises :class:`KeyReused` when the body differs.
    """
    digest = sha256(body).digest()
    if len(route) > MAX_ROUTE_CHARS:
        route = sha256(route.encode()).hexdigest()
    new = await scalar(
        "INSERT INTO idempotency_claim (caller, route, key, body_hash, created_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT DO NOTHING RETURNING id",
        caller,
        route,
        key,
        digest,
        utc_now(),
    )
    if new is not None:
        return Claimed(new, None, None)
    old = await row(
        "SELECT id, body_hash, status, answer FROM idempotency_claim WHERE caller = $1 AND route = $2 AND key = $3",
        caller,
        route,
        key,
    )
    if old is None:
        raise StillRunning()
    if bytes(old["body_hash"]) != digest:
        raise KeyReused()
    return Claimed(old["id"], old["status"], bytes(old["answer"]) if old["answer"] is not None else None)


async def used_keys(keys: Sequence[str]) -> set[str]:
    """Those of the keys under which anybody has an answer. One query."""
    return {found["key"] for found in await rows("SELECT key FROM idempotency_claim WHERE key = ANY($1::text[])", keys)}


async def let_go(claimed: Claimed) -> None:
    """A claim that committed before its request was refused is no claim: the key may be used again."""
    await execute("DELETE FROM idempotency_claim WHERE id = $1 AND status IS NULL", claimed.id)


async def settle(claimed: Claimed, status: int, answer: bytes) -> None:
    """Keep the answer with the claim."""
    await execute(
        "UPDATE idempotency_claim SET status = $2, answer = $3 WHERE id = $1 AND status IS NULL",
        claimed.id,
        status,
        answer,
    )


async def forget_old_claims(now: datetime) -> int:
    """Delete claims older than three days; answers how many."""
    return await execute("DELETE FROM idempotency_claim WHERE created_at < $1", now - KEPT_FOR)
