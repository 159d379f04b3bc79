"""The wire of reviews at the console."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from kit.paging import MAX_PAGE
from reviews.models import ReviewState
from reviews.queries import HidingRecord, OwnReview


class ReviewListQuery(Input):
    """A page of reviews in a state, or in all."""

    state: ReviewState | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class ReviewListView(View):
    """Reviews; ``next_cursor`` is null at the end."""

    items: list[OwnReview]
    next_cursor: str | None


class AnswerInput(Input):
    """The merchant's answer."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class VisibilityInput(Input):
    """The county's decision on a review."""

    hidden: bool
    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]


class ReviewRecordView(View):
    """A review and every decision on it."""

    review: OwnReview
    decisions: list[HidingRecord]
