"""Taking goods in, making lots of them, and binding lots to order lines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.numbers import public_number
from kit.outbox import announce
from merchants.queries import payee
from products.dossiers import product_dossier
from traceability.errors import (
    ClientIdReused,
    IntakeClaimed,
    IntakeInvalid,
    IntakeOfAnother,
    LineBound,
    LotNotSealed,
    LotOfAnotherProduct,
    LotSealed,
    LotShort,
    LotUnbalanced,
    LotUnknown,
    PiecesInvalid,
    SupplierUnknown,
)
from traceability.events import IntakeAccepted, IntakePaid, LotWasSealed
from traceability.models import IntakeMode, LotKind, Supplier, SupplierKind

GRAM_PER_KG = 1000
MAX_GRAM = 10**9


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts, and how far: a station keeper within a township, a clerk within a merchant, never both."""

    caller: str
    township: str | None = None
    merchant: str | None = None


class Weighing(msgspec.Struct, frozen=True, kw_only=True):
    """What a keeper or clerk says about one delivery."""

    client_id: str
    supplier: str
    merchant: str
    product: str
    mass_gram: int
    grade: str
    unit_price_fen: int
    mode: IntakeMode
    weighed_at: datetime
    evidence: str = ""

    @property
    def amount_fen(self) -> int:
        """Price × mass, half a fen rounded up."""
        return (self.unit_price_fen * self.mass_gram * 2 + GRAM_PER_KG) // (2 * GRAM_PER_KG)


@dataclass(frozen=True)
class Suppliers:
    """The register of those who deliver. It says nothing about anybody's circumstances."""

    clock: Clock = utc_now

    async def enter(self, reach: Reach, name: str, kind: SupplierKind, township: str) -> str:
        """Enter a supplier; answers its number. A keeper enters those of the own township alone."""
        if reach.township is not None and reach.township != township:
            raise SupplierUnknown(township=township)
        supplier = await Supplier.create(
            number=public_number(self.clock(), "S"),
            name=name,
            kind=kind,
            township=township,
            merchant=reach.merchant,
            entered_by=reach.caller,
            entered_at=self.clock(),
        )
        return supplier.number


