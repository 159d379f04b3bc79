"""Who works at the project's sites, on which days."""

from dataclasses import dataclass
from datetime import date

import msgspec
from tortoise.exceptions import IntegrityError

from county.training.errors import EmploymentInvalid, EmploymentUnknown
from county.training.models import SiteEmployment
from county.training.persons import PersonDraft, Persons
from kit.clock import Clock, utc_now
from kit.database import execute, transaction
from kit.numbers import public_number
from places.queries import site_levels


class EmploymentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A post at a site of service or logistics, from a day on, by a paper."""

    site: str
    post: str
    document: str
    valid_from: date


@dataclass(frozen=True)
class SiteStaff:
    """The use cases. ``by`` is the account held to it."""

    persons: Persons
    clock: Clock = utc_now

    async def employ(self, who: PersonDraft, post: EmploymentDraft, by: str) -> str:
        """Enter that somebody works somewhere; answers the number.

        Raises ProjectPersonInvalid, :class:`EmploymentInvalid`.
        """
        if not await site_levels([post.site]):
            raise EmploymentInvalid()
        number = public_number(self.clock(), "ZG")
        try:
            async with transaction():
                (person,) = await self.persons.entered([who], by)
                await SiteEmployment.create(
                    number=number,
                    person_id=person,
                    **msgspec.structs.asdict(post),
                    recorded_by=by,
                    recorded_at=self.clock(),
                )
        except IntegrityError:
            raise EmploymentInvalid() from None
        return number

    async def end(self, number: str, valid_until: date, by: str) -> None:
        """``valid_until`` is the first day on which they work there no more. Raises :class:`EmploymentUnknown`."""
        if not await execute(
            "UPDATE site_employment SET valid_until = $2, ended_by = $3, ended_at = $4"
            " WHERE number = $1 AND valid_until IS NULL AND valid_from < $2",
            number,
            valid_until,
            by,
            self.clock(),
        ):
            raise EmploymentUnknown()
