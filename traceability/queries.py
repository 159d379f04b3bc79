"""Reads of suppliers, intakes and lots: one SQL statement each."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from kit.database import rows
from kit.money import split_fen
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from products.gates import LOT_CERTIFICATE_DUE
from traceability.certified import CERTIFIED
from traceability.errors import IntakeUnknown, LotUnknown
from traceability.models import LotKind, SupplierKind


class Contribution(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier's part of a lot's whole input. Of a processed lot ``mass_gram`` is its weight in the exact shares."""

    supplier: str
    intake: str
    mass_gram: int
    mode: str


class BoundLot(msgspec.Struct, frozen=True, kw_only=True):
    """What a line took from one lot, and the lot's whole make-up."""

    line: str
    lot: str
    quantity: int
    mass_gram: int
    contributions: tuple[Contribution, ...]


class SupplierCard(msgspec.Struct, frozen=True):
    """A supplier as stations and merchants see it."""

    number: str
    name: str
    kind: str
    township: str
    entered_at: datetime


class IntakeCard(msgspec.Struct, frozen=True):
    """An intake with the lot it went into, if any."""

    number: str
    supplier: str
    supplier_name: str
    merchant: str
    product: str
    mass_gram: int
    grade: str
    unit_price_fen: int
    amount_fen: int
    mode: str
    evidence: str
    weighed_at: datetime
    paid_at: datetime | None
    lot: str | None
    site: str
    plot: str | None
    harvested_on: date | None
    gross_gram: int | None
    tare_gram: int | None


class LotCard(msgspec.Struct, frozen=True):
    """A lot with what is left of it. ``piece_gram`` is the mass of one piece of a lot that is counted in pieces."""

    number: str
    kind: str
    product: str
    merchant: str
    input_gram: int
    contributed_gram: int
    left_gram: int
    suppliers: int
    made_at: datetime
    sealed_at: datetime | None
    unit: str
    piece_gram: int | None
    harvest_from: date | None
    harvest_until: date | None
    best_before: date | None
    in_batch_no: str
    out_batch_no: str
    held_at: datetime | None


