"""The register of households: who they are, under which decision, and which supplier stands for them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from accounts.actors import PovertyOfficer
from accounts.service import AccessLogs
from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, transaction
from kit.encryption import FieldCipher, RowOpener
from kit.numbers import opaque_id
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from places.queries import villages
from poverty_alleviation.errors import (
    HouseholdExists,
    HouseholdMerged,
    HouseholdUnknown,
    LinkUnknown,
    SpanOverlaps,
    SupplierNotEntered,
    VillageUnknown,
)
from poverty_alleviation.identity_numbers import person_of, read_identity_number
from poverty_alleviation.lineage.descent import LineageStep, lineage_of
from poverty_alleviation.models import AssistanceStatus, Household, HouseholdStatus, SupplierLink
from poverty_alleviation.unmasking import Viewing, noted_view
from poverty_alleviation.vault import household_rights
from traceability.queries import supplier_exists


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a household is: the name of its head, and numbers where they are known."""

    name: str
    id_number: str | None = None
    phone: str | None = None


class StatusSpan(msgspec.Struct, frozen=True):
    """A decision of the poverty office; ``valid_until`` is the first day on which it no longer holds."""

    status: str
    valid_from: date
    valid_until: date | None
    document: str


class LinkSpan(msgspec.Struct, frozen=True):
    """Days on which a supplier stood for the household."""

    supplier: str
    valid_from: date
    valid_until: date | None
    document: str


class HelperSpan(msgspec.Struct, frozen=True):
    """Days on which a helper, who is known by a code here, is responsible for the household."""

    helper: str
    valid_from: date
    valid_until: date | None
    document: str


class HouseholdCard(msgspec.Struct, frozen=True, kw_only=True):
    """A household with everything masked that names it, which is empty once it is erased.

    ``village`` is a division code. ``unreadable`` names what is damaged and stands empty for that.
    """

    code: str
    name_masked: str
    phone_masked: str | None
    township: str
    village: str
    entered_at: datetime
    erased_at: datetime | None
    status: str | None
    statuses: list[StatusSpan] = []
    suppliers: list[LinkSpan] = []
    helpers: list[HelperSpan] = []
    lineage: list[LineageStep] = []
    unreadable: list[str] = []


UNREADABLE = "（无法读取）"
"""Stands on paper and in files for a name whose ciphertext is damaged."""


def mask_name(name: str) -> str:
    """The first character and one star for each other: ``示**``."""
    return name[:1] + "*" * (len(name) - 1)


def mask_number(number: str) -> str:
    """Three characters, stars, four characters (domain reference 5, must 3)."""
    return number[:3] + "*" * max(len(number) - 7, 4) + number[-4:] if len(number) > 7 else "*" * len(number)


def person_index(cipher: FieldCipher, number: str) -> bytes:
    """By which a person is found, whichever paper's number is given, as it is kept."""
    return cipher.blind_index("household|id_number", person_of(number))


def sealed_household(cipher: FieldCipher, code: str, identity: Identity) -> dict[str, Any]:
    """The columns that say who a household is, sealed under its code; the number is one that was read."""

    def sealed(column: str, text: str | None) -> bytes | None:
        return cipher.encrypt(text, household_place(column, code)) if text else None

    number = identity.id_number
    return {
        "code": code,
        "name_cipher": sealed("name", identity.name),
        "id_number_cipher": sealed("id_number", number),
        "id_number_index": person_index(cipher, number) if number else None,
        "phone_cipher": sealed("phone", identity.phone),
    }


async def check_village(township: str, village: str) -> None:
    """Raises :class:`VillageUnknown` for a code that no village of the township has."""
    if village not in {each.code for each in await villages(township)}:
        raise VillageUnknown(township=township)


