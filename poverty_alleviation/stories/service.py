"""Stories with everybody in them: written, agreed to, published by a second person, and down with the first no."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256

import msgspec
from tortoise.exceptions import IntegrityError

from content.stories.errors import StoryNotJudged, StoryStands
from content.stories.models import StoryChannel, StoryState, TakenDownWhy
from content.stories.service import HeldStory, PublicStories, held_story, take_down
from content.stories.words import refuse_text
from kit.clock import CHINA, Clock, china_day, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher
from kit.numbers import public_number
from ledger.errors import SecondPersonNeeded
from poverty_alleviation.register.members import ADULT_YEARS, member_place
from poverty_alleviation.stories.errors import (
    StoryConsentInvalid,
    StoryConsentMissing,
    StoryConsentUnknown,
    StoryPersonEntered,
    StoryPersonUnknown,
    StorySubjectInvalid,
)
from poverty_alleviation.stories.models import Naming, StoryConsent, StoryPerson
from poverty_alleviation.stories.queries import OF_HOUSEHOLD
from poverty_alleviation.vault import household_rights

MOST_PERSONS = 20


class ConsentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a signed paper says; ``guardian`` is the member who signs for a minor."""

    channels: list[StoryChannel]
    naming: Naming
    valid_from: date
    valid_until: date
    document: str
    surname_chars: int = 0
    guardian: str | None = None