class LotOnHand(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed lot from which lines can be taken. ``piece_gram`` as in :class:`LotCard`."""

    lot: str
    product: str
    piece_gram: int | None
    left_gram: int
    best_before: date | None


class LotPart(msgspec.Struct, frozen=True):
    """One contribution with the supplier's name; of a processed lot the gram that its exact share comes to."""

    intake: str
    supplier: str
    supplier_name: str
    mass_gram: int
    mode: str


async def line_lots(lines: Sequence[str]) -> list[BoundLot]:
    """The lots of some lines with their contributions, by line, lot and supplier."""
    found = await rows(
        "SELECT b.line, l.number AS lot, b.quantity, b.mass_gram,"
        " jsonb_agg(jsonb_build_object('supplier', s.number,"
        " 'intake', i.number, 'mass_gram', c.weight, 'mode', i.mode) ORDER BY s.number,"
        " i.number)::text AS parts"
        f" FROM line_lot b JOIN lot l ON l.id = b.lot_id JOIN {_SHARES} c ON c.lot_id = l.id"
        " JOIN intake i ON i.id = c.intake_id JOIN supplier s ON s.id = c.supplier_id"
        " WHERE b.line = ANY($1) GROUP BY b.id, l.number ORDER BY b.line, l.number",
        list(lines),
    )
    return [
        BoundLot(
            line=bound["line"],
            lot=bound["lot"],
            quantity=bound["quantity"],
            mass_gram=bound["mass_gram"],
            contributions=msgspec.json.decode(bound["parts"], type=tuple[Contribution, ...]),
        )
        for bound in found
    ]


async def suppliers(
    township: str | None, merchant: str | None, cursor: str | None, limit: int
) -> tuple[list[SupplierCard], str | None]:
    """Suppliers of a township, or those a merchant entered or bought from; both None: all of them."""
    after = read_cursor(cursor, tuple[int])[0] if cursor else 0
    limit = min(limit, MAX_PAGE)
    found = await rows(
        "SELECT s.id, s.number, s.name, s.kind, s.township, s.entered_at FROM supplier s WHERE s.id > $3"
        " AND ($1::text IS NULL OR s.township = $1) AND ($2::text IS NULL OR s.merchant = $2"
        " OR EXISTS (SELECT 1 FROM intake i WHERE i.supplier_id = s.id AND i.merchant = $2))"
        " ORDER BY s.id LIMIT $4",
        township,
        merchant,
        after,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(supplier, SupplierCard) for supplier in found[:limit]], following


async def supplier_exists(number: str) -> bool:
    """Whether a supplier is in the register."""
    return bool(await rows("SELECT 1 FROM supplier WHERE number = $1", number))


async def supplier_kinds(numbers: Sequence[str]) -> dict[str, SupplierKind]:
    """What some suppliers are in trade; an unknown one is missing. One statement."""
    found = await rows("SELECT number, kind FROM supplier WHERE number = ANY($1::text[])", list(numbers))
    return {each["number"]: SupplierKind(each["kind"]) for each in found}


class Farmer(msgspec.Struct, frozen=True):
    """A supplier who is a person; ``villages`` are those in which the farmer has or had land."""

    number: str
    name: str
    villages: list[str]


async def farmers() -> list[Farmer]:
    """Every supplier who is a person, by number. One statement."""
    found = await rows(
        "SELECT s.number, s.name, coalesce(array_agg(DISTINCT p.village) FILTER (WHERE p.id IS NOT NULL), '{}')"
        "::text[] AS villages FROM supplier s LEFT JOIN plot p ON p.supplier_id = s.id WHERE s.kind = 'farmer'"
        " GROUP BY s.id ORDER BY s.number"
    )
    return [msgspec.convert(each, Farmer) for each in found]


async def intakes(
    township: str | None, merchant: str | None, cursor: str | None, limit: int
) -> tuple[list[IntakeCard], str | None]:
    """Intakes within a township or for a merchant, newest first; both None: all of them."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"{_INTAKE} WHERE i.id < $3 AND ($1::text IS NULL OR i.township = $1)"
        " AND ($2::text IS NULL OR i.merchant = $2) ORDER BY i.id DESC LIMIT $4",
        township,
        merchant,
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(intake, IntakeCard) for intake in found[:limit]], following


async def intake_cards(numbers: Sequence[str]) -> dict[str, IntakeCard]:
    """Some intakes by number."""
    found = await rows(f"{_INTAKE} WHERE i.number = ANY($1)", list(numbers))
    return {intake["number"]: msgspec.convert(intake, IntakeCard) for intake in found}


async def intake_of(township: str | None, merchant: str | None, number: str) -> tuple[IntakeCard, str]:
    """A delivery within a township or to a merchant, both None: any; and the township that it was taken in.

    Raises :class:`IntakeUnknown`.
    """
    found = await rows(
        f"{_INTAKE} WHERE i.number = $3 AND ($1::text IS NULL OR i.township = $1)"
        " AND ($2::text IS NULL OR i.merchant = $2)",
        township,
        merchant,
        number,
    )
    if not found:
        raise IntakeUnknown(intake=number[:40])
    return msgspec.convert(found[0], IntakeCard), found[0]["township"]


async def lots(
    merchant: str | None, product: str | None, cursor: str | None, limit: int
) -> tuple[list[LotCard], str | None]:
    """Lots of a merchant or of all, newest first."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(
        f"{_LOT} WHERE ($1::text IS NULL OR l.merchant = $1) AND ($2::text IS NULL OR l.product ="
        f" $2) AND l.id < $3"
        " ORDER BY l.id DESC LIMIT $4",
        merchant,
        product,
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(lot, LotCard) for lot in found[:limit]], following


async def lots_on_hand(merchant: str, products: Sequence[str], day: date) -> list[LotOnHand]:
    """What a merchant has of some products that can be taken on ``day``, first expired first.

    Sealed, not held, good on the day, certified where it must be.
    By best-before day (undated last), then the older, then by number; the 2,000 first.
    """
    found = await rows(
        "SELECT number AS lot, product, piece_gram, input_gram - bound_gram AS left_gram, best_before FROM lot"
        " WHERE merchant = $1 AND product = ANY($2) AND sealed_at IS NOT NULL AND held_at IS NULL"
        " AND bound_gram < input_gram"
        " AND coalesce(best_before >= $3, true)"
        f" AND (NOT {LOT_CERTIFICATE_DUE.format(product='lot.product', day='$3')}"
        f" OR {CERTIFIED.format(lot='lot.id')})"
        ' ORDER BY best_before NULLS LAST, made_at, number COLLATE "C" LIMIT 2000',
        merchant,
        list(products),
        day,
    )
    return [LotOnHand(**each) for each in found]


