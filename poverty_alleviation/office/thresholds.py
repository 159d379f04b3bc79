"""The numbers that alarms and small cells are judged by: dated rows with a source, and what holds without one."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, utc_now
from kit.database import rows, transaction
from kit.models import Model
from poverty_alleviation.office.errors import DatedRowExists, ThresholdInvalid
from poverty_alleviation.office.models import CostRate, MarketPrice, OfficeThreshold, PovertyLine, ProductCrop
from poverty_alleviation.office.suppression import Limits

USUAL: dict[str, tuple[int, str]] = {
    "cell_households": (3, "domain reference 5, must 4"),
    "cell_dominance_bp": (8_000, "domain reference 5, must 4"),
    "public_cell_households": (10, "the county's own rule for what is published"),
    "carried_floor_fen": (10_000, "domain reference 2.6, by quarter"),
    "shared_account_households": (2, "domain reference 2.6"),
    "shared_phone_households": (2, "domain reference 2.6"),
    "same_proof_households": (2, "domain reference 2.6"),
    "price_above_market_bp": (15_000, "unverified; no document gives one"),
    "equal_dividend_households": (3, "domain reference 2.6; how many is unverified"),
    "same_address_buyers": (3, "domain reference 2.6; how many is unverified"),
    "same_device_buyers": (3, "domain reference 2.6; how many is unverified"),
    "measure_within_days": (31, "domain reference 2.1, one month after a household was found to be at risk"),
    "risk_cleared_within_days": (61, "domain reference 2.1, two months"),
    "empty_lot_days": (2, "unverified; no document gives one"),
    "silent_device_hours": (6, "unverified; no document gives one"),
    "station_idle_days": (30, "domain reference K05"),
    "meeting_record_days": (10, "unverified; no document gives one; until the minutes of a period are there"),
    "disclosure_answer_days": (20, "unverified; no document gives one; days of the calendar"),
    "disclosure_complaints": (7, "domain reference T13; the plan allows ten"),
    "follow_up_1_days": (30, "domain reference R05; days since the end of a class"),
    "follow_up_2_days": (90, "domain reference R05; days since the end of a class"),
    "follow_up_3_days": (180, "domain reference R05; days since the end of a class"),
    "clawback_offset_bp": (2_000, "unverified; no document gives one; as little as may be kept back of a wage"),
}
"""What holds while the office has entered nothing else, with where it comes from."""

_STRICTER = {"cell_households": 1, "public_cell_households": 1, "cell_dominance_bp": -1, "clawback_offset_bp": -1}
"""Small cells and later income may be guarded better than usual and never worse: 1 upwards, -1 downwards."""

_MOST = {"bp": 1_000_000, "days": 3_650, "hours": 87_600, "fen": 10**12}
_MOST_COUNTED = 100_000
"""By unit. No look for alarms could reckon with a slip beyond it, and what was entered stays."""

_USUAL_LINES = {
    "national": {
        2010: 2300, 2011: 2536, 2012: 2625, 2013: 2736, 2014: 2800, 2015: 2855, 2016: 2952, 2017: 2952, 2018: 2995,
        2019: 3218, 2020: 4000,
    },
    "exit": {2018: 3500, 2019: 3750, 2020: 4000},
    "monitoring": {2020: 5000, 2023: 8050},
}  # fmt: skip
_AREAS = {("national", year): "CN" for year in range(2010, 2021)} | {("monitoring", 2020): "CN"}


class LineCard(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a year, in fen for a person."""

    year: int
    area: str
    kind: str
    fen: int
    source: str
    is_verified: bool


class DatedNumber(msgspec.Struct, frozen=True, kw_only=True):
    """A number that holds from a day on; ``name`` is a threshold, a kind of crop, or a product."""

    name: str
    value: int
    valid_from: date | None
    source: str


class OfficeNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the office's figures and alarms are judged by on a day."""

    thresholds: list[DatedNumber]
    lines: list[LineCard]
    cost_rates_bp: list[DatedNumber]
    market_fen_per_kg: list[DatedNumber]
    crops_of_products: dict[str, str]


