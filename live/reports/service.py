"""A viewer reports a room; officers of the county take it up and answer."""

from dataclasses import dataclass

from kit.clock import Clock, china_day, utc_now
from kit.database import row, scalar, transaction
from kit.numbers import public_number
from live.errors import (
    MessageNotFound,
    NotOnShelf,
    OwnMatter,
    ReportNotFound,
    ReportNotMovable,
    ReportsFull,
    SessionNotFound,
)
from live.media.publishing import media_offset_ms
from live.reports.models import REPORT_TRANSITIONS, ReportReason, RoomReportState

MAX_A_DAY = 20
"""Of one consumer, about all rooms."""


@dataclass(frozen=True)
class Seen:
    """What a report is about beside the room: a chat message by its offset, a product by its SKU, or neither."""

    message: int | None = None
    sku: str | None = None


@dataclass(frozen=True)
class RoomReports:
    """The use cases. ``by`` is the officer who is held to it."""

    clock: Clock = utc_now

    async def report(self, consumer: str, session: str, reason: ReportReason, detail: str, seen: Seen) -> str:
        """Take a report; answers its number. One of a reason and a day is one: its number is answered again.

        Raises ``SessionNotFound``, ``MessageNotFound``, ``NotOnShelf`` and ``ReportsFull`` above 20 a day.
        """
        now = self.clock()
        async with transaction():
            session_id = await scalar("SELECT id FROM live_session WHERE number = $1", session)
            if session_id is None:
                raise SessionNotFound(number=session)
            await _check_seen(session_id, seen)
            await scalar("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text", f"live_report|{consumer}")
            known = await row(
                "SELECT count(*) AS today, max(number) FILTER (WHERE session_id = $3 AND reason = $4) AS number"
                " FROM live_report WHERE consumer = $1 AND day = $2",
                consumer,
                china_day(now),
                session_id,
                reason.value,
            )
            assert known is not None
            if known["number"] is not None:
                return str(known["number"])
            if known["today"] >= MAX_A_DAY:
                raise ReportsFull(limit=MAX_A_DAY)
            number: str = await scalar(
                "INSERT INTO live_report (number, session_id, consumer, reason, day, detail, message, sku, offset_ms,"
                " state, reported_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'received', $10) RETURNING number",
                public_number(now, "LR"),
                session_id,
                consumer,
                reason.value,
                china_day(now),
                detail,
                seen.message,
                seen.sku,
                await media_offset_ms(session_id, now),
                now,
            )
            return number

    async def take(self, number: str, by: str) -> None:
        """An officer looks into it; again by the same is once.

        Raises ``ReportNotFound``, ``ReportNotMovable``, ``OwnMatter`` for the host of the room.
        """
        async with transaction():
            state, taken_by = await self._locked(number, by)
            if state is RoomReportState.TAKEN and taken_by == by:
                return
            _check_step(state, RoomReportState.TAKEN)
            await scalar(
                "UPDATE live_report SET state = 'taken', taken_by = $2 WHERE number = $1 RETURNING id", number, by
            )

    async def decide(self, number: str, upheld: bool, answer: str, by: str) -> None:
        """Answer the reporter. Raises as :meth:`take` does; one that was answered moves no more."""
        to = RoomReportState.UPHELD if upheld else RoomReportState.DISMISSED
        async with transaction():
            state, _ = await self._locked(number, by)
            _check_step(state, to)
            await scalar(
                "UPDATE live_report SET state = $2, decided_by = $3, decided_at = $4, answer = $5 WHERE number = $1"
                " RETURNING id",
                number,
                to.value,
                by,
                self.clock(),
                answer,
            )

    async def _locked(self, number: str, by: str) -> tuple[RoomReportState, str | None]:
        found = await row(
            "SELECT r.state, r.taken_by, s.host FROM live_report r JOIN live_session s ON s.id = r.session_id"
            " WHERE r.number = $1 FOR UPDATE OF r",
            number,
        )
        if found is None:
            raise ReportNotFound(number=number)
        if by == f"staff:{found['host']}":
            raise OwnMatter()
        return RoomReportState(found["state"]), found["taken_by"]


def _check_step(state: RoomReportState, to: RoomReportState) -> None:
    if to not in REPORT_TRANSITIONS[state]:
        raise ReportNotMovable(state=state.value, to=to.value)


async def _check_seen(session_id: int, seen: Seen) -> None:
    """Whether what is pointed at belongs to the room."""
    found = await row(
        "SELECT EXISTS (SELECT FROM live_feed_message WHERE session_id = $1 AND \"offset\" = $2 AND kind = 'chat')"
        " AS is_said, EXISTS (SELECT FROM live_shelf_item WHERE session_id = $1 AND code = $3) OR EXISTS (SELECT"
        " FROM live_pin WHERE session_id = $1 AND code = $3) AS is_shown",
        session_id,
        seen.message,
        seen.sku,
    )
    assert found is not None
    if seen.message is not None and not found["is_said"]:
        raise MessageNotFound(offset=seen.message)
    if seen.sku is not None and not found["is_shown"]:
        raise NotOnShelf(code=seen.sku)
