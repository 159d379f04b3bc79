"""Stories are written, shown and taken down in the transaction of who knows whether those in them have agreed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from content.attaching import attach_pictures
from content.own_records import forget_content_of
from content.stories.errors import StoryStands, StoryUnknown
from content.stories.models import STORY_TRANSITIONS, PublicStory, StoryChannel, StoryState, TakenDownWhy
from content.stories.words import WORDS, refuse_text
from content.texts import Texts
from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, transaction
from kit.numbers import public_number
from kit.paging import MAX_PAGE, read_cursor, write_cursor

PICTURES = "story"
"""The purpose of their pictures."""

KEPT_ANSWERS = timedelta(seconds=2)
"""Pages come from memory for less than that (decision 0026), so a story ends so much earlier than the consent to it."""


class HeldStory(msgspec.Struct, frozen=True, kw_only=True):
    """A story whose row the caller holds."""

    number: str
    state: StoryState
    text: str
    text_state: str
    written_by: str


class ShownStory(msgspec.Struct, frozen=True):
    """What buyers read, and the names that may be said: whole, or the surname alone."""

    number: str
    text: str
    names: list[str]


class StoryCard(msgspec.Struct, frozen=True, kw_only=True):
    """How a story stands; ``text`` is gone once it was taken down."""

    number: str
    subject: str
    state: StoryState
    text: str
    text_state: str
    channels: list[StoryChannel]
    shown_until: datetime | None
    written_by: str
    written_at: datetime
    shown_by: str | None
    shown_at: datetime | None
    taken_down_by: str | None
    taken_down_at: datetime | None
    taken_down_why: TakenDownWhy | None


def story_owner(number: str) -> str:
    """Under what the text and the pictures of a story are held."""
    return f"story:{number}"


def shown_story(subject: str, channel: StoryChannel, moment: str) -> str:
    """SQL of the newest story that is shown about ``subject`` at a moment, as JSON, or null; both are SQL."""
    return (
        "(SELECT json_build_object('number', y.number, 'text', y_text.text, 'names', y.names)::text"
        " FROM public_story y JOIN content_text y_text ON y_text.subject = 'story:' || y.number"
        f" WHERE y.subject = {subject} AND y.state = 'shown' AND y.shown_until > {moment}"
        f" AND y.channels ? '{channel.value}' ORDER BY y.shown_at DESC, y.id DESC LIMIT 1)"
    )


_CARD = (
    "SELECT y.*, y.channels::text AS channels_told, t.text, t.state AS text_state FROM public_story y"
    " JOIN content_text t ON t.subject = 'story:' || y.number"
)


@dataclass(frozen=True)
class PublicStories:
    """``words`` are those that no story may say. Everything joins the caller's transaction."""

    texts: Texts
    words: tuple[str, ...] = WORDS
    clock: Clock = utc_now

    async def draft(self, subject: str, text: str, pictures: Sequence[str], by: str) -> str:
        """Keep a story whose text and pictures wait for a person; answers its number.

        Raises ``StoryTextRefused``, TextInvalid and PictureNotUsable.
        """
        refuse_text(text, self.words)
        number = public_number(self.clock(), "ST")
        await PublicStory.create(
            number=number, subject=subject, state=StoryState.DRAFT, written_by=by, written_at=self.clock()
        )
        await self.texts.hold(story_owner(number), text, None)
        await attach_pictures(pictures, by, PICTURES, story_owner(number), self.clock())
        return number

    async def show(
        self, story: HeldStory, channels: Sequence[StoryChannel], until: datetime, names: Sequence[str], by: str
    ) -> None:
        """Show it to everybody until the consents to it end. Raises :class:`StoryStands`."""
        if StoryState.SHOWN not in STORY_TRANSITIONS[story.state]:
            raise StoryStands(state=story.state)
        await execute(
            "UPDATE public_story SET state = 'shown', channels = $2::jsonb, names = $3::jsonb, shown_until = $4,"
            " shown_by = $5, shown_at = $6 WHERE number = $1",
            story.number,
            msgspec.json.encode([each.value for each in channels]).decode(),
            msgspec.json.encode(list(names)).decode(),
            until - KEPT_ANSWERS,
            by,
            self.clock(),
        )


async def held_story(number: str) -> HeldStory:
    """A story, its row locked until the transaction ends. Raises :class:`StoryUnknown`."""
    if await row("SELECT 1 FROM public_story WHERE number = $1 FOR UPDATE", number) is None:
        raise StoryUnknown(story=number[:40])
    return msgspec.convert(await row(f"{_CARD} WHERE y.number = $1", number), HeldStory)


async def take_down(number: str, why: TakenDownWhy, by: str, now: datetime) -> None:
    """From the caller's commit on nobody reads it; words, names and pictures go. Again it changes nothing."""
    taken = await execute(
        "UPDATE public_story SET state = 'taken_down', names = '[]', taken_down_by = $2, taken_down_at = $3,"
        " taken_down_why = $4 WHERE number = $1 AND state <> 'taken_down'",
        number,
        by,
        now,
        why.value,
    )
    if taken:
        await forget_content_of([story_owner(number)])


async def take_down_expired(now: datetime) -> int:
    """Take down what is shown no more because a consent has ended; answers how many."""
    found = await rows(
        "SELECT number FROM public_story WHERE state = 'shown' AND shown_until <= $1 ORDER BY number LIMIT 100", now
    )
    for each in found:
        async with transaction():
            await take_down(each["number"], TakenDownWhy.EXPIRED, "house", now)
    return len(found)


async def story_card(number: str) -> StoryCard:
    """One story. Raises :class:`StoryUnknown`."""
    found = await row(f"{_CARD} WHERE y.number = $1", number)
    if found is None:
        raise StoryUnknown(story=number[:40])
    return _card(found)


async def story_cards(state: StoryState | None, cursor: str | None, limit: int) -> tuple[list[StoryCard], str | None]:
    """A page of stories, newest first."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else None
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"{_CARD} WHERE ($1::text IS NULL OR y.state = $1) AND ($2::bigint IS NULL OR y.id < $2)"
        " ORDER BY y.id DESC LIMIT $3",
        state,
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [_card(each) for each in found[:limit]], following


def _card(found: dict[str, object]) -> StoryCard:
    return msgspec.convert(found | {"channels": msgspec.json.decode(str(found["channels_told"]))}, StoryCard)