@dataclass(frozen=True)
class OfficeRules:
    """Entering them. What was entered never changes; a later day gets a further row."""

    clock: Clock = utc_now

    async def enter_threshold(self, name: str, value: int, valid_from: date, source: str, by: str) -> None:
        """Raises :class:`ThresholdInvalid`, :class:`DatedRowExists`."""
        usual, most = USUAL.get(name), _MOST.get(name.rpartition("_")[2], _MOST_COUNTED)
        if usual is None or (value - usual[0]) * _STRICTER.get(name, 0) < 0 or value > most:
            raise ThresholdInvalid(floor=usual[0] if usual else None, most=most if usual else None)
        await self._add(OfficeThreshold, by, name=name, value=value, valid_from=valid_from, source=source)

    async def enter_line(self, line: LineCard, by: str) -> None:
        """A further row of the same year, area and kind takes the place of the one before."""
        await self._add(PovertyLine, by, **msgspec.structs.asdict(line))

    async def enter_usual_lines(self, by: str) -> None:
        """The lines that the reference names (domain reference 2.3), none of them verified."""
        for kind, years in _USUAL_LINES.items():
            for year, yuan in years.items():
                area = _AREAS.get((kind, year), "53")
                source = "domain reference 2.3, unverified"
                await self.enter_line(
                    LineCard(year=year, area=area, kind=kind, fen=yuan * 100, source=source, is_verified=False), by
                )

    async def enter_cost_rate(self, crop: str, basis_points: int, valid_from: date, source: str, by: str) -> None:
        """Raises :class:`DatedRowExists`."""
        await self._add(CostRate, by, crop=crop, basis_points=basis_points, valid_from=valid_from, source=source)

    async def enter_market_price(self, product: str, fen_per_kg: int, valid_from: date, source: str, by: str) -> None:
        """Raises :class:`DatedRowExists`."""
        await self._add(MarketPrice, by, product=product, fen_per_kg=fen_per_kg, valid_from=valid_from, source=source)

    async def enter_crop(self, product: str, crop: str, by: str) -> None:
        """Say which kind of crop a product counts as."""
        await self._add(ProductCrop, by, product=product, crop=crop)

    async def _add(self, model: type[Model], by: str, **columns: Any) -> None:
        try:
            async with transaction():
                await model.create(**columns, recorded_by=by, recorded_at=self.clock())
        except IntegrityError:
            raise DatedRowExists() from None


async def thresholds(day: date) -> dict[str, int]:
    """Every threshold as it holds on a day."""
    return {each.name: each.value for each in await _thresholds(day)}


async def limits(day: date, *, public: bool) -> Limits:
    """What a cell has to keep to, for the county's offices or for the public."""
    found = await thresholds(day)
    fewest = found["cell_households"]
    return Limits(
        max(fewest, found["public_cell_households"]) if public else fewest,
        found["cell_dominance_bp"],
    )


async def numbers(day: date) -> OfficeNumbers:
    """Everything that holds on a day."""
    return OfficeNumbers(
        thresholds=await _thresholds(day),
        lines=await lines_of(None),
        cost_rates_bp=await _dated("cost_rate", "crop", "basis_points", day),
        market_fen_per_kg=await _dated("market_price", "product", "fen_per_kg", day),
        crops_of_products=await crops_of_products(),
    )


async def lines_of(year: int | None) -> list[LineCard]:
    """The lines of the latest year up to ``year`` that has any; None: of all years."""
    found = await rows(
        "SELECT DISTINCT ON (year, area, kind) year, area, kind, fen, source, is_verified FROM poverty_line"
        " WHERE $1::int IS NULL OR year = (SELECT max(year) FROM poverty_line WHERE year <= $1)"
        " ORDER BY year, area, kind, id DESC",
        year,
    )
    return [msgspec.convert(each, LineCard) for each in found]


async def cost_rates(day: date) -> dict[str, DatedNumber]:
    """The rate of each kind of crop in basis points, as it holds on a day."""
    return {each.name: each for each in await _dated("cost_rate", "crop", "basis_points", day)}


async def crops_of_products() -> dict[str, str]:
    """The kind of crop of each product that has one."""
    found = await rows("SELECT DISTINCT ON (product) product, crop FROM product_crop ORDER BY product, id DESC")
    return {each["product"]: each["crop"] for each in found}


async def _thresholds(day: date) -> list[DatedNumber]:
    entered = {each.name: each for each in await _dated("office_threshold", "name", "value", day)}
    return [
        entered.get(name) or DatedNumber(name=name, value=value, valid_from=None, source=source)
        for name, (value, source) in USUAL.items()
    ]


async def _dated(table: str, name: str, value: str, day: date) -> list[DatedNumber]:
    found = await rows(
        f"SELECT DISTINCT ON ({name}) {name} AS name, {value} AS value, valid_from, source FROM {table}"
        f" WHERE valid_from <= $1 ORDER BY {name}, valid_from DESC",
        day,
    )
    return [msgspec.convert(each, DatedNumber) for each in found]
