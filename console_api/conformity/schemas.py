"""The wire of certificates of conformity."""

from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from console_api.traceability.schemas import Number
from traceability.conformity.models import ConformityBasis
from traceability.conformity.queries import ConformityCard


class ConformityInput(Input):
    """What the promise rests on, and how the producer is reached; all else comes from the records."""

    basis: ConformityBasis
    contact: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PLAIN)]


class ConformityWithdrawalInput(Input):
    """Why a certificate is taken back."""

    because: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PLAIN)]


class ConformityQuery(Input):
    """Which certificates."""

    lot: Number | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class ConformityIssuedView(View):
    """The number of a certificate that was issued."""

    certificate: str


class ConformityView(View):
    """A page of certificates, newest first."""

    certificates: list[ConformityCard]
    next_cursor: str | None
