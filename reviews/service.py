"""Reviews: written once by who received the thing, shown once they are checked, answered once, never deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from content.models import PictureState, TextState
from content.pictures import Pictures, pictures_of
from content.texts import Texts, texts_of
from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, transaction
from kit.numbers import public_number
from orders.purchases import received_line
from reviews.errors import (
    AlreadyReviewed,
    NothingToReview,
    ReviewEmpty,
    ReviewNotFound,
    ReviewNotMovable,
    ReviewWindowPassed,
)
from reviews.models import REVIEW_TRANSITIONS, AdditionKind, ReviewState

MAX_PICTURES = 9
_WAITING = (PictureState.INCOMING, PictureState.HELD, PictureState.IN_REVIEW)

_RATED = """
INSERT INTO product_rating (product, reviews, star_sum, with_pictures, average_bp) VALUES ($1, 0, 0, 0, 0)
ON CONFLICT (product) DO NOTHING
"""
_RATE = """
UPDATE product_rating SET reviews = reviews + $2, star_sum = star_sum + $3, with_pictures = with_pictures + $4,
       average_bp = CASE WHEN reviews + $2 = 0 THEN 0
           ELSE ((star_sum + $3)::bigint * 20000 + reviews + $2) / (2 * (reviews + $2)) END
 WHERE product = $1
