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


OF_HOUSEHOLD = (
    "FROM story_consent c JOIN story_person p ON p.id = c.person_id WHERE (p.member IN (SELECT m.code"
    " FROM household_member m JOIN household h ON h.id = m.household_id WHERE h.code = $1 AND m.valid_until IS NULL)"
    " OR p.supplier IN (SELECT l.supplier FROM supplier_link l JOIN household h ON h.id = l.household_id"
    " WHERE h.code = $1 AND l.valid_until IS NULL))"
)
"""SQL of the consents of a household's people, and of a supplier that stands for it."""


class OwnConsent(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody of a household has agreed to and may take back: how the words begin, where, until when."""

    number: str
    beginning: str
    channels: list[StoryChannel]
    valid_until: date


@household_rights()
async def own_consents(household: str) -> list[OwnConsent]:
    """The consents of a household to stories that are written or shown, by its code. One statement."""
    found = await rows(
        "SELECT a.number, left(t.text, 40) AS beginning, a.channels::text AS channels, a.valid_until FROM"
        f" (SELECT c.*, p.story {OF_HOUSEHOLD}) a JOIN public_story y ON y.number = a.story"
        " JOIN content_text t ON t.subject = 'story:' || y.number"
        " WHERE y.state <> 'taken_down' AND a.withdrawn_at IS NULL ORDER BY a.id LIMIT 50",
        household,
    )
    return [msgspec.convert(each | {"channels": msgspec.json.decode(each["channels"])}, OwnConsent) for each in found]


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
