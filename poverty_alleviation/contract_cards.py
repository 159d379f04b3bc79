"""What is read of benefit contracts."""

from datetime import date, datetime

import msgspec

from kit.database import rows
from poverty_alleviation.errors import ContractUnknown
from poverty_alleviation.mechanisms import MECHANISMS, Mechanism
from poverty_alleviation.vault import household_rights


class RuleCard(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a rule. ``is_direct``: whether it carries households directly (P06)."""

    rule: str
    version: int
    state: str
    mechanism: Mechanism
    is_direct: bool
    kind: str
    rate: int
    scope: str
    category: str | None
    recognition: str | None
    product: str | None
    valid_from: date
    valid_until: date | None
    made_by: str
    made_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str


class Succession(msgspec.Struct, frozen=True, kw_only=True):
    """That the contract binds ``successor`` from a day on because ``party`` split, or merged into it."""

    party: str
    successor: str
    valid_from: date


class ContractCard(msgspec.Struct, frozen=True, kw_only=True):
    """A contract with its parties by role, the households that came to it from those, and all versions of its rules."""

    number: str
    state: str
    template: str
    merchant: str
    document: str
    valid_from: date
    valid_until: date | None
    made_by: str
    made_at: datetime
    submitted_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str
    ended_by: str | None
    ended_at: datetime | None
    end_document: str | None
    parties: dict[str, list[str]] = {}
    successions: list[Succession] = []
    rules: list[RuleCard] = []


async def contract_card(number: str) -> ContractCard:
    """One contract. Raises :class:`ContractUnknown`."""
    found = await contract_cards(number=number)
    if not found:
        raise ContractUnknown(contract=number)
    return found[0]


@household_rights()
async def contract_cards(
    merchant: str | None = None, household: str | None = None, number: str | None = None
) -> list[ContractCard]:
    """The contracts of a merchant, that bind or bound a household, or all of them, newest first (at most 200)."""
    contracts = await rows(
        "SELECT c.* FROM benefit_contract c WHERE ($1::text IS NULL OR c.merchant = $1)"
        " AND ($2::text IS NULL OR EXISTS (SELECT 1 FROM contract_party p WHERE p.contract_id = c.id"
        " AND p.role = 'household' AND p.party = $2) OR EXISTS (SELECT 1 FROM contract_succession s"
        " WHERE s.contract_id = c.id AND s.successor = $2)) AND ($3::text IS NULL OR c.number = $3)"
        " ORDER BY c.id DESC LIMIT 200",
        merchant,
        household,
        number,
    )
    ids = [contract["id"] for contract in contracts]
    rules: dict[int, list[RuleCard]] = {}
    for rule in await rows(
        "SELECT r.*, r.code AS rule FROM benefit_rule r WHERE contract_id = ANY($1) ORDER BY code, version", ids
    ):
        direct = MECHANISMS[Mechanism(rule["mechanism"])].is_direct
        card = msgspec.convert({**rule, "is_direct": direct}, RuleCard)
        rules.setdefault(rule["contract_id"], []).append(card)
    parties: dict[int, dict[str, list[str]]] = {}
    for party in await rows(
        "SELECT contract_id, role, party FROM contract_party WHERE contract_id = ANY($1) ORDER BY role, party", ids
    ):
        parties.setdefault(party["contract_id"], {}).setdefault(party["role"], []).append(party["party"])
    successions: dict[int, list[Succession]] = {}
    for each in await rows("SELECT * FROM contract_succession WHERE contract_id = ANY($1) ORDER BY id", ids):
        successions.setdefault(each["contract_id"], []).append(msgspec.convert(each, Succession))
    return [
        msgspec.convert(
            {
                **each,
                "parties": parties.get(each["id"], {}),
                "successions": successions.get(each["id"], []),
                "rules": rules.get(each["id"], []),
            },
            ContractCard,
        )
        for each in contracts
    ]
