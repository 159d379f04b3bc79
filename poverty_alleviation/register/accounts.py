"""Bank accounts of households: who may be paid where, and whether an account is a stranger's."""

import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from accounts.actors import PovertyOfficer
from accounts.service import AccessLogs
from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher, FieldUnreadable, RowOpener
from kit.numbers import opaque_id
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.households import held_household, mask_name, mask_number
from poverty_alleviation.lineage.descent import standing
from poverty_alleviation.register.errors import AccountInvalid, AccountRegistered, AccountUnknown, MemberUnknown
from poverty_alleviation.register.members import member_place
from poverty_alleviation.register.models import HouseholdAccount, Relation
from poverty_alleviation.unmasking import Viewing, noted_view
from poverty_alleviation.vault import household_rights

OWN_ACCOUNT = (
    "((a.member IS NULL AND a.holder_relation <> 'other') OR EXISTS (SELECT 1 FROM household_member m"
    " WHERE m.code = a.member AND m.household_id = a.household_id AND daterange(m.valid_from, m.valid_until) @> {day}))"
)
"""That who holds the account a belongs to its household on a day, or a paper names the relation, as SQL.

Another relation is none: whoever it is, that account is a third person's.
"""


class AccountDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An account of a ``member``, or of the relative called ``holder_name`` who is none."""

    bank: str
    number: str
    holder_relation: Relation
    member: str | None = None
    holder_name: str | None = None


class AccountCard(msgspec.Struct, frozen=True, kw_only=True):
    """An account, masked. ``valid_until`` is the first day on which nobody may be paid there any more.

    ``unreadable`` names what is damaged and stands empty for that: nobody is paid there until it is put right.
    """

    code: str
    bank: str
    number_masked: str
    holder_relation: str
    member: str | None
    holder_masked: str | None
    valid_from: date
    valid_until: date | None
    document: str
    unreadable: list[str] = []


def read_account_number(text: str) -> str:
    """An account's digits, without blanks and hyphens. Raises :class:`AccountInvalid`, which quotes nothing."""
    number = "".join(unicodedata.normalize("NFKC", text).split()).replace("-", "")
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 30):
        raise AccountInvalid(reason="number")
    return number


