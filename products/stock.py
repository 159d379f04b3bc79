"""Stock: reserved at the order, sold at the payment, given back at the end of either.

Every method but ``add`` belongs into the caller's transaction and touches SKUs in the order of their codes,
so two orders with the same SKUs cannot wait for each other in a circle; first the SKUs' own pieces, then those of
offers, then quotas of the public brand (:mod:`products.quotas`). A SKU's row stays locked until that
transaction commits, so a caller does this step last (commerce reference 4).

Pieces that were reserved under a flash offer are the offer's while it is open (:mod:`products.offer_pieces`) and the
SKU's afterwards; the state of the offer is read under a lock that its end waits for.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from kit.clock import Clock, utc_now
from kit.database import Row, execute, in_open_transaction, row, rows, scalar, transaction
from products import offer_pieces, quotas
from products.errors import (
    PutBackExceeded,
    QuantityInvalid,
    ReservationUnknown,
    SkuUnknown,
    SoldOut,
    StockGone,
)
from products.models import RESERVATION_TRANSITIONS, ReservationState

MAX_QUANTITY = 10_000

# FOR NO KEY UPDATE locks after the sort, so in the order of the codes, and before anything is changed. What is read
# under the lock is the newest row, so ``left`` is exact, and nobody else can change it before the update.
_RESERVE = """
WITH wanted AS (
    SELECT * FROM unnest($1::text[], $2::int[], $3::text[]) AS w (code, quantity, reference)),
locked AS (
    SELECT s.id, s.code, s.available, w.quantity, w.reference FROM wanted w JOIN sku s ON s.code = w.code
     ORDER BY s.code COLLATE "C" FOR NO KEY UPDATE OF s),
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
_PUT_BACK_OF_OFFER = _MOVE.format(
    changes="available = available + $2, set_aside = set_aside - $2", condition="", kind="put_back"
)
_NOTE = "INSERT INTO stock_movement (sku_id, kind, quantity, reference, moved_at) VALUES ($1, $2, $3, $4, $5)"
_ADD = _MOVE.format(changes="available = available + $2", condition="AND available + $2 >= 0", kind="stocked")

