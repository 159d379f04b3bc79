"""Parcels: made, given a waybill, handed over, followed to the end. Every change joins the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, joined, row, rows, scalar
from kit.numbers import public_number
from kit.outbox import announce
from logistics.carriers import check_carrier
from logistics.errors import ParcelStateConflict, ParcelUnknown, WaybillMissing
from logistics.events import ParcelLost, ParcelReturned, ParcelShipped, ParcelSigned
from logistics.models import PARCEL_TRANSITIONS, ParcelState
from logistics.ports import Tracks, TrackStep

FIRST_LOOK = timedelta(minutes=1)
"""How long after it was handed over a carrier is asked about a parcel for the first time."""

_ALONG = {
    ParcelState.HANDED_OVER: ", handed_over_at = $3,"
    f" track_due_at = $3::timestamptz + interval '{FIRST_LOOK.seconds} s'",
    ParcelState.SIGNED: ", signed_at = $3",
}

MAX_STEPS = 200
"""More tracks than these of one parcel are not kept."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one line that go into a parcel; ``reference`` is the opaque name of what the line belongs to."""

    reference: str
    line: str
    title: str
    quantity: int


@dataclass(frozen=True)
class Parcels:
    """The life of parcels. Knows no order: what may go into one is the caller's to judge."""

    clock: Clock = utc_now

    async def make(
        self, merchant: str, carrier: str, waybill: str | None, phone_tail: str, pieces: Sequence[Piece], actor: str
    ) -> str:
        """A parcel of these pieces; answers its number. Raises CarrierUnknown."""
        await check_carrier(carrier)
        now = self.clock()
        number = public_number(now, "B")
        async with joined():
            await execute(
                "WITH made AS (INSERT INTO parcel (number, merchant, state, carrier, waybill, phone_tail, made_at,"
                " made_by, track_polls) VALUES ($1, $2, 'created', $3, $4, $5, $6, $7, 0) RETURNING id),"
                " event AS (INSERT INTO parcel_event (parcel_id, state, actor, happened_at)"
                " SELECT id, 'created', $7, $6 FROM made)"
                " INSERT INTO parcel_item (parcel_id, reference, line, title, quantity)"
                " SELECT made.id, p.reference, p.line, p.title, p.quantity FROM made,"
                " jsonb_to_recordset($8::jsonb) AS p (reference text, line text, title text, quantity int)",
                number,
                merchant,
                carrier,
                waybill,
                phone_tail,
                now,
                actor,
                msgspec.json.encode(pieces).decode(),
            )
        return number

    async def hold(self, merchant: str, number: str) -> Row:
        """The parcel, locked. Raises ParcelUnknown."""
        found = await row(
            "SELECT id, number, merchant, state, carrier, waybill, label_order, label_claimed_until, phone_tail"
            " FROM parcel WHERE number = $1 AND merchant = $2 FOR UPDATE",
            number,
            merchant,
        )
        if found is None:
            raise ParcelUnknown()
        return found

    async def address(self, merchant: str, number: str, carrier: str, waybill: str) -> None:
        """Write the waybill on a parcel that has not been handed over. Raises CarrierUnknown, ParcelStateConflict."""
        await check_carrier(carrier)
        async with joined():
            held = await self.hold(merchant, number)
            if held["state"] != ParcelState.CREATED:
                raise ParcelStateConflict(state=held["state"])
            if (held["carrier"], held["waybill"]) == (carrier, waybill):
                return
            if held["label_order"] is not None:
                await self.want_back(number, held["carrier"], held["waybill"], held["label_order"])
            await self._leave_printing(held)
            await execute(
                "UPDATE parcel SET carrier = $2, waybill = $3, label = NULL, label_order = NULL WHERE id = $1",
                held["id"],
                carrier,
                waybill,
            )

    async def correct(self, merchant: str, number: str, carrier: str, waybill: str, actor: str) -> list[str]:
        """Another waybill for a parcel that was handed over and of which nothing was heard yet.

        Answers the references that it concerns. Raises CarrierUnknown and ParcelStateConflict.
        """
        await check_carrier(carrier)
        async with joined():
            held = await self.hold(merchant, number)
            if held["state"] != ParcelState.HANDED_OVER:
                raise ParcelStateConflict(state=held["state"])
            if (held["carrier"], held["waybill"]) == (carrier, waybill):
                return []
            await execute(
                "WITH changed AS (UPDATE parcel SET carrier = $2, waybill = $3, track_due_at = $4, track_polls = 0"
                " WHERE id = $1 RETURNING id)"
                " INSERT INTO parcel_event (parcel_id, state, actor, note, happened_at)"
                " SELECT id, 'handed_over', $5, $6, $7 FROM changed",
                held["id"],
                carrier,
                waybill,
                self.clock() + FIRST_LOOK,
                actor,
                f"{held['carrier']} {held['waybill']} -> {carrier} {waybill}",
                self.clock(),
            )
            return await references_in(held["id"])

    async def hand_over(self, merchant: str, number: str, actor: str) -> None:
        """The carrier has taken it. Raises ParcelUnknown, WaybillMissing, ParcelStateConflict."""
        async with joined():
            held = await self.hold(merchant, number)
            if held["waybill"] is None:
                raise WaybillMissing()
            now = self.clock()
            await _move_or_refuse(held, ParcelState.HANDED_OVER, now, actor)
            await self._leave_printing(held)
            await announce(
                ParcelShipped(
                    parcel=number,
                    merchant=merchant,
                    carrier=held["carrier"],
                    waybill=held["waybill"],
                    references=tuple(await references_in(held["id"])),
                    handed_over_at=now,
                )
            )

    async def cancel(self, merchant: str, number: str, actor: str) -> None:
        """Unpack a parcel that was not handed over; its pieces are free again, its printed waybill is taken back.

        Repeating it changes nothing.
        """
        async with joined():
            held = await self.hold(merchant, number)
            if held["state"] == ParcelState.CANCELLED:
                return
            await _move_or_refuse(held, ParcelState.CANCELLED, self.clock(), actor)
            await self._leave_printing(held)
            if held["label_order"] is not None:
                await self.want_back(number, held["carrier"], held["waybill"], held["label_order"])

    async def _leave_printing(self, held: Row) -> None:
        """A waybill is being printed that the parcel will not use, or was when its printer was killed: it is taken
        back when its end is known, and asked for when the lease of the call is over."""
        if held["label_claimed_until"] is None:
            return
        count = await scalar("SELECT count(*) FROM label_cancellation WHERE parcel_id = $1", held["id"])
        await execute(
            "WITH left_over AS (UPDATE parcel SET label_claimed_until = NULL WHERE id = $1 RETURNING id)"
            " INSERT INTO label_cancellation (parcel_id, carrier, carrier_order, print_key, state, attempts, wanted_at,"
            " due_at) SELECT id, $2, '', $3, 'pending', 0, $4, GREATEST($4, $5::timestamptz) FROM left_over",
            held["id"],
            held["carrier"],
            print_key(held["number"], count),
            self.clock(),
            held["label_claimed_until"],
        )

    async def want_back(
        self, number: str, carrier: str, waybill: str, carrier_order: str, key: str | None = None
    ) -> None:
        """Have a printed waybill of a parcel taken back at its carrier, once. Joins the caller's transaction.

        ``key`` is what it was printed under, when that may have been left over before its end was known.
        """
        if await execute(
            "UPDATE label_cancellation l SET waybill = $3, carrier_order = $4, attempts = 0, due_at = $5 FROM parcel p"
            " WHERE p.number = $1 AND l.parcel_id = p.id AND l.print_key = $2 AND l.state = 'pending'"
            " AND l.waybill IS NULL AND NOT EXISTS (SELECT 1 FROM label_cancellation same WHERE same.parcel_id = p.id"
            " AND same.waybill = $3)",
            number,
            key,
            waybill,
            carrier_order,
            self.clock(),
        ):
            return
        await execute(
            "INSERT INTO label_cancellation (parcel_id, carrier, waybill, carrier_order, state, attempts, wanted_at,"
            " due_at) SELECT id, $2, $3, $4, 'pending', 0, $5, $5 FROM parcel WHERE number = $1"
            " ON CONFLICT (parcel_id, waybill) DO NOTHING",
            number,
            carrier,
            waybill,
            carrier_order,
            self.clock(),
        )

    async def record(self, parcel_id: int, tracks: Tracks, actor: str) -> bool:
        """What the carrier says, once; answers whether anything of it was new.

        An older word than what is known adds its steps and moves nothing; a state that the table does not allow from
        here is not taken.
        """
        async with joined():
            held = await row(
                "SELECT id, number, merchant, state, (SELECT max(happened_at) FROM parcel_track"
                " WHERE parcel_id = p.id) AS known_until FROM parcel p WHERE id = $1 FOR UPDATE",
                parcel_id,
            )
            assert held is not None
            is_new = bool(await _add_steps(parcel_id, tracks.steps))
            state, newest = ParcelState(held["state"]), _newest(tracks.steps)
            is_older = newest is not None and held["known_until"] is not None and newest < held["known_until"]
            if tracks.state is None or is_older or tracks.state not in PARCEL_TRANSITIONS[state]:
                return is_new
            if tracks.state in (ParcelState.HANDED_OVER, ParcelState.CANCELLED):
                return is_new  # those are the merchant's to say
            moment = min(newest or self.clock(), self.clock())
            await _move_or_refuse(held, tracks.state, moment, actor)
            await _announce(held, tracks.state, moment)
            return True


