"""The wire of reviews."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from kit.paging import MAX_PAGE
from reviews.queries import OwnReview, PublicReview, Rating
from reviews.service import MAX_PICTURES

Text = Annotated[str, msgspec.Meta(max_length=1000)]
Numbers = Annotated[
    list[Annotated[str, msgspec.Meta(min_length=1, max_length=26)]], msgspec.Meta(max_length=MAX_PICTURES)
]


class ReviewInput(Input):
    """A review; ``line`` is the order line's reference, ``pictures`` are numbers of uploaded ones."""

    line: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    stars: Annotated[int, msgspec.Meta(ge=1, le=5)]
    text: Text = ""
    pictures: Numbers = []
    anonymous: bool = False


class FollowUpInput(Input):
    """A second word, with pictures of its own."""

    text: Text = ""
    pictures: Numbers = []


class PageQuery(Input):
    """A page of a list."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class ProductReviewsQuery(PageQuery):
    """A page of a product's reviews; ``with_pictures`` leaves out those without."""

    with_pictures: bool = False


class ProductReviewsView(View):
    """What is said about a product; ``next_cursor`` is null at the end."""

    rating: Rating
    items: list[PublicReview]
    next_cursor: str | None


class OwnReviewsView(View):
    """Reviews in any state."""

    items: list[OwnReview]
    next_cursor: str | None
