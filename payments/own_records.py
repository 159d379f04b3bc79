"""Payments of one payer, told without what only the channel needs."""

from collections.abc import Mapping
from datetime import datetime

from kit.belongings import Part, Person, Told, told
from kit.database import execute, scalar


async def personal_data(person: Person) -> Told:
    """What was paid and given back, in fen."""
    return {
        "payments": await told(
            'SELECT number, reference AS "order", channel, amount_fen, state, created_at, captured_at, closed_at,'
            " transaction_id FROM payment WHERE payer_openid = $1 ORDER BY id",
            person.identity,
        ),
        "refunds": await told(
            "SELECT r.number, p.number AS payment, r.amount_fen, r.state, r.created_at, r.finished_at"
            " FROM payment_refund r JOIN payment p ON p.id = r.payment_id WHERE p.payer_openid = $1 ORDER BY r.id",
            person.identity,
        ),
    }


async def open_matters(person: Person) -> Mapping[str, int]:
    """Payments and refunds on their way."""
    return {
        "payments": await scalar(
            "SELECT count(*) FROM payment WHERE payer_openid = $1 AND state NOT IN ('closed', 'succeeded')",
            person.identity,
        ),
        "refunds": await scalar(
            "SELECT count(*) FROM payment_refund r JOIN payment p ON p.id = r.payment_id"
            " WHERE p.payer_openid = $1 AND r.state NOT IN ('succeeded', 'closed')",
            person.identity,
        ),
    }


async def erase(person: Person) -> None:
    """Payments stay; the payer's identity goes. Money that comes to one after that waits for a person."""
    await execute(
        "UPDATE payment SET payer_openid = $2 WHERE payer_openid = $1", person.identity, f"closed:{person.number}"
    )


PART = Part("payments", erase, personal_data, open_matters)


async def forget_notices(received_before: datetime) -> int:
    """Empty the sealed bodies of old notices, which name payers; their hashes and outcomes stay."""
    forgotten = 0
    while some := await execute(
        "UPDATE payment_notice SET body = '' WHERE id IN (SELECT id FROM payment_notice WHERE body <> ''"
        " AND received_at < $1 LIMIT 500 FOR UPDATE SKIP LOCKED)",
        received_before,
    ):
        forgotten += some
    return forgotten
