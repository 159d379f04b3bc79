"""Photographed sheets: filed under their statement by the code on them, seen by a person before they confirm."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

import msgspec

from content.evidence.errors import EvidenceTaken
from content.evidence.models import EvidenceKind
from content.evidence.service import EvidenceFiles, link_evidence
from kit.clock import CHINA, Clock, china_day, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.errors import Invalid
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from kit.qr_codes import read_qr_codes
from poverty_alleviation.confirming.confirmations import Confirmed, StatementConfirmations
from poverty_alleviation.confirming.errors import ConfirmationTooEarly, SheetDecided, SheetUnknown
from poverty_alleviation.confirming.models import SHEET_TRANSITIONS, SheetState
from poverty_alleviation.statements.errors import StatementUnknown
from poverty_alleviation.statements.service import page_hash
from poverty_alleviation.vault import household_rights

STATEMENT = "household_statement"
_TOKEN = re.compile("[A-Za-z0-9_-]{32}")


class TakenSheet(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of one photograph, by its place in the upload.

    ``refused``: the code of why it was not taken; ``evidence_taken`` with the ``number`` under which it was before.
    """

    place: int
    number: str | None = None
    state: SheetState | None = None
    statement: str | None = None
    refused: str | None = None


class SheetCard(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet of the work list. ``filed_by`` is null when its code filed it."""

    number: str
    state: SheetState
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
    async def _file(self, place: int, number: str, said: Sequence[str], by: str, *, is_new: bool) -> TakenSheet:
        """The sheet's row. Who died between photograph and row is helped by the same photograph again."""
        async with transaction():
            statement = await self._statement(said)
            state = SheetState.UNREAD if statement is None else SheetState.FILED
            made = await rows(
                "INSERT INTO statement_sheet (number, state, statement_id, taken_by, taken_at, note)"
                " SELECT e.number, $2, $3, $4, $5, '' FROM evidence e WHERE e.number = $1 AND e.kind = $6"
                " AND e.stored_at IS NOT NULL ON CONFLICT (number) DO NOTHING RETURNING 1",
                number,
                state.value,
                statement["id"] if statement else None,
                by,
                self.clock(),
                EvidenceKind.SIGNED_STATEMENT.value,
            )
            if not made:
                return TakenSheet(place=place, number=number, refused=EvidenceTaken.code)
            if statement is None:
                return TakenSheet(place=place, number=number, state=state)
            await link_evidence(number, STATEMENT, statement["number"])
        return TakenSheet(place=place, number=number, state=state, statement=statement["number"])

    async def _statement(self, said: Sequence[str]) -> dict[str, Any] | None:
        """The one statement that the codes of a picture lead to; None when they lead to none or to several."""
        ours = [text.removeprefix(f"{self.base_url}/h/") for text in said if text.startswith(f"{self.base_url}/h/")]
        tokens = [token for token in ours if _TOKEN.fullmatch(token)]
        found = await rows(
            "SELECT id, number FROM household_statement WHERE page_hash = ANY($1::text[])",
            sorted({page_hash(token) for token in tokens}),
        )
        return found[0] if len(found) == 1 else None

    @household_rights()
    async def file(self, number: str, statement: str, by: str) -> None:
        """A person has read what the code did not say. Raises :class:`SheetUnknown`, :class:`SheetDecided`,
        :class:`StatementUnknown`."""
        async with transaction():
            await self._may_go(number, SheetState.FILED)
            statement_id = await scalar("SELECT id FROM household_statement WHERE number = $1", statement)
            if statement_id is None:
                raise StatementUnknown(statement=statement[:40])
            await execute(
                "UPDATE statement_sheet SET state = 'filed', statement_id = $2, filed_by = $3 WHERE number = $1",
                number,
                statement_id,
                by,
            )
            await link_evidence(number, STATEMENT, statement)

    @household_rights()
    async def accept(self, number: str, signed_on: date, note: str, by: str) -> Confirmed:
        """A person has seen the household's signature or thumb: every row that is not disputed is confirmed.

        Raises :class:`SheetUnknown`, :class:`SheetDecided`, :class:`ConfirmationTooEarly`.
        """
        async with transaction():
            sheet = await self._may_go(number, SheetState.ACCEPTED)
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
            "SELECT c.state, s.number AS statement FROM statement_sheet c LEFT JOIN household_statement s"
            " ON s.id = c.statement_id WHERE c.number = $1 FOR UPDATE OF c",
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
        "SELECT c.id, c.number, c.state, s.number AS statement, h.code AS household, s.quarter, c.taken_by, c.taken_at,"
        " c.filed_by, c.decided_by, c.decided_at, c.signed_on, c.note FROM statement_sheet c"
        " LEFT JOIN household_statement s ON s.id = c.statement_id LEFT JOIN household h ON h.id = s.household_id"
        " WHERE c.id > $2 AND ($1::text IS NULL OR c.state = $1) ORDER BY c.id LIMIT $3",
        state.value if state else None,
        after,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(each, SheetCard) for each in found[:limit]], following
