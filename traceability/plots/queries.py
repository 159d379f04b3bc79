"""Reads of crops, plots and norms: one SQL statement each."""

from datetime import date

import msgspec

from kit.database import rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor


class CropCard(msgspec.Struct, frozen=True):
    """A crop with the norm that holds on the day of asking, if any."""

    code: str
    name: str
    max_gram_per_mu: int | None
    max_gram_per_tree: int | None
    effective_from: date | None
    source_document: str | None


class PlotCard(msgspec.Struct, frozen=True):
    """A plot, with its village's and its crop's name."""

    number: str
    supplier: str
    supplier_name: str
    village: str
    village_name: str
    crop: str
    crop_name: str
    area_mu_milli: int
    trees: int | None
    valid_from: date
    valid_until: date | None


class YieldAboveNorm(msgspec.Struct, frozen=True):
    """A plot of which more was delivered in a year than is plausible, and by which norm. Masses in gram."""

    plot: str
    supplier: str
    village: str
    crop: str
    year: int
    intakes: int
    mass_gram: int
    plausible_gram: int
    source_document: str


async def crops(day: date) -> list[CropCard]:
    """All crops by code, with the norms of the day; the 1,000 first."""
    found = await rows(
        "SELECT c.code, c.name, n.max_gram_per_mu, n.max_gram_per_tree, n.effective_from, n.source_document FROM crop c"
        " LEFT JOIN LATERAL (SELECT * FROM yield_norm WHERE crop_id = c.code AND effective_from <= $1"
        " ORDER BY effective_from DESC LIMIT 1) n ON true ORDER BY c.code LIMIT 1000",
        day,
    )
    return [msgspec.convert(each, CropCard) for each in found]


async def plots(
    township: str | None, merchant: str | None, supplier: str | None, cursor: str | None, limit: int
) -> tuple[list[PlotCard], str | None]:
    """Plots of a township's suppliers, or of those a merchant entered or bought from, oldest first; both None: all."""
    after = read_cursor(cursor, tuple[int])[0] if cursor else 0
    limit = min(limit, MAX_PAGE)
    found = await rows(
        "SELECT p.id, p.number, s.number AS supplier, s.name AS supplier_name, p.village,"
        " coalesce(d.name, p.village) AS village_name, p.crop_id AS crop, c.name AS crop_name, p.area_mu_milli,"
        " p.trees, p.valid_from, p.valid_until FROM plot p JOIN supplier s ON s.id = p.supplier_id"
        " JOIN crop c ON c.code = p.crop_id LEFT JOIN division d ON d.code = p.village"
        " WHERE p.id > $4 AND ($1::text IS NULL OR s.township = $1) AND ($2::text IS NULL OR p.merchant = $2"
        " OR EXISTS (SELECT 1 FROM intake i WHERE i.supplier_id = s.id AND i.merchant = $2))"
        " AND ($3::text IS NULL OR s.number = $3) ORDER BY p.id LIMIT $5",
        township,
        merchant,
        supplier,
        after,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(each, PlotCard) for each in found[:limit]], following


async def yields_above_norm(year: int) -> list[YieldAboveNorm]:
    """Plots of which more was delivered of a year's harvest than is plausible, the worst first; the 1,000 first.

    Plausible is the area by the norm that held last in the year, or the trees by it when that is less. A plot of a crop
    without a norm is not among them, nor is a delivery that names no plot (domain reference 2.6).
    """
    found = await rows(
        "SELECT p.number AS plot, s.number AS supplier, p.village, p.crop_id AS crop, $3::int AS year, m.intakes,"
        " m.mass_gram, n.plausible_gram, n.source_document FROM"
        " (SELECT plot_id, count(*) AS intakes, sum(mass_gram)::bigint AS mass_gram FROM intake"
        " WHERE plot_id IS NOT NULL AND harvested_on BETWEEN $1 AND $2 GROUP BY plot_id) m"
        " JOIN plot p ON p.id = m.plot_id JOIN supplier s ON s.id = p.supplier_id"
        " JOIN LATERAL (SELECT least(n.max_gram_per_mu * p.area_mu_milli / 1000, n.max_gram_per_tree * p.trees)"
        " AS plausible_gram, n.source_document FROM yield_norm n WHERE n.crop_id = p.crop_id AND n.effective_from <= $2"
        " ORDER BY n.effective_from DESC LIMIT 1) n ON m.mass_gram > n.plausible_gram"
        " ORDER BY m.mass_gram::numeric / greatest(n.plausible_gram, 1) DESC, p.number LIMIT 1000",
        date(year, 1, 1),
        date(year, 12, 31),
        year,
    )
    return [msgspec.convert(each, YieldAboveNorm) for each in found]
