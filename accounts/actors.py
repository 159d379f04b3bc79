"""Who can ask for something. The type of an actor is the permission that a door demands."""

from accounts.roles import Duty
from kit.actors import Actor


class Consumer(Actor, frozen=True, kw_only=True):
    """A buyer, known by the WeChat identity. ``caller`` is ``consumer:<number>``."""

    id: int
    number: str
    openid: str


class Staff(Actor, frozen=True, kw_only=True):
    """Somebody with a staff account, acting in exactly one role. ``caller`` is ``staff:<number>``."""

    id: int
    number: str
    name: str


class MerchantClerk(Staff, frozen=True, kw_only=True):
    """Works for one merchant; ``merchant`` is its number. ``limited_to`` names the duties; a lead has no limit."""

    merchant: str
    limited_to: frozenset[Duty] = frozenset()


def own_merchant(actor: Staff) -> str | None:
    """The merchant that a clerk is limited to; None for whoever may see every merchant's."""
    return actor.merchant if isinstance(actor, MerchantClerk) else None


class Host(Staff, frozen=True, kw_only=True):
    """Presents live sessions."""


class StationKeeper(Staff, frozen=True, kw_only=True):
    """Keeps the stations of one township; ``township`` is its division code of 9 digits."""

    township: str


class CountyOfficer(Staff, frozen=True, kw_only=True):
    """Works at the county's e-commerce office."""


class PovertyOfficer(Staff, frozen=True, kw_only=True):
    """Works at the county's poverty alleviation office; alone may see households."""


class Auditor(Staff, frozen=True, kw_only=True):
    """Reads everything that is not personal, changes nothing."""


class Administrator(Staff, frozen=True, kw_only=True):
    """Creates staff accounts and grants roles; sees no trade and no household."""
