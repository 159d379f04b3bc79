"""The paper under which a merchant trades."""

from datetime import date
from enum import StrEnum

import msgspec


class LicenceKind(StrEnum):
    """Under what paper a merchant trades (domain reference 5, e-commerce law)."""

    COMPANY = "company"
    COOPERATIVE = "cooperative"
    INDIVIDUAL = "individual"
    FAMILY_FARM = "family_farm"
    NATURAL_PERSON = "natural_person"
    """Sells own produce below the exemption; the self-statement stands in the licence's place."""


class Licence(msgspec.Struct, frozen=True, kw_only=True):
    """The paper under which a merchant trades; ``until`` is None for one without an end."""

    kind: LicenceKind
    number: str
    valid_from: date
    valid_until: date | None = None
