"""Photographed sheets: filed under their statement by the code on them, seen by a person before they confirm."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

import msgspec

from accounts.queries import has_looked
from content.evidence.errors import EvidenceTaken
from content.evidence.models import EvidenceKind
from content.evidence.service import EvidenceFiles, link_sheet_anew
from kit.clock import CHINA, Clock, china_day, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.errors import Invalid
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from kit.qr_codes import read_qr_codes
from poverty_alleviation.confirming.confirmations import Confirmed, StatementConfirmations
from poverty_alleviation.confirming.errors import (
    ConfirmationTooEarly,
    SheetConfirmed,
    SheetDecided,
    SheetFiledBySame,
    SheetNotSeen,
    SheetUnknown,
)
from poverty_alleviation.confirming.models import SHEET_TRANSITIONS, SheetState, Unfiled
from poverty_alleviation.payouts import CONFIRMATION
from poverty_alleviation.statements.errors import StatementUnknown
from poverty_alleviation.statements.service import page_hash
from poverty_alleviation.unmasking import PICTURE, evidence_subject
from poverty_alleviation.vault import household_rights

STATEMENT = "household_statement"
_TOKEN = re.compile("[A-Za-z0-9_-]{32}")


class TakenSheet(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of one photograph, by its place in the upload.

    ``refused``: the code of why it was not taken; ``evidence_taken`` with the ``number`` under which it was before.
    ``unfiled``: why it waits for a person.
    """

    place: int
    number: str | None = None
    state: SheetState | None = None
    unfiled: Unfiled | None = None
    statement: str | None = None
    refused: str | None = None


class EarlierFilingCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a sheet was filed under, and what was decided then, before ``replaced_by`` filed it anew."""

    state: SheetState
    statement: str | None
    household: str | None
    filed_by: str | None
    decided_by: str | None
    decided_at: datetime | None
    signed_on: date | None
    note: str
    replaced_by: str
    replaced_at: datetime


class SheetCard(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet of the work list. ``filed_by`` is null when its code filed it; ``unfiled`` says why it did not."""

    number: str
    state: SheetState
    unfiled: Unfiled | None
    statement: str | None
    household: str | None
    quarter: str | None
    taken_by: str
    taken_at: datetime
    filed_by: str | None
    decided_by: str | None
    decided_at: datetime | None
    signed_on: date | None
    note: str
    earlier: list[EarlierFilingCard]


