"""What a change does: spans end the day before it and go on under the other household, under the same codes.

What was posted stays where it was earned; nothing here touches the books.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from kit.database import execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher
from kit.numbers import opaque_id, public_number
from ledger.inputs import stand_alone
from poverty_alleviation.households import Identity, held_household, sealed_household
from poverty_alleviation.income.models import AgreementKind, HouseholdAgreement
from poverty_alleviation.lineage.errors import ChangeInvalid, ChangeMonthClosed, ChangeOverlaps
from poverty_alleviation.lineage.models import ChangeKind
from poverty_alleviation.models import AssistanceStatus, Household, HouseholdStatus
from poverty_alleviation.month_figures import begins
from poverty_alleviation.register.accounts import resealed_account
from poverty_alleviation.register.members import CARRIED, member_place
from poverty_alleviation.register.models import HouseholdAccount, HouseholdMember, Relation


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Who is affected and what goes over, by codes.

    ``members``: of a split, whoever leaves with the relation to the head of the new household, and that head; of a
    merger, everybody with the relation to the other household's head; of a change of head, everybody of age with the
    relation to the new head, and that head. None: a minor, or the former head who belongs to the household no more.
    The others are a split's alone: a merged household leaves nothing behind.
    """

    members: dict[str, Relation | None]
    suppliers: list[str] = []
    agreements: list[str] = []
    contracts: list[str] = []

    @property
    def head(self) -> str | None:
        """Who becomes a head."""
        return next((code for code, relation in self.members.items() if relation is Relation.HEAD), None)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change as far as it is carried out (:class:`HouseholdChange`)."""

    number: str
    kind: ChangeKind
    household: str
    other: str | None
    day: date
    document: str
    status: AssistanceStatus | None
    plan: Plan
    made_by: str


@dataclass(frozen=True)
class Moving:
    """Carries one change out in the caller's transaction, who holds the vault. ``by`` approves it."""

    cipher: FieldCipher
    change: Change
    by: str
    now: datetime

    async def carry_out(self) -> None:
        """All of it, or a refusal.

        Raises :class:`ChangeInvalid`, :class:`ChangeMonthClosed`, :class:`ChangeOverlaps`, ``HouseholdUnknown`` and
        ``HouseholdMerged``.
        """
        change = self.change
        await stand_alone()
        closed = await scalar(
            "SELECT corrects FROM ledger_place($1::timestamptz, $2::timestamptz, ledger_frozen())",
            begins(change.day),
            self.now,
        )
        if closed is not None:
            raise ChangeMonthClosed(period=closed)
        named = {change.household, *([change.other] if change.kind is ChangeKind.MERGE and change.other else [])}
        held = {code: await held_household(code) for code in sorted(named)}
        source = held[change.household]
        members = await self._members(source)
        try:
            async with transaction():
                if change.kind is ChangeKind.HEAD:
                    await self._change_head(source, members)
                elif change.kind is ChangeKind.SPLIT:
                    await self._split(source, members)
                else:
                    await self._merge(source, held[str(change.other)])
        except IntegrityError as error:
            found = _KEPT_APART.search(str(error))
            if found is None:
                raise
            raise ChangeOverlaps(about=found[1]) from None

    async def _members(self, source: int) -> dict[str, dict[str, Any]]:
        """Whoever belongs to the household, by code, once the proposal is one that this kind may make of them."""
        found = await rows(
            "SELECT * FROM household_member WHERE household_id = $1 AND (valid_until IS NULL OR valid_until > $2)",
            source,
            self.change.day,
        )
        if any(each["valid_until"] is not None for each in found):
            raise ChangeOverlaps(about="household_member")
        members = {each["code"]: each for each in found}
        of_age = {code for code, each in members.items() if not each["is_minor"]}
        former = next((code for code, each in members.items() if each["relation"] == Relation.HEAD), None)
        said, kind = self.change.plan.members, self.change.kind
        whole = {ChangeKind.MERGE: set(members), ChangeKind.HEAD: of_age}.get(kind, set(said) & set(members))
        if not said or set(said) != whole or former is None or (kind is ChangeKind.SPLIT and former in said):
            raise ChangeInvalid(reason="members")
        may_leave = {former} if kind is ChangeKind.HEAD else set[str]()
        if any((said[code] is None) == (code in of_age) for code in set(said) - may_leave):
            raise ChangeInvalid(reason="relation")
        heads = [code for code, relation in said.items() if relation is Relation.HEAD]
        if len(heads) != (kind is not ChangeKind.MERGE) or former in heads:
            raise ChangeInvalid(reason="head")
        return members

    async def _change_head(self, source: int, members: Mapping[str, dict[str, Any]]) -> None:
        """Everybody of age has a relation to the new head, under whom the household is now entered."""
        kept = await scalar("SELECT id_number_index FROM household WHERE id = $1", source)
        former = next(each for each in members.values() if each["relation"] == Relation.HEAD)
        if kept not in (None, former["id_number_index"]):
            raise ChangeInvalid(reason="head_paper")  # or the number would be on record nowhere
        await self._move_members(source, source)
        left = [code for code, relation in self.change.plan.members.items() if relation is None]
        for table in ("household_account", "household_agreement"):
            await self._end(table, source, _OF_MEMBERS, left)
        await self._end_wallets(source, left)
        sealed = sealed_household(self.cipher, self.change.household, self._head(members))
        # Without a number of the new head's own the household is still reached under the one it has.
        kept_columns = {"code", *(["phone_cipher"] if sealed["phone_cipher"] is None else [])}
        await Household.filter(id=source).update(**{n: v for n, v in sealed.items() if n not in kept_columns})

    async def _split(self, source: int, members: Mapping[str, dict[str, Any]]) -> None:
        """A household of its own for those who leave, with what is theirs and what the proposal gives them."""
        change, plan = self.change, self.change.plan
        code, old = str(change.other), await row("SELECT township, village FROM household WHERE id = $1", source)
        assert old is not None
        made = await Household.create(
            **sealed_household(self.cipher, code, self._head(members)),
            **old,
            entered_by=change.made_by,
            entered_at=self.now,
        )
        if change.status is not None:
            await self._decide(made.id, change.status)
        await self._move_members(source, made.id)
        await self._move_accounts(source, made.id)
        await self._end_wallets(source, list(plan.members))
        await self._move_suppliers(source, made.id, plan.suppliers)
        await self._move_agreements(source, made.id, plan.agreements)
        await self._extend_contracts(plan.contracts)

    async def _merge(self, source: int, into: int) -> None:
        """Everything goes over, and the household takes nothing more."""
        await self._move_members(source, into)
        await self._move_accounts(source, into)
        # A relative's paper names a relation to a head that is none any more; the other household has its own helpers.
        await self._end("household_account", source, _ALL, None)
        await self._end("help_span", source, _ALL, None)
        await self._end_wallets(source, list(self.change.plan.members))
        links = await rows(
            "SELECT supplier FROM supplier_link WHERE household_id = $1 AND (valid_until IS NULL OR valid_until > $2)",
            source,
            self.change.day,
        )
        await self._move_suppliers(source, into, [each["supplier"] for each in links])
        await self._move_agreements(source, into, None)
        await self._extend_contracts(None)
        await execute(
            "UPDATE household_status SET valid_until = $2 WHERE household_id = $1 AND valid_until IS NULL"
            " AND valid_from < $2",
            source,
            self.change.day,
        )
        await self._decide(source, AssistanceStatus.CANCELLED)
        await execute("UPDATE household SET merged_into_id = $2, merged_on = $3 WHERE id = $1", source, into,
                      self.change.day)  # fmt: skip

    async def _decide(self, household: int, status: AssistanceStatus) -> None:
        await HouseholdStatus.create(
            household_id=household,
            status=status,
            valid_from=self.change.day,
            document=self.change.document,
            recorded_by=self.change.made_by,
            recorded_at=self.now,
        )

    async def _end(self, table: str, household: int, which: str, wanted: Sequence[str] | None) -> list[dict[str, Any]]:
        """Give the household's spans their last day, as far as ``which`` (SQL, ``wanted`` is $5) holds; as they were.

        One that begins on the day or later breaks the table's CHECK of its span.
        """
        return await rows(
            f"WITH open AS (SELECT * FROM {table} WHERE household_id = $1 AND ended_at IS NULL"
            f" AND (valid_until IS NULL OR valid_until > $2) AND {which} FOR UPDATE), ended AS (UPDATE {table} SET"
            " valid_until = $2, ended_by = $3, ended_at = $4 WHERE id IN (SELECT id FROM open))"
            " SELECT * FROM open ORDER BY id",
            household,
            self.change.day,
            self.by,
            self.now,
            None if wanted is None else list(wanted),
        )

    async def _end_wallets(self, household: int, members: Sequence[str]) -> None:
        """Whoever leaves is no payee for the household any more; another one takes a paper of its own."""
        await execute(
            "UPDATE household_wallet SET ended_by = $3, ended_at = $4 WHERE household_id = $1"
            " AND member = ANY($2::text[]) AND ended_at IS NULL",
            household,
            list(members),
            self.by,
            self.now,
        )

    def _recorded(self, household: int) -> dict[str, Any]:
        change = self.change
        return {
            "household_id": household,
            "valid_from": change.day,
            "document": change.document,
            "recorded_by": change.made_by,
            "recorded_at": self.now,
        }

    async def _move_members(self, source: int, into: int) -> None:
        said = self.change.plan.members
        ended = await self._end("household_member", source, "code = ANY($5::text[])", list(said))
        stays = [each for each in ended if each["is_minor"] or said[each["code"]] is not None]
        await HouseholdMember.bulk_create(
            [
                HouseholdMember(
                    **{name: each[name] for name in CARRIED}, relation=said[each["code"]], **self._recorded(into)
                )
                for each in stays
            ]
        )

    async def _move_accounts(self, source: int, into: int) -> None:
        """The accounts of those who move are theirs still."""
        said = self.change.plan.members
        ended = await self._end("household_account", source, _OF_MEMBERS, list(said))
        await HouseholdAccount.bulk_create(
            [
                HouseholdAccount(
                    **resealed_account(self.cipher, each, opaque_id()),
                    holder_relation=said[each["member"]],
                    **self._recorded(into),
                )
                for each in ended
            ]
        )

    async def _move_suppliers(self, source: int, into: int, suppliers: Sequence[str]) -> None:
        moved = await rows(
            "WITH ended AS (UPDATE supplier_link SET valid_until = $3 WHERE household_id = $1"
            " AND supplier = ANY($4::text[]) AND valid_until IS NULL AND valid_from < $3 RETURNING supplier)"
            " INSERT INTO supplier_link (supplier, household_id, valid_from, document, linked_by, linked_at)"
            " SELECT supplier, $2, $3, $5, $6, $7 FROM ended RETURNING supplier",
            source,
            into,
            self.change.day,
            list(suppliers),
            self.change.document,
            self.change.made_by,
            self.now,
        )
        if missing := set(suppliers) - {each["supplier"] for each in moved}:
            raise ChangeOverlaps(about="supplier_link", suppliers=sorted(missing))

    async def _move_agreements(self, source: int, into: int, numbers: Sequence[str] | None) -> None:
        """The work of those who move, and what is named; None: all. Whoever wrote the terms is still held to them."""
        workers = list(self.change.plan.members)
        ended = await self._end("household_agreement", source, _OF_MEMBERS, workers)
        which = _ALL if numbers is None else "number = ANY($5::text[])"
        ended += await self._end("household_agreement", source, which, None if numbers is None else list(numbers))
        if missing := set(numbers or ()) - {each["number"] for each in ended}:
            raise ChangeOverlaps(about="household_agreement", agreements=sorted(missing))
        await HouseholdAgreement.bulk_create(
            [
                HouseholdAgreement(
                    **{name: each[name] for name in _OF_AGREEMENT},
                    **self._recorded(into) | {"recorded_by": each["recorded_by"], "document": each["document"]},
                    kind=AgreementKind(each["kind"]),
                    number=public_number(self.now, "A"),
                )
                for each in ended
            ]
        )

    async def _extend_contracts(self, numbers: Sequence[str] | None) -> None:
        """Contracts that bind the household on the day bind the other one too; None: all of them."""
        found = await rows(_EXTEND, self.change.household, self.change.other, self.change.day, self.change.number,
                           None if numbers is None else list(numbers))  # fmt: skip
        if missing := set(numbers or ()) - {each["number"] for each in found}:
            raise ChangeOverlaps(about="benefit_contract", contracts=sorted(missing))

    def _head(self, members: Mapping[str, dict[str, Any]]) -> Identity:
        member = members[str(self.change.plan.head)]

        def opened(column: str) -> str | None:
            sealed = member[f"{column}_cipher"]
            return self.cipher.decrypt(bytes(sealed), member_place(column, member["code"])) if sealed else None

        return Identity(name=opened("name") or "", id_number=opened("id_number"), phone=opened("phone"))


