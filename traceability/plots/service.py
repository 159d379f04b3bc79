"""Entering crops, norms and plots, and ending plots."""

from dataclasses import dataclass
from datetime import date

import msgspec

from kit.clock import Clock, utc_now
from kit.database import execute, row, rows, scalar, transaction
from kit.numbers import public_number
from places.queries import village_known
from traceability.plots.errors import CropUnknown, PlotInvalid, PlotUnknown, YieldNormTaken
from traceability.service import Reach, reachable_supplier

MAX_AREA_MU_MILLI = 10**8
MAX_TREES = 10**6
MAX_NORM_GRAM = 10**9


class Land(msgspec.Struct, frozen=True, kw_only=True):
    """What is said about a plot, as in :class:`traceability.plots.models.Plot`."""

    supplier: str
    village: str
    crop: str
    area_mu_milli: int
    valid_from: date
    trees: int | None = None


class Norm(msgspec.Struct, frozen=True, kw_only=True):
    """The most that is plausible of a crop in a year: gram by mu, and by tree where trees are counted."""

    crop: str
    max_gram_per_mu: int
    max_gram_per_tree: int | None
    effective_from: date
    source_document: str


@dataclass(frozen=True)
class Plots:
    """The register of plots. It says where a supplier grows something, and nothing about anybody's circumstances."""

    clock: Clock = utc_now

    async def name_crop(self, code: str, name: str) -> None:
        """Enter a crop, or correct its name."""
        await execute(
            "INSERT INTO crop (code, name) VALUES ($1, $2) ON CONFLICT (code) DO UPDATE SET name = $2", code, name
        )

    async def set_norm(self, norm: Norm, by: str) -> None:
        """Enter a norm; it holds until a later one begins. Raises :class:`CropUnknown`, :class:`YieldNormTaken`."""
        if not await scalar("SELECT 1 FROM crop WHERE code = $1", norm.crop):
            raise CropUnknown(crop=norm.crop)
        if not await rows(
            "INSERT INTO yield_norm (crop_id, max_gram_per_mu, max_gram_per_tree, effective_from, source_document,"
            " recorded_by, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
            " ON CONFLICT (crop_id, effective_from) DO NOTHING RETURNING 1",
            norm.crop,
            norm.max_gram_per_mu,
            norm.max_gram_per_tree,
            norm.effective_from,
            norm.source_document,
            by,
            self.clock(),
        ):
            raise YieldNormTaken(crop=norm.crop, effective_from=norm.effective_from.isoformat())

    async def enter(self, reach: Reach, land: Land) -> str:
        """Enter a plot; answers its number. A keeper enters those of suppliers of the own township.

        Raises :class:`PlotInvalid`, :class:`CropUnknown` and SupplierUnknown.
        """
        trees = 1 if land.trees is None else land.trees
        if not 0 < land.area_mu_milli <= MAX_AREA_MU_MILLI or not 0 < trees <= MAX_TREES:
            raise PlotInvalid(members=["area_mu_milli", "trees"])
        async with transaction():
            supplier = await reachable_supplier(reach, land.supplier)
            if not await village_known(land.village):
                raise PlotInvalid(members=["village"])
            if not await scalar("SELECT 1 FROM crop WHERE code = $1", land.crop):
                raise CropUnknown(crop=land.crop)
            number: str = await scalar(
                "INSERT INTO plot (number, supplier_id, village, crop_id, area_mu_milli, trees, valid_from, merchant,"
                " recorded_by, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING number",
                public_number(self.clock(), "P"),
                supplier["id"],
                land.village,
                land.crop,
                land.area_mu_milli,
                land.trees,
                land.valid_from,
                reach.merchant,
                reach.caller,
                self.clock(),
            )
        return number

    async def end(self, reach: Reach, number: str, last_day: date) -> None:
        """A plot is the supplier's for the last time on a day. Whoever entered it ends it, or the township's keeper.

        Raises :class:`PlotUnknown` and :class:`PlotInvalid`: it has ended, or deliveries of a later harvest name it.
        """
        async with transaction():
            found = await row(
                "SELECT p.id, p.valid_from, p.ended_at FROM plot p JOIN supplier s ON s.id = p.supplier_id"
                " WHERE p.number = $1 AND ($2::text IS NULL OR s.township = $2)"
                " AND ($3::text IS NULL OR p.merchant = $3) FOR UPDATE OF p",
                number,
                reach.township,
                reach.merchant,
            )
            if found is None:
                raise PlotUnknown(plot=number)
            if (
                found["ended_at"] is not None
                or last_day < found["valid_from"]
                or await scalar("SELECT 1 FROM intake WHERE plot_id = $1 AND harvested_on > $2", found["id"], last_day)
            ):
                raise PlotInvalid(members=["valid_until"])
            await execute(
                "UPDATE plot SET valid_until = $2, ended_by = $3, ended_at = $4 WHERE id = $1",
                found["id"],
                last_day,
                reach.caller,
                self.clock(),
            )
