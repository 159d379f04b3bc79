"""Reads of campaigns and coupons: one SQL statement each."""

import json
from collections.abc import Sequence
from datetime import datetime

import msgspec

from kit.clock import utc_now
from kit.database import Row, row, rows
from kit.paging import read_cursor, write_cursor
from promotions.coupons import CouponTerms, PricedLine, discount_of, obstacle, read_terms
from promotions.errors import CampaignUnknown
from promotions.models import CampaignState, CouponState

MAX_OFFERED = 100
MAX_MATCHED = 200
_NEWEST = 2**63 - 1


class TermsView(msgspec.Struct, frozen=True, kw_only=True):
    """What a coupon takes off, where and when. ``products`` are codes, None for all."""

    campaign: str
    merchant: str | None
    title: str
    threshold_fen: int
    off_fen: int
    off_bp: int
    cap_fen: int
    products: list[str] | None
    use_from: datetime
    use_until: datetime


class OfferedCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign whose coupons can be claimed now. ``mine`` is how many the reader has had."""

    terms: TermsView
    claim_until: datetime
    per_person: int
    left: int
    mine: int


class MyCoupon(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon as its owner sees it."""

    number: str
    state: CouponState
    terms: TermsView
    claimed_at: datetime
    spent_at: datetime | None
    reference: str | None


class MatchedCoupon(msgspec.Struct, frozen=True, kw_only=True):
    """What a coupon would take off a cart if it were the only one; ``obstacle`` says why it cannot."""

    number: str
    terms: TermsView
    discount_fen: int
    obstacle: str | None


class CampaignSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign as its issuer sees it; with a ``source`` its coupons are claimed there alone."""

    terms: TermsView
    state: CampaignState
    quantity: int
    claimed: int
    per_person: int
    claim_from: datetime
    claim_until: datetime
    merchant_bears_bp: int
    budget_fen: int
    source_document: str
    source: str | None
    created_at: datetime
    created_by: str


class CampaignResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a campaign, from the stored shares of paid lines.

    ``discount_fen`` is ``merchant_fen`` + ``county_fen``; ``paid_fen`` is what buyers paid for the lines that the
    campaign made cheaper, after every coupon and before refunds.
    """

    campaign: str
    claimed: int
    held: int
    spent: int
    discount_fen: int
    merchant_fen: int
    county_fen: int
    paid_fen: int


_TERMS = (
    "g.number AS campaign, g.merchant, g.title, g.threshold_fen, g.off_fen, g.off_bp, g.cap_fen,"
    " g.products::text AS products, g.use_from, g.use_until"
)


def _terms(found: Row) -> TermsView:
    members = {name: found[name] for name in TermsView.__struct_fields__}
    members["products"] = None if found["products"] is None else json.loads(found["products"])
    return TermsView(**members)


async def offered_campaigns(
    owner: str, now: datetime | None = None, source: str | None = None, campaigns: Sequence[str] | None = None
) -> list[OfferedCampaign]:
    """What can be claimed now, the one that ends first leading. One query; at most 100.

    With a ``source`` what is claimed there alone, else what is claimed anywhere; of some ``campaigns`` or of all.
    """
    found = await rows(
        f"SELECT {_TERMS}, g.claim_until, g.per_person, g.quantity - g.claimed AS left_over,"
        " (SELECT count(*) FROM coupon c WHERE c.campaign_id = g.id AND c.owner = $1) AS mine"
        " FROM coupon_campaign g WHERE g.state = 'running' AND $2 >= g.claim_from AND $2 < g.claim_until"
        " AND g.claimed < g.quantity AND g.source IS NOT DISTINCT FROM $4"
        " AND ($5::text[] IS NULL OR g.number = ANY($5)) ORDER BY g.claim_until, g.id LIMIT $3",
        owner,
        now or utc_now(),
        MAX_OFFERED,
        source,
        None if campaigns is None else list(campaigns),
    )
    return [
        OfferedCampaign(
            terms=_terms(r),
            claim_until=r["claim_until"],
            per_person=r["per_person"],
            left=r["left_over"],
            mine=r["mine"],
        )
        for r in found
    ]


# A claimed coupon is shown as expired from the moment on at which it cannot be used, whenever the job comes by.
_SHOWN = "CASE WHEN c.state = 'claimed' AND c.use_until <= $2 THEN 'expired' ELSE c.state END"


async def coupons_of(
    owner: str, state: str | None, cursor: str | None = None, limit: int = 20, now: datetime | None = None
) -> tuple[list[MyCoupon], str | None]:
    """Somebody's coupons, newest first, and the cursor of the next page. One query."""
    found = await rows(
        f"SELECT c.id, c.number, {_SHOWN} AS state, c.claimed_at, c.spent_at, c.reference, {_TERMS}"
        " FROM coupon c JOIN coupon_campaign g ON g.id = c.campaign_id"
        f" WHERE c.owner = $1 AND c.id < $3 AND ($4::text IS NULL OR {_SHOWN} = $4) ORDER BY c.id DESC LIMIT $5",
        owner,
        now or utc_now(),
        _before(cursor),
        state,
        limit + 1,
    )
    page = [
        MyCoupon(
            number=r["number"],
            state=CouponState(r["state"]),
            terms=_terms(r),
            claimed_at=r["claimed_at"],
            spent_at=r["spent_at"],
            reference=r["reference"],
        )
        for r in found[:limit]
    ]
    return page, _next(found, limit)