@dataclass(frozen=True)
class StatementSheets:
    """The use cases. ``base_url`` is where printed codes lead; a code that leads elsewhere files nothing."""

    files: EvidenceFiles
    base_url: str
    confirmations: StatementConfirmations = field(default_factory=StatementConfirmations)
    clock: Clock = utc_now

    async def take(self, photographs: Sequence[bytes], by: str) -> list[TakenSheet]:
        """Take photographs one by one: one that is refused does not hold up the others.

        The same picture is taken once for ever. Raises StorageUnavailable; what was taken before that stays.
        """
        return [await self._take(place, raw, by) for place, raw in enumerate(photographs)]

    async def _take(self, place: int, raw: bytes, by: str) -> TakenSheet:
        try:
            picture = await self.files.encode(raw)
        except Invalid as refused:
            return TakenSheet(place=place, refused=refused.code)
        try:
            number, is_new = await self.files.take(picture, EvidenceKind.SIGNED_STATEMENT, by, None), True
        except EvidenceTaken as taken:
            number, is_new = str(taken.facts["evidence"]), False
        async with self.files.in_turn:
            said = await asyncio.to_thread(read_qr_codes, picture)
        return await self._file(place, number, said, by, is_new=is_new)

    @household_rights()
    async def _file(self, place: int, number: str, said: Sequence[str | None], by: str, *, is_new: bool) -> TakenSheet:
        """The sheet's row. Who died between photograph and row is helped by the same photograph again."""
        async with transaction():
            statement = await self._statement(said)
            unfiled = statement if isinstance(statement, Unfiled) else None
            state = SheetState.UNREAD if unfiled else SheetState.FILED
            made = await rows(
                "INSERT INTO statement_sheet (number, state, statement_id, unfiled, taken_by, taken_at, filings, note)"
                " SELECT e.number, $2, $3, $7, $4, $5, 0, '' FROM evidence e WHERE e.number = $1 AND e.kind = $6"
                " AND e.stored_at IS NOT NULL ON CONFLICT (number) DO NOTHING RETURNING 1",
                number,
                state.value,
                None if isinstance(statement, Unfiled) else statement["id"],
                by,
                self.clock(),
                EvidenceKind.SIGNED_STATEMENT.value,
                unfiled,
            )
            if not made:
                return TakenSheet(place=place, number=number, refused=EvidenceTaken.code)
            if isinstance(statement, Unfiled):
                return TakenSheet(place=place, number=number, state=state, unfiled=statement)
            await link_sheet_anew(number, STATEMENT, statement["number"])
        return TakenSheet(place=place, number=number, state=state, statement=statement["number"])

    async def _statement(self, said: Sequence[str | None]) -> dict[str, Any] | Unfiled:
        """The one statement that the one code of a picture leads to, or why it is filed under none.

        A second code is another sheet, whatever it says and though it cannot be read: a person sees whose.
        """
        if not said:
            return Unfiled.NO_CODE
        if len(set(said)) > 1:
            return Unfiled.SEVERAL_SHEETS
        token = (said[0] or "").removeprefix(f"{self.base_url}/h/")
        if token == said[0] or not _TOKEN.fullmatch(token):
            return Unfiled.NO_STATEMENT
        found = await row("SELECT id, number FROM household_statement WHERE page_hash = $1", page_hash(token))
        return Unfiled.NO_STATEMENT if found is None else found

    @household_rights()
    async def file(self, number: str, statement: str, by: str) -> None:
        """A person has read what the code did not say, or files anew what was filed wrongly or rejected.

        What a sheet has confirmed is corrected before it is filed anew. Raises :class:`SheetUnknown`,
        :class:`SheetConfirmed`, :class:`StatementUnknown`, ``EvidenceUnknown`` once the photograph is forgotten.
        """
        async with transaction():
            sheet = await self._may_go(number, SheetState.FILED)
            statement_id = await scalar("SELECT id FROM household_statement WHERE number = $1", statement)
            if statement_id is None:
                raise StatementUnknown(statement=statement[:40])
            if (sheet["state"], sheet["statement"]) == (SheetState.FILED, statement):
                return
            is_anew = sheet["state"] != SheetState.UNREAD
            if is_anew:
                await self._keep(number, sheet, by)
            await execute(
                "UPDATE statement_sheet SET state = 'filed', statement_id = $2, filed_by = $3, filings = filings + $4,"
                " decided_by = NULL, decided_at = NULL, signed_on = NULL, note = '' WHERE number = $1",
                number,
                statement_id,
                by,
                int(is_anew),
            )
            await link_sheet_anew(number, STATEMENT, statement)

    async def _keep(self, number: str, sheet: dict[str, Any], by: str) -> None:
        """Put a filing that is over on record."""
        if confirmed := await self._still_confirmed(f"{sheet['statement']} {number}"):
            raise SheetConfirmed(rows=confirmed)
        await rows(
            "INSERT INTO earlier_filing (sheet_id, place, state, statement_id, filed_by, decided_by, decided_at,"
            " signed_on, note, replaced_by, replaced_at) SELECT id, filings + 1, state, statement_id, filed_by,"
            " decided_by, decided_at, signed_on, note, $2, $3 FROM statement_sheet WHERE number = $1 RETURNING 1",
            number,
            by,
            self.clock(),
        )

    async def _still_confirmed(self, evidence: str) -> list[str]:
        """The rows that a sheet has confirmed and that no correction has taken back."""
        found = await rows(
            "SELECT j.source_id FROM income_confirmation c JOIN ledger_journal j ON"
            " (j.source_type, j.source_id, j.step) = ($2, c.source_type || ':' || c.source_id, c.step)"
            " WHERE c.evidence = $1 AND c.kind = 'signed_statement'"
            " AND NOT EXISTS (SELECT 1 FROM ledger_journal r WHERE r.reverses_id = j.id) ORDER BY 1 LIMIT 50",
            evidence,
            CONFIRMATION,
        )
        return [each["source_id"] for each in found]

    @household_rights()
    async def accept(self, number: str, signed_on: date, note: str, by: str) -> Confirmed:
        """A person has seen the household's signature or thumb: every row that is not disputed is confirmed.

        Seen is what the same account has looked at on record. Raises :class:`SheetUnknown`, :class:`SheetDecided`,
        :class:`SheetNotSeen`, :class:`SheetFiledBySame`, :class:`ConfirmationTooEarly`.
        """
        async with transaction():
            sheet = await self._may_go(number, SheetState.ACCEPTED)
            if sheet["filings"] and sheet["filed_by"] == by:
                raise SheetFiledBySame()
            if not await has_looked(by, evidence_subject(number), PICTURE):
                raise SheetNotSeen()
            held = await self.confirmations.hold(sheet["statement"])
            if not china_day(held["issued_at"]) <= signed_on <= china_day(self.clock()):
                raise ConfirmationTooEarly()
            await self._decide(number, SheetState.ACCEPTED, signed_on, note, by)
            noon = datetime.combine(signed_on, time(12), CHINA)
            moment = min(max(noon, held["issued_at"]), self.clock())
            return await self.confirmations.confirm_all(held, number, "signed_statement", moment, by)

    @household_rights()
    async def reject(self, number: str, note: str, by: str) -> None:
        """It shows no signed sheet. Raises :class:`SheetUnknown`, :class:`SheetDecided`."""
        async with transaction():
            await self._may_go(number, SheetState.REJECTED)
            await self._decide(number, SheetState.REJECTED, None, note, by)

    async def _decide(self, number: str, to: SheetState, signed_on: date | None, note: str, by: str) -> None:
        await execute(
            "UPDATE statement_sheet SET state = $2, signed_on = $3, note = $4, decided_by = $5, decided_at = $6"
            " WHERE number = $1",
            number,
            to.value,
            signed_on,
            note,
            by,
            self.clock(),
        )

    async def _may_go(self, number: str, to: SheetState) -> dict[str, Any]:
        """The row until the transaction ends."""
        found = await row(
            "SELECT c.state, c.filings, c.filed_by, s.number AS statement FROM statement_sheet c"
            " LEFT JOIN household_statement s ON s.id = c.statement_id WHERE c.number = $1 FOR UPDATE OF c",
            number,
        )
        if found is None:
            raise SheetUnknown(sheet=number[:40])
        if to not in SHEET_TRANSITIONS[SheetState(found["state"])]:
            raise SheetDecided(state=found["state"])
        return found


