"""Stock: reserved at the order, sold at the payment, given back at the end of either.

Every method but ``add`` belongs into the caller's transaction and touches SKUs in the order of their codes,
so two orders with the same SKUs cannot wait for each other in a circle. A SKU's row stays locked until that
transaction commits, so a caller does this step last (commerce reference 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kit.clock import Clock, utc_now
from kit.database import Row, in_open_transaction, row, rows, scalar, transaction
from products.errors import (
    PutBackExceeded,
    QuantityInvalid,
    ReservationUnknown,
    SkuUnknown,
    SoldOut,
    StockGone,
)

MAX_QUANTITY = 10_000

# FOR UPDATE locks after the sort, so in the order of the codes, and before anything is changed. What is read under
# the lock is the newest row, so ``left`` is exact, and nobody else can change it before the update.
_RESERVE = """
WITH wanted AS (
    SELECT * FROM unnest($1::text[], $2::int[], $3::text[]) AS w (code, quantity, reference)),
locked AS (
    SELECT s.id, s.code, s.available, w.quantity, w.reference FROM wanted w JOIN sku s ON s.code = w.code
     ORDER BY s.code COLLATE "C" FOR UPDATE OF s),
taken AS (
    UPDATE sku s SET available = s.available - l.quantity, reserved = s.reserved + l.quantity FROM locked l
     WHERE s.id = l.id AND s.available >= l.quantity RETURNING s.id, l.quantity, l.reference),
held AS (
    INSERT INTO stock_reservation (reference, sku_id, quantity, returned, state, expires_at)
    SELECT reference, id, quantity, 0, 'held', $4 FROM taken),
noted AS (
    INSERT INTO stock_movement (sku_id, kind, quantity, reference, moved_at)
    SELECT id, 'reserved', quantity, reference, $5 FROM taken)
SELECT w.code, l.available FROM wanted w LEFT JOIN locked l ON l.code = w.code
 WHERE NOT EXISTS (SELECT 1 FROM taken t WHERE t.id = l.id) ORDER BY w.code COLLATE "C"
"""

_MOVE = """
WITH moved AS (
    UPDATE sku SET {changes} WHERE id = $1 {condition} RETURNING id),
noted AS (
    INSERT INTO stock_movement (sku_id, kind, quantity, reference, moved_at)
    SELECT id, '{kind}', $2, $3, $4 FROM moved)
