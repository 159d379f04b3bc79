"""Lots of one merchant's product: made of deliveries, sealed, and bound to order lines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.numbers import public_number
from kit.outbox import announce
from products.gates import LOT_CERTIFICATE_DUE
from traceability.certified import CERTIFIED
from traceability.errors import (
    IntakeClaimed,
    IntakeOfAnother,
    LineBound,
    LotInvalid,
    LotNotSealed,
    LotOfAnotherProduct,
    LotOnHold,
    LotPastBestBefore,
    LotSealed,
    LotShort,
    LotUnbalanced,
    LotUnknown,
    LotWithoutCertificate,
    LotYoungerThanParcel,
    PiecesInvalid,
)
from traceability.events import LotWasSealed
from traceability.models import LateReason, LotKind, LotUnit
from traceability.service import MAX_GRAM


class LotNotes(msgspec.Struct, frozen=True, kw_only=True):
    """What is written on a lot besides its mass; fixed when it is made.

    ``piece_gram`` is the mass of one piece of a lot that is counted in pieces, and only of such a lot. ``in_batch_no``
    and ``out_batch_no`` are the numbers by which the goods came in and go out at the producer (NY/T 4712-2025, domain
    reference 3.5), ``harvest_*`` and ``best_before`` days in China, the last one included.
    """

    unit: LotUnit = LotUnit.GRAM
    piece_gram: int | None = None
    harvest_from: date | None = None
    harvest_until: date | None = None
    best_before: date | None = None
    in_batch_no: str = ""
    out_batch_no: str = ""


PLAIN = LotNotes()
"""Loose goods, counted by mass, with nothing else written on them."""


class Afterwards(msgspec.Struct, frozen=True, kw_only=True):
    """That lots are bound after the line was packed: when that was, who binds now, and why not then."""

    packed_at: datetime
    by: str
    reason: LateReason


@dataclass(frozen=True)
class Lots:
    """Lots of one merchant's product, from intakes to order lines."""

    clock: Clock = utc_now

    async def make(
        self,
        merchant: str,
        product: str,
        input_gram: int,
        intakes: Sequence[str],
        by: str,
        kind: LotKind = LotKind.INTAKE,
        notes: LotNotes = PLAIN,
    ) -> str:
        """Make an open lot of some intakes; answers its number.

        ``input_gram`` is the lot as weighed, in all. Raises :class:`LotUnbalanced`, :class:`LotInvalid`,
        :class:`IntakeOfAnother`, :class:`IntakeClaimed`.
        """
        if not 0 < input_gram <= MAX_GRAM:
            raise LotUnbalanced(input_gram=input_gram)
        _check(notes, input_gram)
        async with transaction():
            number = public_number(self.clock(), "L")
            lot_id = await scalar(
                "INSERT INTO lot (number, kind, product, merchant, input_gram, bound_gram, made_by, made_at, unit,"
                " piece_gram, harvest_from, harvest_until, best_before, in_batch_no, out_batch_no)"
                " VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
                number,
                str(kind),
                product,
                merchant,
                input_gram,
                by,
                self.clock(),
                str(notes.unit),
                notes.piece_gram,
                notes.harvest_from,
                notes.harvest_until,
                notes.best_before,
                notes.in_batch_no,
                notes.out_batch_no,
            )
            await self._contribute(lot_id, merchant, product, intakes)
        return number

    async def contribute(self, merchant: str, lot: str, intakes: Sequence[str]) -> None:
        """Add intakes to an open lot.

        Raises :class:`LotUnknown`, :class:`LotSealed` and those of :meth:`make`.
        """
        async with transaction():
            found = await self._locked(merchant, lot)
            await self._contribute(found["id"], merchant, found["product"], intakes)

    async def seal(self, merchant: str, lot: str, by: str) -> None:
        """Fix the contributions, whose sum must be the input to the gram. Raises :class:`LotUnbalanced`."""
        async with transaction():
            found = await self._locked(merchant, lot)
            given = await scalar(
                "SELECT coalesce(sum(mass_gram), 0)::bigint FROM lot_contribution WHERE lot_id = $1",
                found["id"],
            )
            if given != found["input_gram"]:
                raise LotUnbalanced(lot=lot, input_gram=found["input_gram"], contributed_gram=given)
            now = self.clock()
            await execute("UPDATE lot SET sealed_at = $2, sealed_by = $3 WHERE id = $1", found["id"], now, by)
            await announce(
                LotWasSealed(
                    lot=lot,
                    merchant=merchant,
                    product=found["product"],
                    input_gram=found["input_gram"],
                    sealed_at=now,
                )
            )

    async def hold(self, merchant: str, lots: Iterable[str]) -> None:
        """Lock lots until the caller's transaction ends, in the order of their numbers.

        Whoever binds several lines does this first: two orders with crossed lots would wait for each other in a circle.
        """
        await rows(
            'SELECT 1 FROM lot WHERE merchant = $1 AND number = ANY($2) ORDER BY number COLLATE "C" FOR UPDATE',
            merchant,
            sorted(set(lots)),
        )

    async def bind(
        self,
        line: str,
        product: str,
        merchant: str,
        lots: Mapping[str, int],
        mass_gram_per_piece: int,
        afterwards: Afterwards | None = None,
    ) -> None:
        """Take pieces of an order line from sealed lots, in the caller's transaction, which packs the order.

        ``lots`` maps lot numbers to pieces. What was packed without a lot is bound ``afterwards`` by the same rules as
        of the moment of packing. Raises :class:`PiecesInvalid`, :class:`LineBound`, :class:`LotUnknown`,
        :class:`LotNotSealed`, :class:`LotOnHold`, :class:`LotOfAnotherProduct`, :class:`LotPastBestBefore`,
        :class:`LotYoungerThanParcel`, :class:`LotShort`, :class:`LotWithoutCertificate`.
        """
        async with transaction():
            if mass_gram_per_piece <= 0 or not lots or any(not 0 < pieces <= MAX_GRAM for pieces in lots.values()):
                raise PiecesInvalid(line=line)
            now = self.clock()
            packed_at = afterwards.packed_at if afterwards else now
            before = await rows(_BEFORE_BINDING, line, product, list(lots), merchant, china_day(packed_at))
            if before[0]["bound"]:
                raise LineBound(line=line)
            if bare := before[0]["bare"]:
                raise LotWithoutCertificate(lot=bare)
            for number, pieces in sorted(lots.items()):
                lot_id = await self.take(number, product, merchant, pieces, mass_gram_per_piece, packed_at)
                await rows(
                    "INSERT INTO line_lot (line, lot_id, quantity, mass_gram, bound_at, late_reason, late_by)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING 1",
                    line,
                    lot_id,
                    pieces,
                    pieces * mass_gram_per_piece,
                    now,
                    str(afterwards.reason) if afterwards else None,
                    afterwards.by if afterwards else None,
                )

    async def take(
        self, lot: str, product: str, merchant: str, pieces: int, piece_gram: int, packed_at: datetime
    ) -> int:
        """Take pieces out of one lot for a parcel or a run that was finished at ``packed_at``; answers the lot's id.

        Raises :class:`LotUnknown`, :class:`LotNotSealed`, :class:`LotOnHold`, :class:`LotOfAnotherProduct`,
        :class:`LotPastBestBefore`, :class:`LotYoungerThanParcel`, :class:`LotShort`.
        """
        mass_gram, packed_on = pieces * piece_gram, china_day(packed_at)
        taken = await rows(
            "UPDATE lot SET bound_gram = bound_gram + $4 WHERE number = $1 AND product = $2 AND merchant = $3"
            " AND sealed_at IS NOT NULL AND held_at IS NULL AND bound_gram + $4 <= input_gram"
            " AND coalesce(piece_gram, $5) = $5 AND coalesce(best_before >= $6, true)"
            f" AND NOT {_DELIVERED_AFTER.format('$7')} RETURNING id",
            lot,
            product,
            merchant,
            mass_gram,
            piece_gram,
            packed_on,
            packed_at,
        )
        if taken:
            return int(taken[0]["id"])
        found = await row(
            "SELECT product, sealed_at, held_at, piece_gram, best_before, input_gram - bound_gram AS left_gram,"
            f" {_DELIVERED_AFTER.format('$3')} AS is_younger FROM lot WHERE number = $1 AND merchant = $2",
            lot,
            merchant,
            packed_at,
        )
        if found is None:
            raise LotUnknown(lot=lot)
        if found["product"] != product or found["piece_gram"] not in (None, piece_gram):
            raise LotOfAnotherProduct(lot=lot)
        if found["sealed_at"] is None:
            raise LotNotSealed(lot=lot)
        if found["held_at"] is not None:
            raise LotOnHold(lot=lot)
        if found["best_before"] is not None and found["best_before"] < packed_on:
            raise LotPastBestBefore(lot=lot, best_before=found["best_before"].isoformat())
        if found["is_younger"]:
            raise LotYoungerThanParcel(lot=lot)
        raise LotShort(lot=lot, left_gram=found["left_gram"], needed_gram=mass_gram)

    async def _locked(self, merchant: str, lot: str) -> dict[str, Any]:
        found = await row(
            "SELECT id, product, input_gram, sealed_at FROM lot WHERE number = $1 AND merchant = $2 FOR UPDATE",
            lot,
            merchant,
        )
        if found is None:
            raise LotUnknown(lot=lot)
        if found["sealed_at"] is not None:
            raise LotSealed(lot=lot)
        return found

    async def _contribute(self, lot_id: int, merchant: str, product: str, intakes: Sequence[str]) -> None:
        wanted = sorted(set(intakes))
        fitting = await rows(
            "SELECT id FROM intake WHERE number = ANY($1) AND merchant = $2 AND product = $3",
            wanted,
            merchant,
            product,
        )
        if len(fitting) != len(wanted):
            raise IntakeOfAnother()
        added = await rows(
            "INSERT INTO lot_contribution (lot_id, intake_id, supplier_id, mass_gram)"
            " SELECT $1, id, supplier_id, mass_gram FROM intake WHERE id = ANY($2) ORDER BY id"
            " ON CONFLICT (intake_id) DO NOTHING RETURNING 1",
            lot_id,
            [intake["id"] for intake in fitting],
        )
        if len(added) != len(wanted):
            raise IntakeClaimed()