class _Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a story, the name as it is on record, and what the newest consent says if it holds."""

    person: str
    name: str | None
    holds: bool
    channels: frozenset[str]
    naming: Naming
    surname_chars: int
    valid_until: date
    recorded_by: str

    def said(self) -> str | None:
        """How the person may be called."""
        if self.name is None or self.naming is Naming.NONE:
            return None
        return self.name if self.naming is Naming.FULL else f"{self.name[: self.surname_chars]}某"

    def unsaid(self) -> set[str]:
        """What of the name the text may not say: all of it, and what follows the surname if it is longer than one."""
        if self.name is None or self.naming is Naming.FULL:
            return set()
        given = self.name[self.surname_chars or 1 :]
        return {self.name} | ({given} if len(given) > 1 else set())


@dataclass(frozen=True)
class Stories:
    """``by`` is the account held to it; ``most_days`` the longest that a consent may hold."""

    public: PublicStories
    cipher: FieldCipher
    most_days: int = 1096
    clock: Clock = utc_now

    async def draft(
        self,
        product: str | None,
        supplier: str | None,
        text: str,
        pictures: Sequence[str],
        by: str,
        township: str | None,
    ) -> str:
        """Write a story about one product or one supplier, of a keeper's own township; answers its number.

        Raises :class:`StorySubjectInvalid`, ``StoryTextRefused``, TextInvalid and PictureNotUsable.
        """
        if (product is None) == (supplier is None):
            raise StorySubjectInvalid()
        sql = "SELECT township_id FROM product WHERE code = $1" if product else (
            "SELECT township FROM supplier WHERE number = $1"
        )  # fmt: skip
        found = await scalar(sql, product or supplier)
        if found is None or township not in (None, found):
            raise StorySubjectInvalid()
        async with transaction():
            subject = f"product:{product}" if product else f"supplier:{supplier}"
            return await self.public.draft(subject, text, pictures, by)

    @household_rights()
    async def enter_person(self, story: str, member: str | None, supplier: str | None, by: str) -> str:
        """Say that somebody is in a draft; answers the number under which the person is known there.

        Raises StoryUnknown, ``StoryStands``, :class:`StoryPersonUnknown`, :class:`StoryPersonEntered`.
        """
        async with transaction():
            await _drafted(story)
            if (member is None) == (supplier is None) or not await self._is_known(member, supplier):
                raise StoryPersonUnknown()
            if await scalar("SELECT count(*) FROM story_person WHERE story = $1", story) >= MOST_PERSONS:
                raise StoryStands(most_persons=MOST_PERSONS)
            number = public_number(self.clock(), "SP")
            try:
                async with transaction():
                    await StoryPerson.create(
                        number=number,
                        story=story,
                        member=member,
                        supplier=supplier,
                        entered_by=by,
                        entered_at=self.clock(),
                    )
            except IntegrityError:
                raise StoryPersonEntered() from None
        return number

    async def _is_known(self, member: str | None, supplier: str | None) -> bool:
        if supplier is not None:
            return bool(await scalar("SELECT 1 FROM supplier WHERE number = $1 AND kind = 'farmer'", supplier))
        return await _member(member or "", china_day(self.clock())) is not None

    @household_rights()
    async def agree(self, person: str, draft: ConsentDraft, by: str) -> str:
        """Record a signed consent to a draft as it stands; answers its number.

        For a minor an adult of the household signs, and no name is said. Raises :class:`StoryPersonUnknown`,
        ``StoryStands``, :class:`StoryConsentInvalid`.
        """
        async with transaction():
            named = await scalar("SELECT story FROM story_person WHERE number = $1", person)
            if named is None:
                raise StoryPersonUnknown()
            story = await _drafted(named)
            found = await row("SELECT id, member FROM story_person WHERE number = $1", person)
            assert found is not None
            await self._check(draft, found["member"])
            number = public_number(self.clock(), "SC")
            await StoryConsent.create(
                **msgspec.structs.asdict(draft),
                number=number,
                person_id=found["id"],
                text_digest=sha256(story.text.encode()).hexdigest(),
                recorded_by=by,
                recorded_at=self.clock(),
            )
        return number

    async def _check(self, draft: ConsentDraft, member: str | None) -> None:
        today = china_day(self.clock())
        longest = draft.valid_from + timedelta(days=self.most_days)
        if not draft.valid_from <= today < draft.valid_until <= longest:
            raise StoryConsentInvalid(reason="days")
        if (draft.naming is Naming.SURNAME) != (draft.surname_chars > 0):
            raise StoryConsentInvalid(reason="surname")
        who = await _member(member, today) if member else None
        if member and who is None:
            raise StoryPersonUnknown()
        if who is None or not who["is_minor"]:
            if draft.guardian is not None:
                raise StoryConsentInvalid(reason="guardian")
            return
        guardian = await _member(draft.guardian, today) if draft.guardian else None
        if guardian is None or guardian["is_minor"] or guardian["household_id"] != who["household_id"]:
            raise StoryConsentInvalid(reason="guardian")
        if draft.naming is not Naming.NONE:
            raise StoryConsentInvalid(reason="naming")
        # Who has come of age says it alone; of minors the year of birth is known and no day.
        if draft.valid_until > date(who["birth_year"] + ADULT_YEARS, 1, 1):
            raise StoryConsentInvalid(reason="minor")

    @household_rights()
    async def publish(self, story: str, channels: Sequence[StoryChannel], by: str) -> None:
        """Show a story whose every person agrees to these channels, until the first consent ends.

        By neither who has written it nor who has recorded a consent to it. Raises StoryUnknown, ``StoryStands``,
        ``StoryNotJudged``, :class:`StoryConsentMissing`, ``SecondPersonNeeded`` and ``StoryTextRefused``.
        """
        async with transaction():
            held = await _drafted(story)
            if held.text_state != "passed":
                raise StoryNotJudged()
            agreed = [self._agreed(each) for each in await rows(_AGREED, story, china_day(self.clock()))]
            missing = [each.person for each in agreed if not (each.holds and each.channels >= set(channels))]
            if missing or not agreed:
                raise StoryConsentMissing(persons=missing)
            if by in {held.written_by, *(each.recorded_by for each in agreed)}:
                raise SecondPersonNeeded()
            refuse_text(held.text, self.public.words, set().union(*(each.unsaid() for each in agreed)))
            until = datetime.combine(min(each.valid_until for each in agreed), time.min, CHINA)
            names = [said for each in agreed if (said := each.said())]
            await self.public.show(held, channels, until, names, by)

    def _agreed(self, found: Row) -> _Agreed:
        name, sealed = found["name"], found["name_cipher"]
        if sealed:
            name = self.cipher.decrypt(bytes(sealed), member_place("name", found["member"]))
        return _Agreed(
            person=found["person"],
            name=name,
            holds=found["holds"],
            channels=frozenset(msgspec.json.decode(found["channels"])),
            naming=Naming(found["naming"]),
            surname_chars=found["surname_chars"],
            valid_until=found["valid_until"],
            recorded_by=found["recorded_by"],
        )

    @household_rights()
    async def withdraw(self, consent: str, by: str) -> None:
        """A person takes a consent back: the story goes with it, in one transaction; again it changes nothing.

        Raises :class:`StoryConsentUnknown`.
        """
        async with transaction():
            story = await scalar(
                "SELECT p.story FROM story_consent c JOIN story_person p ON p.id = c.person_id WHERE c.number = $1",
                consent,
            )
            if story is None:
                raise StoryConsentUnknown(consent=consent[:40])
            await execute(
                "UPDATE story_consent SET withdrawn_by = $2, withdrawn_at = $3 WHERE number = $1"
                " AND withdrawn_at IS NULL",
                consent,
                by,
                self.clock(),
            )
            await take_down(story, TakenDownWhy.WITHDRAWN, by, self.clock())

    @household_rights()
    async def withdraw_own(self, household: str, consent: str) -> None:
        """What :meth:`withdraw` does, on the word of the household whose consent it is.

        Raises :class:`StoryConsentUnknown`.
        """
        async with transaction():
            if not await scalar(f"SELECT 1 {OF_HOUSEHOLD} AND c.number = $2", household, consent):
                raise StoryConsentUnknown(consent=consent[:40])
            await self.withdraw(consent, "household")

    async def remove(self, story: str, by: str) -> None:
        """The office takes a story down, or gives a draft up; again it changes nothing. Raises StoryUnknown."""
        async with transaction():
            await held_story(story)
            await take_down(story, TakenDownWhy.OFFICE, by, self.clock())


async def take_down_stories_of(household_id: int, suppliers: Sequence[str], now: datetime) -> int:
    """A household is erased: consents of its people, and of suppliers that stood for it, end with the stories.

    In the caller's transaction, which holds the vault; answers how many consents it ended.
    """
    found = await rows(
        "SELECT DISTINCT p.story FROM story_person p WHERE p.supplier = ANY($2::text[]) OR p.member IN"
        " (SELECT code FROM household_member WHERE household_id = $1) ORDER BY p.story",
        household_id,
        list(suppliers),
    )
    for each in found:
        await held_story(each["story"])
        await take_down(each["story"], TakenDownWhy.ERASED, "house", now)
    return await execute(
        "UPDATE story_consent SET withdrawn_by = 'house', withdrawn_at = $3 WHERE withdrawn_at IS NULL AND person_id IN"
        " (SELECT p.id FROM story_person p WHERE p.supplier = ANY($2::text[]) OR p.member IN"
        " (SELECT code FROM household_member WHERE household_id = $1))",
        household_id,
        list(suppliers),
        now,
    )


_AGREED = """
SELECT p.number AS person, p.member, s.name, m.name_cipher,
       coalesce(c.withdrawn_at IS NULL AND daterange(c.valid_from, c.valid_until) @> $2::date AND EXISTS (
           SELECT FROM evidence e WHERE e.subject_type = 'story_consent' AND e.subject_number = c.number
              AND e.stored_at IS NOT NULL AND e.forgotten_at IS NULL), false) AS holds,
       coalesce(c.channels::text, '[]') AS channels, coalesce(c.naming, 'none') AS naming,
       coalesce(c.surname_chars, 0) AS surname_chars, coalesce(c.valid_until, $2::date) AS valid_until,
       coalesce(c.recorded_by, '') AS recorded_by
  FROM story_person p
  LEFT JOIN supplier s ON s.number = p.supplier
  LEFT JOIN LATERAL (SELECT name_cipher FROM household_member WHERE code = p.member ORDER BY id DESC LIMIT 1) m ON true
  LEFT JOIN LATERAL (SELECT * FROM story_consent WHERE person_id = p.id ORDER BY id DESC LIMIT 1) c ON true
 WHERE p.story = $1 ORDER BY p.id"""


async def _drafted(story: str) -> HeldStory:
    held = await held_story(story)
    if held.state is not StoryState.DRAFT:
        raise StoryStands(state=held.state)
    return held


async def _member(code: str, day: date) -> Row | None:
    return await row(
        "SELECT household_id, is_minor, birth_year FROM household_member WHERE code = $1"
        " AND daterange(valid_from, valid_until) @> $2::date",
        code,
        day,
    )
