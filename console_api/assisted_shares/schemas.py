"""The wire of shares."""

from datetime import date

from api_kit.schemas import Input, View
from console_api.funds.schemas import PageQuery
from poverty_alleviation.shares.models import ShareCircle
from poverty_alleviation.shares.queries import AssistedShareCard


class AssistedShareInput(Input):
    """Whose share, on which day. It is counted and never entered."""

    circle: ShareCircle
    day: date


class AssistedSharesQuery(PageQuery):
    """Of which people, and which page."""

    circle: ShareCircle | None = None


class AssistedSharesView(View):
    """A page of shares, newest first."""

    shares: list[AssistedShareCard]
    next_cursor: str | None
