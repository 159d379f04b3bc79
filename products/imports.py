"""Products and stock from a table: everything or nothing, and the same file once.

A row is one SKU. Rows with one product code, or with one article number of the merchant's own, are one product. What a
row says of a product that is on sale may differ in price and stock alone; a draft may be changed in everything that
the table has, and keeps what the table does not have. Stock is told as a change, never as a level: pieces are sold
while the merchant edits the file.
"""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, utc_now
from kit.database import row, rows, scalar, transaction
from kit.errors import DomainError
from kit.numbers import public_number
from products.catalogue_models import CatalogueImport
from products.dossiers import ProductDossier, product_dossier
from products.drafts import PictureDraft, ProductDraft, ReturnPolicy, SkuDraft
from products.errors import ProductUnknown
from products.models import ProductState
from products.service import Catalogue
from products.stock import Stock

MAX_ROWS = 500
EXPORT_PAGE = 500


class ImportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One SKU of the table; ``number`` is the row that a person sees. ``product`` or ``article`` says whose it is."""

    number: int
    product: str | None
    article: str | None
    title: str
    subtitle: str
    township: str
    category: str
    return_policy: ReturnPolicy
    sku: str | None
    spec: str
    price_fen: int
    mass_gram: int
    gtin: str | None
    stock_change: int

    @property
    def of_product(self) -> tuple[object, ...]:
        """What every row of one product must say alike."""
        return (self.title, self.subtitle, self.township, self.category, self.return_policy)


class ImportProblem(msgspec.Struct, frozen=True):
    """What is wrong at one place; ``column`` is empty when it is the whole row."""

    row: int
    column: str
    detail: str


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do. With a problem, and in a dry run, nothing has changed."""

    number: str | None
    dry_run: bool
    repeated: bool = False
    row_count: int
    created: int = 0
    edited: int = 0
    repriced: int = 0
    stocked: int = 0
    unchanged: int = 0
    problems: list[ImportProblem] = []


class _Undone(Exception):
    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


@dataclass
class _Tally:
    created: int = 0
    edited: int = 0
    repriced: int = 0
    unchanged: int = 0
    stock: dict[str, int] = field(default_factory=dict)
    problems: list[ImportProblem] = field(default_factory=list)


