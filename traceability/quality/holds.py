"""Holding lots back, and letting them go."""

from dataclasses import dataclass

import msgspec

from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, transaction
from kit.outbox import announce
from traceability.errors import LotOnHold, LotUnknown
from traceability.events import LotHeld, LotReleased
from traceability.quality.errors import HoldOfCounty, LotCalledBack, LotNotOnHold, ReinspectionMissing
from traceability.quality.models import HoldReason


class Placing(msgspec.Struct, frozen=True, kw_only=True):
    """Why a lot is held."""

    reason: HoldReason
    note: str


@dataclass(frozen=True)
class Holds:
    """Holds of lots. ``merchant`` is whose lots a caller reaches; None is the county, which reaches all.

    ``lot.held_at`` says the same on the lot itself, so that who takes from it looks at one row: one who waits for the
    hold to be committed sees it.
    """

    clock: Clock = utc_now

    async def place(self, merchant: str | None, lot: str, told: Placing, by: str) -> None:
        """Hold a lot. Raises :class:`LotUnknown`, :class:`LotOnHold`."""
        async with transaction():
            found = await self._locked(merchant, lot)
            if found["held_at"] is not None:
                raise LotOnHold(lot=lot)
            await self._write(found, told, merchant is None, by)

    async def ensure(self, lot: str, told: Placing, by: str) -> None:
        """Hold a lot on the county's word, in the caller's transaction; a standing hold becomes the county's."""
        found = await self._locked(None, lot)
        if found["held_at"] is None:
            await self._write(found, told, True, by)
        else:
            await execute("UPDATE lot_hold SET by_county = true WHERE lot_id = $1 AND released_at IS NULL", found["id"])

    async def release(self, merchant: str | None, lot: str, note: str, by: str) -> None:
        """Let a lot go. One that failed an inspection stays until it has passed one with samples drawn afterwards.

        Raises :class:`LotUnknown`, :class:`LotNotOnHold`, :class:`LotCalledBack`, :class:`HoldOfCounty`,
        :class:`ReinspectionMissing`.
        """
        async with transaction():
            found = await self._locked(merchant, lot)
            standing = await row(_STANDING, found["id"])
            if standing is None:
                raise LotNotOnHold(lot=lot)
            if standing["is_recalled"]:
                raise LotCalledBack(lot=lot)
            if standing["by_county"] and merchant is not None:
                raise HoldOfCounty(lot=lot)
            if standing["failed"] is not None:
                raise ReinspectionMissing(lot=lot, inspection=standing["failed"])
            now = self.clock()
            await execute(
                "UPDATE lot_hold SET released_at = $2, released_by = $3, release_note = $4 WHERE id = $1",
                standing["id"],
                now,
                by,
                note,
            )
            await execute("UPDATE lot SET held_at = NULL WHERE id = $1", found["id"])
            await announce(LotReleased(lot=lot, merchant=found["merchant"], product=found["product"], released_at=now))

    async def _locked(self, merchant: str | None, lot: str) -> Row:
        found = await row(
            "SELECT id, number, merchant, product, held_at FROM lot WHERE number = $2"
            " AND ($1::text IS NULL OR merchant = $1) FOR UPDATE",
            merchant,
            lot,
        )
        if found is None:
            raise LotUnknown(lot=lot)
        return found

    async def _write(self, lot: Row, told: Placing, by_county: bool, by: str) -> None:
        now = self.clock()
        await execute(
            "INSERT INTO lot_hold (lot_id, reason, note, by_county, placed_by, placed_at, release_note)"
            " VALUES ($1, $2, $3, $4, $5, $6, '')",
            lot["id"],
            str(told.reason),
            told.note,
            by_county,
            by,
            now,
        )
        await execute("UPDATE lot SET held_at = $2 WHERE id = $1", lot["id"], now)
        await announce(
            LotHeld(
                lot=lot["number"],
                merchant=lot["merchant"],
                product=lot["product"],
                reason=str(told.reason),
                held_at=now,
            )
        )


# The open hold of a lot, and the inspection it failed without having passed one whose samples were drawn afterwards.
_STANDING = """
SELECT h.id, h.by_county, EXISTS (SELECT 1 FROM recalled_lot r WHERE r.lot_id = h.lot_id) AS is_recalled,
       (SELECT f.number FROM inspection f WHERE f.lot_id = h.lot_id AND f.state = 'failed'
           AND NOT EXISTS (SELECT 1 FROM inspection p WHERE p.lot_id = h.lot_id AND p.state = 'passed'
                              AND p.sampled_at >= f.ended_at)
         ORDER BY f.id DESC LIMIT 1) AS failed
  FROM lot_hold h WHERE h.lot_id = $1 AND h.released_at IS NULL
"""
