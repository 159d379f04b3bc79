"""Who helps which household: people of units, responsible for days, without an account of their own (decision 0065)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from accounts.actors import PovertyOfficer
from accounts.service import AccessLogs
from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher, RowOpener
from kit.numbers import opaque_id
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.help.errors import HelperUnknown, HelpSpanOverlaps
from poverty_alleviation.help.models import Helper, HelpSpan
from poverty_alleviation.households import held_household, mask_name, mask_number
from poverty_alleviation.unmasking import Viewing, noted_view
from poverty_alleviation.vault import household_rights


class HelperDraft(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is, of which unit and in which post."""

    name: str
    phone: str
    unit: str
    post: str


class HelperCard(msgspec.Struct, frozen=True, kw_only=True):
    """A helper, masked; ``households`` are those of today. ``unreadable`` names what is damaged and empty for that."""

    code: str
    name_masked: str
    phone_masked: str
    unit: str
    post: str
    households: list[str]
    recorded_at: datetime
    unreadable: list[str]


class HelperIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a helper is; None for what the purpose does not open."""

    code: str
    name: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class Helpers:
    """The poverty office alone enters them. ``by`` is the account held to it."""

    cipher: FieldCipher
    access_logs: AccessLogs
    clock: Clock = utc_now

    @household_rights()
    async def enter(self, draft: HelperDraft, by: str) -> str:
        """Put somebody on record; answers the helper's code."""
        code = opaque_id()
        await Helper.create(
            code=code,
            name_cipher=self.cipher.encrypt(draft.name, helper_place("name", code)),
            phone_cipher=self.cipher.encrypt(draft.phone, helper_place("phone", code)),
            unit=draft.unit,
            post=draft.post,
            recorded_by=by,
            recorded_at=self.clock(),
        )
        return code

    @household_rights()
    async def assign(self, household: str, helper: str, valid_from: date, document: str, by: str) -> None:
        """Make a helper responsible for a household from a day on. A household may have several.

        Raises HouseholdUnknown, HouseholdMerged, :class:`HelperUnknown`, :class:`HelpSpanOverlaps`.
        """
        helper_id = await scalar("SELECT id FROM helper WHERE code = $1", helper)
        if helper_id is None:
            raise HelperUnknown(helper=helper)
        household_id = await held_household(household)
        try:
            async with transaction():
                await HelpSpan.create(
                    household_id=household_id,
                    helper_id=helper_id,
                    document=document,
                    valid_from=valid_from,
                    recorded_by=by,
                    recorded_at=self.clock(),
                )
        except IntegrityError:
            raise HelpSpanOverlaps() from None

    @household_rights()
    async def end(self, household: str, helper: str, valid_until: date, by: str) -> None:
        """``valid_until`` is the first day on which it no longer holds. Raises :class:`HelperUnknown`."""
        ended = await execute(
            "UPDATE help_span s SET valid_until = $3, ended_by = $4, ended_at = $5 FROM household h, helper p"
            " WHERE h.id = s.household_id AND p.id = s.helper_id AND h.code = $1 AND p.code = $2"
            " AND s.valid_until IS NULL AND s.valid_from < $3",
            household,
            helper,
            valid_until,
            by,
            self.clock(),
        )
        if not ended:
            raise HelperUnknown(helper=helper)

    @household_rights()
    async def cards(self, cursor: str | None, limit: int) -> tuple[list[HelperCard], str | None]:
        """A page of helpers, masked, in the order of entry."""
        after, limit = read_cursor(cursor, tuple[int])[0] if cursor else 0, min(limit, MAX_PAGE)
        found = await rows(
            "SELECT p.*, ARRAY(SELECT h.code FROM help_span s JOIN household h ON h.id = s.household_id"
            " WHERE s.helper_id = p.id AND daterange(s.valid_from, s.valid_until) @> $3::date ORDER BY 1)::text[]"
            " AS households FROM helper p WHERE p.id > $1 ORDER BY p.id LIMIT $2",
            after,
            limit + 1,
            china_day(self.clock()),
        )
        following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
        return [self._card(each) for each in found[:limit]], following

    @household_rights()
    async def identity(self, actor: PovertyOfficer, helper: str, viewing: Viewing) -> HelperIdentity:
        """Who a helper is, as far as the purpose opens it; the look is on record before the answer.

        Raises ViewNotPermitted, TooManyViews and :class:`HelperUnknown`, which leave no record.
        """
        async with transaction():
            opened = await noted_view(self.access_logs, actor, viewing, f"helper:{helper}", ("name", "phone"))
            found = await row("SELECT name_cipher, phone_cipher FROM helper WHERE code = $1", helper)
            if found is None:
                raise HelperUnknown(helper=helper)
            return HelperIdentity(
                code=helper, **{name: self._open(name, found[f"{name}_cipher"], helper) for name in opened}
            )

    def _card(self, found: dict[str, Any]) -> HelperCard:
        code, opener = found["code"], RowOpener(self.cipher)
        name, phone = (
            opener.open(column, found[f"{column}_cipher"], helper_place(column, code)) for column in ("name", "phone")
        )
        return HelperCard(
            code=code,
            name_masked=mask_name(name or ""),
            phone_masked=mask_number(phone or ""),
            unit=found["unit"],
            post=found["post"],
            households=found["households"],
            recorded_at=found["recorded_at"],
            unreadable=opener.unreadable,
        )

    def _open(self, column: str, sealed: bytes, code: str) -> str:
        return self.cipher.decrypt(bytes(sealed), helper_place(column, code))


async def id_of_household(code: str) -> int:
    """The row of a household; the caller holds the vault. Raises HouseholdUnknown."""
    found = await scalar("SELECT id FROM household WHERE code = $1 AND erased_at IS NULL", code)
    if found is None:
        raise HouseholdUnknown(household=code)
    return int(found)


def helper_place(column: str, code: str) -> str:
    """What a sealed field of a helper is bound to."""
    return f"helper|{column}|{code}"