def print_key(parcel: str, taken_back: int) -> str:
    """What a carrier knows a parcel's waybill by: it answers a key that it knows with the same waybill, so one that
    was taken back ends it."""
    return f"{parcel}-{taken_back}" if taken_back else parcel


async def references_in(parcel_id: int) -> list[str]:
    """The references whose pieces are in a parcel."""
    found = await rows("SELECT DISTINCT reference FROM parcel_item WHERE parcel_id = $1 ORDER BY 1", parcel_id)
    return [each["reference"] for each in found]


async def _move_or_refuse(held: Row, to: ParcelState, moment: datetime, actor: str) -> None:
    """The one way a parcel changes its state: a conditional UPDATE and its event, in one statement."""
    sources = [state.value for state, targets in PARCEL_TRANSITIONS.items() if to in targets]
    moved = await row(
        f"WITH moved AS (UPDATE parcel SET state = $2{_ALONG.get(to, '')} WHERE id = $1"
        " AND state = ANY($4::text[]) RETURNING id)"
        " INSERT INTO parcel_event (parcel_id, state, actor, happened_at) SELECT id, $2, $5, $3 FROM moved"
        " RETURNING id",
        held["id"],
        to.value,
        moment,
        sources,
        actor,
    )
    if moved is None:
        raise ParcelStateConflict(state=held["state"])


