"""The wire of codes for places."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View


class PlaceCodeInput(Input):
    """Where the code will hang: a village board, a leaflet, a group."""

    note: Annotated[str, msgspec.Meta(pattern=r"^(?!\s)[^\x00-\x1f\x7f]{1,60}(?<!\s)$(?!\n)")]


class PlaceCodeView(View):
    """The new code."""

    code: str
