"""What the county does with merchants."""

from dataclasses import dataclass
from datetime import date

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, china_day, utc_now
from kit.database import transaction
from kit.errors import DomainError
from kit.numbers import public_number
from merchants.errors import (
    ApplicationOpen,
    ExemptionRuleTaken,
    LicenceNotValid,
    LicenceSpanInvalid,
    LicenceUnchecked,
    MerchantUnknown,
    SubMerchantTaken,
)
from merchants.licences import Licence, LicenceKind
from merchants.models import ExemptionRule, Merchant, MerchantReview, MerchantState
from merchants.papers import check_statement, has_shown_licence
from merchants.queries import ShopContact
from places.errors import DivisionUnknown
from places.models import Division


@dataclass(frozen=True)
class Merchants:
    """Enters, approves and suspends merchants. ``by`` is the caller who is held to it."""

    clock: Clock = utc_now

    async def enter(
        self,
        name: str,
        licence: Licence,
        township: str,
        sub_mchid: str | None,
        by: str,
        applicant: str | None = None,
    ) -> str:
        """A new merchant that has applied; answers its number.

        Raises :class:`SubMerchantTaken`, :class:`ApplicationOpen` and what :func:`check_licence` raises.
        """
        await check_licence(licence, township)
        now = self.clock()
        number = public_number(now, "M")
        try:
            async with transaction():
                created = await Merchant.create(
                    number=number,
                    name=name,
                    licence_kind=licence.kind,
                    licence_number=licence.number,
                    licence_from=licence.valid_from,
                    licence_until=licence.valid_until,
                    sub_mchid=sub_mchid,
                    township_id=township,
                    applied_at=now,
                    entered_by=by,
                    applicant=applicant,
                )
                await MerchantReview.create(
                    merchant_id=created.id, state=MerchantState.APPLIED, reviewed_at=now, reviewed_by=by
                )
        except IntegrityError as error:
            raise taken(error) from None
        return number

    async def approve(self, number: str, by: str) -> None:
        """Let a merchant sell, at first or again.

        Who applied shows its licence or self-statement first. Raises :class:`LicenceUnchecked`,
        :class:`LicenceNotValid` and a step's errors.
        """
        merchant = await find(number)
        now = self.clock()
        if merchant.applicant is not None and not await has_shown_licence(number):
            raise LicenceUnchecked()
        if not merchant.licensed_on(china_day(now)):
            raise LicenceNotValid()
        await merchant.move(MerchantState.APPROVED, by, now, decided_at=now, decided_by=by, suspension_reason=None)

    async def refuse(self, number: str, reason: str, by: str) -> None:
        """Refuse an application; the applicant may correct it."""
        now = self.clock()
        await (await find(number)).move(MerchantState.REFUSED, by, now, reason, decided_at=now, decided_by=by)

    async def suspend(self, number: str, reason: str, by: str) -> None:
        """Take a merchant off sale; paid orders go on."""
        now = self.clock()
        await (await find(number)).move(
            MerchantState.SUSPENDED, by, now, reason, decided_at=now, decided_by=by, suspension_reason=reason
        )

    async def set_payee(self, number: str, sub_mchid: str) -> None:
        """Where the money of later orders lands. Raises :class:`MerchantUnknown`, :class:`SubMerchantTaken`."""
        merchant = await find(number)
        try:
            async with transaction():
                await Merchant.filter(id=merchant.id).update(sub_mchid=sub_mchid)
        except IntegrityError:
            raise SubMerchantTaken() from None

    async def set_contact(self, number: str, contact: ShopContact) -> None:
        """Where a buyer calls and sends goods back to. Raises :class:`MerchantUnknown`."""
        merchant = await find(number)
        await Merchant.filter(id=merchant.id).update(**msgspec.structs.asdict(contact))

    async def enter_exemption_rule(
        self, valid_from: date, yearly_limit_fen: int, recheck_days: int, source_document: str, by: str
    ) -> None:
        """From a day on, what holds for natural persons. Raises :class:`ExemptionRuleTaken`."""
        try:
            async with transaction():
                await ExemptionRule.create(
                    valid_from=valid_from,
                    yearly_limit_fen=yearly_limit_fen,
                    recheck_days=recheck_days,
                    source_document=source_document,
                    entered_at=self.clock(),
                    entered_by=by,
                )
        except IntegrityError:
            raise ExemptionRuleTaken() from None


async def find(number: str) -> Merchant:
    """The row of a merchant. Raises :class:`MerchantUnknown`."""
    merchant = await Merchant.get_or_none(number=number)
    if merchant is None:
        raise MerchantUnknown()
    return merchant


async def check_licence(licence: Licence, township: str) -> None:
    """What must hold for any licence and place.

    Raises :class:`LicenceSpanInvalid`, :class:`DivisionUnknown`, and for a natural person what
    :func:`check_statement` raises.
    """
    if licence.valid_until is not None and licence.valid_until < licence.valid_from:
        raise LicenceSpanInvalid()
    if licence.kind is LicenceKind.NATURAL_PERSON:
        await check_statement(licence.valid_from, licence.valid_until)
    if not await Division.exists(code=township, level="township"):
        raise DivisionUnknown(division=township)


def taken(error: IntegrityError) -> DomainError:
    """The refusal behind a unique index."""
    return ApplicationOpen() if "merchant_applicant_once" in str(error) else SubMerchantTaken()
