"""Calling a lot back, with all that was made of it."""

from dataclasses import dataclass

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, rows, scalar, transaction
from kit.numbers import public_number
from kit.outbox import announce
from traceability.conformity.service import Conformity
from traceability.errors import LotUnknown
from traceability.events import LotRecalled
from traceability.quality.errors import LotCalledBack
from traceability.quality.holds import Holds, Placing
from traceability.quality.models import HoldReason


class RecallOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is called back, why, and the paper that says so."""

    lot: str
    cause: str
    document: str


@dataclass(frozen=True)
class Recalls:
    """Recalls. A merchant calls back its own lots, the county (``merchant`` None) any."""

    clock: Clock = utc_now

    async def call_back(self, merchant: str | None, told: RecallOrder, by: str) -> str:
        """Call a lot back and hold it with every lot that runs have made of it; answers the recall's number.

        Their certificates of conformity (合格证) are void. A recall does not end. Raises :class:`LotUnknown`,
        :class:`LotCalledBack`.
        """
        now, number = self.clock(), public_number(self.clock(), "K")
        async with transaction():
            owner = await scalar(
                "SELECT merchant FROM lot WHERE number = $2 AND ($1::text IS NULL OR merchant = $1)", merchant, told.lot
            )
            if owner is None:
                raise LotUnknown(lot=told.lot)
            products = await self._hold_forward(told, by)
            if await scalar(
                "SELECT 1 FROM recalled_lot r JOIN lot l ON l.id = r.lot_id WHERE l.number = $1 LIMIT 1", told.lot
            ):
                raise LotCalledBack(lot=told.lot)
            recall_id = await scalar(
                "INSERT INTO recall (number, merchant, cause, document, recalled_by, recalled_at)"
                " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
                number,
                owner,
                told.cause,
                told.document,
                by,
                now,
            )
            await execute(
                "INSERT INTO recalled_lot (recall_id, lot_id, is_origin)"
                " SELECT $1, id, number = $3 FROM lot WHERE number = ANY($2)",
                recall_id,
                list(products),
                told.lot,
            )
            for lot, product in products.items():
                await Conformity(self.clock).void(lot, f"召回 {number}", by)
                await announce(LotRecalled(lot=lot, recall=number, merchant=owner, product=product, recalled_at=now))
        return number

    async def _hold_forward(self, told: RecallOrder, by: str) -> dict[str, str]:
        """The lot and all that was made of it, held; product by lot.

        Looked for once more after the lots are held: a run that was taking from one of them has ended by then, and
        none begins afterwards.
        """
        reason = Placing(reason=HoldReason.RECALLED, note=told.cause)
        held: dict[str, str] = {}
        while True:
            found = {lot["number"]: lot["product"] for lot in await rows(_FORWARD, told.lot)}
            new = sorted(found.keys() - held.keys())
            if not new:
                return held
            await rows('SELECT 1 FROM lot WHERE number = ANY($1) ORDER BY number COLLATE "C" FOR UPDATE', new)
            for lot in new:
                await Holds(self.clock).ensure(lot, reason, by)
            held |= {lot: found[lot] for lot in new}


_FORWARD = """
WITH RECURSIVE forward (lot_id) AS (
    SELECT id FROM lot WHERE number = $1
    UNION SELECT u.lot_id FROM forward f JOIN process_input p ON p.lot_id = f.lot_id
      JOIN process_run u ON u.id = p.run_id
)
SELECT l.number, l.product FROM forward f JOIN lot l ON l.id = f.lot_id ORDER BY l.number COLLATE "C"
"""
