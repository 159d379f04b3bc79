"""The wire of benefit contracts."""

from datetime import date
from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from console_api.poverty_alleviation.schemas import Code, Document, Number
from poverty_alleviation.allocation import IncomeCategory, RuleKind, RuleScope
from poverty_alleviation.contract_cards import ContractCard
from poverty_alleviation.mechanisms import Mechanism, Recognition
from poverty_alleviation.models import ChainTemplate


class ContractInput(Input):
    """A contract of one of the two chains; ``parties`` names a party or more for each of its roles."""

    template: ChainTemplate
    merchant: Number
    parties: dict[str, Annotated[list[Code], msgspec.Meta(min_length=1, max_length=2000)]]
    document: Document
    valid_from: date
    valid_until: date | None = None


class ContractDrafted(View):
    """Its number alone: the answer is kept under its Idempotency-Key, outside the register."""

    number: str


class RuleInput(Input):
    """The terms of a rule; ``rate`` is in the unit of its kind, 0 where records of each month say the amounts.

    ``category`` and ``recognition`` are left out for a service, which is no cash.
    """

    mechanism: Mechanism
    kind: RuleKind
    rate: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
    scope: RuleScope
    valid_from: date
    category: IncomeCategory | None = None
    recognition: Recognition | None = None
    valid_until: date | None = None
    product: Number | None = None


class RuleProposed(View):
    """The version that waits for its decision."""

    rule: str
    version: int


class ContractEndInput(Input):
    """The first day on which the contract no longer holds, and the paper that says so."""

    valid_until: date
    document: Document


class ContractsQuery(Input):
    """Whose contracts: a merchant's, or those that name a household."""

    merchant: Number | None = None
    household: Code | None = None


class ContractsView(View):
    """Contracts, newest first."""

    contracts: list[ContractCard]