@dataclass(frozen=True)
class Intakes:
    """Deliveries at a station or in the field."""

    clock: Clock = utc_now

    async def accept(self, reach: Reach, weighing: Weighing) -> str:
        """Write an intake down; answers its number, the same one for the same client id.

        Goods paid at the scale also announce the payment. Raises :class:`SupplierUnknown`,
        :class:`IntakeInvalid`, :class:`ClientIdReused`, MerchantUnknown and ProductUnknown.
        """
        self._check(weighing)
        async with transaction():
            supplier = await self._supplier(reach, weighing.supplier)
            merchant = (await payee(reach.merchant or weighing.merchant)).merchant
            if merchant != weighing.merchant:
                raise IntakeInvalid(merchant=weighing.merchant)
            await product_dossier(weighing.product, merchant)
            number = await self._write(reach, weighing, supplier)
            if number is None:
                return await self._again(reach, weighing, supplier)
            await self._announce(number, weighing)
        return number

    def _check(self, weighing: Weighing) -> None:
        wrong = []
        if not 0 < weighing.mass_gram <= MAX_GRAM:
            wrong.append("mass_gram")
        if not 0 <= weighing.unit_price_fen <= MAX_GRAM:
            wrong.append("unit_price_fen")
        if not weighing.client_id.strip() or len(weighing.client_id) > 64:
            wrong.append("client_id")
        if weighing.weighed_at.tzinfo is None or weighing.weighed_at > self.clock():
            wrong.append("weighed_at")
        if weighing.mode is IntakeMode.PAID_AT_SCALE:
            wrong += ["evidence"] if not weighing.evidence.strip() else []
            wrong += ["unit_price_fen"] if weighing.amount_fen == 0 else []
        if wrong:
            raise IntakeInvalid(members=sorted(set(wrong)))

    async def _supplier(self, reach: Reach, number: str) -> dict[str, Any]:
        """The supplier, if a keeper's township has it; a merchant may buy from anybody who is registered."""
        found = await row("SELECT id, township FROM supplier WHERE number = $1", number)
        if found is None or (reach.township is not None and found["township"] != reach.township):
            raise SupplierUnknown(supplier=number)
        return found

    async def _write(self, reach: Reach, weighing: Weighing, supplier: dict[str, Any]) -> str | None:
        paid = weighing.mode is IntakeMode.PAID_AT_SCALE
        number: str | None = await scalar(
            "INSERT INTO intake (number, supplier_id, merchant, product, mass_gram, grade, unit_price_fen,"
            " amount_fen, mode, evidence, weighed_at, paid_at, taken_by, township, client_id, received_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
            " ON CONFLICT (taken_by, client_id) DO NOTHING RETURNING number",
            public_number(self.clock(), "I"),
            supplier["id"],
            weighing.merchant,
            weighing.product,
            weighing.mass_gram,
            weighing.grade,
            weighing.unit_price_fen,
            weighing.amount_fen,
            str(weighing.mode),
            weighing.evidence,
            weighing.weighed_at,
            weighing.weighed_at if paid else None,
            reach.caller,
            supplier["township"],
            weighing.client_id,
            self.clock(),
        )
        return number

    async def _again(self, reach: Reach, weighing: Weighing, supplier: dict[str, Any]) -> str:
        old = await row(
            "SELECT number, supplier_id, merchant, product, mass_gram, grade, unit_price_fen, mode, evidence,"
            " weighed_at FROM intake WHERE taken_by = $1 AND client_id = $2",
            reach.caller,
            weighing.client_id,
        )
        same = {
            "supplier_id": supplier["id"],
            "merchant": weighing.merchant,
            "product": weighing.product,
            "mass_gram": weighing.mass_gram,
            "grade": weighing.grade,
            "unit_price_fen": weighing.unit_price_fen,
            "mode": str(weighing.mode),
            "evidence": weighing.evidence,
            "weighed_at": weighing.weighed_at,
        }
        if old is None or {name: old[name] for name in same} != same:
            raise ClientIdReused(client_id=weighing.client_id)
        return str(old["number"])

    async def _announce(self, number: str, weighing: Weighing) -> None:
        await announce(
            IntakeAccepted(
                intake=number,
                supplier=weighing.supplier,
                merchant=weighing.merchant,
                product=weighing.product,
                mass_gram=weighing.mass_gram,
                mode=str(weighing.mode),
                weighed_at=weighing.weighed_at,
            )
        )
        if weighing.mode is IntakeMode.PAID_AT_SCALE:
            await announce(
                IntakePaid(
                    intake=number,
                    supplier=weighing.supplier,
                    merchant=weighing.merchant,
                    amount_fen=weighing.amount_fen,
                    mass_gram=weighing.mass_gram,
                    paid_at=weighing.weighed_at,
                    evidence=weighing.evidence,
                )
            )


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
    ) -> str:
        """Make an open lot of some intakes; answers its number.

        ``input_gram`` is the lot as weighed, in all.
        """
        if not 0 < input_gram <= MAX_GRAM:
            raise LotUnbalanced(input_gram=input_gram)
        async with transaction():
            number = public_number(self.clock(), "L")
            lot_id = await scalar(
                "INSERT INTO lot (number, kind, product, merchant, input_gram, bound_gram, made_by, made_at)"
                " VALUES ($1, $2, $3, $4, $5, 0, $6, $7) RETURNING id",
                number,
                str(kind),
                product,
                merchant,
                input_gram,
                by,
                self.clock(),
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
        self, line: str, product: str, merchant: str, lots: Mapping[str, int], mass_gram_per_piece: int
    ) -> None:
        """Take pieces of an order line from sealed lots, in the caller's transaction (which packs the order).

        ``lots`` maps lot numbers to pieces. Raises :class:`PiecesInvalid`, :class:`LineBound`,
        :class:`LotUnknown`, :class:`LotNotSealed`, :class:`LotOfAnotherProduct`, :class:`LotShort`.
        """
        async with transaction():
            if mass_gram_per_piece <= 0 or not lots or any(not 0 < pieces <= MAX_GRAM for pieces in lots.values()):
                raise PiecesInvalid(line=line)
            if await row("SELECT 1 FROM line_lot WHERE line = $1", line):
                raise LineBound(line=line)
            for number, pieces in sorted(lots.items()):
                lot_id = await self._take(number, product, merchant, pieces * mass_gram_per_piece)
                await rows(
                    "INSERT INTO line_lot (line, lot_id, quantity, mass_gram, bound_at)"
                    " VALUES ($1, $2, $3, $4, $5) RETURNING 1",
                    line,
                    lot_id,
                    pieces,
                    pieces * mass_gram_per_piece,
                    self.clock(),
                )

    async def _take(self, lot: str, product: str, merchant: str, mass_gram: int) -> int:
        taken = await rows(
            "UPDATE lot SET bound_gram = bound_gram + $4 WHERE number = $1 AND product = $2 AND merchant = $3"
            " AND sealed_at IS NOT NULL AND bound_gram + $4 <= input_gram RETURNING id",
            lot,
            product,
            merchant,
            mass_gram,
        )
        if taken:
            return int(taken[0]["id"])
        found = await row(
            "SELECT product, sealed_at, input_gram - bound_gram AS left_gram FROM lot"
            " WHERE number = $1 AND merchant = $2",
            lot,
            merchant,
        )
        if found is None:
            raise LotUnknown(lot=lot)
        if found["product"] != product:
            raise LotOfAnotherProduct(lot=lot)
        if found["sealed_at"] is None:
            raise LotNotSealed(lot=lot)
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
