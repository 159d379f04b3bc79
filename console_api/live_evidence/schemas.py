"""The wire of evidence."""

from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View


class EvidencePaper(Input):
    """By which paper."""

    document: Annotated[str, msgspec.Meta(min_length=2, max_length=120, pattern=PLAIN)]


class EvidenceHeld(View):
    """The hold's number."""

    number: str
