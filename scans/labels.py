"""Labels of sealed lots: made for the pieces of a SKU, drawn as QR codes, found again by their code or Digital Link."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from kit.clock import Clock, utc_now
from kit.database import joined, row, rows, scalar
from kit.gs1 import DigitalLink, digital_link, is_restricted
from kit.numbers import opaque_id, public_number
from kit.paging import read_cursor, write_cursor
from kit.qr_codes import qr_code
from products.errors import SkuUnknown
from scans.errors import ScanCodeUnknown
from traceability.errors import LotNotSealed, LotUnknown

MAX_SERIALS = 240
_COLUMNS = (
    "t.id, t.code, l.number AS lot, l.product, p.title, t.sku, s.spec, t.gtin, t.serial, t.batch, t.made_at,"
    " n.first_at AS first_scanned_at, COALESCE(n.count, 0) AS scans"
)
_LABELS = (
    f"SELECT {_COLUMNS} FROM trace_label t JOIN lot l ON l.id = t.lot_id JOIN product p ON p.code = l.product"
    " JOIN sku s ON s.code = t.sku LEFT JOIN label_scan n ON n.label_id = t.id"
    " WHERE ($1::text IS NULL OR l.merchant = $1)"
)


class LabelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A label as its makers see it; ``link`` is what its QR code says."""

    code: str
    lot: str
    product: str
    title: str
    sku: str
    spec: str
    gtin: str | None
    serial: str | None
    batch: str
    made_at: datetime
    first_scanned_at: datetime | None
    scans: int
    link: str


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@dataclass(frozen=True)
class TraceLabels:
    """Makes and draws labels. ``web_base`` is where their links lead."""

    web_base: str
    clock: Clock = utc_now

    async def make(self, merchant: str, lot: str, sku: str, serials: int, by: str) -> str:
        """Labels for a lot's pieces of one SKU; answers their batch.

        Without serials it is the one label that all pieces share, the same however often it is asked for. Raises
        LotUnknown, LotNotSealed, and SkuUnknown for a SKU of another product.
        """
        async with joined():
            found = await row(
                "SELECT l.id, l.sealed_at, s.gtin, s.code AS sku FROM lot l LEFT JOIN product p ON p.code = l.product"
                " LEFT JOIN sku s ON s.product_id = p.id AND s.code = $3 WHERE l.number = $1 AND l.merchant = $2",
                lot,
                merchant,
                sku,
            )
            if found is None:
                raise LotUnknown(lot=lot)
            if found["sku"] is None:
                raise SkuUnknown()
            if found["sealed_at"] is None:
                raise LotNotSealed(lot=lot)
            batch, now = public_number(self.clock(), "B"), self.clock()
            drawn: list[str | None] = [opaque_id()[:12] for _ in range(serials)]
            drawn = drawn or [None]
            await rows(
                "INSERT INTO trace_label (code, lot_id, sku, gtin, serial, batch, made_by, made_at)"
                " SELECT code, $1, $2, $3, serial, $4, $5, $6"
                " FROM unnest($7::text[], $8::text[]) AS made (code, serial)"
                " ON CONFLICT (lot_id, sku) WHERE serial IS NULL DO NOTHING RETURNING 1",
                found["id"],
                sku,
                found["gtin"],
                batch,
                by,
                now,
                [opaque_id()[:16] for _ in drawn],
                drawn,
            )
            if serials:
                return batch
            return str(
                await scalar(
                    "SELECT batch FROM trace_label WHERE lot_id = $1 AND sku = $2 AND serial IS NULL", found["id"], sku
                )
            )

    async def batch(self, merchant: str | None, batch: str) -> list[LabelRecord]:
        """The labels that were made at once. Raises ScanCodeUnknown for none, also for another merchant's."""
        found = await rows(f"{_LABELS} AND t.batch = $2 ORDER BY t.id", merchant, batch)
        if not found:
            raise ScanCodeUnknown()
        return [self._record(each) for each in found]

    async def of_lot(
        self, merchant: str | None, lot: str, cursor: str | None, limit: int
    ) -> tuple[list[LabelRecord], str | None]:
        """The labels of a lot, newest first; one statement. Raises LotUnknown, also for another merchant's."""
        found = await rows(
            f"SELECT known.number, each.* FROM lot known LEFT JOIN LATERAL ({_LABELS} AND t.lot_id = known.id"
            " AND t.id < $3 ORDER BY t.id DESC LIMIT $4) each ON true"
            " WHERE known.number = $2 AND ($1::text IS NULL OR known.merchant = $1)",
            merchant,
            lot,
            read_cursor(cursor, _Key).id if cursor else 2**63 - 1,
            limit + 1,
        )
        if not found:
            raise LotUnknown(lot=lot)
        labels = [each for each in found if each["id"] is not None]
        following = write_cursor(labels[limit - 1]["id"]) if len(labels) > limit else None
        return [self._record(each) for each in labels[:limit]], following

    async def draw(self, merchant: str | None, code: str, kind: Literal["svg", "png"]) -> bytes:
        """The QR code of one label. Raises ScanCodeUnknown, also for another merchant's."""
        found = await row(f"{_LABELS} AND t.code = $2", merchant, code)
        if found is None:
            raise ScanCodeUnknown()
        return qr_code(self._record(found).link, kind)

    def _record(self, found: dict[str, object]) -> LabelRecord:
        link = label_link(self.web_base, found)
        return LabelRecord(**{n: found[n] for n in LabelRecord.__struct_fields__ if n != "link"}, link=link)  # type: ignore[arg-type]


