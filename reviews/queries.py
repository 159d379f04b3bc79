"""Reads of reviews: one statement for the rows, one for the pictures of the page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from content.pictures import PictureView, pictures_of_several
from kit.database import Row, row, rows
from kit.paging import read_cursor, write_cursor
from reviews.errors import ReviewNotFound
from reviews.models import ReviewState

_ADDITION = (
    "(SELECT jsonb_build_object('text', a.text, 'state', a.state, 'written_at', a.written_at)::text"
    " FROM review_addition a WHERE a.review_id = r.id AND a.kind = '{kind}'{shown}) AS {kind}"
)
_COLUMNS = (
    'SELECT r.id, r.number, r.line, r."order", r.consumer, r.merchant, r.product, r.title, r.spec, r.stars, r.text,'
    " r.anonymous, r.state, r.written_at, {follow_up}, {answer} FROM review r"
)
_ALL = _COLUMNS.format(**{k: _ADDITION.format(kind=k, shown="") for k in ("follow_up", "answer")})
_SHOWN = _COLUMNS.format(
    **{k: _ADDITION.format(kind=k, shown=" AND a.state = 'shown'") for k in ("follow_up", "answer")}
)


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class AdditionView(msgspec.Struct, frozen=True):
    """A follow-up or an answer."""

    text: str
    state: ReviewState
    written_at: datetime
    pictures: list[PictureView] = []


class PublicReview(msgspec.Struct, frozen=True):
    """A review as everybody reads it. ``author`` tells nothing by which a buyer could be found."""

    number: str
    author: str
    spec: str
    stars: int
    text: str
    written_at: datetime
    pictures: list[PictureView]
    follow_up: AdditionView | None
    answer: AdditionView | None


class OwnReview(msgspec.Struct, frozen=True):
    """A review as its author, its merchant or the county reads it, in any state.

    ``order`` and ``line`` of an anonymous one are empty for the merchant.
    """

    number: str
    line: str
    order: str
    merchant: str
    product: str
    title: str
    spec: str
    stars: int
    text: str
    anonymous: bool
    state: ReviewState
    written_at: datetime
    pictures: list[PictureView]
    follow_up: AdditionView | None
    answer: AdditionView | None


class Rating(msgspec.Struct, frozen=True):
    """What a product's shown reviews add up to; ``average_bp`` is stars in 1/10,000, 0 without a review."""

    reviews: int = 0
    average_bp: int = 0
    with_pictures: int = 0


class HidingRecord(msgspec.Struct, frozen=True):
    """One decision of the county."""

    hidden: bool
    reason: str
    decided_by: str
    decided_at: datetime


def author_name(consumer: str, anonymous: bool) -> str:
    """The masked name: an account has none but its number, of which two characters tell two buyers apart."""
    return "匿名用户" if anonymous else f"用户***{consumer[-2:]}"


async def rating_of(product: str) -> Rating:
    """One product's rating; one statement."""
    return (await ratings_of([product]))[product]


async def ratings_of(products: Sequence[str]) -> dict[str, Rating]:
    """The ratings of some products, every product a key; one statement."""
    found = await rows(
        "SELECT product, reviews, average_bp, with_pictures FROM product_rating WHERE product = ANY($1::text[])",
        list(products),
    )
    return dict.fromkeys(products, Rating()) | {
        r["product"]: Rating(r["reviews"], r["average_bp"], r["with_pictures"]) for r in found
    }


async def product_reviews(
    product: str, with_pictures: bool, cursor: str | None, limit: int
) -> tuple[list[PublicReview], str | None]:
    """The shown reviews of a product, newest first; two statements."""
    found = await rows(
        f"{_SHOWN} WHERE r.product = $1 AND r.state = 'shown' AND r.id < $2 AND (NOT $3 OR r.pictures > 0)"
        " ORDER BY r.id DESC LIMIT $4",
        product,
        _before(cursor),
        with_pictures,
        limit + 1,
    )
    pictures = await _pictures(found[:limit])
    page = [
        PublicReview(
            number=r["number"],
            author=author_name(r["consumer"], r["anonymous"]),
            spec=r["spec"],
            stars=r["stars"],
            text=r["text"],
            written_at=r["written_at"],
            **_parts(r, pictures, only_passed=True),
        )
        for r in found[:limit]
    ]
    return page, _next(found, limit)


async def reviews_of(
    consumer: str | None, merchant: str | None, state: ReviewState | None, cursor: str | None, limit: int
) -> tuple[list[OwnReview], str | None]:
    """Reviews in any state, newest first, of one consumer, one merchant, or all; two statements."""
    found = await rows(
        f"{_ALL} WHERE r.id < $1 AND ($2::text IS NULL OR r.consumer = $2) AND ($3::text IS NULL OR r.merchant = $3)"
        " AND ($4::text IS NULL OR r.state = $4) ORDER BY r.id DESC LIMIT $5",
        _before(cursor),
        consumer,
        merchant,
        state.value if state else None,
        limit + 1,
    )
    pictures = await _pictures(found[:limit])
    return [_own(r, pictures, merchant) for r in found[:limit]], _next(found, limit)


async def review(number: str, merchant: str | None = None) -> OwnReview:
    """One review in any state. Raises ReviewNotFound, also for another merchant's."""
    found = await row(f"{_ALL} WHERE r.number = $1 AND ($2::text IS NULL OR r.merchant = $2)", number, merchant)
    if found is None:
        raise ReviewNotFound()
    return _own(found, await _pictures([found]), merchant)


async def hidings(number: str) -> list[HidingRecord]:
    """What the county decided on a review, oldest first."""
    found = await rows(
        "SELECT d.hidden, d.reason, d.decided_by, d.decided_at FROM review_decision d"
        " JOIN review r ON r.id = d.review_id WHERE r.number = $1 ORDER BY d.id LIMIT 200",
        number,
    )
    return [HidingRecord(**d) for d in found]


def _own(r: Row, pictures: dict[str, list[PictureView]], merchant: str | None) -> OwnReview:
    if merchant is not None and r["anonymous"]:
        r = {**r, "order": "", "line": ""}  # the merchant would find the buyer by either
    names = ("number", "line", "order", "merchant", "product", "title", "spec", "stars", "text", "anonymous")
    return OwnReview(
        **{name: r[name] for name in names},
        state=ReviewState(r["state"]),
        written_at=r["written_at"],
        **_parts(r, pictures, only_passed=False),
    )


def _parts(r: Row, pictures: dict[str, list[PictureView]], only_passed: bool) -> dict[str, Any]:
    def of(owner: str) -> list[PictureView]:
        return [p for p in pictures[owner] if p.url is not None or not only_passed]

    follow_up = msgspec.json.decode(r["follow_up"], type=AdditionView) if r["follow_up"] else None
    if follow_up is not None:
        follow_up = msgspec.structs.replace(follow_up, pictures=of(f"review:{r['number']}/follow_up"))
    return {
        "pictures": of(f"review:{r['number']}"),
        "follow_up": follow_up,
        "answer": msgspec.json.decode(r["answer"], type=AdditionView) if r["answer"] else None,
    }


async def _pictures(found: list[Row]) -> dict[str, list[PictureView]]:
    owners = [f"review:{r['number']}{tail}" for r in found for tail in ("", "/follow_up")]
    return await pictures_of_several(owners)


def _before(cursor: str | None) -> int:
    return read_cursor(cursor, _Key).id if cursor else 2**63 - 1


def _next(found: list[Row], limit: int) -> str | None:
    return write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