"""


@dataclass(frozen=True)
class Said:
    """The words and pictures of a review or of a follow-up; ``pictures`` are numbers of uploaded ones."""

    text: str
    pictures: Sequence[str] = ()


@dataclass(frozen=True)
class Reviews:
    """What may be said, by whom, and when it shows. ``window`` counts from receipt, and from the review for more."""

    texts: Texts
    pictures: Pictures
    window: timedelta = timedelta(days=180)
    clock: Clock = utc_now

    async def write(self, consumer: str, openid: str, line: str, stars: int, said: Said, anonymous: bool) -> str:
        """Review one received line of the consumer's own, once; answers the review's number.

        Raises NothingToReview, ReviewWindowPassed, AlreadyReviewed, TextInvalid and PictureNotUsable.
        """
        async with transaction():
            bought = await received_line(consumer, line)
            if bought is None:
                raise NothingToReview()
            now = self.clock()
            if now > bought.received_at + self.window:
                raise ReviewWindowPassed(days=self.window.days)
            number = public_number(now, "V")
            new = await row(
                'INSERT INTO review (number, line, "order", consumer, merchant, product, title, spec, stars, text,'
                " anonymous, state, pictures, written_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'held', 0, $12)"
                " ON CONFLICT (line) DO NOTHING RETURNING id",
                number,
                line,
                bought.order,
                consumer,
                bought.merchant,
                bought.product,
                bought.title,
                bought.spec,
                stars,
                said.text,
                anonymous,
                now,
            )
            if new is None:
                raise AlreadyReviewed()
            await self._hold(_subject(number), said, consumer, openid)
            await self.settle(_subject(number))
        return number

    async def follow_up(self, consumer: str, openid: str, number: str, said: Said) -> None:
        """Add a second word to the own review, once. Raises ReviewNotFound, ReviewWindowPassed, AlreadyReviewed and
        ReviewEmpty."""
        if not said.text.strip() and not said.pictures:
            raise ReviewEmpty()
        async with transaction():
            review = await self._locked(number)
            if review["consumer"] != consumer:
                raise ReviewNotFound()
            if self.clock() > review["written_at"] + self.window:
                raise ReviewWindowPassed(days=self.window.days)
            await self._add(review, AdditionKind.FOLLOW_UP, said.text, f"consumer:{consumer}")
            subject = _subject(number, AdditionKind.FOLLOW_UP)
            await self._hold(subject, said, consumer, openid)
            await self.settle(subject)

    async def answer(self, merchant: str, number: str, text: str, by: str) -> None:
        """The merchant answers a shown review, once; a person of the county checks it before it shows.

        Raises ReviewNotFound, ReviewNotMovable and AlreadyReviewed.
        """
        async with transaction():
            review = await self._locked(number)
            if review["merchant"] != merchant:
                raise ReviewNotFound()
            if review["state"] != ReviewState.SHOWN:
                raise ReviewNotMovable(state=review["state"])
            await self._add(review, AdditionKind.ANSWER, text, by)
            await self.texts.hold(_subject(number, AdditionKind.ANSWER), text, None)

    async def set_hidden(self, number: str, hidden: bool, reason: str, by: str) -> None:
        """The county hides a review, or shows it again; the reason stays. Repeating it changes nothing.

        Raises ReviewNotFound and ReviewNotMovable for one that was never shown.
        """
        to = ReviewState.HIDDEN if hidden else ReviewState.SHOWN
        async with transaction():
            review = await self._locked(number)
            before = ReviewState(review["state"])
            if before is to:
                return
            if before not in (ReviewState.SHOWN, ReviewState.HIDDEN):
                raise ReviewNotMovable(state=before.value)
            await row(
                "INSERT INTO review_decision (review_id, hidden, reason, decided_by, decided_at)"
                " VALUES ($1, $2, $3, $4, $5) RETURNING id",
                review["id"],
                hidden,
                reason,
                by,
                self.clock(),
            )
            await self._move(review, to, review["pictures"])

    async def settle(self, subject: str) -> None:
        """Bring a review or an addition to where its text and pictures have come; joins the caller's transaction.

        A subject that is none of ours changes nothing. A refused picture is left out; a refused text refuses all.
        """
        number, kind = _read_subject(subject)
        if number is None:
            return
        review = await self._locked(number)
        text = (await texts_of([subject])).get(subject)
        shown = await pictures_of(subject)
        if kind is None:
            passed = sum(picture.state is PictureState.PASSED for picture in shown)
            state = ReviewState(review["state"])
            to = _state_of(text.state if text else None, [picture.state for picture in shown], state)
            await self._move(review, to, passed)
            return
        addition = await row(
            "SELECT id, state FROM review_addition WHERE review_id = $1 AND kind = $2", review["id"], kind.value
        )
        if addition is None:
            return
        state = ReviewState(addition["state"])
        to = _state_of(text.state if text else None, [picture.state for picture in shown], state)
        await execute("UPDATE review_addition SET state = $2 WHERE id = $1", addition["id"], to.value)

    async def _hold(self, subject: str, said: Said, consumer: str, openid: str) -> None:
        if said.text:
            await self.texts.hold(subject, said.text, openid)
        await self.pictures.attach(said.pictures, f"consumer:{consumer}", "review", subject)

    async def _locked(self, number: str) -> Row:
        found = await row(
            "SELECT id, number, consumer, merchant, product, stars, state, pictures, written_at FROM review"
            " WHERE number = $1 FOR UPDATE",
            number,
        )
        if found is None:
            raise ReviewNotFound()
        return found

    async def _add(self, review: Row, kind: AdditionKind, text: str, by: str) -> None:
        new = await row(
            "INSERT INTO review_addition (review_id, kind, text, state, written_by, written_at)"
            " VALUES ($1, $2, $3, 'held', $4, $5) ON CONFLICT (review_id, kind) DO NOTHING RETURNING id",
            review["id"],
            kind.value,
            text,
            by,
            self.clock(),
        )
        if new is None:
            raise AlreadyReviewed()

    async def _move(self, review: Row, to: ReviewState, pictures: int) -> None:
        """The one place where a review's state changes, and its product's rating with it."""
        before = ReviewState(review["state"])
        if to is not before and to not in REVIEW_TRANSITIONS[before]:
            raise ReviewNotMovable(state=before.value)
        counted = (1, review["stars"], int(review["pictures"] > 0)) if before is ReviewState.SHOWN else (0, 0, 0)
        counts = (1, review["stars"], int(pictures > 0)) if to is ReviewState.SHOWN else (0, 0, 0)
        await execute(
            "UPDATE review SET state = $2::varchar, pictures = $3, shown_at = CASE WHEN $2::varchar = 'shown'"
            " THEN COALESCE(shown_at, $4) ELSE shown_at END WHERE id = $1",
            review["id"],
            to.value,
            pictures,
            self.clock(),
        )
        change = [new - old for new, old in zip(counts, counted, strict=True)]
        if any(change):
            await execute(_RATED, review["product"])
            await execute(_RATE, review["product"], *change)


def _state_of(text: TextState | None, pictures: Sequence[PictureState], before: ReviewState) -> ReviewState:
    """Where the checks have brought it. What was shown once stays with the county."""
    if before in (ReviewState.SHOWN, ReviewState.HIDDEN):
        return before
    if text is TextState.REFUSED:
        return ReviewState.REFUSED
    if text not in (None, TextState.PASSED) or any(state in _WAITING for state in pictures):
        return before
    return ReviewState.SHOWN


def _subject(number: str, kind: AdditionKind | None = None) -> str:
    return f"review:{number}/{kind.value}" if kind else f"review:{number}"


def _read_subject(subject: str) -> tuple[str | None, AdditionKind | None]:
    room, _, rest = subject.partition(":")
    number, _, kind = rest.partition("/")
    if room != "review" or not number:
        return None, None
    return number, AdditionKind(kind) if kind else None
