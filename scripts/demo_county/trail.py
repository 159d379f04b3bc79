"""Where the demo's goods come from: plots, deliveries, lots with their papers, a run, and a cold room that reads.

Figures are plausible and made up; every number of a paper begins with DEMO.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import msgspec

from kit.clock import china_day, utc_now
from kit.encryption import FieldCipher
from scripts.demo_county.households import Farmer
from traceability.conformity.models import ConformityBasis
from traceability.conformity.service import Conformity
from traceability.lots import LotNotes, Lots
from traceability.models import IntakeMode
from traceability.plots.service import Land, Norm, Plots
from traceability.processing.service import Processing, RecipeTerms, RunOutcome
from traceability.quality.inspections import Finding, Inspections, Report, Sample
from traceability.service import Intakes, Reach, Weighing
from traceability.storage.models import ReadingKind
from traceability.storage.readings import SensorReadings
from traceability.storage.rooms import ColdRooms, RoomTerms

BY = "demo-county"
CONTACT = "19900000001"
NORM_SOURCE = "DEMO-产量标准-1：示例数值，未经核实"
# Code, name, kilograms by mu and year at most. Made up: the county enters its own with their source.
CROPS = (
    ("cane", "甘蔗", 6_000),
    ("lemon", "柠檬", 2_000),
    ("mango", "芒果", 1_500),
    ("mulberry", "桑", 2_500),
    ("tea", "茶叶", 300),
)
SINCE = date(2020, 1, 1)
HOURS = 48
# Temperatures of the cold room hour by hour, in thousandths of a degree: it is kept between 0 and 6 degrees.
_DAY_MILLI = (2_400, 2_600, 2_900, 3_300, 3_100, 2_700, 2_500, 2_300)


@dataclass(frozen=True)
class Goods:
    """Of which product of whom, from which crop, and where its suppliers live."""

    merchant: str
    product: str
    crop: str
    township: str


@dataclass(frozen=True)
class Trail:
    """The services through which goods are followed."""

    cipher: FieldCipher
    plots: Plots = field(default_factory=Plots)
    intakes: Intakes = field(default_factory=Intakes)
    conformity: Conformity = field(default_factory=Conformity)
    inspections: Inspections = field(default_factory=Inspections)
    processing: Processing = field(default_factory=Processing)

    async def enter(self, fungi: Goods, lemons: Goods, sugar: Goods, farmers: Sequence[Farmer]) -> None:
        """Certified and inspected mushrooms that stand in a cold room, certified lemons, and sugar put into jars."""
        await enter_crops(self.plots)
        now = utc_now()
        dried = await self._lot(fungi, farmers, now - timedelta(days=3))
        for merchant, lot in ((fungi.merchant, dried), (lemons.merchant, await self._lot(lemons, farmers, now))):
            await self.conformity.issue(merchant, lot, ConformityBasis.OWN_PROMISE, CONTACT, BY)
        await self._inspect(dried)
        await self._keep_cold(fungi.merchant, dried, now)
        await self._fill_jars(sugar, await self._lot(sugar, farmers, now - timedelta(days=2)), now)

    async def _lot(self, goods: Goods, farmers: Sequence[Farmer], sealed_by: datetime) -> str:
        """A sealed lot of up to four farmers of the township, 20 kg of each, from a plot of each."""
        weighed_at = sealed_by - timedelta(hours=6)
        harvested_on = china_day(weighed_at)
        near = [farmer for farmer in farmers if farmer.township == goods.township][:4]
        intakes = []
        for serial, farmer in enumerate(near, 1):
            reach = Reach(caller=BY, township=goods.township)
            land = Land(
                supplier=farmer.supplier,
                village=f"{goods.township}{900 + serial}",
                crop=goods.crop,
                area_mu_milli=2_000 + 500 * serial,
                valid_from=SINCE,
            )
            weighing = Weighing(
                client_id=f"demo-{goods.product}-{serial:02d}",
                supplier=farmer.supplier,
                merchant=goods.merchant,
                product=goods.product,
                mass_gram=20_000,
                grade="一级",
                unit_price_fen=800,
                mode=IntakeMode.CONSIGNMENT,
                weighed_at=weighed_at,
                site=f"S{goods.township}",
                plot=await self.plots.enter(reach, land),
                harvested_on=harvested_on,
                gross_gram=20_600,
                tare_gram=600,
            )
            intakes.append(await self.intakes.accept(reach, weighing))
        notes = LotNotes(
            harvest_from=harvested_on,
            harvest_until=harvested_on,
            best_before=harvested_on + timedelta(days=180),
            in_batch_no=f"DEMO-RK-{goods.crop}",
            out_batch_no=f"DEMO-CK-{goods.crop}",
        )
        lots = Lots(lambda: sealed_by)
        lot = await lots.make(goods.merchant, goods.product, 20_000 * len(near), intakes, BY, notes=notes)
        await lots.seal(goods.merchant, lot, BY)
        return lot

    async def _inspect(self, lot: str) -> None:
        number = await self.inspections.request(None, lot, BY)
        await self.inspections.sample(number, [Sample(code="DEMO-YP-1", mass_gram=500, taken_at=utc_now())], BY)
        findings = [
            Finding(name=name, allowed=allowed, found=found, unit="mg/kg", method="示例方法", is_good=True)
            for name, allowed, found in (("毒死蜱", "0.02", "未检出"), ("铅", "1.0", "0.12"))
        ]
        await self.inspections.judge(
            number, Report(laboratory="示例检测中心", report="DEMO-JC-1", findings=findings), BY
        )

    async def _keep_cold(self, merchant: str, lot: str, now: datetime) -> None:
        """A room with a device that has read for two days, once out of range before the lot came in.

        The lot leaves with the last reading: in a room that nobody reads any more, goods are an alarm.
        """
        rooms, begun = ColdRooms(self.cipher), now - timedelta(hours=HOURS)
        terms = RoomTerms(name="示例预冷库", min_celsius_milli=0, max_celsius_milli=6_000)
        room = await rooms.open(merchant, terms, BY)
        device = await rooms.install(merchant, room, "示例温度探头", BY)
        key = await rooms.renew_key(merchant, device)
        told = [
            (begun + timedelta(hours=hour), 7_200 if hour == 1 else _DAY_MILLI[hour % len(_DAY_MILLI)])
            for hour in range(HOURS)
        ]
        await SensorReadings(self.cipher).receive(device, *signed_readings(key, told))
        await rooms.place(merchant, lot, room, begun + timedelta(hours=4), BY)
        await rooms.remove(merchant, lot, told[-1][0], BY)

    async def _fill_jars(self, sugar: Goods, lot: str, now: datetime) -> None:
        terms = RecipeTerms(
            product=sugar.product, inputs=[sugar.product], max_yield_bp=9_900, document="DEMO-工艺-1：红糖分装"
        )
        recipe = await self.processing.write_recipe(sugar.merchant, terms, BY)
        outcome = RunOutcome(recipe=recipe, inputs={lot: 60_000}, output_gram=59_000, finished_at=now)
        await self.processing.finish(sugar.merchant, outcome, LotNotes(), BY)


async def enter_crops(plots: Plots) -> None:
    """The crops with their norms."""
    for code, name, kilograms in CROPS:
        await plots.name_crop(code, name)
        norm = Norm(
            crop=code,
            max_gram_per_mu=kilograms * 1000,
            max_gram_per_tree=None,
            effective_from=SINCE,
            source_document=NORM_SOURCE,
        )
        await plots.set_norm(norm, BY)


def signed_readings(key: str, told: Sequence[tuple[datetime, int]]) -> tuple[bytes, str]:
    """Temperatures as a device sends them, with its signature."""
    readings = [
        {"client_id": f"demo-{at:%Y%m%d%H%M}", "kind": ReadingKind.TEMPERATURE, "at": at, "value_milli": milli}
        for at, milli in told
    ]
    body = msgspec.json.encode({"readings": readings})
    return body, hmac.new(bytes.fromhex(key), body, hashlib.sha256).hexdigest()
