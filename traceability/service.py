"""Suppliers, and taking their goods in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from kit.clock import Clock, china_day, utc_now
from kit.database import Row, execute, row, scalar, transaction
from kit.errors import DomainError
from kit.numbers import public_number
from kit.outbox import announce
from merchants.queries import payee
from places.queries import site_within
from products.dossiers import product_dossier
from traceability.errors import ClientIdReused, IntakeInvalid, SupplierUnknown
from traceability.events import IntakeAccepted, IntakePaid
from traceability.models import IntakeMode, Supplier, SupplierKind
from traceability.plots.harvests import plot_of_harvest

GRAM_PER_KG = 1000
MAX_GRAM = 10**9


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts, and how far: a station keeper within a township, a clerk within a merchant, never both."""

    caller: str
    township: str | None = None
    merchant: str | None = None


class Weighing(msgspec.Struct, frozen=True, kw_only=True):
    """What a keeper or clerk says about one delivery, as in :class:`traceability.models.Intake`."""

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
    site: str = ""
    plot: str | None = None
    harvested_on: date | None = None
    gross_gram: int | None = None
    tare_gram: int | None = None

    @property
    def amount_fen(self) -> int:
        """Price × mass, half a fen rounded up."""
        return (self.unit_price_fen * self.mass_gram * 2 + GRAM_PER_KG) // (2 * GRAM_PER_KG)


async def reachable_supplier(reach: Reach, number: str) -> Row:
    """Id and township of a supplier, if a keeper's township has it; a merchant may buy from anybody who is registered.

    Raises :class:`SupplierUnknown`.
    """
    found = await row("SELECT id, township FROM supplier WHERE number = $1", number)
    if found is None or (reach.township is not None and found["township"] != reach.township):
        raise SupplierUnknown(supplier=number)
    return found


async def own_supplier(reach: Reach, number: str) -> Row:
    """Kind and township of a supplier whom a keeper's township has, or a clerk's merchant has entered.

    Raises :class:`SupplierUnknown`.
    """
    found = await row(
        "SELECT kind, township FROM supplier WHERE number = $1 AND ($2::text IS NULL OR township = $2)"
        " AND ($3::text IS NULL OR merchant = $3)",
        number,
        reach.township,
        reach.merchant,
    )
    if found is None:
        raise SupplierUnknown(supplier=number)
    return found


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


async def forget_supplier_names(numbers: Sequence[str]) -> int:
    """In the caller's transaction: of some suppliers the numbers alone stay; answers how many."""
    return await execute("UPDATE supplier SET name = '已清除' WHERE number = ANY($1::text[])", list(numbers))


@dataclass(frozen=True)
class Intakes:
    """Deliveries at a station or in the field."""

    clock: Clock = utc_now

    async def accept(self, reach: Reach, weighing: Weighing) -> str:
        """Write an intake down; answers its number, the same one for the same client id.

        Goods paid at the scale also announce the payment. Raises :class:`SupplierUnknown`,
        :class:`IntakeInvalid`, :class:`ClientIdReused`, PlotOfAnother, MerchantUnknown and ProductUnknown.
        """
        self._check(weighing)
        async with transaction():
            supplier = await reachable_supplier(reach, weighing.supplier)
            if weighing.site and not await site_within(weighing.site, reach.township or ""):
                raise IntakeInvalid(members=["site"])
            merchant = (await payee(reach.merchant or weighing.merchant)).merchant
            if merchant != weighing.merchant:
                raise IntakeInvalid(merchant=weighing.merchant)
            await product_dossier(weighing.product, merchant)
            number = await self._write(reach, weighing, supplier)
            if number is None:
                return await self._again(reach, weighing, supplier)
            await self._announce(number, weighing)
        return number

    async def accept_each(self, reach: Reach, weighings: Sequence[Weighing]) -> list[str | DomainError]:
        """Write down what a device has collected while it was offline; answers a number or the refusal for each.

        Every row stands for itself, in a transaction of its own, so the whole may be sent again as often as it takes.
        """
        answers: list[str | DomainError] = []
        for weighing in weighings:
            try:
                answers.append(await self.accept(reach, weighing))
            except DomainError as refusal:
                answers.append(refusal)
        return answers

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
        wrong += _wrong_in_the_field(weighing)
        if wrong:
            raise IntakeInvalid(members=sorted(set(wrong)))

    async def _write(self, reach: Reach, weighing: Weighing, supplier: Row) -> str | None:
        paid = weighing.mode is IntakeMode.PAID_AT_SCALE
        plot_id = None
        if weighing.plot is not None and weighing.harvested_on is not None:
            plot_id = await plot_of_harvest(weighing.plot, supplier["id"], weighing.harvested_on)
        number: str | None = await scalar(
            "INSERT INTO intake (number, supplier_id, merchant, product, mass_gram, grade, unit_price_fen,"
            " amount_fen, mode, evidence, weighed_at, paid_at, taken_by, township, client_id, received_at, site,"
            " plot_id, harvested_on, gross_gram, tare_gram)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)"
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
            weighing.site,
            plot_id,
            weighing.harvested_on,
            weighing.gross_gram,
            weighing.tare_gram,
        )
        return number

    async def _again(self, reach: Reach, weighing: Weighing, supplier: Row) -> str:
        old = await row(
            "SELECT number, supplier_id, merchant, product, mass_gram, grade, unit_price_fen, mode, evidence,"
            " weighed_at, site, (SELECT p.number FROM plot p WHERE p.id = plot_id) AS plot, harvested_on, gross_gram,"
            " tare_gram FROM intake WHERE taken_by = $1 AND client_id = $2",
            reach.caller,
            weighing.client_id,
        )
        told = msgspec.structs.asdict(weighing) | {"supplier_id": supplier["id"], "mode": str(weighing.mode)}
        if old is None or any(told[name] != old[name] for name in old.keys() - {"number"}):
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
                    product=weighing.product,
                    amount_fen=weighing.amount_fen,
                    mass_gram=weighing.mass_gram,
                    paid_at=weighing.weighed_at,
                    evidence=weighing.evidence,
                )
            )


def _wrong_in_the_field(weighing: Weighing) -> list[str]:
    wrong = []
    if weighing.plot is not None and weighing.harvested_on is None:
        wrong.append("harvested_on")
    if weighing.harvested_on is not None and weighing.harvested_on > china_day(weighing.weighed_at):
        wrong.append("harvested_on")
    gross, tare = weighing.gross_gram, weighing.tare_gram
    if (gross is None) != (tare is None) or (
        gross is not None and tare is not None and (tare < 0 or gross - tare != weighing.mass_gram)
    ):
        wrong.append("gross_gram")
    return wrong
