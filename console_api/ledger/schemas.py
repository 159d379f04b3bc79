"""The wire of the books."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from api_kit.schemas import PLAIN, Input, View
from ledger.anchors import AnchorView
from ledger.export import ExportedJournal
from ledger.periods import PeriodCard, Signed
from poverty_alleviation.month_close import CertifiedMonth, Check, Matter
from poverty_alleviation.month_figures import MonthFigures

Reason = Annotated[str, msgspec.Meta(min_length=2, max_length=200, pattern=PLAIN)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PLAIN)]


class PeriodsView(View):
    """Every month, newest first."""

    periods: list[PeriodCard]


class StandingCertificate(View):
    """What is to be signed or was: the SHA-256 of its text, and by whom."""

    round: int
    digest: str
    made_by: str
    made_at: datetime
    signatures: list[Signed]


class PeriodView(View):
    """One month. While it is open, everything is computed now; afterwards it is what the certificate says.

    ``matters`` are the things that do not agree; one without a ``reason`` has to be settled or listed.
    """

    period: PeriodCard
    is_ready: bool
    checks: list[Check]
    matters: list[Matter]
    figures: MonthFigures
    certificate: StandingCertificate | None


class ItemsInput(Input):
    """Things that do not agree, by their keys, and why the month may be closed all the same."""

    kind: Literal[
        "intake_unbooked", "line_provisional", "order_money", "bill_missing", "bill_difference", "fact_underway"
    ]
    keys: Annotated[list[Key], msgspec.Meta(min_length=1, max_length=200)]
    reason: Reason


class ReopeningInput(Input):
    """Why a close is taken back."""

    reason: Reason


class SignatureInput(Input):
    """The SHA-256 of the certificate's text that was read."""

    digest: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]


class CertificateView(View):
    """The certificate: ``document`` are the bytes that ``digest`` is of, ``month`` what they say, ``text`` the same in
    words with the signatures."""

    period: str
    round: int
    root: str
    digest: str
    document: str
    month: CertifiedMonth
    signatures: list[Signed]
    text: str


class JournalsQuery(Input):
    """Which month, which account by its code, and which page."""

    period: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$(?!\n)")] | None = None
    account: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}$(?!\n)")] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100


class JournalsView(View):
    """A page of sealed journals; accounts are named by codes alone."""

    journals: list[ExportedJournal]
    next_cursor: str | None


class AnchorsQuery(Input):
    """Which page."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100


class AnchorsView(View):
    """A page of anchors, newest first."""

    anchors: list[AnchorView]
    next_cursor: str | None
