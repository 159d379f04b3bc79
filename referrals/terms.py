"""The county's terms, and the merchants who have opted in."""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, scalar, transaction
from referrals.errors import ReferralSplitMissing, ReferralTermsTaken, ReferralTermsUnknown


class TermsView(msgspec.Struct, frozen=True, kw_only=True):
    """What a referral brings from ``valid_from`` on; 0 basis points: nothing."""

    valid_from: date
    commission_bp: int
    order_cap_fen: int
    month_cap_fen: int
    source_document: str


class OptInView(msgspec.Struct, frozen=True):
    """A merchant's product, or '' for all of them."""

    merchant: str
    product: str
    opted_in_at: datetime


_TERMS = "SELECT valid_from, commission_bp, order_cap_fen, month_cap_fen, source_document FROM referral_terms"


@dataclass(frozen=True)
class Programme:
    """Sets terms and keeps who bears them. ``is_offered``: payments can be split, which is how commission comes in."""

    is_offered: bool
    clock: Clock = utc_now

    async def set_terms(self, terms: TermsView, by: str) -> None:
        """New terms from today or a later day on, after every other one.

        Raises ReferralTermsTaken, and ReferralSplitMissing where payments cannot be split.
        """
        if terms.commission_bp and not self.is_offered:
            raise ReferralSplitMissing()
        async with transaction():
            await scalar("SELECT pg_advisory_xact_lock(hashtextextended('referral_terms', 0))::text")
            newest = await scalar("SELECT max(valid_from) FROM referral_terms")
            today = china_day(self.clock())
            if terms.valid_from < today or (newest is not None and terms.valid_from <= newest):
                raise ReferralTermsTaken(valid_from=newest.isoformat() if newest else today.isoformat())
            await row(
                "INSERT INTO referral_terms (valid_from, commission_bp, order_cap_fen, month_cap_fen, source_document,"
                " set_at, set_by) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
                terms.valid_from,
                terms.commission_bp,
                terms.order_cap_fen,
                terms.month_cap_fen,
                terms.source_document,
                self.clock(),
                by,
            )

    async def opt_in(self, merchant: str, product: str, by: str) -> None:
        """The merchant bears commission for a product, '' for all, from now on. Repeating it changes nothing."""
        await row(
            "INSERT INTO referral_opt_in (merchant, product, opted_in_at, opted_in_by) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT DO NOTHING RETURNING id",
            merchant,
            product,
            self.clock(),
            by,
        )

    async def opt_out(self, merchant: str, product: str, by: str) -> None:
        """Not any more, for what is placed from now on. Repeating it changes nothing."""
        await execute(
            "UPDATE referral_opt_in SET ended_at = $3, ended_by = $4"
            " WHERE merchant = $1 AND product = $2 AND ended_at IS NULL",
            merchant,
            product,
            self.clock(),
            by,
        )


async def terms_in_force(now: datetime | None = None) -> TermsView:
    """One statement. Raises ReferralTermsUnknown, also when the programme is over."""
    found = await row(f"{_TERMS} WHERE valid_from <= $1 ORDER BY valid_from DESC LIMIT 1", china_day(now or utc_now()))
    if found is None or not found["commission_bp"]:
        raise ReferralTermsUnknown()
    return TermsView(**found)


async def all_terms() -> list[TermsView]:
    """Every row, newest first; one statement, at most 100."""
    return [TermsView(**each) for each in await rows(f"{_TERMS} ORDER BY valid_from DESC LIMIT 100")]


async def opt_ins(merchant: str | None) -> list[OptInView]:
    """Who bears commission now, of one merchant or of all; one statement, at most 500."""
    found = await rows(
        "SELECT merchant, product, opted_in_at FROM referral_opt_in WHERE ended_at IS NULL"
        " AND ($1::text IS NULL OR merchant = $1) ORDER BY merchant, product LIMIT 500",
        merchant,
    )
    return [OptInView(**each) for each in found]
