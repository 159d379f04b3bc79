"""Coupons at the checkout: what they take off, and that each is used once (commerce reference R7).

The stack rule: one trade takes at most one coupon of each merchant and one of the county. Merchants' coupons come
first, on their own goods; the county's comes last, on what is left. A threshold is judged on what the lines still
cost when the coupon's turn comes. So the order in which coupons are named changes nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, in_open_transaction, row, rows, scalar, transaction
from kit.money import split_fen
from kit.numbers import public_number
from promotions.errors import (
    CampaignNotClaimable,
    CampaignUnknown,
    CouponLimitReached,
    CouponNotMovable,
    CouponNotUsable,
    CouponsGone,
    CouponsNotStackable,
    CouponUnknown,
)
from promotions.models import CampaignState, CouponState

MAX_COUPONS = 51
"""In one trade: one of the county and one of each merchant of 50 lines."""


class CouponTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What one coupon takes off. ``merchant`` is None for the county's, ``products`` None for every product."""

    coupon: str
    campaign: str
    merchant: str | None
    threshold_fen: int
    off_fen: int
    off_bp: int
    cap_fen: int
    products: frozenset[str] | None
    merchant_bears_bp: int


class PricedLine(msgspec.Struct, frozen=True):
    """A line in front of a coupon; ``left_fen`` is what it still costs, ``merchant`` and ``product`` are public."""

    reference: str
    merchant: str
    product: str
    left_fen: int


class DiscountedLine(msgspec.Struct, frozen=True):
    """A line behind its coupons; ``price_fen`` is price x pieces, ``discounts`` fen by coupon."""

    reference: str
    price_fen: int
    discounts: Mapping[str, int]


