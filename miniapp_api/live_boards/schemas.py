"""The wire of clicks."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input


class ProductOpened(Input):
    """The pass that the room gave out."""

    viewer_pass: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
