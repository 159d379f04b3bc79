"""The members of households: entered, moved, ended, and read masked unless a purpose is on record."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from accounts.actors import PovertyOfficer
from accounts.service import AccessLogs
from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher, RowOpener
from kit.numbers import opaque_id
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.households import held_household, mask_name, mask_number, person_index
from poverty_alleviation.identity_numbers import read_identity_number
from poverty_alleviation.register.errors import MemberInvalid, MemberRegistered, MemberUnknown
from poverty_alleviation.register.models import HouseholdMember, Relation, Sex
from poverty_alleviation.unmasking import Viewing, noted_view
from poverty_alleviation.vault import household_rights

ADULT_YEARS = 18
PHONE_INDEX = "household|phone"


class MemberDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a person. Of a minor nothing but the year of birth may be said.

    ``birth_year`` may be left out where the number of the identity paper says it.
    """

    birth_year: int | None = None
    name: str | None = None
    id_number: str | None = None
    phone: str | None = None
    relation: Relation | None = None
    sex: Sex | None = None
    ethnic_group: str = ""
    education: str = ""
    schooling: str = ""
    skill: str = ""
    health: str | None = None


class MemberCard(msgspec.Struct, frozen=True, kw_only=True):
    """Days of a person in a household, masked. ``valid_until`` is the first day on which it no longer holds.

    ``unreadable`` names what is damaged and null for that.
    """

    code: str
    is_minor: bool
    birth_year: int
    name_masked: str | None
    phone_masked: str | None
    relation: str | None
    sex: str | None
    ethnic_group: str
    education: str
    schooling: str
    skill: str
    valid_from: date
    valid_until: date | None
    document: str
    unreadable: list[str] = []


class MemberIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a member is; None for what is not known or not opened by the purpose."""

    code: str
    name: str | None = None
    id_number: str | None = None
    phone: str | None = None
    health: str | None = None


def birthday_of(id_number: str) -> date | None:
    """The birthday that an identity paper's number says; a disabled soldier's certificate says none."""
    if len(id_number) not in (18, 20):
        return None
    return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def is_minor_on(day: date, birth_year: int, birthday: date | None) -> bool:
    """Whether a person is under 18 on a day; whose birthday is not known is a minor as long as that is possible."""
    if birthday is None:
        return day.year - birth_year <= ADULT_YEARS
    return (day.year - birthday.year, day.month, day.day) < (ADULT_YEARS, birthday.month, birthday.day)


def read_draft(draft: MemberDraft, today: date) -> tuple[MemberDraft, bool]:
    """The draft as it is kept, and whether it is a minor's.

    Raises :class:`MemberInvalid` and IdentityNumberInvalid, which never quote what they refuse.
    """
    number = read_identity_number(draft.id_number, today) if draft.id_number else None
    birthday = birthday_of(number) if number else None
    year = birthday.year if birthday else draft.birth_year
    if year is None or not today.year - 130 < year <= today.year:
        raise MemberInvalid(reason="birth_year")
    if birthday and draft.birth_year not in (None, year):
        raise MemberInvalid(reason="birth_year")
    if is_minor_on(today, year, birthday):
        return MemberDraft(birth_year=year), True
    if not draft.name or not draft.name.strip():
        raise MemberInvalid(reason="name")
    if draft.relation is None:
        raise MemberInvalid(reason="relation")
    return msgspec.structs.replace(draft, id_number=number, birth_year=year), False


def sealed_member(cipher: FieldCipher, code: str, draft: MemberDraft, is_minor: bool) -> dict[str, Any]:
    """The columns of a member, names and numbers sealed under its code."""

    def sealed(column: str, text: str | None) -> bytes | None:
        return cipher.encrypt(text, member_place(column, code)) if text else None

    number, phone = draft.id_number, draft.phone
    return {
        "code": code,
        "is_minor": is_minor,
        "birth_year": draft.birth_year,
        "name_cipher": sealed("name", draft.name),
        "id_number_cipher": sealed("id_number", number),
        "id_number_index": person_index(cipher, number) if number else None,
        "phone_cipher": sealed("phone", phone),
        "phone_index": cipher.blind_index(PHONE_INDEX, phone) if phone else None,
        "health_cipher": sealed("health", draft.health),
        "relation": draft.relation,
        "sex": draft.sex,
        "ethnic_group": draft.ethnic_group,
        "education": draft.education,
        "schooling": draft.schooling,
        "skill": draft.skill,
    }


@dataclass(frozen=True)
class Members:
    """Who belongs to which household. The poverty office alone writes it; nobody else reads it unmasked."""

    cipher: FieldCipher
    access_logs: AccessLogs
    clock: Clock = utc_now

    @household_rights()
    async def enter(self, household: str, draft: MemberDraft, valid_from: date, document: str, by: str) -> str:
        """Put a person into a household from a day on; answers the member's code.

        Of a minor only the year of birth may be given. Raises :class:`MemberInvalid`, :class:`MemberRegistered` while
        the person belongs to any household or the household has another head, HouseholdUnknown, HouseholdMerged.
        """
        kept, is_minor = read_draft(draft, china_day(self.clock()))
        if is_minor and draft != MemberDraft(birth_year=draft.birth_year):
            raise MemberInvalid(reason="minor")
        code = opaque_id()
        async with transaction():
            household_id, head_index = await self._household(household)
            member = sealed_member(self.cipher, code, kept, is_minor)
            papers = {head_index, member["id_number_index"]} - {None}
            if kept.relation is Relation.HEAD and len(papers) > 1:
                raise MemberInvalid(reason="head")  # the household is entered under its head
            await self._add(member, household_id, valid_from, document, by)
        return code

    @household_rights()
    async def move(
        self, household: str, member: str, to: str, relation: Relation | None, day: date, document: str, by: str
    ) -> None:
        """From a day on the person belongs to another household, or is something else to the head of its own.

        What was before stays on record. A minor has no relation; nobody becomes a head by moving, because a household
        is entered under its head: that is a change of the household itself (``lineage``).

        Raises what :meth:`end` and :meth:`enter` raise.
        """
        async with transaction():
            found = await row(
                "SELECT m.* FROM household_member m JOIN household h ON h.id = m.household_id WHERE h.code = $1"
                " AND m.code = $2 AND m.valid_until IS NULL",
                household,
                member,
            )
            if found is None:
                raise MemberUnknown(member=member)
            if found["is_minor"] != (relation is None) or relation is Relation.HEAD:
                raise MemberInvalid(reason="relation")
            await self.end(household, member, day, by)
            kept = {name: found[name] for name in CARRIED} | {"relation": relation}
            household_id, _ = await self._household(to)
            await self._add(kept, household_id, day, document, by)

    @household_rights()
    async def end(self, household: str, member: str, valid_until: date, by: str) -> None:
        """``valid_until`` is the first day on which the person no longer belongs to the household.

        Raises :class:`MemberUnknown`, also for a day that is not after the first.
        """
        ended = await execute(
            "UPDATE household_member m SET valid_until = $3, ended_by = $4, ended_at = $5 FROM household h"
            " WHERE h.id = m.household_id AND h.code = $1 AND m.code = $2 AND m.valid_until IS NULL"
            " AND m.valid_from < $3",
            household,
            member,
            valid_until,
            by,
            self.clock(),
        )
        if not ended:
            raise MemberUnknown(member=member)

    @household_rights()
    async def cards(self, household: str) -> list[MemberCard]:
        """Everybody who has ever belonged to a household, masked, in the order of entry."""
        found = await rows(
            "SELECT m.* FROM household h LEFT JOIN household_member m ON m.household_id = h.id WHERE h.code = $1"
            " ORDER BY m.valid_from, m.id LIMIT 1000",
            household,
        )
        if not found:
            raise HouseholdUnknown(household=household)
        return [self._card(each) for each in found if each["code"] is not None]

    @household_rights()
    async def identity(self, actor: PovertyOfficer, household: str, member: str, viewing: Viewing) -> MemberIdentity:
        """Who a member is, as far as the purpose opens it; the look is on record before the answer.

        Raises ViewNotPermitted, TooManyViews and :class:`MemberUnknown`, which leave no record.
        """
        async with transaction():
            wanted = ("name", "id_number", "phone", "health")
            opened = await noted_view(self.access_logs, actor, viewing, f"household:{household}/{member}", wanted)
            found = await row(
                "SELECT m.* FROM household_member m JOIN household h ON h.id = m.household_id WHERE h.code = $1"
                " AND m.code = $2 ORDER BY m.valid_from DESC LIMIT 1",
                household,
                member,
            )
            if found is None:
                raise MemberUnknown(member=member)
            return MemberIdentity(code=member, **{name: self._open(name, found) for name in opened})

    async def _household(self, code: str) -> tuple[int, bytes | None]:
        household_id = await held_household(code)
        index = await scalar("SELECT id_number_index FROM household WHERE id = $1", household_id)
        return household_id, bytes(index) if index is not None else None

    async def _add(self, member: dict[str, Any], household_id: int, valid_from: date, document: str, by: str) -> None:
        try:
            async with transaction():
                await HouseholdMember.create(
                    **member,
                    household_id=household_id,
                    valid_from=valid_from,
                    document=document,
                    recorded_by=by,
                    recorded_at=self.clock(),
                )
        except IntegrityError as error:
            if "no_overlap" not in str(error):
                raise
            raise MemberRegistered() from None

    def _card(self, found: dict[str, Any]) -> MemberCard:
        opener = RowOpener(self.cipher)
        name, phone = (
            opener.open(column, found[f"{column}_cipher"], member_place(column, found["code"]))
            for column in ("name", "phone")
        )
        shown = {field: found[field] for field in MemberCard.__struct_fields__ if field in found}
        return MemberCard(
            **shown,
            name_masked=mask_name(name) if name else None,
            phone_masked=mask_number(phone) if phone else None,
            unreadable=opener.unreadable,
        )

    def _open(self, column: str, found: dict[str, Any]) -> str | None:
        sealed = found[f"{column}_cipher"]
        return self.cipher.decrypt(bytes(sealed), member_place(column, found["code"])) if sealed else None


CARRIED = (
    "code", "is_minor", "birth_year", "name_cipher", "id_number_cipher", "id_number_index", "phone_cipher",
    "phone_index", "health_cipher", "sex", "ethnic_group", "education", "schooling", "skill",
)  # fmt: skip
"""The columns that a further span of a person has from the one before."""


def member_place(column: str, code: str) -> str:
    """What a sealed field of a member is bound to."""
    return f"household_member|{column}|{code}"
