"""The wire of agreements and income of a period."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from console_api.poverty_alleviation.schemas import Code, Cursor, Document, Limit, Number, Text
from poverty_alleviation.income.agreements import AgreementCard
from poverty_alleviation.income.cards import IncomeSheetCard
from poverty_alleviation.income.models import AgreementKind, IncomeSheetState, SheetKind

Month = Annotated[str, msgspec.Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$(?!\n)")]
Fen = Annotated[int, msgspec.Meta(ge=1, le=10**12)]


class AgreementInput(Input):
    """A member's work, shares in an enterprise, or a thing that is let; ``payer`` is a merchant or a site."""

    kind: AgreementKind
    household: Code
    payer: Code
    about: Text
    document: Document
    valid_from: date
    valid_until: date | None = None
    member: Code | None = None
    workshop: Number | None = None
    shares: Annotated[int, msgspec.Meta(ge=1, le=10**12)] | None = None
    rent_fen: Fen | None = None
    every_months: Annotated[int, msgspec.Meta(ge=1, le=60)] | None = None


class AgreementEntered(View):
    """Its number alone: the answer is kept under its Idempotency-Key, outside the register."""

    number: str


class AgreementEndInput(Input):
    """The first day on which it no longer holds."""

    valid_until: date


class AgreementsQuery(Input):
    """Whose agreements."""

    household: Code | None = None
    payer: Code | None = None


class AgreementsView(View):
    """Agreements with what was worked, newest first."""

    agreements: list[AgreementCard]


class WorkInput(Input):
    """What was worked in a month, by the attendance or piece sheet."""

    period: Month
    document: Document
    half_days: Annotated[int, msgspec.Meta(ge=0, le=62)] = 0
    pieces: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0


class WageInput(Input):
    """What was paid under one employment."""

    employment: Number
    amount_fen: Fen


class PaidInput(Input):
    """Who paid for which month, by which paper, and the slip of the bank that proves it."""

    payer: Code
    period: Month
    document: Document
    slip: Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PLAIN)]
    paid_on: date


class WageSheetInput(PaidInput):
    """A wage sheet, one line for each employment."""

    wages: Annotated[list[WageInput], msgspec.Meta(min_length=1, max_length=500)]


class DividendSheetInput(PaidInput):
    """A resolution (``document``) to divide a sum over the shares held on a day."""

    as_of: date
    amount_fen: Fen


class RentSheetInput(PaidInput):
    """The leases whose rents were paid."""

    leases: Annotated[list[Number], msgspec.Meta(min_length=1, max_length=500)]


class ReturnSheetInput(PaidInput):
    """The version of the rule by which a part of the month's sales goes back."""

    rule: Annotated[str, msgspec.Meta(min_length=1, max_length=44, pattern=r"^[A-Za-z0-9-]+$(?!\n)")]


class IncomeSheetProposed(View):
    """Its number alone: the answer is kept under its Idempotency-Key, outside the register."""

    number: str


class IncomeSheetsQuery(Input):
    """Which sheets, and which page."""

    kind: SheetKind | None = None
    state: IncomeSheetState | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class IncomeSheetsView(View):
    """A page of sheets without their lines, newest first."""

    sheets: list[IncomeSheetCard]
    next_cursor: str | None
