"""The wire of message templates."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from messages.outgoing import TemplateRecord

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class TemplateInput(Input):
    """A moment's template. ``fields_by_name`` maps WeChat's fields (``thing1``) to our values; ``page`` may hold
    ``{reference}``."""

    template: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    page: Annotated[str, msgspec.Meta(pattern=r"^pages/[A-Za-z0-9_/?=&{}-]{1,100}$(?!\n)")]
    fields_by_name: Annotated[dict[Name, Name], msgspec.Meta(min_length=1, max_length=10)]
    active: bool = True


class TemplateListView(View):
    """The templates."""

    items: list[TemplateRecord]