def label_link(web_base: str, label: dict[str, object]) -> str:
    """A Digital Link for goods whose GTIN holds everywhere; an address of ours for all others, never a made-up GTIN."""
    gtin, serial = label["gtin"], label["serial"]
    if gtin is None or is_restricted(str(gtin)):
        return f"{web_base}/s/{label['code']}"
    qualifiers = [("10", str(label["lot"])), *([("21", str(serial))] if serial is not None else [])]
    return digital_link("01", str(gtin), qualifiers).uri(web_base)


class LinkTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where a Digital Link leads: to a label of a lot, or with a GTIN alone to the product that has it.

    ``product`` is None when nobody may see its page now.
    """

    label: str | None = None
    lot: str | None = None
    product: str | None


async def linked(link: DigitalLink) -> LinkTarget:
    """Where a link to a trade item leads; one statement.

    With a lot or a serial it has to be one that stands on a label of ours: a serial that nobody printed is no proof of
    anything. A consumer variant (22) is not told apart. Raises ScanCodeUnknown.
    """
    lot, serial = link.of("10"), link.of("21")
    if link.key != "01" or is_restricted(link.value) or link.of("235") is not None or (serial and not lot):
        raise ScanCodeUnknown()
    if lot is None:
        product = await scalar(
            "SELECT p.code FROM sku s JOIN product p ON p.id = s.product_id"
            " WHERE s.gtin = $1 AND s.active AND p.state = 'listed' ORDER BY s.id LIMIT 1",
            link.value,
        )
        if product is None:
            raise ScanCodeUnknown()
        return LinkTarget(product=str(product))
    found = await row(
        "SELECT t.code, CASE WHEN p.state = 'listed' THEN p.code END AS product FROM trace_label t"
        " JOIN lot l ON l.id = t.lot_id JOIN product p ON p.code = l.product"
        " WHERE l.number = $1 AND t.gtin = $2 AND t.serial IS NOT DISTINCT FROM $3 ORDER BY t.id LIMIT 1",
        lot,
        link.value,
        serial,
    )
    if found is None:
        raise ScanCodeUnknown()
    return LinkTarget(label=str(found["code"]), lot=lot, product=found["product"])


async def note_scan(code: str, now: datetime) -> None:
    """A person has scanned a label; any other code changes nothing. One statement, and nothing about the person."""
    await rows(
        "INSERT INTO label_scan (label_id, first_at, count) SELECT id, $2, 1 FROM trace_label WHERE code = $1"
        " ON CONFLICT (label_id) DO UPDATE SET count = label_scan.count + 1 WHERE label_scan.count < 1000000"
        " RETURNING 1",
        code,
        now,
    )