@dataclass(frozen=True)
class Households:
    """The register. The poverty office alone writes it; nobody else reads it unmasked."""

    cipher: FieldCipher
    access_logs: AccessLogs
    clock: Clock = utc_now

    @household_rights()
    async def enter(self, identity: Identity, township: str, village: str, by: str, code: str | None = None) -> str:
        """Enter a household; answers its code, a new one when none is given.

        ``village`` is the division code of 12 digits, below the township (domain reference 6.1). A person is in the
        register once, whichever paper says so. Raises :class:`HouseholdExists`, :class:`IdentityNumberInvalid` and
        :class:`VillageUnknown`.
        """
        await check_village(township, village)
        code = code or opaque_id()
        number = self._read(identity.id_number) if identity.id_number else None
        try:
            async with transaction():
                await Household.create(
                    **sealed_household(self.cipher, code, msgspec.structs.replace(identity, id_number=number)),
                    township=township,
                    village=village,
                    entered_by=by,
                    entered_at=self.clock(),
                )
        except IntegrityError:
            raise HouseholdExists(household=code) from None
        return code

    @household_rights()
    async def decide(self, code: str, status: AssistanceStatus, valid_from: date, document: str, by: str) -> None:
        """Put a status on record from a day on, ending the one that holds then.

        Raises :class:`SpanOverlaps`, :class:`HouseholdUnknown`, :class:`HouseholdMerged`.
        """
        async with transaction():
            household_id = await held_household(code)
            await execute(
                "UPDATE household_status SET valid_until = $2 WHERE household_id = $1 AND valid_until IS NULL"
                " AND valid_from < $2",
                household_id,
                valid_from,
            )
            try:
                async with transaction():
                    await HouseholdStatus.create(
                        household_id=household_id,
                        status=status,
                        valid_from=valid_from,
                        document=document,
                        recorded_by=by,
                        recorded_at=self.clock(),
                    )
            except IntegrityError as error:
                if not _is_span(error):
                    raise
                raise SpanOverlaps(household=code) from None

    @household_rights()
    async def link(self, code: str, supplier: str, valid_from: date, document: str, by: str) -> None:
        """Say that a supplier stands for a household from a day on.

        Raises :class:`HouseholdUnknown`, :class:`HouseholdMerged`, :class:`SupplierNotEntered`, and
        :class:`SpanOverlaps` while the supplier stands for a household already.
        """
        if not await supplier_exists(supplier):
            raise SupplierNotEntered(supplier=supplier)
        async with transaction():
            household_id = await held_household(code)
            try:
                async with transaction():
                    await SupplierLink.create(
                        supplier=supplier,
                        household_id=household_id,
                        valid_from=valid_from,
                        document=document,
                        linked_by=by,
                        linked_at=self.clock(),
                    )
            except IntegrityError as error:
                if not _is_span(error):
                    raise
                raise SpanOverlaps(supplier=supplier) from None

    @household_rights()
    async def unlink(self, code: str, supplier: str, valid_until: date) -> None:
        """End a link: ``valid_until`` is the first day on which it no longer holds.

        Raises :class:`LinkUnknown`.
        """
        ended = await rows(
            "UPDATE supplier_link l SET valid_until = $3 FROM household h WHERE h.id = l.household_id"
            " AND h.code = $1 AND l.supplier = $2 AND l.valid_until IS NULL AND l.valid_from <"
            " $3 RETURNING 1",
            code,
            supplier,
            valid_until,
        )
        if not ended:
            raise LinkUnknown(supplier=supplier)

    @household_rights()
    async def identity(self, actor: PovertyOfficer, code: str, viewing: Viewing) -> Identity:
        """Who a household is, as far as the purpose opens it; the look is on record before the answer.

        Raises ViewNotPermitted, TooManyViews and :class:`HouseholdUnknown`, which leave no record.
        """
        async with transaction():
            wanted = ("name", "id_number", "phone")
            opened = await noted_view(self.access_logs, actor, viewing, f"household:{code}", wanted)
            found = await row(f"{_CARD} WHERE h.code = $1", code)
            if found is None:
                raise HouseholdUnknown(household=code)
            return Identity(
                name=self._open("name", found["name_cipher"], code) or "",
                id_number=self._open("id_number", found["id_number_cipher"], code) if "id_number" in opened else None,
                phone=self._open("phone", found["phone_cipher"], code) if "phone" in opened else None,
            )

    @household_rights()
    async def of_id_number(self, id_number: str) -> str | None:
        """The code of the household of the person with this paper, found by its blind index.

        Raises :class:`IdentityNumberInvalid`.
        """
        index = person_index(self.cipher, self._read(id_number))
        found = await row(
            "SELECT code FROM household WHERE id_number_index = $1 ORDER BY (merged_on IS NULL) DESC LIMIT 1", index
        )
        return found["code"] if found else None

    @household_rights()
    async def card(self, code: str) -> HouseholdCard:
        """One household, masked, with its decisions, links, helpers and lineage. Raises :class:`HouseholdUnknown`."""
        found = await row(f"{_CARD} WHERE h.code = $1", code)
        if found is None:
            raise HouseholdUnknown(household=code)
        statuses = await rows(
            "SELECT status, valid_from, valid_until, document FROM household_status WHERE household_id = $1"
            " ORDER BY valid_from",
            found["id"],
        )
        links = await rows(
            "SELECT supplier, valid_from, valid_until, document FROM supplier_link WHERE household_id = $1"
            " ORDER BY valid_from, supplier",
            found["id"],
        )
        helpers = await rows(
            "SELECT p.code AS helper, s.valid_from, s.valid_until, s.document FROM help_span s"
            " JOIN helper p ON p.id = s.helper_id WHERE s.household_id = $1 ORDER BY s.valid_from, s.id",
            found["id"],
        )
        return msgspec.structs.replace(
            self._card(found),
            statuses=[msgspec.convert(span, StatusSpan) for span in statuses],
            suppliers=[msgspec.convert(span, LinkSpan) for span in links],
            helpers=[msgspec.convert(span, HelperSpan) for span in helpers],
            lineage=await lineage_of(code),
        )

    @household_rights()
    async def cards(
        self, township: str | None, cursor: str | None, limit: int
    ) -> tuple[list[HouseholdCard], str | None]:
        """Households of a township or of all, masked, in the order they were entered."""
        after = read_cursor(cursor, tuple[int])[0] if cursor else 0
        limit = min(limit, MAX_PAGE)
        found = await rows(
            f"{_CARD} WHERE h.id > $2 AND ($1::text IS NULL OR h.township = $1) ORDER BY h.id LIMIT $3",
            township,
            after,
            limit + 1,
        )
        following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
        return [self._card(household) for household in found[:limit]], following

    def _card(self, found: dict[str, Any]) -> HouseholdCard:
        code, opener = found["code"], RowOpener(self.cipher)
        name, phone = (
            opener.open(column, found[f"{column}_cipher"], household_place(column, code))
            for column in ("name", "phone")
        )
        return HouseholdCard(
            code=code,
            name_masked=mask_name(name or ""),
            phone_masked=mask_number(phone) if phone else None,
            township=found["township"],
            village=found["village"],
            entered_at=found["entered_at"],
            erased_at=found["erased_at"],
            status=found["status"],
            unreadable=opener.unreadable,
        )

    def _read(self, id_number: str) -> str:
        return read_identity_number(id_number, china_day(self.clock()))

    def _open(self, column: str, sealed: Any, code: str) -> str | None:
        return self.cipher.decrypt(bytes(sealed), household_place(column, code)) if sealed else None


