"""The wire of pictures."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input


class PurposeQuery(Input):
    """Why somebody looks at what is not public."""

    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
