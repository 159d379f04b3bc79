"""The wire of public stories."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from content.stories.models import StoryChannel, StoryState
from content.stories.service import StoryCard
from content.texts import MAX_CHARACTERS
from kit.paging import MAX_PAGE
from poverty_alleviation.stories.models import Naming
from poverty_alleviation.stories.queries import StoryPersonCard

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Channels = Annotated[list[StoryChannel], msgspec.Meta(min_length=1, max_length=len(StoryChannel))]


class StoryInput(Input):
    """A story about one product or one supplier; ``pictures`` are numbers of purpose ``story``."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_CHARACTERS)]
    product: Code | None = None
    supplier: Code | None = None
    pictures: Annotated[list[Code], msgspec.Meta(max_length=9)] = []


class StoryMade(View):
    """The number of what was made."""

    number: str


class StoriesQuery(Input):
    """A page of stories, in one state if it is named."""

    state: StoryState | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 20


class StoriesView(View):
    """Stories, newest first; who is in them is not told here."""

    items: list[StoryCard]
    next_cursor: str | None


class StoryView(View):
    """One story with everybody in it and their consents."""

    story: StoryCard
    story_persons: list[StoryPersonCard]


class StoryPersonInput(Input):
    """Somebody in a story: a member of a household, or a farmer who delivers."""

    member: Code | None = None
    supplier: Code | None = None


class StoryConsentInput(Input):
    """What a signed paper says; of ``naming: surname`` so many first characters of the name are the surname."""

    channels: Channels
    naming: Naming
    valid_from: date
    valid_until: date
    document: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    surname_chars: Annotated[int, msgspec.Meta(ge=0, le=4)] = 0
    guardian: Code | None = None


class PublicationInput(Input):
    """Where the story is told from now on."""

    channels: Channels