@dataclass(frozen=True)
class Imports:
    """Brings a merchant's table in. ``by`` is the caller who is held to it."""

    catalogue: Catalogue
    stock: Stock
    clock: Clock = utc_now

    async def bring_in(
        self, merchant: str, table: Sequence[ImportRow], file_hash: str, by: str, *, dry_run: bool
    ) -> ImportReport:
        """Import a table, or only say what an import would do. A file that was imported before changes nothing.

        A dry run does everything and takes it back, so it says exactly what the import would say at that moment.
        """
        known = await _known(merchant, file_hash)
        if known is not None:
            return msgspec.structs.replace(known, repeated=True, dry_run=dry_run)
        number = public_number(self.clock(), "I")
        try:
            async with transaction():
                report = await self._apply(merchant, table, number, by, dry_run)
                if dry_run or report.problems:
                    raise _Undone(report)
                await CatalogueImport.create(
                    number=number,
                    merchant_id=await scalar("SELECT id FROM merchant WHERE number = $1", merchant),
                    file_hash=file_hash,
                    report=msgspec.to_builtins(report),
                    imported_at=self.clock(),
                    imported_by=by,
                )
        except _Undone as undone:
            return undone.report
        except IntegrityError:
            known = await _known(merchant, file_hash)
            if known is None:
                raise
            return msgspec.structs.replace(known, repeated=True)
        return report

    async def _apply(
        self, merchant: str, table: Sequence[ImportRow], note: str, by: str, dry_run: bool
    ) -> ImportReport:
        tally = _Tally()
        await self._lock(merchant, {part.product for part in table if part.product is not None})
        nameless = [part.number for part in table if part.product is None and part.article is None]
        tally.problems += [ImportProblem(number, "货号", "商品代码与货号至少填一项") for number in nameless]
        for parts in _products(table) if not nameless else ():
            try:
                async with transaction():
                    await self._product(merchant, parts, tally, by)
            except DomainError as error:
                tally.problems.append(ImportProblem(parts[0].number, "", _told(error)))
        # Last and in the order of the codes, as an order takes them.
        for sku in sorted(tally.stock) if not tally.problems else ():
            try:
                async with transaction():
                    await self.stock.add(sku, tally.stock[sku], f"导入 {note}")
            except DomainError as error:
                place = next((part.number for part in table if part.sku == sku), 1)
                tally.problems.append(ImportProblem(place, "库存增减", _told(error)))
        return ImportReport(
            number=None if dry_run or tally.problems else note,
            dry_run=dry_run,
            row_count=len(table),
            created=tally.created,
            edited=tally.edited,
            repriced=tally.repriced,
            stocked=len(tally.stock),
            unchanged=tally.unchanged,
            problems=tally.problems,
        )

    async def _lock(self, merchant: str, products: Collection[str]) -> None:
        """The merchant's products that a table names, and their SKUs in the order in which an order takes them."""
        named = await rows(
            "SELECT p.id FROM product p JOIN merchant m ON m.id = p.merchant_id"
            " WHERE m.number = $1 AND p.code = ANY($2::text[]) ORDER BY p.id FOR NO KEY UPDATE OF p",
            merchant,
            list(products),
        )
        skus = await rows("SELECT code FROM sku WHERE product_id = ANY($1::bigint[])", [each["id"] for each in named])
        await self.stock.lock([each["code"] for each in skus])

    async def _product(self, merchant: str, parts: list[ImportRow], tally: _Tally, by: str) -> None:
        first = parts[0]
        wrong = [part for part in parts if part.of_product != first.of_product]
        if wrong:
            tally.problems += [ImportProblem(part.number, "", "与同一商品的首行不一致") for part in wrong]
            return
        if len({part.spec for part in parts}) < len(parts):
            tally.problems.append(ImportProblem(first.number, "规格", "同一商品的规格重复"))
            return
        if first.product is None:
            code = await self.catalogue.draft(merchant, _new_draft(parts), by)
            tally.created += 1
        else:
            code = first.product
            before = await product_dossier(code, merchant)
            await self._change(merchant, before, parts, tally, by)
        by_spec = {sku.spec: sku.code for sku in (await product_dossier(code, merchant)).skus if sku.active}
        for part in parts:
            # Without its SKU a row has been refused.
            if part.stock_change and part.spec in by_spec:
                tally.stock[by_spec[part.spec]] = part.stock_change

    async def _change(
        self, merchant: str, before: ProductDossier, parts: list[ImportRow], tally: _Tally, by: str
    ) -> None:
        skus = {sku.code: sku for sku in before.skus if sku.active}
        unknown = [part for part in parts if part.sku is not None and part.sku not in skus]
        if unknown:
            tally.problems += [ImportProblem(part.number, "规格代码", "不是该商品的规格") for part in unknown]
            return
        as_before = (before.title, before.subtitle, before.township, before.category, before.return_policy)
        same = parts[0].of_product == as_before and all(
            part.sku is not None and (skus[part.sku].spec, skus[part.sku].mass_gram, skus[part.sku].gtin)
            == (part.spec, part.mass_gram, part.gtin)
            for part in parts
        )  # fmt: skip
        if same:
            dearer = [part for part in parts if part.sku and skus[part.sku].price_fen != part.price_fen]
            for part in dearer:
                await self.catalogue.reprice(merchant, str(part.sku), part.price_fen, by)
            tally.repriced += len(dearer)
            tally.unchanged += len(parts) - len(dearer)
        elif before.state != ProductState.DRAFT:
            detail = "商品不在草稿状态，只能修改价格和库存"
            tally.problems.append(ImportProblem(parts[0].number, "", detail))
        else:
            await self.catalogue.edit(merchant, before.code, _changed_draft(before, parts), by)
            tally.edited += 1


def _products(table: Sequence[ImportRow]) -> Iterator[list[ImportRow]]:
    """The rows of each product together, products in the order of their first rows."""
    first: dict[tuple[str | None, str | None], int] = {}
    for part in table:
        first.setdefault(_key(part), part.number)
    ordered = sorted(table, key=lambda part: (first[_key(part)], part.number))
    for _, parts in groupby(ordered, key=_key):
        yield list(parts)


