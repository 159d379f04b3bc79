"""Following parcels: subscribed once, asked about with growing pauses, and whatever is pushed is believed if signed."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from kit.clock import Clock, utc_now
from kit.database import Row, execute, rows, transaction
from kit.errors import DomainError
from logistics.errors import CarrierServiceMissing
from logistics.parcels import Parcels
from logistics.ports import CarrierService, Waybill

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""How long a claimed parcel is left alone by the other workers; a killed one's comes due again after it."""

FOLLOWED_FOR = timedelta(days=60)
LONGEST_PAUSE = 16
"""Without news the pause doubles up to this many times the shortest."""


@dataclass(frozen=True)
class Tracking:
    """Asks the carriers. Without a service nothing is asked. ``pause`` is the shortest time between two looks."""

    service: CarrierService | None
    parcels: Parcels
    pause: timedelta = timedelta(minutes=30)
    clock: Clock = utc_now

    async def look(self, limit: int = 20) -> int:
        """Ask about the parcels that are due, one call each, outside any transaction; answers how many."""
        if self.service is None:
            return 0
        claimed = await self._claim(limit)
        for parcel in claimed:
            await self._ask(self.service, parcel)
        return len(claimed)

    async def receive(self, form: Mapping[str, str]) -> int:
        """Take a push; answers how many parcels it concerns. Raises TracksForged and CarrierServiceMissing."""
        if self.service is None:
            raise CarrierServiceMissing()
        pushed = self.service.read_push(form)
        async with transaction():
            found = await rows(
                "SELECT p.id FROM parcel p JOIN carrier c ON c.code = p.carrier WHERE p.waybill = $1"
                " AND c.kuaidi100_code = $2 AND p.state NOT IN ('created', 'cancelled') ORDER BY p.id",
                pushed.number,
                pushed.carrier,
            )
            for parcel in found:
                await self.parcels.record(parcel["id"], pushed.tracks, "carrier")
        return len(found)

    async def _claim(self, limit: int) -> list[Row]:
        return await rows(
            "UPDATE parcel p SET track_due_at = $1::timestamptz + $2::interval FROM carrier c WHERE c.code = p.carrier"
            " AND p.id IN (SELECT id FROM parcel WHERE track_due_at <= $1 ORDER BY track_due_at, id LIMIT $3"
            " FOR UPDATE SKIP LOCKED) RETURNING p.id, p.waybill, p.phone_tail, p.handed_over_at, p.track_polls,"
            " c.kuaidi100_code, c.asks_phone",
            self.clock(),
            LEASE,
            limit,
        )

    async def _ask(self, service: CarrierService, parcel: Row) -> None:
        waybill = Waybill(
            carrier=parcel["kuaidi100_code"],
            number=parcel["waybill"],
            phone_tail=parcel["phone_tail"] if parcel["asks_phone"] else "",
            handed_over_at=parcel["handed_over_at"],
        )
        try:
            if parcel["track_polls"] == 0:
                await service.subscribe(waybill)
            tracks = await service.tracks(waybill)
        except DomainError as error:
            log.warning("tracks_unavailable", extra={"code": error.code})
            await self._wait(parcel, parcel["track_polls"], f"{error.code}: {error.detail or ''}"[:200])
            return
        async with transaction():
            is_new = await self.parcels.record(parcel["id"], tracks, "carrier")
            if tracks.is_over or self.clock() - parcel["handed_over_at"] > FOLLOWED_FOR:
                await execute("UPDATE parcel SET track_due_at = NULL, track_error = NULL WHERE id = $1", parcel["id"])
            else:
                await self._wait(parcel, 1 if is_new else parcel["track_polls"] + 1, None)

    async def _wait(self, parcel: Row, polls: int, error: str | None) -> None:
        pause = self.pause * min(2 ** min(max(polls - 1, 0), 10), LONGEST_PAUSE)
        await execute(
            "UPDATE parcel SET track_due_at = $2, track_polls = $3, track_error = $4 WHERE id = $1",
            parcel["id"],
            self.clock() + pause,
            polls,
            error,
        )
