"""Benefit contracts and their versioned rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, transaction
from kit.numbers import public_number
from merchants.queries import payee
from poverty_alleviation.allocation import BASIS_POINTS, IncomeCategory, RuleKind, RuleScope
from poverty_alleviation.errors import ContractInvalid, ContractUnknown, RuleInvalid
from poverty_alleviation.models import (
    CHAIN_ROLES,
    BenefitContract,
    BenefitRule,
    ChainTemplate,
    ContractParty,
    Recognition,
)
from poverty_alleviation.vault import household_rights

MAX_FEN_PER_KG = 10_000_000


class RuleTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says. ``rate`` is fen per kilogram for ``per_unit``, basis points for ``pct_net``."""

    kind: RuleKind
    rate: int
    scope: RuleScope
    category: IncomeCategory
    recognition: Recognition
    valid_from: date
    valid_until: date | None = None
    product: str | None = None


class RuleCard(msgspec.Struct, frozen=True):
    """One version of a rule."""

    rule: str
    version: int
    kind: str
    rate: int
    scope: str
    category: str
    recognition: str
    product: str | None
    valid_from: date
    valid_until: date | None
    approved_by: str


class ContractCard(msgspec.Struct, frozen=True, kw_only=True):
    """A contract with its parties by role and all versions of its rules."""

    number: str
    template: str
    merchant: str
    document: str
    valid_from: date
    valid_until: date | None
    approved_by: str
    parties: dict[str, list[str]] = {}
    rules: list[RuleCard] = []


@dataclass(frozen=True)
class Contracts:
    """What merchants have promised. Every act names who approved it."""

    clock: Clock = utc_now

    @household_rights()
    async def conclude(
        self,
        template: ChainTemplate,
        merchant: str,
        parties: Mapping[str, Sequence[str]],
        document: str,
        valid_from: date,
        valid_until: date | None,
        by: str,
    ) -> str:
        """Put a contract on record; answers its number. Each role of the chain needs at least one party.

        Raises :class:`ContractInvalid` and MerchantUnknown.
        """
        roles = CHAIN_ROLES[template]
        if set(parties) != set(roles) or not all(parties.values()):
            raise ContractInvalid(roles=list(roles))
        if valid_until is not None and valid_until <= valid_from:
            raise ContractInvalid(valid_until=valid_until.isoformat())
        await payee(merchant)
        async with transaction():
            contract = await BenefitContract.create(
                number=public_number(self.clock(), "C"),
                template=template,
                merchant=merchant,
                document=document,
                valid_from=valid_from,
                valid_until=valid_until,
                approved_by=by,
                approved_at=self.clock(),
            )
            for role in roles:
                for party in sorted(set(parties[role])):
                    await ContractParty.create(contract=contract, role=role, party=party)
        return contract.number

    async def add_rule(self, contract: str, terms: RuleTerms, by: str) -> tuple[str, int]:
        """A new rule of a contract; answers its code and version 1. Raises :class:`RuleInvalid`."""
        code = public_number(self.clock(), "R")
        async with transaction():
            await self._write(contract, code, 1, terms, by)
        return code, 1

    async def change_rule(self, contract: str, code: str, terms: RuleTerms, by: str) -> tuple[str, int]:
        """A new version from ``terms.valid_from`` on; the version before it ends there.

        Sales that were packed before keep the version they were packed under. Raises :class:`RuleInvalid`.
        """
        async with transaction():
            # The contract's row is the lock: of two changes at once, the second sees the first one's version.
            await row("SELECT 1 FROM benefit_contract WHERE number = $1 FOR UPDATE", contract)
            last = await row(
                "SELECT r.id, r.version, r.valid_from, r.valid_until FROM benefit_rule r"
                " JOIN benefit_contract c ON c.id = r.contract_id WHERE c.number = $1 AND r.code = $2"
                " ORDER BY r.version DESC LIMIT 1 FOR UPDATE OF r",
                contract,
                code,
            )
            if last is None or terms.valid_from < last["valid_from"]:
                raise RuleInvalid(rule=code)
            if last["valid_until"] is None:
                await execute("UPDATE benefit_rule SET valid_until = $2 WHERE id = $1", last["id"], terms.valid_from)
            elif last["valid_until"] > terms.valid_from:
                raise RuleInvalid(rule=code)
            await self._write(contract, code, last["version"] + 1, terms, by)
        return code, last["version"] + 1

    async def _write(self, contract: str, code: str, version: int, terms: RuleTerms, by: str) -> None:
        found = await row("SELECT id FROM benefit_contract WHERE number = $1", contract)
        if found is None:
            raise ContractUnknown(contract=contract)
        highest = BASIS_POINTS if terms.kind is RuleKind.PCT_NET else MAX_FEN_PER_KG
        at_scale = terms.recognition is Recognition.INTAKE_PAID
        if (
            not 0 < terms.rate <= highest
            or (at_scale and terms.kind is not RuleKind.PER_UNIT)
            or (terms.valid_until is not None and terms.valid_until <= terms.valid_from)
        ):
            raise RuleInvalid(rule=code)
        await BenefitRule.create(
            code=code,
            version=version,
            contract_id=found["id"],
            approved_by=by,
            approved_at=self.clock(),
            **{name: getattr(terms, name) for name in RuleTerms.__struct_fields__},
        )


async def contract_card(number: str) -> ContractCard:
    """One contract. Raises :class:`ContractUnknown`."""
    found = await contract_cards(None, number)
    if not found:
        raise ContractUnknown(contract=number)
    return found[0]


@household_rights()
async def contract_cards(merchant: str | None, number: str | None = None) -> list[ContractCard]:
    """The contracts of a merchant, or all of them, newest first (at most 200)."""
    contracts = await rows(
        "SELECT id, number, template, merchant, document, valid_from, valid_until, approved_by"
        " FROM benefit_contract WHERE ($1::text IS NULL OR merchant = $1) AND ($2::text IS NULL"
        " OR number = $2)"
        " ORDER BY id DESC LIMIT 200",
        merchant,
        number,
    )
    ids = [contract["id"] for contract in contracts]
    rules = await rows(
        "SELECT contract_id, code AS rule, version, kind, rate, scope, category, recognition,"
        " product, valid_from,"
        " valid_until, approved_by FROM benefit_rule WHERE contract_id = ANY($1) ORDER BY code, version",
        ids,
    )
    parties = await rows(
        "SELECT contract_id, role, party FROM contract_party WHERE contract_id = ANY($1) ORDER BY role, party",
        ids,
    )
    cards = []
    for contract in contracts:
        by_role: dict[str, list[str]] = {}
        for party in parties:
            if party["contract_id"] == contract["id"]:
                by_role.setdefault(party["role"], []).append(party["party"])
        own = [msgspec.convert(rule, RuleCard) for rule in rules if rule["contract_id"] == contract["id"]]
        cards.append(msgspec.convert({**contract, "parties": by_role, "rules": own}, ContractCard))
    return cards