# A parcel holds nothing that was weighed or made after it was packed.
_DELIVERED_AFTER = (
    "EXISTS (SELECT 1 FROM lot_contribution c JOIN intake i ON i.id = c.intake_id"
    " WHERE c.lot_id = lot.id AND i.weighed_at > {0}"
    " UNION ALL SELECT 1 FROM process_run u WHERE u.lot_id = lot.id AND u.finished_at > {0})"
)

_BEFORE_BINDING = (
    "SELECT EXISTS (SELECT 1 FROM line_lot WHERE line = $1) AS bound, (SELECT min(l.number) FROM lot l"
    f" WHERE l.number = ANY($3) AND l.merchant = $4 AND {LOT_CERTIFICATE_DUE.format(product='$2', day='$5')}"
    f" AND NOT {CERTIFIED.format(lot='l.id')}) AS bare"
)


def _check(notes: LotNotes, input_gram: int) -> None:
    wrong = []
    piece_gram = notes.piece_gram or 0
    in_pieces = notes.unit is LotUnit.PIECE
    if in_pieces != (notes.piece_gram is not None) or (in_pieces and (piece_gram <= 0 or input_gram % piece_gram)):
        wrong.append("piece_gram")
    days = [day for day in (notes.harvest_from, notes.harvest_until, notes.best_before) if day is not None]
    if days != sorted(days) or (notes.harvest_from is None) != (notes.harvest_until is None):
        wrong.append("harvest_from")
    if wrong:
        raise LotInvalid(members=wrong)
