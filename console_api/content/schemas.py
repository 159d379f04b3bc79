"""The wire of pictures and of what waits for a person."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from content.texts import Keyword
from content.waiting import WaitingContent
from kit.paging import MAX_PAGE


class PurposeQuery(Input):
    """Why somebody looks at what is not public."""

    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class WaitingQuery(Input):
    """A page of what waits."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class WaitingListView(View):
    """What waits for a person; ``next_cursor`` is null at the end."""

    items: list[WaitingContent]
    next_cursor: str | None


class DecisionInput(Input):
    """A person's decision."""

    passed: bool
    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]


class KeywordListView(View):
    """The county's list."""

    items: list[Keyword]