def discount_of(terms: CouponTerms, lines: Sequence[PricedLine]) -> dict[str, int]:
    """What one coupon takes off each line, in fen by the line's reference; 0 where it does not apply.

    Never more than ``left_fen`` of a line. All zeros when the lines it is good for stay below its threshold.
    """
    meant = [
        line
        for line in lines
        if terms.merchant in (None, line.merchant) and (terms.products is None or line.product in terms.products)
    ]
    found = {line.reference: 0 for line in lines}
    left = sum(line.left_fen for line in meant)
    if left == 0 or left < terms.threshold_fen:
        return found
    # In proportion and rounded to neighbours, a part of at most the sum is at most the line.
    off = min(terms.off_fen or left * terms.off_bp // 10_000, terms.cap_fen, left)
    references = [line.reference for line in meant]
    return {**found, **dict(zip(references, split_fen(off, [m.left_fen for m in meant], references), strict=True))}


def discounts_of(terms: Sequence[CouponTerms], lines: Sequence[PricedLine]) -> dict[str, dict[str, int]]:
    """What several coupons take off by the stack rule: fen by coupon, by the line's reference.

    The order of ``terms`` does not matter. A coupon that takes nothing off a line is missing there. Raises
    :class:`CouponsNotStackable`.
    """
    check_stack(terms)
    left = {line.reference: line for line in lines}
    found: dict[str, dict[str, int]] = {line.reference: {} for line in lines}
    for each in sorted(terms, key=lambda t: (t.merchant is None, t.coupon)):
        for reference, off in discount_of(each, list(left.values())).items():
            if off:
                found[reference][each.coupon] = off
                line = left[reference]
                left[reference] = msgspec.structs.replace(line, left_fen=line.left_fen - off)
    return found


def check_stack(terms: Sequence[CouponTerms]) -> None:
    """Raises :class:`CouponsNotStackable` unless there is one coupon of each merchant and of the county at most."""
    issuers = [each.merchant for each in terms]
    twice = sorted(each.coupon for each in terms if issuers.count(each.merchant) > 1)
    if twice:
        raise CouponsNotStackable(coupons=twice)


_TERMS = """
SELECT c.number AS coupon, g.number AS campaign, g.merchant, g.threshold_fen, g.off_fen, g.off_bp, g.cap_fen,
       g.products::text AS products, g.merchant_bears_bp, c.state, g.state AS campaign_state, g.use_from, c.use_until
  FROM coupon c JOIN coupon_campaign g ON g.id = c.campaign_id
 WHERE c.number = ANY($1::text[]) AND c.owner = $2"""


async def coupon_terms(owner: str, coupons: Sequence[str], now: datetime | None = None) -> list[CouponTerms]:
    """The terms of somebody's coupons, as named. One query.

    Raises :class:`CouponNotUsable` for the first that is not good now, :class:`CouponsNotStackable`.
    """
    if len(set(coupons)) != len(coupons) or len(coupons) > MAX_COUPONS:
        raise CouponsNotStackable(coupons=sorted(set(coupons))[:MAX_COUPONS])
    if not coupons:
        return []
    moment = now or utc_now()
    found = {r["coupon"]: r for r in await rows(_TERMS, list(coupons), owner)}
    for coupon in coupons:
        reason = obstacle(found.get(coupon), moment)
        if reason is not None:
            raise CouponNotUsable(coupon=coupon, reason=reason)
    terms = [read_terms(found[coupon]) for coupon in coupons]
    check_stack(terms)
    return terms


def obstacle(found: Mapping[str, object] | None, now: datetime) -> str | None:
    """Why a coupon cannot be used at a moment; None when it can."""
    if found is None:
        return "unknown"
    if found["state"] != CouponState.CLAIMED:
        return "taken"
    if found["campaign_state"] == CampaignState.PAUSED:
        return "paused"
    use_from, use_until = found["use_from"], found["use_until"]
    assert isinstance(use_from, datetime) and isinstance(use_until, datetime)  # noqa: PT018
    if now < use_from:
        return "early"
    return "late" if now >= use_until else None


def read_terms(found: Mapping[str, object]) -> CouponTerms:
    """The terms in a row that has their columns; ``products`` is JSON text."""
    products = found["products"]
    members = {name: found[name] for name in CouponTerms.__struct_fields__}
    members["products"] = None if products is None else json.loads(str(products))
    return msgspec.convert(members, CouponTerms)


_CLAIM = """
INSERT INTO coupon (number, campaign_id, owner, ordinal, state, use_until, claimed_at)
SELECT $1, g.id, $3, n.had + 1, 'claimed', g.use_until, $4
  FROM coupon_campaign g, LATERAL (
       SELECT count(*)::smallint AS had FROM coupon WHERE campaign_id = g.id AND owner = $3) n
 WHERE g.number = $2 AND g.state = 'running' AND $4 >= g.claim_from AND $4 < g.claim_until AND n.had < g.per_person
   AND (g.source IS NULL OR g.source = $5)
ON CONFLICT (campaign_id, owner, ordinal) DO NOTHING RETURNING campaign_id"""

_HOLD = """
WITH wanted AS (
    SELECT c.id, g.merchant_bears_bp FROM coupon c JOIN coupon_campaign g ON g.id = c.campaign_id
     WHERE c.number = ANY($1::text[]) AND c.owner = $2 AND c.state = 'claimed' AND g.state <> 'paused'
       AND $4 >= g.use_from AND $4 < c.use_until ORDER BY c.id FOR UPDATE OF c)
UPDATE coupon c SET state = 'held', reference = $3, held_at = $4 FROM wanted
 WHERE c.id = wanted.id RETURNING c.id, c.number, wanted.merchant_bears_bp"""

_SHARES = """
INSERT INTO coupon_share (coupon_id, reference, line, line_fen, discount_fen, merchant_fen, county_fen, net_fen)
SELECT s.coupon_id, $1, s.line, s.line_fen, s.discount_fen, s.merchant_fen, s.county_fen, s.net_fen
  FROM jsonb_to_recordset($2::jsonb) AS s (coupon_id bigint, line text, line_fen bigint, discount_fen bigint,
       merchant_fen bigint, county_fen bigint, net_fen bigint)
ON CONFLICT (coupon_id, reference, line) DO NOTHING"""

_OF_LINES = "c.id IN (SELECT coupon_id FROM coupon_share WHERE reference = $1 AND line = ANY($2::text[]))"


def _require_transaction() -> None:
    if not in_open_transaction():
        raise RuntimeError("a coupon moves in the transaction of what it moves for")


@dataclass(frozen=True)
class Coupons:
    """Moves coupons, each move once. All but ``claim`` and ``void`` join the caller's transaction."""

    clock: Clock = utc_now

    async def claim(self, owner: str, campaign: str, source: str | None = None) -> str:
        """One more coupon of a running campaign; answers its number. ``source`` is where it is claimed, verified.

        Raises :class:`CampaignUnknown`, :class:`CampaignNotClaimable`, :class:`CouponLimitReached` and
        :class:`CouponsGone`.
        """
        now = self.clock()
        number = public_number(now, "Q")
        async with transaction():
            found = await scalar(_CLAIM, number, campaign, owner, now, source)
            while found is None:
                await self._refuse_claim(owner, campaign, source, now)
                # The same person was faster elsewhere.
                found = await scalar(_CLAIM, number, campaign, owner, now, source)
            # Last, because everybody queues behind the campaign's row until this commits.
            if not await execute(
                "UPDATE coupon_campaign SET claimed = claimed + 1"
                " WHERE id = $1 AND state = 'running' AND claimed < quantity",
                found,
            ):
                raise CouponsGone(campaign=campaign)
        return number

    async def _refuse_claim(self, owner: str, campaign: str, source: str | None, now: datetime) -> None:
        """Say why nothing was claimed, unless it is possible by now."""
        found = await row(
            "SELECT g.per_person, g.state = 'running' AND $3 >= g.claim_from AND $3 < g.claim_until"
            " AND (g.source IS NULL OR g.source = $4) AS open,"
            " (SELECT count(*) FROM coupon WHERE campaign_id = g.id AND owner = $2) AS had"
            " FROM coupon_campaign g WHERE g.number = $1 AND g.state <> 'draft'",
            campaign,
            owner,
            now,
            source,
        )
        if found is None:
            raise CampaignUnknown()
        if not found["open"]:
            raise CampaignNotClaimable()
        if found["had"] >= found["per_person"]:
            raise CouponLimitReached(limit=found["per_person"])

    async def hold(self, owner: str, coupons: Sequence[str], reference: str, lines: Sequence[DiscountedLine]) -> None:
        """Set coupons aside for a trade and store what each takes off which line. Repeating it changes nothing.

        ``reference`` names the trade. Raises :class:`CouponNotUsable`; the caller's transaction must then roll back.
        """
        _require_transaction()
        for coupon in coupons:
            if not any(line.discounts.get(coupon) for line in lines):
                raise CouponNotUsable(coupon=coupon, reason="nothing_off")
        held = {r["number"]: r for r in await rows(_HOLD, list(coupons), owner, reference, self.clock())}
        missing = [coupon for coupon in coupons if coupon not in held]
        if missing:
            before = await rows(
                "SELECT number FROM coupon WHERE number = ANY($1::text[]) AND owner = $2 AND reference = $3",
                missing,
                owner,
                reference,
            )
            gone = sorted({*missing} - {r["number"] for r in before})
            if gone:
                raise CouponNotUsable(coupon=gone[0], reason="taken")
        shares = [
            _share(held[coupon]["id"], held[coupon]["merchant_bears_bp"], line, off)
            for line in lines
            for coupon, off in line.discounts.items()
            if off and coupon in held
        ]
        if shares:
            await execute(_SHARES, reference, json.dumps(shares))

    async def spend(self, reference: str, lines: Sequence[str]) -> None:
        """Lines of the trade are paid: the coupons that made them cheaper are spent. Repeating it changes nothing.

        A coupon that took nothing off these lines stays held for those that are still to be paid.
        """
        _require_transaction()
        now = self.clock()
        await execute(
            "UPDATE coupon c SET state = 'spent', spent_at = $3"
            f" WHERE c.reference = $1 AND c.state = 'held' AND {_OF_LINES}",
            reference,
            list(lines),
            now,
        )
        await self._count(reference, lines, now)

    async def _count(self, reference: str, lines: Sequence[str], now: datetime) -> None:
        await execute(
            "UPDATE coupon_share SET spent_at = $3"
            " WHERE reference = $1 AND line = ANY($2::text[]) AND spent_at IS NULL",
            reference,
            list(lines),
            now,
        )

    async def give_back(self, reference: str) -> None:
        """No line of the trade waits for money any more: what it still holds can be used again, once.

        What has made a paid line cheaper stays spent, whole: its shares on other lines are never counted.
        """
        _require_transaction()
        await execute(
            "UPDATE coupon SET state = 'claimed', reference = NULL, held_at = NULL"
            " WHERE reference = $1 AND state = 'held'",
            reference,
        )

    async def restore(self, reference: str) -> None:
        """What the trade was paid for came to nothing without its buyer's doing: what it has spent is good again.

        Repeating it changes nothing.
        """
        _require_transaction()
        await execute(
            "UPDATE coupon SET state = 'claimed', reference = NULL, held_at = NULL, spent_at = NULL"
            " WHERE reference = $1 AND state = 'spent'",
            reference,
        )

    async def revive(self, reference: str, lines: Sequence[str]) -> None:
        """The payment of some lines came late: spend what had made them cheaper, also when it was given back.

        Repeating it changes nothing. Raises :class:`CouponNotUsable` when one was used elsewhere meanwhile: then
        nothing has changed, and the caller's transaction is still good.
        """
        _require_transaction()
        now = self.clock()
        async with transaction():
            await execute(
                "UPDATE coupon SET state = 'spent', reference = $1, spent_at = $3 WHERE id IN ("
                f" SELECT c.id FROM coupon c WHERE {_OF_LINES}"
                " AND (c.state = 'claimed' OR (c.state = 'held' AND c.reference = $1)) ORDER BY c.id FOR UPDATE)",
                reference,
                list(lines),
                now,
            )
            gone = await scalar(
                f"SELECT c.number FROM coupon c WHERE {_OF_LINES}"
                " AND c.reference IS DISTINCT FROM $1 ORDER BY c.id LIMIT 1",
                reference,
                list(lines),
            )
            if gone is not None:
                raise CouponNotUsable(coupon=gone, reason="taken")
            await self._count(reference, lines, now)

    async def void(self, merchant: str | None, coupon: str, reason: str) -> None:
        """The issuer takes an unused coupon away; ``merchant`` is None for the county. Repeating it changes nothing.

        Raises :class:`CouponUnknown` and :class:`CouponNotMovable`.
        """
        async with transaction():
            found = await row(
                "SELECT c.id, c.state FROM coupon c JOIN coupon_campaign g ON g.id = c.campaign_id"
                " WHERE c.number = $1 AND g.merchant IS NOT DISTINCT FROM $2 FOR UPDATE OF c",
                coupon,
                merchant,
            )
            if found is None:
                raise CouponUnknown()
            if found["state"] == CouponState.VOID:
                return
            if found["state"] != CouponState.CLAIMED:
                raise CouponNotMovable(state=found["state"])
            await execute(
                "UPDATE coupon SET state = 'void', ended_at = $2, void_reason = $3 WHERE id = $1 AND state = 'claimed'",
                found["id"],
                self.clock(),
                reason,
            )


def _share(coupon_id: int, merchant_bears_bp: int, line: DiscountedLine, off: int) -> dict[str, object]:
    merchant_fen, county_fen = split_fen(off, [merchant_bears_bp, 10_000 - merchant_bears_bp])
    return {
        "coupon_id": coupon_id,
        "line": line.reference,
        "line_fen": line.price_fen,
        "discount_fen": off,
        "merchant_fen": merchant_fen,
        "county_fen": county_fen,
        "net_fen": line.price_fen - sum(line.discounts.values()),
    }