_CARD = (
    "SELECT h.id, h.code, h.name_cipher, h.id_number_cipher, h.phone_cipher, h.township,"
    " h.village, h.entered_at, h.erased_at,"
    " (SELECT s.status FROM household_status s WHERE s.household_id = h.id AND daterange(s.valid_from,"
    " s.valid_until) @> (now() AT TIME ZONE 'Asia/Shanghai')::date) AS status FROM household h"
)


def household_place(column: str, code: str) -> str:
    """What a sealed field of a household is bound to."""
    return f"household|{column}|{code}"


async def held_household(code: str) -> int:
    """The row of a household that may still take something, locked until the transaction ends; answers its id.

    Raises :class:`HouseholdUnknown`, also for one that was erased, :class:`HouseholdMerged`.
    """
    # Not against who pays the household at once: the one waits for the other's posting when it commits (decision 0051).
    found = await row(
        "SELECT id, merged_on FROM household WHERE code = $1 AND erased_at IS NULL FOR NO KEY UPDATE", code
    )
    if found is None:
        raise HouseholdUnknown(household=code)
    if found["merged_on"] is not None:
        raise HouseholdMerged(household=code)
    return int(found["id"])


def _is_span(error: IntegrityError) -> bool:
    """Whether an exclusion or a check of a span was violated, and not something else."""
    return any(name in str(error) for name in ("no_overlap", "household_status_span", "supplier_link_span"))
