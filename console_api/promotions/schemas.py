"""The wire of coupon campaigns."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import Input, View
from promotions.queries import CampaignResult, CampaignSummary

_LINE = r"^[^\x00-\x1f\x7f]*$(?!\n)"

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Fen = Annotated[int, msgspec.Meta(ge=0, le=100_000_000)]


class CampaignInput(Input, kw_only=True):
    """The terms of a campaign; they cannot be changed later.

    Either ``off_fen``, or ``off_bp`` (part of the price in 1/10,000) with ``cap_fen``. ``budget_fen`` must cover every
    coupon at its most. A merchant bears its own discounts whole; in a campaign of the county the merchants bear
    ``merchant_bears_bp`` and ``source_document`` names what that rests on. With a ``live_session`` its coupons are
    claimed in that room alone, while its host shows them.
    """

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=_LINE)]
    threshold_fen: Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]
    claim_from: Moment
    claim_until: Moment
    use_from: Moment
    use_until: Moment
    budget_fen: Annotated[int, msgspec.Meta(ge=1, le=10**13)]
    off_fen: Fen = 0
    off_bp: Annotated[int, msgspec.Meta(ge=0, le=9_999)] = 0
    cap_fen: Fen = 0
    products: (
        Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=24)]], msgspec.Meta(max_length=200)] | None
    ) = None
    per_person: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1
    merchant_bears_bp: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    source_document: Annotated[str, msgspec.Meta(max_length=200, pattern=_LINE)] = ""
    live_session: Annotated[str, msgspec.Meta(min_length=1, max_length=32)] | None = None


class CampaignStateInput(Input):
    """Where a campaign is to go."""

    state: Literal["running", "paused", "ended"]


class CampaignsQuery(Input):
    """Which campaigns to list."""

    state: Literal["draft", "running", "paused", "ended"] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class CampaignsView(View):
    """A page of campaigns, newest first."""

    campaigns: list[CampaignSummary]
    next_cursor: str | None


class CampaignView(View):
    """A campaign and what has come of it."""

    campaign: CampaignSummary
    result: CampaignResult


class VoidInput(Input):
    """Why a coupon is taken away."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=_LINE)]
