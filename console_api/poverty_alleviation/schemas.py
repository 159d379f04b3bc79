"""The wire of the poverty office."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, DaySpan, Input, View
from poverty_alleviation.households import HouseholdCard
from poverty_alleviation.models import AssistanceStatus
from poverty_alleviation.payouts import Due, PayoutCard
from poverty_alleviation.queries import HouseholdFigures, Totals
from poverty_alleviation.unmasking import Viewing, ViewingPurpose

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PLAIN)]
Document = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PLAIN)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[^\x00-\x20/?#%\x7f]+$(?!\n)")]
Number = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9-]+$(?!\n)")]
Township = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{9}$(?!\n)")]
Cursor = Annotated[str, msgspec.Meta(max_length=200)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=100)]


class HouseholdInput(Input):
    """A household. ``id_number`` is checked by the register (domain reference 2.1)."""

    name: Text
    township: Township
    village: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}$(?!\n)")]
    id_number: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)] | None = None
    phone: Annotated[str, msgspec.Meta(pattern=r"^[0-9+-]{6,20}$(?!\n)")] | None = None
    code: Code | None = None


class HouseholdEntered(View):
    """Its code alone: the answer is kept under its Idempotency-Key, outside the register."""

    code: str


class HouseholdsQuery(Input):
    """Which households."""

    township: Township | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class HouseholdsView(View):
    """A page of households, masked."""

    households: list[HouseholdCard]
    next_cursor: str | None


class ViewingInput(Input):
    """Why somebody has to know: a purpose of the table, and the paper or case that asks for it. Both go on record."""

    purpose: ViewingPurpose
    document: Document

    def viewing(self) -> Viewing:
        """As the room takes it."""
        return Viewing(self.purpose, self.document)


class IdentityView(View):
    """Who a household is; null for what is not known or not opened by the purpose."""

    code: str
    name: str
    id_number: str | None
    phone: str | None


class StatusInput(Input):
    """A decision that a document backs, from a day on."""

    status: AssistanceStatus
    valid_from: date
    document: Document


class LinkInput(Input):
    """That a supplier stands for the household from a day on."""

    supplier: Number
    valid_from: date
    document: Document


class LinkEndInput(Input):
    """The first day on which the link no longer holds."""

    valid_until: date


class FiguresQuery(DaySpan):
    """Which span, and of which township."""

    township: Township | None = None


class FiguresView(View):
    """Both measures of each household side by side, and their sums. They are never added to each other."""

    households: list[HouseholdFigures]
    totals: Totals


class DrillDownQuery(DaySpan):
    """Which span, and which page of the parts."""

    cursor: Cursor | None = None
    limit: Limit = 100


class DueQuery(Input):
    """Which merchant pays."""

    merchant: Number | None = None


class DueView(View):
    """The list for the bank."""

    due: list[Due]


class PayoutInput(Input):
    """A payment that the bank's voucher proves: everything the household has earned with the merchant now."""

    household: Code
    merchant: Number
    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=10**12)]
    bank_voucher: Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PLAIN)]
    paid_on: date


class PayoutsQuery(Input):
    """Whose payouts."""

    household: Code | None = None


class PayoutsView(View):
    """Payouts, newest first."""

    payouts: list[PayoutCard]


class ConfirmationInput(Input):
    """How the household confirmed; ``evidence`` names the paper or the recording."""

    kind: Annotated[str, msgspec.Meta(pattern=r"^(signed_statement|signed_slip|visit|phone)$(?!\n)")]
    evidence: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PLAIN)]
    confirmed_at: Annotated[datetime, msgspec.Meta(tz=True)]


class AccountView(View):
    """One account of the trial balance, in fen."""

    book: str
    code: str
    name: str
    owner: str
    state: str
    category: str
    debit_fen: int
    credit_fen: int
    balance_fen: int


class TrialBalanceView(View):
    """Every account of both books; the balances of each book sum to ``totals_fen``, which is 0."""

    accounts: list[AccountView]
    totals_fen: dict[str, int]


class ChainView(View):
    """One period's chain of seals; ``broken_at`` is the first number that does not follow, or null."""

    period: str
    sealed: int
    unsealed: int
    broken_at: int | None
    head: str


class ChainsView(View):
    """Every period, each seal recomputed."""

    periods: list[ChainView]
    is_whole: bool
