"""Keeping studios and booking them. Who comes first has the room; the table refuses the second."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, scalar, transaction
from kit.numbers import public_number
from live.errors import SessionNotFound, SessionStateForbids
from live.models import OPEN
from live.studios.errors import (
    SessionBookedAlready,
    StudioBookingForbids,
    StudioBookingInvalid,
    StudioBookingUnknown,
    StudioClosed,
    StudioInvalid,
    StudioTaken,
    StudioUnknown,
)
from live.studios.models import BOOKING_TRANSITIONS, Studio, StudioBooking, StudioBookingState
from live.talk.feed import lock_session
from places.queries import site_names

LONGEST = timedelta(hours=12)
FURTHEST = timedelta(days=366)


class StudioDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A room: where it is, what stands in it, for how many persons."""

    name: str
    site: str
    equipment: Sequence[str]
    capacity: int


@dataclass(frozen=True)
class Studios:
    """The use cases. ``by`` is the account held to it; ``host`` is the number of a staff account."""

    clock: Clock = utc_now

    async def enter(self, draft: StudioDraft, by: str) -> str:
        """Enter a studio; answers its number. Raises :class:`StudioInvalid`."""
        number = public_number(self.clock(), "ZS")
        if draft.site not in await site_names([draft.site]):
            raise StudioInvalid()
        try:
            async with transaction():
                await Studio.create(number=number, **_told(draft), recorded_by=by, recorded_at=self.clock())
        except IntegrityError:
            raise StudioInvalid() from None
        return number

    async def correct(self, number: str, draft: StudioDraft, by: str, *, is_open: bool) -> None:
        """Write a studio anew, open it or close it. Raises :class:`StudioUnknown`, :class:`StudioInvalid`."""
        if draft.site not in await site_names([draft.site]):
            raise StudioInvalid()
        try:
            async with transaction():
                changed = await Studio.filter(number=number).update(
                    **_told(draft), is_open=is_open, recorded_by=by, recorded_at=self.clock()
                )
        except IntegrityError:
            raise StudioInvalid() from None
        if not changed:
            raise StudioUnknown()

    async def book(self, studio: str, session: str, host: str, begins_at: datetime, ends_at: datetime) -> str:
        """Book a studio for an own session; answers the booking's number.

        Raises :class:`StudioUnknown`, ``SessionNotFound``, ``SessionStateForbids``, :class:`StudioBookingInvalid`,
        :class:`StudioClosed`, :class:`SessionBookedAlready`, :class:`StudioTaken`.
        """
        now = self.clock()
        number = public_number(now, "ZY")
        try:
            async with transaction():
                planned = await lock_session(session)
                if planned.host != host:
                    raise SessionNotFound(number=session)
                if planned.state not in OPEN:
                    raise SessionStateForbids(state=planned.state.value)
                is_ahead = now < ends_at <= now + FURTHEST and begins_at < ends_at <= begins_at + LONGEST
                if not is_ahead or not begins_at <= planned.planned_at < ends_at:
                    raise StudioBookingInvalid()
                room = await row("SELECT id, is_open FROM studio WHERE number = $1 FOR SHARE", studio)
                if room is None:
                    raise StudioUnknown()
                if not room["is_open"]:
                    raise StudioClosed()
                if await scalar(
                    "SELECT 1 FROM studio_booking WHERE session_id = $1 AND state <> 'cancelled'", planned.id
                ):
                    raise SessionBookedAlready()
                await StudioBooking.create(
                    number=number,
                    studio_id=room["id"],
                    session_id=planned.id,
                    begins_at=begins_at,
                    ends_at=ends_at,
                    state=StudioBookingState.BOOKED,
                    booked_by=f"staff:{host}",
                    booked_at=now,
                )
        except IntegrityError:  # the exclusion of overlaps
            raise StudioTaken() from None
        return number

    async def confirm(self, number: str, by: str) -> None:
        """The centre's word. Confirming twice changes nothing.

        Raises :class:`StudioBookingUnknown`, :class:`StudioBookingForbids`.
        """
        async with transaction():
            found = await _held(number)
            if await self._may_move(found, StudioBookingState.CONFIRMED):
                await execute(
                    "UPDATE studio_booking SET state = 'confirmed', confirmed_by = $2, confirmed_at = $3 WHERE id = $1",
                    found["id"],
                    by,
                    self.clock(),
                )

    async def cancel(self, number: str, by: str, reason: str, host: str | None = None) -> None:
        """Give a booking up, by the centre, or by this ``host`` if it is of an own session. Twice changes nothing.

        Raises :class:`StudioBookingUnknown`.
        """
        async with transaction():
            found = await _held(number)
            if host is not None and found["host"] != host:
                raise StudioBookingUnknown()
            if await self._may_move(found, StudioBookingState.CANCELLED):
                await execute(
                    "UPDATE studio_booking SET state = 'cancelled', cancelled_by = $2, cancelled_at = $3, reason = $4"
                    " WHERE id = $1",
                    found["id"],
                    by,
                    self.clock(),
                    reason,
                )

    async def _may_move(self, found: Row, to: StudioBookingState) -> bool:
        """Whether there is a step to take; False when it stands there already."""
        state = StudioBookingState(found["state"])
        if state is to:
            return False
        if to not in BOOKING_TRANSITIONS[state]:
            raise StudioBookingForbids(state=state.value)
        return True


def _told(draft: StudioDraft) -> dict[str, Any]:
    return {**msgspec.structs.asdict(draft), "equipment": list(draft.equipment)}


async def _held(number: str) -> Row:
    found = await row(
        "SELECT b.*, s.host FROM studio_booking b JOIN live_session s ON s.id = b.session_id WHERE b.number = $1"
        " FOR UPDATE OF b",
        number,
    )
    if found is None:
        raise StudioBookingUnknown()
    return found
