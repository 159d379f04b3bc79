"""The wire of coupons in a room."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input


class ClaimInRoom(Input):
    """The token that the room has given to the viewer."""

    attribution: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
