"""The wire of the roster of hosts."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from console_api.corrections.schemas import DecisionInput as DecisionInput
from live.roster.models import BlacklistingKind
from live.roster.queries import BlacklistingCard, HostLine

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PLAIN)]
Document = Annotated[str, msgspec.Meta(min_length=2, max_length=120, pattern=PLAIN)]
Reason = Annotated[str, msgspec.Meta(min_length=2, max_length=200, pattern=PLAIN)]
Account = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[0-9A-Z]+$(?!\n)")]
Paper = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=PLAIN)]


class RosterQuery(Input):
    """A page of a list."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class HostInput(Input):
    """Whose account it is and who that is; nothing but a masked name and card is ever shown again."""

    host: Account
    name: Name
    id_number: Paper


class IdentityCheckQuery(Input):
    """The paper that was seen, and the day."""

    document: Document
    checked_on: date


class ContractQuery(Input):
    """A contract, first and last day included."""

    contract_number: Name
    document: Document
    valid_from: date
    valid_until: date


class TrainingQuery(Input):
    """A training that was completed; ``training_class`` is the number of a class of the county's, if it was one."""

    title: Document
    completed_on: date
    hours: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    document: Document
    training_class: Account | None = None


class ConsentQuery(Input):
    """What the paper of a guardian is called, and when it was signed."""

    document: Document
    signed_on: date


class PaperTaken(View):
    """The number under which the file is kept."""

    number: str


class BlacklistingInput(Input):
    """Whom: by the account of a host on record, or by the card; exactly one of both."""

    kind: BlacklistingKind
    reason: Reason
    host: Account | None = None
    id_number: Paper | None = None

    def __post_init__(self) -> None:
        if (self.host is None) == (self.id_number is None):
            raise ValueError("either host or id_number - at `$.host`")


class BlacklistingMade(View):
    """The number of what was proposed."""

    number: str


class HostsView(View):
    """A page of hosts."""

    hosts: list[HostLine]
    next_cursor: str | None


class BlacklistingsView(View):
    """A page of blacklistings."""

    blacklistings: list[BlacklistingCard]
    next_cursor: str | None