_ALL = "$5::text[] IS NULL"
_OF_MEMBERS = "member = ANY($5::text[])"
_OF_AGREEMENT = (
    "payer", "about", "member", "workshop", "shares", "rent_fen", "every_months", "agreed_from", "valid_until",
)  # fmt: skip
_KEPT_APART = re.compile(
    '"(household_status|supplier_link|household_account|household_member|household_agreement|help_span|household)'
    '_(?:[a-z_]*no_overlap|span|id_number)"'
)
"""Constraints that a change may break by its day or its persons, with the table that they are about."""
_EXTEND = """
WITH bound AS (
    SELECT c.id, c.number FROM benefit_contract c WHERE c.state NOT IN ('refused') AND
           (c.valid_until IS NULL OR c.valid_until > $3::date) AND ($5::text[] IS NULL OR c.number = ANY($5::text[]))
       AND (EXISTS (SELECT 1 FROM contract_party p WHERE p.contract_id = c.id AND p.role = 'household'
                    AND p.party = $1::text)
            OR EXISTS (SELECT 1 FROM contract_succession s WHERE s.contract_id = c.id AND s.successor = $1::text))),
made AS (
    INSERT INTO contract_succession (contract_id, party, successor, valid_from, change_id)
    SELECT b.id, $1::text, $2::text, $3::date, h.id FROM bound b, household_change h WHERE h.number = $4::text
       AND NOT EXISTS (SELECT 1 FROM contract_party p WHERE p.contract_id = b.id AND p.role = 'household'
                       AND p.party = $2::text)
    ON CONFLICT (contract_id, successor) DO NOTHING)
SELECT number FROM bound"""
