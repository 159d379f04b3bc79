"""Benefit contracts and their versioned rules: written by one account, decided by another (decision 0059)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, transaction
from kit.numbers import public_number
from ledger.errors import SecondPersonNeeded
from merchants.queries import payee
from poverty_alleviation.allocation import BASIS_POINTS, LINE_KINDS, IncomeCategory, RuleKind, RuleScope
from poverty_alleviation.contract_parties import check_parties
from poverty_alleviation.errors import (
    ContractInvalid,
    ContractNotMovable,
    ContractUnknown,
    RuleInvalid,
    RulePending,
    RuleUnknown,
)
from poverty_alleviation.mechanisms import MECHANISMS, Mechanism, Recognition
from poverty_alleviation.models import (
    CONTRACT_TRANSITIONS,
    RULE_TRANSITIONS,
    BenefitContract,
    BenefitRule,
    ChainTemplate,
    ContractParty,
    ContractState,
    RuleState,
)
from poverty_alleviation.vault import household_rights

MAX_FEN_PER_KG = 10_000_000
"""The bound of every rate in fen: per kilogram, per piece, per line."""


class RuleTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says; ``rate`` is in the unit of its kind (:class:`RuleKind`).

    ``category`` and ``recognition`` are None for a service, which is no cash.
    """

    mechanism: Mechanism
    kind: RuleKind
    rate: int
    scope: RuleScope
    category: IncomeCategory | None
    recognition: Recognition | None
    valid_from: date
    valid_until: date | None = None
    product: str | None = None


class ContractTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What is drafted: who promises whom, in which chain, by which document, and from when to when."""

    template: ChainTemplate
    merchant: str
    parties: Mapping[str, Sequence[str]]
    document: str
    valid_from: date
    valid_until: date | None = None


@dataclass(frozen=True)
class Contracts:
    """What merchants have promised. ``by`` is the account held to it; nobody approves what the same account wrote."""

    clock: Clock = utc_now

    @household_rights()
    async def draft(self, terms: ContractTerms, by: str) -> str:
        """Draft a contract; answers its number. Nothing of it holds before it is approved.

        Raises :class:`ContractInvalid`, PartyUnknown and MerchantUnknown.
        """
        if terms.valid_until is not None and terms.valid_until <= terms.valid_from:
            raise ContractInvalid(valid_until=terms.valid_until.isoformat())
        await payee(terms.merchant)
        await check_parties(terms.template, terms.merchant, terms.parties)
        async with transaction():
            contract = await BenefitContract.create(
                number=public_number(self.clock(), "C"),
                state=ContractState.DRAFTED,
                template=terms.template,
                merchant=terms.merchant,
                document=terms.document,
                valid_from=terms.valid_from,
                valid_until=terms.valid_until,
                made_by=by,
                made_at=self.clock(),
            )
            parties = [(role, party) for role, named in terms.parties.items() for party in sorted(set(named))]
            await ContractParty.bulk_create(
                [ContractParty(contract=contract, role=role, party=party) for role, party in parties]
            )
        return contract.number

    async def submit(self, number: str) -> None:
        """Lay a draft before the second person; repeating it changes nothing.

        Raises :class:`ContractUnknown` and :class:`ContractNotMovable`.
        """
        async with transaction():
            found = await self._held(number)
            if found["state"] == ContractState.SUBMITTED:
                return
            self._check_move(found, ContractState.SUBMITTED)
            await self._move(found, ContractState.SUBMITTED, submitted_at=self.clock())

    async def decide(self, number: str, by: str, note: str, *, is_approved: bool) -> None:
        """Approve what was submitted, with every rule proposed in it, or refuse it. The same decision again changes
        nothing.

        Who wrote a part of it may only refuse, which is how a draft is withdrawn as well. Raises
        :class:`ContractUnknown`, :class:`ContractNotMovable`, ``SecondPersonNeeded``.
        """
        to = ContractState.APPROVED if is_approved else ContractState.REFUSED
        async with transaction():
            found = await self._held(number)
            if (found["state"], found["decided_by"]) == (to, by):
                return
            self._check_move(found, to)
            proposed = await rows(
                "SELECT code, made_by FROM benefit_rule WHERE contract_id = $1 AND state = 'proposed' ORDER BY code",
                found["id"],
            )
            if is_approved and by in {found["made_by"], *(rule["made_by"] for rule in proposed)}:
                raise SecondPersonNeeded()
            for rule in proposed:
                await self._decide_version(found, rule["code"], by, note, is_approved=is_approved)
            await self._move(found, to, decided_by=by, decided_at=self.clock(), decision_note=note)

    async def end(self, number: str, last_day_after: date, document: str, by: str) -> None:
        """``last_day_after`` is the first day on which the contract no longer holds, tomorrow at the earliest: what was
        packed or paid under it keeps its rules.

        The same end again changes nothing. Raises :class:`ContractUnknown`, :class:`ContractNotMovable`,
        :class:`ContractInvalid`.
        """
        async with transaction():
            found = await self._held(number)
            if (found["state"], found["valid_until"], found["end_document"]) == (
                ContractState.ENDED, last_day_after, document,
            ):  # fmt: skip
                return
            self._check_move(found, ContractState.ENDED)
            if last_day_after <= max(found["valid_from"], china_day(self.clock())) or (
                found["valid_until"] is not None and last_day_after > found["valid_until"]
            ):
                raise ContractInvalid(valid_until=last_day_after.isoformat())
            ended = {"ended_by": by, "ended_at": self.clock(), "end_document": document}
            await self._move(found, ContractState.ENDED, valid_until=last_day_after, **ended)

    async def add_rule(self, contract: str, terms: RuleTerms, by: str) -> tuple[str, int]:
        """Propose a rule of a draft, or of a contract that holds; answers its code and version 1.

        Raises :class:`ContractUnknown`, :class:`ContractNotMovable`, :class:`RuleInvalid`.
        """
        code = public_number(self.clock(), "R")
        async with transaction():
            await self._write(await self._open(contract), code, 1, terms, by)
        return code, 1

    async def change_rule(self, contract: str, code: str, terms: RuleTerms, by: str) -> tuple[str, int]:
        """Propose a new version from ``terms.valid_from`` on; when it is approved the version before it ends there.

        Sales that were packed before keep the version they were packed under. Raises what :meth:`add_rule` raises,
        :class:`RuleUnknown` and :class:`RulePending`.
        """
        async with transaction():
            held = await self._open(contract)
            if held["state"] != ContractState.APPROVED:
                raise ContractNotMovable(state=held["state"])
            newest = await row(
                "SELECT max(version) AS version, bool_or(state = 'proposed') AS is_pending FROM benefit_rule"
                " WHERE contract_id = $1 AND code = $2",
                held["id"],
                code,
            )
            if newest is None or newest["version"] is None:
                raise RuleUnknown(rule=code)
            if newest["is_pending"]:
                raise RulePending(rule=code)
            await self._ends_before(held, code, terms.valid_from)
            await self._write(held, code, newest["version"] + 1, terms, by)
        return code, newest["version"] + 1

    async def decide_rule(self, contract: str, code: str, by: str, note: str, *, is_approved: bool) -> None:
        """Approve the version that is proposed of a rule, or refuse it; who proposed it may only take it back.

        Raises :class:`ContractUnknown`, :class:`ContractNotMovable`, :class:`RuleUnknown`, ``SecondPersonNeeded``,
        :class:`RuleInvalid` when the version before it ends otherwise meanwhile.
        """
        async with transaction():
            held = await self._held(contract)
            if held["state"] != ContractState.APPROVED:
                raise ContractNotMovable(state=held["state"])
            await self._decide_version(held, code, by, note, is_approved=is_approved)

    async def _decide_version(self, held: dict[str, Any], code: str, by: str, note: str, *, is_approved: bool) -> None:
        found = await row(
            "SELECT id, state, made_by, valid_from FROM benefit_rule WHERE contract_id = $1 AND code = $2"
            " AND state = 'proposed'",
            held["id"],
            code,
        )
        to = RuleState.APPROVED if is_approved else RuleState.REFUSED
        if found is None or to not in RULE_TRANSITIONS[RuleState(found["state"])]:
            raise RuleUnknown(rule=code)
        if is_approved:
            if found["made_by"] == by:
                raise SecondPersonNeeded()
            if before := await self._ends_before(held, code, found["valid_from"]):
                await execute("UPDATE benefit_rule SET valid_until = $2 WHERE id = $1", before, found["valid_from"])
        await execute(
            "UPDATE benefit_rule SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5 WHERE id = $1"
            " AND state = 'proposed'",
            found["id"],
            str(to),
            by,
            self.clock(),
            note,
        )

    async def _ends_before(self, held: dict[str, Any], code: str, day: date) -> int | None:
        """The approved version that has to end on ``day``, if one has no end. Raises :class:`RuleInvalid`."""
        last = await row(
            "SELECT id, valid_from, valid_until FROM benefit_rule WHERE contract_id = $1 AND code = $2"
            " AND state = 'approved' ORDER BY version DESC LIMIT 1",
            held["id"],
            code,
        )
        if last is None:
            return None
        if day < last["valid_from"] or (last["valid_until"] is not None and last["valid_until"] > day):
            raise RuleInvalid(rule=code)
        return int(last["id"]) if last["valid_until"] is None else None

    async def _write(self, held: dict[str, Any], code: str, version: int, terms: RuleTerms, by: str) -> None:
        check_terms(code, terms)
        try:
            async with transaction():
                await BenefitRule.create(
                    code=code,
                    version=version,
                    contract_id=held["id"],
                    state=RuleState.PROPOSED,
                    made_by=by,
                    made_at=self.clock(),
                    **{name: getattr(terms, name) for name in RuleTerms.__struct_fields__},
                )
        except IntegrityError:
            raise RulePending(rule=code) from None

    async def _open(self, number: str) -> dict[str, Any]:
        """The contract, held, as long as rules may be written for it."""
        found = await self._held(number)
        if found["state"] not in (ContractState.DRAFTED, ContractState.APPROVED):
            raise ContractNotMovable(state=found["state"])
        return found

    async def _held(self, number: str) -> dict[str, Any]:
        """The contract's row, which is the lock of its rules too."""
        found = await row(
            "SELECT id, state, made_by, decided_by, valid_from, valid_until, end_document FROM benefit_contract"
            " WHERE number = $1 FOR UPDATE",
            number,
        )
        if found is None:
            raise ContractUnknown(contract=number)
        return found

    def _check_move(self, found: dict[str, Any], to: ContractState) -> None:
        if to not in CONTRACT_TRANSITIONS[ContractState(found["state"])]:
            raise ContractNotMovable(state=found["state"])

    async def _move(self, found: dict[str, Any], to: ContractState, **noted: object) -> None:
        await BenefitContract.filter(id=found["id"], state=found["state"]).update(state=to, **noted)


def check_terms(code: str, terms: RuleTerms) -> None:
    """Raises :class:`RuleInvalid` for terms that section 2.4 of the domain reference does not know.

    A rule of a period and a service reach households alone, so their scope is the registered ones.
    """
    way = MECHANISMS[terms.mechanism]
    if terms.kind in (RuleKind.PCT_NET, RuleKind.MARGIN_RETURN):
        lowest, highest = 1, BASIS_POINTS
    else:
        lowest, highest = (1, MAX_FEN_PER_KG) if terms.kind in LINE_KINDS else (0, 0)
    if terms.kind not in way.recognised or way.recognised[terms.kind] is not terms.recognition:
        raise RuleInvalid(rule=code, field="recognition")
    if terms.category not in (way.categories or {None}):
        raise RuleInvalid(rule=code, field="category")
    if not lowest <= terms.rate <= highest:
        raise RuleInvalid(rule=code, field="rate")
    if terms.kind not in LINE_KINDS and terms.scope is not RuleScope.REGISTERED_ONLY:
        raise RuleInvalid(rule=code, field="scope")
    if terms.valid_until is not None and terms.valid_until <= terms.valid_from:
        raise RuleInvalid(rule=code, field="valid_until")