@household_rights()
async def sheet_cards(state: SheetState | None, cursor: str | None, limit: int) -> tuple[list[SheetCard], str | None]:
    """A page of sheets of one state or of all, oldest first: a work list."""
    after = read_cursor(cursor, tuple[int])[0] if cursor else 0
    limit = min(limit, MAX_PAGE)
    found = await rows(
        "SELECT c.id, c.number, c.state, c.unfiled, s.number AS statement, h.code AS household, s.quarter, c.taken_by,"
        " c.taken_at, c.filed_by, c.decided_by, c.decided_at, c.signed_on, c.note FROM statement_sheet c"
        " LEFT JOIN household_statement s ON s.id = c.statement_id LEFT JOIN household h ON h.id = s.household_id"
        " WHERE c.id > $2 AND ($1::text IS NULL OR c.state = $1) ORDER BY c.id LIMIT $3",
        state.value if state else None,
        after,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    earlier = await rows(
        "SELECT e.sheet_id, e.state, s.number AS statement, h.code AS household, e.filed_by, e.decided_by,"
        " e.decided_at, e.signed_on, e.note, e.replaced_by, e.replaced_at FROM earlier_filing e"
        " LEFT JOIN household_statement s ON s.id = e.statement_id LEFT JOIN household h ON h.id = s.household_id"
        " WHERE e.sheet_id = ANY($1) ORDER BY e.sheet_id, e.place",
        [each["id"] for each in found],
    )
    return [
        msgspec.convert(each | {"earlier": [of for of in earlier if of["sheet_id"] == each["id"]]}, SheetCard)
        for each in found[:limit]
    ], following
