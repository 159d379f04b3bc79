"""The wire of matches."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from console_api.poverty_alleviation.schemas import Cursor, Document, Limit
from poverty_alleviation.matching.models import MatchState
from poverty_alleviation.matching.queries import MatchCard


class SupplierIdentityInput(Input):
    """What was seen of a supplier's paper; nothing of it is ever shown again."""

    id_number: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)] | None = None
    phone: Annotated[str, msgspec.Meta(pattern=r"^[0-9+-]{6,20}$(?!\n)")] | None = None
    village: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}$(?!\n)")] | None = None


class MatchDecisionInput(Input):
    """Accepted from a day on by a document, or refused for a reason."""

    is_accepted: bool
    reason: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")] = ""
    valid_from: date | None = None
    document: Document | None = None


class MatchLookView(View):
    """How many matches are proposed for the first time."""

    found: int


class MatchesQuery(Input):
    """Which proposals, and which page."""

    state: MatchState | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class MatchesView(View):
    """A page of proposals, newest first."""

    proposals: list[MatchCard]
    next_cursor: str | None
