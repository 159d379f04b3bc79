"""A consumer applies to become a merchant, corrects what was refused, and gets a place at the console."""

from dataclasses import dataclass

import msgspec
from tortoise.exceptions import IntegrityError

from accounts.clerks import Clerks, Invited, clerks_of
from accounts.queries import has_phone
from accounts.service import AccessLogs
from kit.actors import Actor
from kit.clock import Clock, utc_now
from kit.database import row, transaction
from kit.encryption import FieldCipher
from merchants.errors import LeadPresent, LegalPersonUnknown, MerchantNotMovable, MerchantUnknown, PhoneNeeded
from merchants.licences import Licence
from merchants.models import LegalPerson, Merchant, MerchantState
from merchants.service import Merchants, check_licence, find, taken


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers for a merchant: the legal person, or the natural person who sells."""

    name: str
    id_number: str
    phone: str


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What an applicant hands in; papers follow one by one."""

    name: str
    licence: Licence
    township: str
    person: Person


def person_place(column: str, merchant: str) -> str:
    """What a sealed field of a legal person is bound to."""
    return f"legal_person|{column}|{merchant}"


@dataclass(frozen=True)
class LegalPersons:
    """Keeps the people who answer for merchants, sealed; reads leave a record."""

    cipher: FieldCipher
    access_logs: AccessLogs
    clock: Clock = utc_now

    async def enter(self, number: str, person: Person, by: str) -> None:
        """Put a person on record in place of the former one. Raises :class:`MerchantUnknown`."""
        merchant = await find(number)
        await LegalPerson.create(
            merchant_id=merchant.id,
            name_cipher=self.cipher.encrypt(person.name, person_place("name", number)),
            id_number_cipher=self.cipher.encrypt(person.id_number, person_place("id_number", number)),
            id_number_index=self.cipher.blind_index("legal_person|id_number", person.id_number),
            phone_cipher=self.cipher.encrypt(person.phone, person_place("phone", number)),
            entered_at=self.clock(),
            entered_by=by,
        )

    async def show(self, number: str, reader: Actor, purpose: str) -> Person:
        """The person in clear; the reading is recorded. Raises :class:`LegalPersonUnknown`, :class:`PurposeMissing`."""
        async with transaction():
            found = await row(
                "SELECT p.name_cipher, p.id_number_cipher, p.phone_cipher FROM legal_person p"
                " JOIN merchant m ON m.id = p.merchant_id WHERE m.number = $1 ORDER BY p.id DESC LIMIT 1",
                number,
            )
            if found is None:
                raise LegalPersonUnknown()
            columns = ("name", "id_number", "phone")
            await self.access_logs.record(reader, purpose, f"merchant:{number}", columns)
            return Person(
                **{name: self.cipher.decrypt(found[f"{name}_cipher"], person_place(name, number)) for name in columns}
            )


@dataclass(frozen=True)
class Applications:
    """What an applicant does. ``applicant`` is a consumer's number."""

    merchants: Merchants
    persons: LegalPersons
    clerks: Clerks

    async def apply(self, applicant: str, application: Application) -> str:
        """A new application; answers the merchant's number.

        Raises :class:`PhoneNeeded`, :class:`ApplicationOpen` and the errors of :meth:`Merchants.enter`.
        """
        if not await has_phone(applicant):
            raise PhoneNeeded()
        by = f"consumer:{applicant}"
        async with transaction():
            number = await self.merchants.enter(
                application.name, application.licence, application.township, None, by, applicant
            )
            await self.persons.enter(number, application.person, by)
        return number

    async def correct(self, applicant: str, number: str, application: Application) -> None:
        """Hand a refused application in again.

        Raises :class:`MerchantUnknown`, :class:`MerchantNotMovable` unless it was refused, and the errors of
        :meth:`Merchants.enter`.
        """
        merchant = await self._own(applicant, number)
        await check_licence(application.licence, application.township)
        by, licence = f"consumer:{applicant}", application.licence
        try:
            async with transaction():
                await merchant.move(
                    MerchantState.APPLIED,
                    by,
                    self.merchants.clock(),
                    name=application.name,
                    township_id=application.township,
                    licence_kind=licence.kind,
                    licence_number=licence.number,
                    licence_from=licence.valid_from,
                    licence_until=licence.valid_until,
                )
                await self.persons.enter(number, application.person, by)
        except IntegrityError as error:
            raise taken(error) from None

    async def enter_console(self, applicant: str, number: str) -> Invited:
        """The first lead clerk's invitation for the applicant of an approved merchant.

        Raises :class:`MerchantUnknown`, :class:`MerchantNotMovable` before the approval, :class:`LeadPresent`,
        :class:`InvitationsFull`.
        """
        merchant = await self._own(applicant, number)
        if merchant.state is not MerchantState.APPROVED:
            raise MerchantNotMovable(state=merchant.state.value)
        if any(not clerk.duties for clerk in await clerks_of(number)):
            raise LeadPresent()
        return await self.clerks.invite(number, (), f"consumer:{applicant}")

    async def _own(self, applicant: str, number: str) -> Merchant:
        merchant = await find(number)
        if merchant.applicant != applicant:
            raise MerchantUnknown()
        return merchant
