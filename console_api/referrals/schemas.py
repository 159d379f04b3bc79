"""The wire of the referral programme."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from referrals.queries import ProgrammeResult, ReferrerDue
from referrals.terms import OptInView, TermsView

Fen = Annotated[int, msgspec.Meta(ge=1, le=100_000_000)]


class TermsInput(Input):
    """What a referral brings from ``valid_from`` on, in basis points of a line's net money; 0 ends the programme."""

    valid_from: date
    commission_bp: Annotated[int, msgspec.Meta(ge=0, le=5_000)]
    order_cap_fen: Fen
    month_cap_fen: Fen
    source_document: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class TermsListView(View):
    """Every row of terms, newest first."""

    terms: list[TermsView]


class OptInsView(View):
    """Who bears commission now; a product of '' is all of a merchant's."""

    opt_ins: list[OptInView]


class TakePartInput(Input):
    """Whether a merchant bears commission for everything that it sells."""

    takes_part: bool


class ResultsQuery(Input):
    """The days of placing, both included."""

    first: date
    last: date


class ResultsView(View):
    """What was sold through referrers, by merchant."""

    results: list[ProgrammeResult]


class ReferrersDueView(View):
    """Who is owed something, the most leading."""

    referrers: list[ReferrerDue]


class PayoutInput(Input):
    """What was paid, which is all that is due, and the bank's voucher of it."""

    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    voucher: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class PaidView(View):
    """What was paid, in fen."""

    amount_fen: int