async def _add_steps(parcel_id: int, steps: Sequence[TrackStep]) -> int:
    added = await rows(
        "INSERT INTO parcel_track (parcel_id, happened_at, text, place)"
        " SELECT $1, s.happened_at, left(s.text, 500), left(s.place, 100)"
        " FROM jsonb_to_recordset($2::jsonb) AS s (happened_at timestamptz, text text, place text)"
        f" WHERE (SELECT count(*) FROM parcel_track WHERE parcel_id = $1) < {MAX_STEPS}"
        " ON CONFLICT DO NOTHING RETURNING id",
        parcel_id,
        msgspec.json.encode(steps[:MAX_STEPS]).decode(),
    )
    return len(added)


def _newest(steps: Sequence[TrackStep]) -> datetime | None:
    return max((step.happened_at for step in steps), default=None)


async def _announce(held: Row, state: ParcelState, moment: datetime) -> None:
    told = {
        "parcel": held["number"],
        "merchant": held["merchant"],
        "references": tuple(await references_in(held["id"])),
    }
    if state is ParcelState.SIGNED:
        await announce(ParcelSigned(**told, arrived=tuple(await _arrived(held["id"])), signed_at=moment))
    elif state is ParcelState.RETURNED:
        await announce(ParcelReturned(**told, returned_at=moment))
    elif state is ParcelState.LOST:
        await announce(ParcelLost(**told, lost_at=moment))


async def _arrived(parcel_id: int) -> list[str]:
    """The references in a parcel of which no parcel waits or is under way."""
    found = await rows(
        "SELECT DISTINCT i.reference FROM parcel_item i WHERE i.parcel_id = $1 AND NOT EXISTS ("
        " SELECT 1 FROM parcel_item j JOIN parcel p ON p.id = j.parcel_id WHERE j.reference = i.reference"
        " AND p.state IN ('created', 'handed_over', 'in_transit', 'delivered', 'lost')) ORDER BY 1",
        parcel_id,
    )
    return [each["reference"] for each in found]
