"""Rhythms, meetings, and which periods passed without one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import msgspec
from tortoise.exceptions import IntegrityError

from county.meetings.errors import MeetingInvalid, RhythmInvalid, RhythmTaken
from county.meetings.models import Meeting, MeetingKind, MeetingRhythm
from kit.clock import Clock, china_day, utc_now
from kit.database import rows, transaction
from kit.numbers import public_number
from kit.paging import read_cursor, write_cursor

OLDEST_YEARS = 10
"""How many years before the present one a rhythm may begin: each of its periods may be an alarm."""


class Matter(msgspec.Struct, frozen=True):
    """A problem that was heard, what is to be done, and the office that sees to it (domain reference G02)."""

    problem: str
    solution: str
    office: str


class MeetingDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting: of which kind, when, called by whom (an office, no name), and the paper of its minutes."""

    kind: MeetingKind
    held_on: date
    convener: str
    summary: str
    matters: list[Matter]
    minutes: str


class MeetingCard(MeetingDraft, frozen=True, kw_only=True):
    """A meeting as it is kept."""

    number: str
    recorded_by: str


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """How often a kind is due from a day on, in calendar months; 0: no more."""

    kind: MeetingKind
    every_months: int
    valid_from: date
    source: str


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A whole period without a meeting; ``until`` is its last day."""

    kind: MeetingKind
    since: date
    until: date


@dataclass(frozen=True)
class Meetings:
    """The use cases. ``by`` is the account held to it."""

    clock: Clock = utc_now

    async def enter_rhythm(self, rhythm: Rhythm, by: str) -> None:
        """What a paper makes due from a day on.

        Raises :class:`RhythmInvalid` with the ``earliest`` day possible, :class:`RhythmTaken`.
        """
        earliest = date(china_day(self.clock()).year - OLDEST_YEARS, 1, 1)
        if rhythm.valid_from < earliest:
            raise RhythmInvalid(earliest=earliest.isoformat())
        try:
            async with transaction():
                await MeetingRhythm.create(**msgspec.structs.asdict(rhythm), recorded_by=by, recorded_at=self.clock())
        except IntegrityError:
            raise RhythmTaken() from None

    async def record(self, draft: MeetingDraft, by: str) -> str:
        """Enter a meeting that was held; answers its number. Raises :class:`MeetingInvalid`."""
        if draft.held_on > china_day(self.clock()):
            raise MeetingInvalid()
        number = public_number(self.clock(), "HY")
        await Meeting.create(
            number=number,
            **msgspec.structs.asdict(draft) | {"matters": msgspec.to_builtins(draft.matters)},
            recorded_by=by,
            recorded_at=self.clock(),
        )
        return number


async def meeting_cards(
    kind: MeetingKind | None, cursor: str | None, limit: int
) -> tuple[list[MeetingCard], str | None]:
    """A page of meetings, the last entered first."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    found = await rows(
        "SELECT id, number, kind, held_on, convener, summary, matters::text AS matters, minutes, recorded_by"
        " FROM meeting WHERE id < $1 AND ($2::text IS NULL OR kind = $2) ORDER BY id DESC LIMIT $3",
        before,
        kind,
        limit + 1,
    )
    cards = [
        msgspec.convert({**each, "matters": msgspec.json.decode(each["matters"])}, MeetingCard)
        for each in found[:limit]
    ]
    return cards, write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


async def rhythms() -> list[Rhythm]:
    """Every rhythm, by kind and day."""
    found = await rows("SELECT kind, every_months, valid_from, source FROM meeting_rhythm ORDER BY kind, valid_from")
    return [msgspec.convert(each, Rhythm) for each in found]


async def missed(today: date, record_days: int) -> list[Missed]:
    """Periods that had passed ``record_days`` before a day, and that no meeting of their kind was held in."""
    due = _due(await rhythms(), today - timedelta(days=record_days))
    held = await rows("SELECT DISTINCT kind, held_on FROM meeting")
    return [
        each
        for each in due
        if not any(one["kind"] == each.kind and each.since <= one["held_on"] <= each.until for one in held)
    ]


def _due(told: Sequence[Rhythm], until: date) -> list[Missed]:
    """The whole periods of each rhythm that lie within its days and ended before a day."""
    found = []
    for kind in MeetingKind:
        own = [each for each in told if each.kind is kind]
        for rhythm, end in zip(own, [*(each.valid_from for each in own[1:]), until], strict=False):
            if rhythm.every_months:
                starts = _starts(rhythm.valid_from, min(end, until), rhythm.every_months)
                found += [
                    Missed(kind=kind, since=since, until=following - timedelta(days=1))
                    for since, following in pairwise(starts)
                ]
    return found


def _starts(since: date, until: date, months: int) -> list[date]:
    """First days of calendar periods of so many months, from a day on up to and with another."""
    first = -(-(since.year * 12 + since.month - (since.day == 1)) // months) * months
    last = (until.year * 12 + until.month - 1) // months * months
    return [date(each // 12, each % 12 + 1, 1) for each in range(first, last + 1, months)]