# Locked by whoever moves pieces, so that the end of an offer and the move see each other (see offer_pieces).
_OFFERS_OF = """offers AS (
    SELECT f.id, f.state, f.kind FROM flash_offer f WHERE f.id IN (
           SELECT offer_id FROM stock_reservation WHERE reference = $1 AND offer_id IS NOT NULL)
     ORDER BY f.id FOR KEY SHARE)"""


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

    async def lock(self, skus: Collection[str]) -> dict[str, int]:
        """Lock SKUs for several reservations in one transaction; answers what is available of each that exists.

        In the order of their codes, as :meth:`reserve` does, so that the reservations may come in any order.
        """
        _require_transaction()
        found = await rows(
            'SELECT code, available FROM sku WHERE code = ANY($1::text[]) ORDER BY code COLLATE "C" FOR NO KEY UPDATE',
            list(skus),
        )
        return {sku["code"]: sku["available"] for sku in found}

    async def reserve(
        self,
        wanted: Mapping[str, Mapping[str, int]],
        expires_at: datetime,
        offers: Mapping[str, str] | None = None,
        buyer: str = "",
        brand_quotas: Mapping[str, str] | None = None,
    ) -> None:
        """Set pieces aside under opaque references that were never used before.

        One statement for any number of SKUs, and one more for each SKU that ``offers`` maps to the flash offer it is
        bought under; the offer's limit counts for the opaque ``buyer``. ``wanted`` maps each reference to pieces by SKU
        code; a SKU stands under one reference alone. ``brand_quotas`` maps SKUs to the authorisation under whose quota
        they carry the brand: one statement for all of them. Raises :class:`SoldOut` for the first code that lacks
        pieces, :class:`BrandQuotaUsed`, :class:`OfferOver` and :class:`OfferLimitReached` (the caller's transaction
        must then roll back), :class:`SkuUnknown` and :class:`QuantityInvalid`.
        """
        _require_transaction()
        parts = sorted(
            (sku, quantity, reference) for reference, skus in wanted.items() for sku, quantity in skus.items()
        )
        for _, quantity, _ in parts:
            check_quantity(quantity)
        if len({sku for sku, _, _ in parts}) != len(parts):
            raise ValueError("a SKU stands under two references")
        under = offers or {}
        if plain := [part for part in parts if part[0] not in under]:
            columns = ([part[column] for part in plain] for column in range(3))
            if lacking := await row(_RESERVE, *columns, expires_at, self.clock()):
                if lacking["available"] is None:
                    raise SkuUnknown(sku=lacking["code"])
                raise SoldOut(sku=lacking["code"], left=lacking["available"])
        for sku, quantity, reference in parts:
            if sku in under:
                await offer_pieces.take(under[sku], sku, quantity, reference, buyer, expires_at, self.clock())
        carried = brand_quotas or {}
        counted = [(carried[sku], sku, reference) for sku, _, reference in parts if sku in carried]
        if counted:
            await quotas.take(counted, self.clock())

    async def release(self, reference: str) -> None:
        """Give held pieces back. Repeating it, or calling it after the sale, changes nothing."""
        _require_transaction()
        turned = await self._turn(reference, ReservationState.HELD, ReservationState.RELEASED)
        for part in turned:
            if part["offer_open"]:
                await offer_pieces.give_back(part)
                await self._note("released", part)
            else:
                await self._move(_RELEASE, part)
        await quotas.give_back(turned)

    async def sell(self, reference: str) -> None:
        """Held pieces are paid for. Repeating it changes nothing.

        Raises :class:`StockGone` when they were given back before, :class:`ReservationUnknown`.
        """
        _require_transaction()
        await self._sell_held(reference)
        states = await self._states(reference)
        if "released" in states:
            raise StockGone(reference=reference)

    async def revive(self, reference: str) -> None:
        """A payment came late: sell what was reserved, also when it was given back and is still there.

        Repeating it changes nothing. Raises :class:`ReservationUnknown`, and :class:`SoldOut` or
        :class:`BrandQuotaUsed` when a part is gone: then nothing has changed, and the caller's transaction is still
        good.
        """
        _require_transaction()
        async with transaction():
            await self._states(reference)
            await self._sell_held(reference)
            turned = await self._turn(reference, ReservationState.RELEASED, ReservationState.SOLD)
            for part in turned:
                if part["offer_open"]:
                    await offer_pieces.take_again(part)
                    await self._note("revived", part)
                elif not await self._move(_REVIVE, part):
                    left = await scalar("SELECT available FROM sku WHERE id = $1", part["sku_id"])
                    raise SoldOut(sku=part["code"], left=left)
            counted = [(part["brand_quota"], part["code"], reference) for part in turned if part["brand_quota"]]
            if counted:
                await quotas.take(counted, self.clock())

    async def put_back(self, reference: str, sku: str, quantity: int) -> None:
        """Sold pieces came back fit for sale, at the SKU's own price whatever they were sold for.

        Those of a group offer that is still open are that offer's again, and its buyer may have as many more.

        Not idempotent: the caller moves its own state in the same transaction. Raises
        :class:`PutBackExceeded` when more would come back than was sold under the reference.
        """
        _require_transaction()
        check_quantity(quantity)
        part = await row(
            f"WITH {_OFFERS_OF}, back AS (UPDATE stock_reservation r SET returned = r.returned + $3 FROM sku s"
            " WHERE s.id = r.sku_id AND r.reference = $1 AND s.code = $2 AND r.state = 'sold'"
            " AND r.returned + $3 <= r.quantity RETURNING r.sku_id, r.reference, s.code, r.offer_id, r.buyer,"
            " r.authorisation_id, r.quota_year)"
            " SELECT b.*, o.state = 'open' AS offer_open, o.kind = 'group' AS of_group"
            " FROM back b LEFT JOIN offers o ON o.id = b.offer_id",
            reference,
            sku,
            quantity,
        )
        if part is None:
            raise PutBackExceeded(reference=reference, sku=sku)
        part["quantity"] = quantity
        if part["offer_open"] and part["of_group"]:
            await offer_pieces.give_back(part)
            await self._note("put_back", part)
        else:
            await self._move(_PUT_BACK_OF_OFFER if part["offer_open"] else _PUT_BACK, part)
        await quotas.give_back([part])

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

    async def _turn(self, reference: str, source: ReservationState, target: ReservationState) -> list[Row]:
        """Turn a reference's reservations from one state into another; answers those turned, by SKU code."""
        if target not in RESERVATION_TRANSITIONS[source]:
            raise ValueError(f"{source} -> {target} is not in the table of transitions")
        return await rows(
            f"WITH {_OFFERS_OF}, turned AS (UPDATE stock_reservation SET state = $3 WHERE reference = $1 AND state = $2"
            " RETURNING sku_id, quantity, reference, offer_id, buyer, authorisation_id, quota_year)"
            " SELECT t.*, s.code, o.state = 'open' AS offer_open, b.number AS brand_quota"
            " FROM turned t JOIN sku s ON s.id = t.sku_id LEFT JOIN offers o ON o.id = t.offer_id"
            " LEFT JOIN brand_authorisation b ON b.id = t.authorisation_id"
            " ORDER BY (o.state = 'open') IS TRUE, s.code COLLATE \"C\"",  # as in reserve
            reference,
            source.value,
            target.value,
        )

    async def _sell_held(self, reference: str) -> None:
        for part in await self._turn(reference, ReservationState.HELD, ReservationState.SOLD):
            if part["offer_open"]:
                await self._note("sold", part)  # it has left its bucket already
            else:
                await self._move(_SELL, part)

    async def _note(self, kind: str, part: Row) -> None:
        await execute(_NOTE, part["sku_id"], kind, part["quantity"], part["reference"], self.clock())

    async def _states(self, reference: str) -> set[str]:
        found = await rows("SELECT state FROM stock_reservation WHERE reference = $1", reference)
        if not found:
            raise ReservationUnknown(reference=reference)
        return {part["state"] for part in found}

    async def _move(self, sql: str, part: Row) -> bool:
        found = await row(sql, part["sku_id"], part["quantity"], part["reference"], self.clock())
        return found is not None
