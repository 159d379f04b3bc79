"""Who is in a story and what they have agreed to, by codes alone."""

from datetime import date, datetime

import msgspec

from content.stories.models import StoryChannel
from kit.database import rows
from poverty_alleviation.stories.models import Naming
from poverty_alleviation.vault import household_rights


class ConsentCard(msgspec.Struct, frozen=True, kw_only=True):
    """One consent; ``valid_until`` is the first day on which it does not hold."""

    number: str
    guardian: str | None
    channels: list[StoryChannel]
    naming: Naming
    surname_chars: int
    text_digest: str
    valid_from: date
    valid_until: date
    document: str
    recorded_by: str
    recorded_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None


class StoryPersonCard(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a story, with every consent, oldest first; the newest holds."""

    number: str
    member: str | None
    supplier: str | None
    consents: list[ConsentCard]


@household_rights()
async def story_persons(story: str) -> list[StoryPersonCard]:
    """Everybody in a story, in the order of entry. One statement."""
    found = await rows(
        "SELECT p.number, p.member, p.supplier, (SELECT coalesce(json_agg(c ORDER BY c.id), '[]') FROM story_consent c"
        " WHERE c.person_id = p.id)::text AS consents FROM story_person p WHERE p.story = $1 ORDER BY p.id",
        story,
    )
    return [
        msgspec.convert(each | {"consents": msgspec.json.decode(each["consents"])}, StoryPersonCard) for each in found
    ]
