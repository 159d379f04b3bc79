"""Bundles: the payments of one payer that are prepaid by one password and closed together.

A bundle of one is an ordinary payment; a bundle of several is a combination at the channel (wechat reference 2.3b).
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from kit.database import Row, row, rows, scalar
from kit.numbers import public_number
from payments.errors import PaymentDiffers, PaymentNotFound
from payments.ports import PrepayOrder

# In the order of their ids, so that two who want the parts of one combination cannot wait for each other in a circle.
PENDING = "WITH due AS (SELECT id FROM payment WHERE bundle = $1 AND state = 'pending' ORDER BY id FOR UPDATE)"


class PaymentPart(msgspec.Struct, frozen=True, kw_only=True):
    """One payment of a bundle: ``amount_fen`` for ``payee`` under its owner's ``reference``.

    ``to_share``: a share of it will be split off, so the channel freezes it (wechat reference 2.5).
    """

    reference: str
    payee: str
    sub_mchid: str | None
    amount_fen: int
    description: str
    to_share: bool = False


async def insert_payments(
    bundle: str, payer_openid: str, parts: Sequence[PaymentPart], *, channel: str, now: datetime, expires_at: datetime
) -> dict[str, str]:
    """Write the payments of a bundle in one statement; answers the numbers of the new ones by reference."""
    new = [{**msgspec.to_builtins(part), "number": public_number(now, "P")} for part in parts]
    inserted = await rows(
        "INSERT INTO payment (number, reference, bundle, combination, payee, sub_mchid, channel, payer_openid,"
        " amount_fen, description, to_share, state, created_at, expires_at, queries, closes, captured_fen)"
        " SELECT p.number, p.reference, $2, $3, p.payee, p.sub_mchid, $4, $5, p.amount_fen, left(p.description, 127),"
        " p.to_share, 'pending', $6, $7, 0, 0, 0 FROM jsonb_to_recordset($1::jsonb) AS p (number text, reference text,"
        " payee text, sub_mchid text, amount_fen bigint, description text, to_share boolean)"
        " ON CONFLICT (reference) DO NOTHING RETURNING reference, number",
        msgspec.json.encode(new).decode(),
        bundle,
        public_number(now, "B") if len(parts) > 1 else None,
        channel,
        payer_openid,
        now,
        expires_at,
    )
    return {payment["reference"]: str(payment["number"]) for payment in inserted}


async def known_number(bundle: str, payer_openid: str, part: PaymentPart) -> str:
    """The number of a payment that was opened before with the same terms. Raises :class:`PaymentDiffers`."""
    known = await row("SELECT * FROM payment WHERE reference = $1", part.reference)
    assert known is not None, "the insert met it"
    terms = (known["bundle"], known["payee"], known["payer_openid"], known["amount_fen"])
    if terms != (bundle, part.payee, payer_openid, part.amount_fen):
        raise PaymentDiffers(reference=part.reference)
    return str(known["number"])


async def state_of(bundle: str) -> str:
    """Where the bundle is; what is not open any more tells more than what still is. Raises :class:`PaymentNotFound`."""
    found: str | None = await scalar(
        "SELECT state FROM payment WHERE bundle = $1 ORDER BY state = 'pending', id LIMIT 1", bundle
    )
    if found is None:
        raise PaymentNotFound(bundle=bundle)
    return found


def prepay_order(payment: Row) -> PrepayOrder:
    """What is opened at the channel for a row of ``payment``."""
    return PrepayOrder(
        number=payment["number"],
        sub_mchid=payment["sub_mchid"],
        payer_openid=payment["payer_openid"],
        amount_fen=payment["amount_fen"],
        description=payment["description"],
        to_share=payment["to_share"],
        expires_at=payment["prepay_expires_at"],
    )