def _key(part: ImportRow) -> tuple[str | None, str | None]:
    return (part.product, None if part.product else part.article)


def _told(error: DomainError) -> str:
    return error.title


def _sku(part: ImportRow) -> SkuDraft:
    return SkuDraft(spec=part.spec, price_fen=part.price_fen, mass_gram=part.mass_gram, gtin=part.gtin, code=part.sku)


def _new_draft(parts: list[ImportRow]) -> ProductDraft:
    first = parts[0]
    return ProductDraft(
        title=first.title,
        subtitle=first.subtitle,
        township=first.township,
        category=first.category,
        return_policy=first.return_policy,
        skus=[msgspec.structs.replace(_sku(part), code=None) for part in parts],
    )


def _changed_draft(before: ProductDossier, parts: list[ImportRow]) -> ProductDraft:
    """The draft as the table says, with everything that the table does not have."""
    named = {part.sku: part for part in parts if part.sku is not None}
    kept = []
    for sku in before.skus:
        if not sku.active:
            continue
        policy = ReturnPolicy(sku.return_policy) if sku.return_policy else None
        told = _sku(named[sku.code]) if sku.code in named else SkuDraft(
            spec=sku.spec, price_fen=sku.price_fen, mass_gram=sku.mass_gram, gtin=sku.gtin, code=sku.code
        )  # fmt: skip
        kept.append(msgspec.structs.replace(told, options=tuple(sku.options), return_policy=policy))
    first = parts[0]
    return ProductDraft(
        title=first.title,
        subtitle=first.subtitle,
        description=before.description,
        pictures=msgspec.convert(msgspec.to_builtins(before.pictures), list[PictureDraft]),
        axes=tuple(before.axes),
        township=first.township,
        category=first.category,
        return_policy=first.return_policy,
        sale_policy=before.sale_policy,
        host_commission_bp=before.host_commission_bp,
        freight_template=before.freight_template,
        ships_from=before.ships_from,
        skus=[*kept, *(_sku(part) for part in parts if part.sku is None)],
    )


async def _known(merchant: str, file_hash: str) -> ImportReport | None:
    found = await row(
        "SELECT i.report::text AS report FROM catalogue_import i JOIN merchant m ON m.id = i.merchant_id"
        " WHERE m.number = $1 AND i.file_hash = $2",
        merchant,
        file_hash,
    )
    return msgspec.json.decode(found["report"], type=ImportReport) if found else None


class ExportRow(msgspec.Struct, frozen=True):
    """One SKU of the table, as an import would read it; ``available`` is told and not read."""

    product: str
    title: str
    subtitle: str
    township: str
    category: str | None
    return_policy: str
    sku: str
    spec: str
    price_fen: int
    mass_gram: int
    gtin: str | None
    available: int


async def export_rows(merchant: str) -> AsyncIterator[ExportRow]:
    """Every SKU of a merchant that can be bought or drafted, by product; read page by page."""
    if not await scalar("SELECT 1 FROM merchant WHERE number = $1", merchant):
        raise ProductUnknown()
    after = (0, -1, 0)
    while True:
        found = await rows(
            "SELECT p.id, s.position, s.id AS sku_id, p.code AS product, p.title, p.subtitle,"
            " p.township_id AS township, c.code AS category, p.return_policy, s.code AS sku, s.spec,"
            " s.price_fen, s.mass_gram, s.gtin, s.available"
            " FROM product p JOIN merchant m ON m.id = p.merchant_id JOIN sku s ON s.product_id = p.id"
            " LEFT JOIN category c ON c.id = p.category_id"
            " WHERE m.number = $1 AND s.active AND (p.id, s.position, s.id) > ($2, $3, $4)"
            f" ORDER BY p.id, s.position, s.id LIMIT {EXPORT_PAGE}",
            merchant,
            *after,
        )
        for each in found:
            yield ExportRow(**{name: each[name] for name in ExportRow.__struct_fields__})
        if len(found) < EXPORT_PAGE:
            return
        after = (found[-1]["id"], found[-1]["position"], found[-1]["sku_id"])
