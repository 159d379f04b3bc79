"""The wire of the referral programme."""

from api_kit.schemas import View
from referrals.queries import MonthView, ReferrerView


class ReferrerPage(View):
    """A referrer's own sums; ``is_agreed``: without a consent to the terms in force the code brings nothing."""

    referrer: ReferrerView
    is_agreed: bool
    months: list[MonthView]


class ReferralLink(View):
    """The token to hand to checkout as ``attribution``, good for four hours."""

    code: str
    attribution: str
