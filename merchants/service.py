"""What the county does with merchants."""

from dataclasses import dataclass
from datetime import date

from tortoise.exceptions import IntegrityError

from kit.clock import Clock, china_day, utc_now
from kit.database import transaction
from kit.numbers import public_number
from merchants.errors import (
    ExemptionRuleTaken,
    LicenceNotValid,
    LicenceSpanInvalid,
    MerchantUnknown,
    SubMerchantTaken,
)
from merchants.licences import Licence, LicenceKind
from merchants.models import ExemptionRule, Merchant, MerchantState
from merchants.papers import check_statement
from places.errors import DivisionUnknown
from places.models import Division


@dataclass(frozen=True)
class Merchants:
    """Enters, approves and suspends merchants. ``by`` is the caller who is held to it."""

    clock: Clock = utc_now

    async def enter(self, name: str, licence: Licence, township: str, sub_mchid: str | None, by: str) -> str:
        """A new merchant that has applied; answers its number.

        Raises :class:`LicenceSpanInvalid`, :class:`DivisionUnknown`, :class:`SubMerchantTaken`, and for a natural
        person what :func:`check_statement` raises.
        """
        if licence.valid_until is not None and licence.valid_until < licence.valid_from:
            raise LicenceSpanInvalid()
        if licence.kind is LicenceKind.NATURAL_PERSON:
            await check_statement(licence.valid_from, licence.valid_until)
        if not await Division.exists(code=township, level="township"):
            raise DivisionUnknown(division=township)
        now = self.clock()
        number = public_number(now, "M")
        try:
            async with transaction():
                await Merchant.create(
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
                )
        except IntegrityError:
            raise SubMerchantTaken() from None
        return number

    async def approve(self, number: str, by: str) -> None:
        """Let a merchant sell, at first or again. Raises :class:`LicenceNotValid` and a step's errors."""
        merchant = await self._find(number)
        if not merchant.licensed_on(china_day(self.clock())):
            raise LicenceNotValid()
        await merchant.move(MerchantState.APPROVED, decided_at=self.clock(), decided_by=by, suspension_reason=None)

    async def suspend(self, number: str, reason: str, by: str) -> None:
        """Take a merchant off sale; paid orders go on."""
        merchant = await self._find(number)
        await merchant.move(MerchantState.SUSPENDED, decided_at=self.clock(), decided_by=by, suspension_reason=reason)

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

    async def _find(self, number: str) -> Merchant:
        merchant = await Merchant.get_or_none(number=number)
        if merchant is None:
            raise MerchantUnknown()
        return merchant
