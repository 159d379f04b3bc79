"""Entering hosts and what is known of them (live reference 5), and the blacklist by the card, not by the account."""

import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from accounts.queries import is_host
from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, rows, scalar, transaction
from kit.encryption import FieldCipher
from kit.identity_cards import CardNumberInvalid, born_on
from kit.numbers import public_number
from ledger.errors import SecondPersonNeeded
from live.errors import OwnMatter
from live.roster.errors import (
    BlacklistingDecided,
    BlacklistingOpen,
    BlacklistingUnknown,
    HostBlacklisted,
    HostContractExists,
    HostEntryInvalid,
    HostOnRecord,
    HostPaperInvalid,
    HostTooYoung,
    HostUnknown,
)
from live.roster.models import (
    BLACKLISTING_TRANSITIONS,
    BlacklistingKind,
    BlacklistingState,
    GuardianConsent,
    HostBlacklisting,
    HostContract,
    HostIdentityCheck,
    HostTraining,
    LiveHost,
)
from live.roster.standing import BLACKLISTED, missing_parts

YOUNGEST, OF_AGE = 16, 18
IDENTITY_DAYS = 365
"""For how many days a check of the identity holds, unless the house says otherwise."""


class ContractDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A contract as it was signed; first and last day included."""

    contract_number: str
    document: str
    valid_from: date
    valid_until: date


class TrainingDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A training that a host has completed; ``hours`` of teaching, ``training_class`` the county's class if it was."""

    title: str
    completed_on: date
    hours: int
    document: str
    training_class: str | None = None


class ConsentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A guardian's paper, and the number and SHA-256 in hexadecimal of its file."""

    document: str
    sha256: str
    evidence: str
    signed_on: date


class PaperFile(msgspec.Struct, frozen=True):
    """Number and SHA-256 in hexadecimal of the sealed file of a paper; both are none for an entry in words."""

    evidence: str | None = None
    sha256: str | None = None


NO_FILE = PaperFile()


def host_place(column: str, number: str) -> str:
    """What a sealed field of a host is bound to."""
    return f"live_host|{column}|{number}"


