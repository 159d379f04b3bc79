"""The wire of funds. All money is in fen."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from console_api.corrections.schemas import DecisionInput as DecisionInput
from county.funds.queries import BankPaymentCard, FundCard, FundChangeCard, FundPaymentCard

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PLAIN)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PLAIN)]
Document = Annotated[str, msgspec.Meta(min_length=2, max_length=120, pattern=PLAIN)]
Number = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[0-9A-Z-]+$(?!\n)")]
Fen = Annotated[int, msgspec.Meta(ge=1, le=10**12)]
SignedFen = Annotated[int, msgspec.Meta(ge=-(10**12), le=10**12)]


class FundInput(Input):
    """A fund and the paper that grants it."""

    name: Name
    total_fen: Fen
    document: Document


class FundMade(View):
    """The number of what was made."""

    number: str


class FundsView(View):
    """Every fund with its lines."""

    funds: list[FundCard]


class FundLineInput(Input):
    """A line: what is supported, by which standard, and how it is paid out."""

    name: Name
    scope: Text
    standard: Text
    procedure: Text


class FundMoveInput(Input):
    """What one line gets more or, below zero, less."""

    line: Number
    delta_fen: SignedFen


class FundChangeInput(Input):
    """The moves of a change, each of another line, and the paper that they follow."""

    moves: Annotated[list[FundMoveInput], msgspec.Meta(min_length=1, max_length=50)]
    document: Document


class PageQuery(Input):
    """Which page."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100


class FundChangesView(View):
    """A page of changes, newest first."""

    changes: list[FundChangeCard]
    next_cursor: str | None


class FundPaymentInput(Input):
    """A payment to an organisation: how much, what for, by which clause of the fund's rules, on which papers."""

    payee: Name
    amount_fen: Fen
    purpose: Text
    clause: Document
    evidence: Text


class FundReversalInput(Input):
    """By which paper a payment is taken back."""

    evidence: Text


class FundPaymentsView(View):
    """A page of payments, newest first."""

    payments: list[FundPaymentCard]
    next_cursor: str | None


class BankPaymentInput(Input):
    """A payment in the bank's list, below zero when it came back; ``payment`` is ours that it carried out."""

    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=PLAIN)]
    line: Number
    payee: Name
    amount_fen: SignedFen
    paid_on: date
    payment: Number | None = None


class BankPaymentsInput(Input):
    """A list of the bank's."""

    payments: Annotated[list[BankPaymentInput], msgspec.Meta(min_length=1, max_length=500)]


class BankPaymentsView(View):
    """A page of what the bank says, newest first."""

    payments: list[BankPaymentCard]
    next_cursor: str | None