async def lot(merchant: str | None, number: str) -> tuple[LotCard, list[LotPart]]:
    """One lot, of this merchant if one is given, with its contributions. Raises :class:`LotUnknown`."""
    found = await rows(f"{_LOT} WHERE ($1::text IS NULL OR l.merchant = $1) AND l.number = $2", merchant, number)
    if not found:
        raise LotUnknown(lot=number)
    parts = await rows(
        "SELECT i.number AS intake, s.number AS supplier, s.name AS supplier_name, c.weight::text AS weight, i.mode"
        f" FROM {_SHARES} c JOIN intake i ON i.id = c.intake_id JOIN supplier s ON s.id = c.supplier_id"
        " WHERE c.lot_id = $1 ORDER BY s.number, i.number",
        found[0]["id"],
    )
    weights = [int(part["weight"]) for part in parts]
    if found[0]["kind"] == LotKind.PROCESSED:
        weights = split_fen(found[0]["input_gram"], weights)
    return msgspec.convert(found[0], LotCard), [
        msgspec.convert({**part, "mass_gram": gram}, LotPart) for part, gram in zip(parts, weights, strict=True)
    ]


async def weights_of(lots: Sequence[int]) -> dict[int, dict[int, int]]:
    """The weights of some lots (row ids) by delivery (row id)."""
    found = await rows(
        f"SELECT c.lot_id, c.intake_id, c.weight::text AS weight FROM {_SHARES} c WHERE c.lot_id = ANY($1)", lots
    )
    weights: dict[int, dict[int, int]] = {}
    for each in found:
        weights.setdefault(each["lot_id"], {})[each["intake_id"]] = int(each["weight"])
    return weights


_INTAKE = (
    "SELECT i.id, i.number, s.number AS supplier, s.name AS supplier_name, i.merchant,"
    " i.product, i.mass_gram,"
    " i.grade, i.unit_price_fen, i.amount_fen, i.mode, i.evidence, i.weighed_at, i.paid_at, l.number AS lot,"
    " i.site, i.township, p.number AS plot, i.harvested_on, i.gross_gram, i.tare_gram"
    " FROM intake i JOIN supplier s ON s.id = i.supplier_id LEFT JOIN lot_contribution c ON"
    " c.intake_id = i.id"
    " LEFT JOIN lot l ON l.id = c.lot_id LEFT JOIN plot p ON p.id = i.plot_id"
)
# What a lot is made of: contributions in gram, or the weights that a processed lot inherited.
_SHARES = (
    "(SELECT lot_id, intake_id, supplier_id, mass_gram::numeric AS weight FROM lot_contribution"
    " UNION ALL SELECT lot_id, intake_id, supplier_id, weight FROM inherited_share)"
)
_LOT = (
    "SELECT l.id, l.number, l.kind, l.product, l.merchant, l.input_gram, l.input_gram - l.bound_gram AS left_gram,"
    " l.made_at, l.sealed_at, l.unit, l.piece_gram, l.harvest_from, l.harvest_until, l.best_before, l.in_batch_no,"
    " l.out_batch_no, l.held_at, CASE l.kind WHEN 'processed' THEN l.input_gram ELSE"
    " (SELECT coalesce(sum(c.mass_gram), 0)::bigint FROM lot_contribution c WHERE c.lot_id = l.id) END"
    " AS contributed_gram, (SELECT count(DISTINCT c.supplier_id)"
    f" FROM {_SHARES} c WHERE c.lot_id = l.id) AS suppliers FROM lot l"
)


class PaidIntake(msgspec.Struct, frozen=True):
    """A delivery that was paid at the scale, in fen."""

    intake: str
    amount_fen: int


async def paid_intakes(since: datetime, until: datetime) -> list[PaidIntake]:
    """Every delivery that was paid at the scale from ``since`` until just before ``until``."""
    found = await rows(
        "SELECT number AS intake, amount_fen FROM intake WHERE paid_at >= $1 AND paid_at < $2 ORDER BY id",
        since,
        until,
    )
    return [msgspec.convert(each, PaidIntake) for each in found]


async def last_weighings(sites: Sequence[str]) -> dict[str, datetime]:
    """When goods were last weighed at each site; one without is missing. One statement."""
    found = await rows(
        "SELECT site, (SELECT max(i.weighed_at) FROM intake i WHERE i.site = s.site AND i.site <> '') AS at"
        " FROM unnest($1::text[]) AS s(site)",
        list(sites),
    )
    return {each["site"]: each["at"] for each in found if each["at"] is not None}