SELECT id FROM moved
"""
_RELEASE = _MOVE.format(changes="available = available + $2, reserved = reserved - $2", condition="", kind="released")
_SELL = _MOVE.format(changes="reserved = reserved - $2, sold = sold + $2", condition="", kind="sold")
_REVIVE = _MOVE.format(
    changes="available = available - $2, sold = sold + $2", condition="AND available >= $2", kind="revived"
)
_PUT_BACK = _MOVE.format(changes="available = available + $2, sold = sold - $2", condition="", kind="put_back")
_ADD = _MOVE.format(changes="available = available + $2", condition="AND available + $2 >= 0", kind="stocked")


def check_quantity(quantity: int) -> None:
    """Raises :class:`QuantityInvalid` for what is no whole number of 1 to 10,000 pieces."""
    if type(quantity) is not int or not 1 <= quantity <= MAX_QUANTITY:
        raise QuantityInvalid(quantity=quantity)


def _require_transaction() -> None:
    if not in_open_transaction():
        raise RuntimeError("stock moves in the transaction of what it moves for")


@dataclass(frozen=True)
class Stock:
    """Moves pieces between available, reserved and sold, each move once."""

    clock: Clock = utc_now

    async def reserve(self, wanted: Mapping[str, Mapping[str, int]], expires_at: datetime) -> None:
        """Set pieces aside under opaque references that were never used before. One statement for any number of SKUs.

        ``wanted`` maps each reference to pieces by SKU code; a SKU stands under one reference alone. Raises
        :class:`SoldOut` for the first code that lacks pieces (the caller's transaction must then roll back),
        :class:`SkuUnknown` and :class:`QuantityInvalid`.
        """
        _require_transaction()
        parts = sorted(
            (sku, quantity, reference) for reference, skus in wanted.items() for sku, quantity in skus.items()
        )
        for _, quantity, _ in parts:
            check_quantity(quantity)
        if len({sku for sku, _, _ in parts}) != len(parts):
            raise ValueError("a SKU stands under two references")
        columns = ([part[column] for part in parts] for column in range(3))
        if lacking := await row(_RESERVE, *columns, expires_at, self.clock()):
            if lacking["available"] is None:
                raise SkuUnknown(sku=lacking["code"])
            raise SoldOut(sku=lacking["code"], left=lacking["available"])

    async def release(self, reference: str) -> None:
        """Give held pieces back. Repeating it, or calling it after the sale, changes nothing."""
        _require_transaction()
        for part in await self._turn(reference, "held", "released"):
            await self._move(_RELEASE, part)

    async def sell(self, reference: str) -> None:
        """Held pieces are paid for. Repeating it changes nothing.

        Raises :class:`StockGone` when they were given back before, :class:`ReservationUnknown`.
        """
        _require_transaction()
        for part in await self._turn(reference, "held", "sold"):
            await self._move(_SELL, part)
        states = await self._states(reference)
        if "released" in states:
            raise StockGone(reference=reference)

    async def revive(self, reference: str) -> None:
        """A payment came late: sell what was reserved, also when it was given back and is still there.

        Repeating it changes nothing. Raises :class:`ReservationUnknown`, and :class:`SoldOut` when a part is
        gone: then nothing has changed, and the caller's transaction is still good.
        """
        _require_transaction()
        async with transaction():
            await self._states(reference)
            for part in await self._turn(reference, "held", "sold"):
                await self._move(_SELL, part)
            for part in await self._turn(reference, "released", "sold"):
                if not await self._move(_REVIVE, part):
                    left = await scalar("SELECT available FROM sku WHERE id = $1", part["sku_id"])
                    raise SoldOut(sku=part["code"], left=left)

    async def put_back(self, reference: str, sku: str, quantity: int) -> None:
        """Sold pieces came back fit for sale.

        Not idempotent: the caller moves its own state in the same transaction. Raises
        :class:`PutBackExceeded` when more would come back than was sold under the reference.
        """
        _require_transaction()
        check_quantity(quantity)
        part = await row(
            "UPDATE stock_reservation r SET returned = r.returned + $3 FROM sku s"
            " WHERE s.id = r.sku_id AND r.reference = $1 AND s.code = $2 AND r.state = 'sold'"
            " AND r.returned + $3 <= r.quantity RETURNING r.sku_id, r.reference, s.code",
            reference,
            sku,
            quantity,
        )
        if part is None:
            raise PutBackExceeded(reference=reference, sku=sku)
        await self._move(_PUT_BACK, {**part, "quantity": quantity})

    async def add(self, sku: str, quantity: int, note: str) -> int:
        """Pieces came in, or, with a negative quantity, were written off; answers what is available now.

        Raises :class:`SkuUnknown`, :class:`QuantityInvalid`, and :class:`SoldOut` when fewer are there.
        """
        if quantity == 0 or isinstance(quantity, bool) or abs(quantity) > MAX_QUANTITY * 100:
            raise QuantityInvalid(quantity=quantity)
        async with transaction():
            found = await row("SELECT id, available FROM sku WHERE code = $1 FOR UPDATE", sku)
            if found is None:
                raise SkuUnknown(sku=sku)
            part = {"sku_id": found["id"], "quantity": quantity, "reference": note[:64]}
            if not await self._move(_ADD, part):
                raise SoldOut(sku=sku, left=found["available"])
        return int(found["available"]) + quantity

    async def _turn(self, reference: str, source: str, target: str) -> list[Row]:
        """Turn a reference's reservations from one state into another; answers those turned, by SKU code."""
        return await rows(
            "WITH turned AS (UPDATE stock_reservation SET state = $3 WHERE reference = $1 AND state = $2"
            " RETURNING sku_id, quantity, reference)"
            " SELECT t.sku_id, t.quantity, t.reference, s.code FROM turned t JOIN sku s ON s.id = t.sku_id"
            ' ORDER BY s.code COLLATE "C"',  # as Python sorts them in reserve
            reference,
            source,
            target,
        )

    async def _states(self, reference: str) -> set[str]:
        found = await rows("SELECT state FROM stock_reservation WHERE reference = $1", reference)
        if not found:
            raise ReservationUnknown(reference=reference)
        return {part["state"] for part in found}

    async def _move(self, sql: str, part: Row) -> bool:
        found = await row(sql, part["sku_id"], part["quantity"], part["reference"], self.clock())
        return found is not None
