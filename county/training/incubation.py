"""Incubatees with their milestones, and the shops that people opened."""

from dataclasses import dataclass
from datetime import date

import msgspec
from tortoise.exceptions import IntegrityError

from county.training.errors import (
    IncubateeExists,
    IncubateeUnknown,
    MilestoneInvalid,
    ShopInvalid,
    ShopProofInvalid,
    ShopUnknown,
)
from county.training.models import IncubatedShop, Incubatee, IncubateeMilestone, MilestoneKind
from county.training.persons import PersonDraft, Persons
from kit.clock import Clock, china_day, utc_now
from kit.database import execute, scalar, transaction
from kit.numbers import public_number


class ShopDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A shop on a platform, with its address, and since when it is open."""

    platform: str
    name: str
    web_address: str
    opened_on: date


@dataclass(frozen=True)
class Incubation:
    """The use cases. ``by`` is the account held to it."""

    persons: Persons
    clock: Clock = utc_now

    async def take_in(self, who: PersonDraft, plan: str, document: str, by: str) -> str:
        """Enter an incubatee; answers the number. Raises ProjectPersonInvalid, :class:`IncubateeExists`."""
        number = public_number(self.clock(), "FH")
        try:
            async with transaction():
                (person,) = await self.persons.entered([who], by)
                await Incubatee.create(
                    number=number,
                    person_id=person,
                    plan=plan,
                    document=document,
                    recorded_by=by,
                    recorded_at=self.clock(),
                )
        except IntegrityError:
            raise IncubateeExists() from None
        return number

    async def reach(self, number: str, kind: MilestoneKind, reached_on: date, document: str, by: str) -> None:
        """Enter a milestone, each once. Raises :class:`IncubateeUnknown`, :class:`MilestoneInvalid`."""
        found = await scalar("SELECT id FROM incubatee WHERE number = $1", number)
        if found is None:
            raise IncubateeUnknown()
        if reached_on > china_day(self.clock()):
            raise MilestoneInvalid()
        try:
            async with transaction():
                await IncubateeMilestone.create(
                    incubatee_id=found,
                    kind=kind,
                    reached_on=reached_on,
                    document=document,
                    recorded_by=by,
                    recorded_at=self.clock(),
                )
        except IntegrityError:
            raise MilestoneInvalid() from None

    async def open_shop(self, who: PersonDraft, shop: ShopDraft, by: str) -> str:
        """Enter a shop; answers its number. Raises ProjectPersonInvalid, :class:`ShopInvalid`."""
        if shop.opened_on > china_day(self.clock()):
            raise ShopInvalid()
        number = public_number(self.clock(), "WD")
        try:
            async with transaction():
                (person,) = await self.persons.entered([who], by)
                await IncubatedShop.create(
                    number=number,
                    person_id=person,
                    **msgspec.structs.asdict(shop),
                    recorded_by=by,
                    recorded_at=self.clock(),
                )
        except IntegrityError:
            raise ShopInvalid() from None
        return number

    async def prove_shop(self, number: str, order: str, paid_on: date, by: str) -> None:
        """Enter the shop's first paid order, by the platform's number of it, once.

        Raises :class:`ShopUnknown`, :class:`ShopProofInvalid`.
        """
        if not await scalar("SELECT 1 FROM incubated_shop WHERE number = $1", number):
            raise ShopUnknown()
        if paid_on > china_day(self.clock()):
            raise ShopProofInvalid()
        try:
            async with transaction():
                proved = await execute(
                    "UPDATE incubated_shop SET first_order = $2, first_paid_on = $3, proved_by = $4, proved_at = $5"
                    " WHERE number = $1 AND first_order IS NULL AND opened_on <= $3",
                    number,
                    order,
                    paid_on,
                    by,
                    self.clock(),
                )
        except IntegrityError:
            proved = 0
        if not proved:
            raise ShopProofInvalid()
