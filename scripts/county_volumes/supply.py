"""What is delivered in a month: intakes, sealed lots, certificates, an inspection, and a cold room's readings."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kit.clock import china_day
from kit.encryption import FieldCipher
from scripts.county_volumes.people import FRESH, Seller
from scripts.county_volumes.plan import BY, HOURS_OF_READINGS, INTAKES_OF_LOT, chance_of, lots_of
from scripts.demo_county.trail import CONTACT, signed_readings
from traceability.conformity.models import ConformityBasis
from traceability.conformity.service import Conformity
from traceability.lots import LotNotes, Lots
from traceability.models import IntakeMode
from traceability.quality.inspections import Finding, Inspections, Report, Sample
from traceability.service import Intakes, Reach, Weighing
from traceability.storage.readings import SensorReadings
from traceability.storage.rooms import ColdRooms, RoomTerms


@dataclass(frozen=True)
class Supply:
    """The deliveries of one month, which began at a moment; lots are sealed two days later."""

    month: int
    begun: datetime

    async def deliver(self, seller: Seller) -> list[str]:
        """The month's lots of a merchant, sealed, certified where the goods are fresh; answers their numbers."""
        sealed = []
        for serial in range(lots_of(self.month, seller.serial)):
            sealed.append(await self._lot(seller, serial))
        return sealed

    async def _lot(self, seller: Seller, serial: int) -> str:
        chance = chance_of("lot", self.month, seller.serial, serial)
        intakes, total_gram = [], 0
        for place, (supplier, township, plot) in enumerate(chance.sample(seller.suppliers, INTAKES_OF_LOT)):
            mass_gram = chance.randrange(8_000, 20_000, 500)
            weighed_at = self.begun + timedelta(hours=serial * 3 + place)
            weighing = Weighing(
                client_id=f"demo-v-{self.month:02d}-{seller.serial:02d}-{serial}-{place}",
                supplier=supplier,
                merchant=seller.merchant,
                product=seller.product,
                mass_gram=mass_gram,
                grade=chance.choice(("一级", "二级")),
                unit_price_fen=chance.randrange(600, 1_200, 10),
                mode=IntakeMode.CONSIGNMENT,
                weighed_at=weighed_at,
                site=f"S{township}",
                plot=plot,
                harvested_on=china_day(weighed_at),
                gross_gram=mass_gram + 500,
                tare_gram=500,
            )
            reach = Reach(caller=BY, township=township)
            intakes.append(await Intakes(lambda: self.begun + timedelta(days=1)).accept(reach, weighing))
            total_gram += mass_gram
        sealed_at = self.begun + timedelta(days=2)
        lots = Lots(lambda: sealed_at)
        first = china_day(self.begun)
        notes = LotNotes(
            harvest_from=first,
            harvest_until=first + timedelta(days=1),
            best_before=first + timedelta(days=400),
            out_batch_no=f"DEMO-{self.month + 1:02d}-{seller.serial + 1:02d}-{serial + 1}",
        )
        lot = await lots.make(seller.merchant, seller.product, total_gram, intakes, BY, notes=notes)
        await lots.seal(seller.merchant, lot, BY)
        if seller.category == FRESH:
            certificates = Conformity(lambda: sealed_at)
            await certificates.issue(seller.merchant, lot, ConformityBasis.OWN_PROMISE, CONTACT, BY)
        return lot

    async def inspect(self, lot: str) -> None:
        """The month's inspection, which passes."""
        now = self.begun + timedelta(days=3)
        register = Inspections(lambda: now)
        number = await register.request(None, lot, BY)
        code = f"DEMO-YP-{self.month + 1:02d}"
        await register.sample(number, [Sample(code=code, mass_gram=500, taken_at=now)], BY)
        finding = Finding(name="铅", allowed="1.0", found="0.1", unit="mg/kg", method="示例方法", is_good=True)
        report = Report(laboratory="示例检测中心", report=f"DEMO-JC-{self.month + 1:02d}", findings=[finding])
        await register.judge(number, report, BY)


async def keep_cold(cipher: FieldCipher, seller: Seller, lots: list[str], begun: datetime) -> None:
    """A room of a merchant of fresh goods: 30 days of readings, some of a warm afternoon, and the lots in it.

    They leave it with the last reading: in a room that nobody reads any more, goods are an alarm.
    """
    rooms = ColdRooms(cipher)
    terms = RoomTerms(name="示例冷库", min_celsius_milli=4_000, max_celsius_milli=12_000)
    room = await rooms.open(seller.merchant, terms, BY)
    device = await rooms.install(seller.merchant, room, "示例探头", BY)
    key = await rooms.renew_key(seller.merchant, device)
    chance = chance_of("cold", seller.serial)
    warm = chance.randrange(100, 600)
    told = [
        (begun + timedelta(hours=hour), 13_500 if warm <= hour < warm + 3 else chance.randrange(6_000, 10_000, 100))
        for hour in range(HOURS_OF_READINGS)
    ]
    for start in range(0, len(told), 500):
        body, signature = signed_readings(key, told[start : start + 500])
        await SensorReadings(cipher).receive(device, body, signature)
    for lot in lots:
        await rooms.place(seller.merchant, lot, room, begun + timedelta(days=2), BY)
        await rooms.remove(seller.merchant, lot, told[-1][0], BY)
