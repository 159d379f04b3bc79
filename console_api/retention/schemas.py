"""The wire of retention and erasure."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from console_api.poverty_alleviation.schemas import Code, Cursor, Document
from poverty_alleviation.retention.models import ErasureGround, RetentionClass
from poverty_alleviation.retention.obstacles import DueHousehold
from poverty_alleviation.retention.service import ErasureCard, HoldCard, RetentionTerm


class RetentionTermInput(Input):
    """How long a class is kept from a day on; ``basis`` is the law, ``source`` the paper that says so."""

    kept: RetentionClass
    days: Annotated[int, msgspec.Meta(ge=1, le=36525)]
    valid_from: date
    basis: Document
    source: Document


class RetentionTermsView(View):
    """Every rule, newest first."""

    terms: list[RetentionTerm]


class LimitQuery(Input):
    """How many."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100


class DueHouseholdsView(View):
    """Households whose time is over."""

    due: list[DueHousehold]


class ByDocument(Input):
    """By which paper."""

    document: Document


class HoldsView(View):
    """Holds, those that go on first."""

    holds: list[HoldCard]


class ErasureInput(Input):
    """Which household, why, and by which paper."""

    household: Code
    ground: ErasureGround
    document: Document


class RetentionRecorded(View):
    """Its number alone: the answer is kept under its Idempotency-Key, outside the register."""

    number: str


class ErasuresQuery(Input):
    """Which page."""

    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class ErasuresView(View):
    """A page of erasures, newest first."""

    erasures: list[ErasureCard]
    next_cursor: str | None