@dataclass(frozen=True)
class BankAccounts:
    """The accounts of households. The poverty office alone writes them; nobody else reads them unmasked."""

    cipher: FieldCipher
    access_logs: AccessLogs
    clock: Clock = utc_now

    @household_rights()
    async def enter(self, household: str, draft: AccountDraft, valid_from: date, document: str, by: str) -> str:
        """Let a household be paid to an account from a day on; answers the account's code.

        Raises :class:`AccountInvalid`, :class:`AccountRegistered`, MemberUnknown, HouseholdUnknown, HouseholdMerged.
        """
        number = read_account_number(draft.number)
        if (draft.member is None) == (draft.holder_name is None):
            raise AccountInvalid(reason="holder")
        code = opaque_id()
        async with transaction():
            household_id = await held_household(household)
            await self._check_holder(household_id, draft, valid_from)
            try:
                async with transaction():
                    await HouseholdAccount.create(
                        code=code,
                        household_id=household_id,
                        member=draft.member,
                        holder_cipher=self._sealed("holder", draft.holder_name, code),
                        holder_relation=draft.holder_relation,
                        bank=draft.bank,
                        number_cipher=self._sealed("number", number, code),
                        number_index=self._index(number),
                        valid_from=valid_from,
                        document=document,
                        recorded_by=by,
                        recorded_at=self.clock(),
                    )
            except IntegrityError as error:
                if "no_overlap" not in str(error):
                    raise
                raise AccountRegistered() from None
        return code

    @household_rights()
    async def end(self, household: str, account: str, valid_until: date, by: str) -> None:
        """``valid_until`` is the first day on which nobody may be paid there. Raises :class:`AccountUnknown`."""
        ended = await execute(
            "UPDATE household_account a SET valid_until = $3, ended_by = $4, ended_at = $5 FROM household h"
            " WHERE h.id = a.household_id AND h.code = $1 AND a.code = $2 AND a.valid_until IS NULL"
            " AND a.valid_from < $3",
            household,
            account,
            valid_until,
            by,
            self.clock(),
        )
        if not ended:
            raise AccountUnknown(account=account)

    @household_rights()
    async def is_own_account(self, household: str, number: str, day: date) -> bool:
        """Whether paying a household to this account on a day is paying no stranger (domain reference 2.6).

        A member's account is the household's as long as the member belongs to it; a relative's as long as the paper
        holds that names the relation. Raises :class:`AccountInvalid`.
        """
        found = await scalar(
            "SELECT 1 FROM household_account a JOIN household h ON h.id = a.household_id WHERE h.code = $1"
            " AND a.number_index = $2 AND daterange(a.valid_from, a.valid_until) @> $3::date"
            f" AND {OWN_ACCOUNT.format(day='$3::date')} LIMIT 1",
            household,
            self._index(read_account_number(number)),
            day,
        )
        return found is not None

    @household_rights()
    async def cards(self, household: str) -> list[AccountCard]:
        """The accounts that a household has or had, masked, in the order of entry."""
        found = await rows(
            "SELECT a.* FROM household h LEFT JOIN household_account a ON a.household_id = h.id WHERE h.code = $1"
            " ORDER BY a.id LIMIT 1000",
            household,
        )
        if not found:
            raise HouseholdUnknown(household=household)
        return [self._card(each) for each in found if each["code"] is not None]

    @household_rights()
    async def number(self, actor: PovertyOfficer, household: str, account: str, viewing: Viewing) -> str:
        """An account's digits; the look is on record before the answer.

        Raises ViewNotPermitted, TooManyViews and :class:`AccountUnknown`, which leave no record.
        """
        async with transaction():
            subject = f"household:{household}/{account}"
            await noted_view(self.access_logs, actor, viewing, subject, ("account_number",))
            found = await row(
                "SELECT a.code, a.number_cipher FROM household_account a JOIN household h ON h.id = a.household_id"
                " WHERE h.code = $1 AND a.code = $2",
                household,
                account,
            )
            if found is None:
                raise AccountUnknown(account=account)
            return self._opened("number", found)

    async def payees(self, accounts: Sequence[str]) -> dict[str, dict[str, str]]:
        """Name, number and bank of some accounts, unmasked, by code; without those of which one does not open.

        The caller holds the vault and has put on record, in the same transaction, who reads them and why.
        """
        found = await rows(
            "SELECT a.code, a.bank, a.number_cipher, a.holder_cipher, a.member, m.name_cipher FROM household_account a"
            " LEFT JOIN LATERAL (SELECT name_cipher FROM household_member m WHERE m.code = a.member ORDER BY id DESC"
            " LIMIT 1) AS m ON true WHERE a.code = ANY($1)",
            list(accounts),
        )
        payees = {}
        for each in found:
            with suppress(FieldUnreadable):
                payees[each["code"]] = {
                    "name": self._opened("holder", each)
                    if each["member"] is None
                    else self.cipher.decrypt(bytes(each["name_cipher"]), member_place("name", each["member"])),
                    "number": self._opened("number", each),
                    "bank": each["bank"],
                }
        return payees

    async def _check_holder(self, household_id: int, draft: AccountDraft, day: date) -> None:
        if draft.member is None:
            if draft.holder_relation is Relation.HEAD:
                raise AccountInvalid(reason="holder")  # the head is always a member
            return
        relation = await scalar(
            "SELECT relation FROM household_member WHERE household_id = $1 AND code = $2 AND NOT is_minor"
            " AND daterange(valid_from, valid_until) @> $3::date",
            household_id,
            draft.member,
            day,
        )
        if relation is None:
            raise MemberUnknown(member=draft.member)
        if relation != draft.holder_relation:
            raise AccountInvalid(reason="relation")

    def _card(self, found: dict[str, Any]) -> AccountCard:
        opener = RowOpener(self.cipher)
        number, holder = (
            opener.open(column, found[f"{column}_cipher"], account_place(column, found["code"]))
            for column in ("number", "holder")
        )
        shown = {field: found[field] for field in AccountCard.__struct_fields__ if field in found}
        return AccountCard(
            **shown,
            number_masked=mask_number(number or ""),
            holder_masked=mask_name(holder) if holder else None,
            unreadable=opener.unreadable,
        )

    def _index(self, number: str) -> bytes:
        return self.cipher.blind_index("household_account|number", number)

    def _sealed(self, column: str, text: str | None, code: str) -> bytes | None:
        return self.cipher.encrypt(text, account_place(column, code)) if text else None

    def _opened(self, column: str, found: dict[str, Any]) -> str:
        sealed = bytes(found[f"{column}_cipher"])
        return self.cipher.decrypt(sealed, account_place(column, found["code"])) if sealed else ""


def account_place(column: str, code: str) -> str:
    """What a sealed field of an account is bound to."""
    return f"household_account|{column}|{code}"


def resealed_account(cipher: FieldCipher, account: dict[str, Any], code: str) -> dict[str, Any]:
    """The columns of a member's account under another code, to which its sealed number is bound."""
    number = cipher.decrypt(bytes(account["number_cipher"]), account_place("number", account["code"]))
    return {
        "code": code,
        "number_cipher": cipher.encrypt(number, account_place("number", code)),
        **{name: account[name] for name in ("member", "bank", "number_index")},
    }


class AccountToPay(msgspec.Struct, frozen=True, kw_only=True):
    """The account that a household would be paid to on a day; ``is_own`` false: it is a third person's."""

    code: str
    is_own: bool


async def accounts_to_pay(households: Sequence[str], day: date) -> dict[str, AccountToPay]:
    """For each household that has any: its newest own account, else its newest. The caller holds the vault.

    What is still owed to a household that merged is paid to the one in which it stands.
    """
    found = await rows(
        f"SELECT DISTINCT ON (h.code) h.code AS household, a.code, {OWN_ACCOUNT.format(day='$2::date')} AS is_own"
        f" FROM household h LEFT JOIN {standing('$2::date')} AS s ON s.id = h.id"
        " JOIN household_account a ON a.household_id = coalesce(s.into_id, h.id)"
        " AND daterange(a.valid_from, a.valid_until) @> $2::date WHERE h.code = ANY($1)"
        " ORDER BY h.code, is_own DESC, a.id DESC",
        list(households),
        day,
    )
    return {each["household"]: AccountToPay(code=each["code"], is_own=each["is_own"]) for each in found}
