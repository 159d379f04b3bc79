"""The wire of announcements."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input


class AnnouncementInput(Input):
    """What is announced."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