def years_old(born: date, day: date) -> int:
    """The age on a day; who was born on 29 February is a year older on 1 March of a common year."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@dataclass(frozen=True)
class Roster:
    """The use cases. ``by`` is the account held to it; ``host`` is the number of a staff account."""

    cipher: FieldCipher
    identity_days: int = IDENTITY_DAYS
    clock: Clock = utc_now

    async def enter(self, host: str, name: str, id_number: str, by: str) -> None:
        """Put a host on record. Raises :class:`HostUnknown` for an account that does not present,
        :class:`HostPaperInvalid`, :class:`HostTooYoung`, :class:`HostBlacklisted`, :class:`HostOnRecord`,
        ``OwnMatter``, as whatever is entered by its own host.
        """
        _refuse_own(host, by)
        paper = self._card(id_number)
        if years_old(born_on(paper, self._today()), self._today()) < YOUNGEST:
            raise HostTooYoung()
        if not await is_host(host):
            raise HostUnknown()
        mark = self._mark(paper)
        try:
            async with transaction():
                # With the lock that a decision about this card takes: none is approved while somebody is entered.
                await self._hold(mark)
                if await scalar(f"SELECT {BLACKLISTED.format(mark='$1::bytea')}", mark):
                    raise HostBlacklisted()
                await LiveHost.create(
                    number=host,
                    name_cipher=self.cipher.encrypt(name, host_place("name", host)),
                    id_number_cipher=self.cipher.encrypt(paper, host_place("id_number", host)),
                    id_number_index=mark,
                    recorded_by=by,
                    recorded_at=self.clock(),
                )
        except IntegrityError:
            raise HostOnRecord() from None

    async def check_identity(
        self, host: str, document: str, checked_on: date, by: str, file: PaperFile = NO_FILE
    ) -> None:
        """Enter that the paper was held against the person; the same file again changes nothing.

        Raises :class:`HostUnknown`, :class:`HostEntryInvalid`.
        """
        await self.demand_entry(host, by, checked_on=checked_on)
        with suppress(IntegrityError):
            async with transaction():
                await HostIdentityCheck.create(
                    host_id=await _host_id(host),
                    document=document,
                    checked_on=checked_on,
                    valid_until=checked_on + timedelta(days=self.identity_days),
                    **self._entered(file, by),
                )

    async def add_contract(self, host: str, draft: ContractDraft, by: str, file: PaperFile = NO_FILE) -> None:
        """Enter a contract; the same file again changes nothing.

        Raises :class:`HostUnknown`, :class:`HostEntryInvalid`, :class:`HostContractExists`.
        """
        await self._demand_contract(host, draft, by)
        try:
            async with transaction():
                entered = self._entered(draft, by) | self._entered(file, by)
                await HostContract.create(host_id=await _host_id(host), **entered)
        except IntegrityError:
            if not await scalar("SELECT 1 FROM host_contract WHERE evidence = $1", file.evidence):
                raise HostContractExists() from None

    async def demand_contract(self, host: str, draft: ContractDraft, by: str, sha256: str) -> None:
        """Before a file of this hash is kept for nothing: raises what :meth:`add_contract` does, and ``OwnMatter``."""
        await self._demand_contract(host, draft, by)
        if await scalar(
            "SELECT 1 FROM host_contract c JOIN live_host h ON h.id = c.host_id WHERE h.number = $1"
            " AND c.contract_number = $2 AND c.sha256 IS DISTINCT FROM $3",
            host,
            draft.contract_number,
            sha256,
        ):
            raise HostContractExists()

    async def _demand_contract(self, host: str, draft: ContractDraft, by: str) -> None:
        await self.demand_entry(host, by)
        if draft.valid_until < draft.valid_from:
            raise HostEntryInvalid(member="valid_until")

    async def add_training(self, host: str, draft: TrainingDraft, by: str, file: PaperFile = NO_FILE) -> None:
        """Enter a training; the same file again changes nothing.

        Raises :class:`HostUnknown`, :class:`HostEntryInvalid`.
        """
        await self.demand_entry(host, by, completed_on=draft.completed_on)
        with suppress(IntegrityError):
            async with transaction():
                entered = self._entered(draft, by) | self._entered(file, by)
                await HostTraining.create(host_id=await _host_id(host), **entered)

    async def add_consent(self, host: str, draft: ConsentDraft, by: str) -> None:
        """Enter a guardian's consent whose file is kept; the same file again changes nothing.

        Raises :class:`HostUnknown`, :class:`HostEntryInvalid`.
        """
        await self.demand_entry(host, by, signed_on=draft.signed_on)
        with suppress(IntegrityError):
            async with transaction():
                await GuardianConsent.create(host_id=await _host_id(host), **self._entered(draft, by))

    async def demand_entry(self, host: str, by: str, **days: date) -> None:
        """Before a file is kept: raises :class:`HostUnknown`, :class:`HostEntryInvalid` for a day that lies ahead,
        ``OwnMatter``.
        """
        _refuse_own(host, by)
        await _host_id(host)
        for member, day in days.items():
            if day > self._today():
                raise HostEntryInvalid(member=member)

    async def propose_blacklisting(
        self, kind: BlacklistingKind, reason: str, by: str, *, host: str | None = None, id_number: str | None = None
    ) -> str:
        """Propose to list somebody, or to lift it, by the record of a host or by the card; answers its number.

        Raises :class:`HostUnknown`, :class:`HostPaperInvalid`, :class:`BlacklistingOpen`, ``OwnMatter``.
        """
        mark = self._mark(self._card(id_number)) if id_number is not None else await _mark_of(host)
        number = public_number(self.clock(), "ZB")
        try:
            async with transaction():
                await self._hold(mark)
                await _refuse_own_card(mark, by)
                is_listed = await scalar(f"SELECT {BLACKLISTED.format(mark='$1::bytea')}", mark)
                if is_listed is (kind is BlacklistingKind.LISTING):
                    raise BlacklistingOpen()
                await HostBlacklisting.create(
                    number=number,
                    kind=kind,
                    id_number_index=mark,
                    reason=reason,
                    state=BlacklistingState.PROPOSED,
                    made_by=by,
                    made_at=self.clock(),
                )
        except IntegrityError:
            raise BlacklistingOpen() from None
        return number

    async def decide_blacklisting(self, number: str, by: str, note: str, *, is_approved: bool) -> None:
        """Approve or refuse; the same decision again changes nothing. Who proposed it may only take it back.

        With a listing that is approved the push addresses of whoever has this card are worth nothing any more.
        Raises :class:`BlacklistingUnknown`, :class:`BlacklistingDecided`, ``SecondPersonNeeded``, ``OwnMatter``.
        """
        to = BlacklistingState.APPROVED if is_approved else BlacklistingState.REFUSED
        async with transaction():
            found = await row("SELECT * FROM host_blacklisting WHERE number = $1 FOR UPDATE", number)
            if found is None:
                raise BlacklistingUnknown()
            if (found["state"], found["decided_by"]) == (to, by):
                return
            if to not in BLACKLISTING_TRANSITIONS[BlacklistingState(found["state"])]:
                raise BlacklistingDecided(state=found["state"])
            if is_approved and found["made_by"] == by:
                raise SecondPersonNeeded()
            await _refuse_own_card(found["id_number_index"], by)
            await self._hold(found["id_number_index"])
            await execute(
                "UPDATE host_blacklisting SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5"
                " WHERE id = $1",
                found["id"],
                to.value,
                by,
                self.clock(),
                note,
            )
            if is_approved and found["kind"] == BlacklistingKind.LISTING:
                await _void_addresses(found)

    async def obstacles(self, host: str, day: date) -> list[str]:
        """Why somebody may not present on a day; nothing when they may.

        What :func:`missing_parts` says, ``too_young``, ``guardian_consent``. Raises ``FieldUnreadable``.
        """
        missing = await missing_parts(host, day)
        found = await row(
            "SELECT h.id_number_cipher, EXISTS (SELECT FROM guardian_consent g WHERE g.host_id = h.id"
            " AND g.signed_on <= $2) AS is_consented FROM live_host h"
            " WHERE h.number = $1 AND h.erased_at IS NULL",
            host,
            day,
        )
        if found is None:
            return missing
        paper = self.cipher.decrypt(bytes(found["id_number_cipher"]), host_place("id_number", host))
        age = years_old(born_on(paper, self._today()), day)
        if age < YOUNGEST:
            return [*missing, "too_young"]
        return missing if age >= OF_AGE or found["is_consented"] else [*missing, "guardian_consent"]

    def _today(self) -> date:
        return china_day(self.clock())

    def _card(self, text: str) -> str:
        """The number as it is kept. Raises :class:`HostPaperInvalid`."""
        number = "".join(unicodedata.normalize("NFKC", text).split()).upper()
        if len(number) != 18 or not number.isascii():
            raise HostPaperInvalid(reason="length")
        try:
            born_on(number, self._today())
        except CardNumberInvalid as wrong:
            raise HostPaperInvalid(reason=wrong.reason) from None
        return number

    def _mark(self, paper: str) -> bytes:
        return self.cipher.blind_index("live_host|id_number", paper)

    async def _hold(self, mark: bytes) -> None:
        """Whatever concerns one card waits for each other, until the open transaction ends."""
        await row("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"live_host:{bytes(mark).hex()}")

    def _entered(self, draft: msgspec.Struct, by: str) -> dict[str, Any]:
        return {**msgspec.structs.asdict(draft), "recorded_by": by, "recorded_at": self.clock()}


def _refuse_own(host: str, by: str) -> None:
    """Nobody checks or binds oneself under another role of the same account."""
    if by == f"staff:{host}":
        raise OwnMatter()


async def _refuse_own_card(mark: bytes, by: str) -> None:
    """Nor decides about the own card, as the roster knows whose it is."""
    if await scalar(
        "SELECT 1 FROM live_host WHERE id_number_index = $1 AND number = $2", bytes(mark), by.removeprefix("staff:")
    ):
        raise OwnMatter()


async def _host_id(host: str) -> int:
    found = await scalar("SELECT id FROM live_host WHERE number = $1 AND erased_at IS NULL", host)
    if found is None:
        raise HostUnknown()
    return int(found)


async def _mark_of(host: str | None) -> bytes:
    found = await scalar("SELECT id_number_index FROM live_host WHERE number = $1 AND erased_at IS NULL", host)
    if found is None:
        raise HostUnknown()
    return bytes(found)


async def _void_addresses(listed: Row) -> None:
    """Under the locks of the sessions: whoever issues an address at this moment has read the list before, or after."""
    held = await rows(
        "SELECT s.id FROM live_session s JOIN live_host h ON h.number = s.host WHERE h.id_number_index = $1"
        " AND s.state IN ('scheduled', 'ready') ORDER BY s.id FOR UPDATE OF s",
        listed["id_number_index"],
    )
    await execute(
        "UPDATE live_session SET push_nonce = NULL WHERE id = ANY($1::bigint[])", [each["id"] for each in held]
    )