async def matched_coupons(owner: str, lines: Sequence[PricedLine], now: datetime | None = None) -> list[MatchedCoupon]:
    """What each claimed coupon would do for some lines, the best first. One query; at most 200 coupons."""
    moment = now or utc_now()
    found = await rows(
        f"SELECT c.number AS coupon, c.state, c.use_until AS good_until, g.state AS campaign_state,"
        f" g.merchant_bears_bp, {_TERMS} FROM coupon c JOIN coupon_campaign g ON g.id = c.campaign_id"
        " WHERE c.owner = $1 AND c.state = 'claimed' AND c.use_until > $2 ORDER BY c.use_until, c.id LIMIT $3",
        owner,
        moment,
        MAX_MATCHED,
    )
    matched = [_match(r, read_terms(r), lines, moment) for r in found]
    return sorted(matched, key=lambda each: -each.discount_fen)


def _match(found: Row, terms: CouponTerms, lines: Sequence[PricedLine], moment: datetime) -> MatchedCoupon:
    reason = obstacle(found, moment)
    off = 0 if reason else sum(discount_of(terms, lines).values())
    return MatchedCoupon(
        number=found["coupon"],
        terms=_terms(found),
        discount_fen=off,
        obstacle=reason or (None if off else "nothing_off"),
    )


_SUMMARY = (
    f"SELECT g.id, {_TERMS}, g.state, g.quantity, g.claimed, g.per_person, g.claim_from, g.claim_until,"
    " g.merchant_bears_bp, g.budget_fen, g.source_document, g.source, g.created_at, g.created_by FROM coupon_campaign g"
)


def _summary(found: Row) -> CampaignSummary:
    members = {name: found[name] for name in CampaignSummary.__struct_fields__ if name not in ("terms", "state")}
    return CampaignSummary(terms=_terms(found), state=CampaignState(found["state"]), **members)


async def campaign_summary(number: str, merchant: str | None, every: bool = False) -> CampaignSummary:
    """One campaign of an issuer, or of anybody when ``every``. One query. Raises :class:`CampaignUnknown`."""
    found = await row(
        f"{_SUMMARY} WHERE g.number = $1 AND ($3 OR g.merchant IS NOT DISTINCT FROM $2)", number, merchant, every
    )
    if found is None:
        raise CampaignUnknown()
    return _summary(found)


async def campaign_summaries(
    merchant: str | None, every: bool, state: str | None, cursor: str | None = None, limit: int = 20
) -> tuple[list[CampaignSummary], str | None]:
    """Campaigns of an issuer, or of everybody when ``every``, newest first. One query."""
    found = await rows(
        f"{_SUMMARY} WHERE ($2 OR g.merchant IS NOT DISTINCT FROM $1) AND g.id < $3"
        " AND ($4::text IS NULL OR g.state = $4) ORDER BY g.id DESC LIMIT $5",
        merchant,
        every,
        _before(cursor),
        state,
        limit + 1,
    )
    return [_summary(r) for r in found[:limit]], _next(found, limit)


async def campaign_result(number: str, merchant: str | None, every: bool = False) -> CampaignResult:
    """The figures of one campaign. One query. Raises :class:`CampaignUnknown`."""
    found = await row(
        "SELECT g.number AS campaign, g.claimed, k.held, k.spent, s.discount_fen, s.merchant_fen, s.county_fen,"
        " s.paid_fen FROM coupon_campaign g, LATERAL ("
        "   SELECT count(*) FILTER (WHERE state = 'held') AS held, count(*) FILTER (WHERE state = 'spent') AS spent"
        "   FROM coupon WHERE campaign_id = g.id) k, LATERAL ("
        "   SELECT COALESCE(sum(h.discount_fen), 0)::bigint AS discount_fen,"
        "   COALESCE(sum(h.merchant_fen), 0)::bigint AS merchant_fen,"
        "   COALESCE(sum(h.county_fen), 0)::bigint AS county_fen, COALESCE(sum(h.net_fen), 0)::bigint AS paid_fen"
        "   FROM coupon c JOIN coupon_share h ON h.coupon_id = c.id AND h.spent_at IS NOT NULL"
        "        AND h.reference = c.reference"
        "   WHERE c.campaign_id = g.id) s"
        " WHERE g.number = $1 AND ($3 OR g.merchant IS NOT DISTINCT FROM $2)",
        number,
        merchant,
        every,
    )
    if found is None:
        raise CampaignUnknown()
    return CampaignResult(**found)


def _before(cursor: str | None) -> int:
    return _NEWEST if cursor is None else read_cursor(cursor, tuple[int])[0]


def _next(found: list[Row], limit: int) -> str | None:
    return write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


async def county_shares(lines: Sequence[str]) -> dict[str, int]:
    """What the county bears of the discounts on some paid lines, in fen; a line without such a share is missing."""
    found = await rows(
        "SELECT s.line, sum(s.county_fen)::bigint AS county_fen FROM coupon_share s"
        " WHERE s.line = ANY($1) AND s.county_fen > 0 AND s.spent_at IS NOT NULL GROUP BY s.line",
        list(lines),
    )
    return {share["line"]: share["county_fen"] for share in found}
