"""Writing events of the house's own facts (domain reference 3.1).

An event names goods, places and runs by addresses below the house's own; it names no supplier, no household and no
consumer, and no lists whose place in the hash the standard's words and its reference implementation see differently.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from epcis.declarations import Declaration, Declarations
from epcis.hashes import Event, event_id
from epcis.models import EventSource
from epcis.writing import Said, Saying, write
from kit.clock import CHINA, Clock, utc_now
from kit.database import row, rows, scalar
from logistics.events import ParcelReturned, ParcelShipped, ParcelSigned
from orders.events import CaseMoved, LotsAssigned, OrderEarned, OrderPacked, OrderReceived, PickupPrepared
from traceability.events import (
    ColdDayEnded,
    InspectionJudged,
    IntakeAccepted,
    LotHeld,
    LotRecalled,
    LotReleased,
    LotRemoved,
    LotSampled,
    LotStored,
    LotWasSealed,
    ProcessRunFinished,
)
from traceability.storage.days import DayReading, bounds_of, stays_of_day
from traceability.storage.models import ReadingKind


@dataclass(frozen=True)
class OwnEvents:
    """Events of the house, each written once. ``base`` is the house's public address without a slash at its end."""

    base: str
    clock: Clock = utc_now

    async def record_intake(self, fact: IntakeAccepted) -> None:
        """Goods came in at a place: a township, never a plot."""
        township = await scalar("SELECT township FROM intake WHERE number = $1", fact.intake)
        event = _event("ObjectEvent", fact.weighed_at, "receiving", "in_progress") | {
            "action": "OBSERVE",
            "readPoint": {"id": self._address("place", township)},
            "quantityList": [self._mass("intake", fact.intake, fact.mass_gram)],
        }
        await self._write(fact.merchant, event)

    async def record_sealed_lot(self, fact: LotWasSealed) -> None:
        """A lot was made of deliveries. One that a run made is told by the run."""
        given = await rows(
            "SELECT i.number, c.mass_gram FROM lot_contribution c JOIN lot l ON l.id = c.lot_id"
            " JOIN intake i ON i.id = c.intake_id WHERE l.number = $1 ORDER BY i.number",
            fact.lot,
        )
        if given:
            event = self._made("lot", fact.lot, fact.sealed_at, fact.lot, fact.input_gram) | {
                "inputQuantityList": [self._mass("intake", each["number"], each["mass_gram"]) for each in given],
                "ilmd": await _made_known(fact.lot),
            }
            await self._write(fact.merchant, event)

    async def record_run(self, fact: ProcessRunFinished) -> None:
        """A lot was made of other lots."""
        run = await row(
            "SELECT u.number FROM process_run u JOIN lot l ON l.id = u.lot_id WHERE l.number = $1", fact.lot
        )
        assert run is not None
        event = self._made("run", run["number"], fact.finished_at, fact.lot, fact.output_gram) | {
            "inputQuantityList": [self._mass("lot", lot, gram) for lot, gram in sorted(fact.inputs.items())],
            "ilmd": await _made_known(fact.lot),
        }
        await self._write(fact.merchant, event)

    async def record_packed_order(self, fact: OrderPacked) -> None:
        """Goods of lots went into what an order is packed in. Lines without a lot have nothing to tell."""
        taken = await rows(
            "SELECT l.number, sum(b.mass_gram)::bigint AS mass_gram FROM line_lot b JOIN lot l ON l.id = b.lot_id"
            " WHERE b.line = ANY($1) AND b.late_reason IS NULL GROUP BY l.number ORDER BY l.number",
            list(fact.lines),
        )
        if taken:
            event = _event("AggregationEvent", fact.packed_at, "packing", "in_progress") | {
                "action": "ADD",
                "parentID": self._address("goods", fact.order),
                "childQuantityList": [self._mass("lot", each["number"], each["mass_gram"]) for each in taken],
            }
            await self._write(fact.merchant, event)

    async def record_late_lots(self, fact: LotsAssigned) -> None:
        """It became known only later which lots are in packed goods: they are seen there, and not put there then."""
        taken = await rows(
            "SELECT l.number, b.mass_gram FROM line_lot b JOIN lot l ON l.id = b.lot_id WHERE b.line = $1"
            " ORDER BY l.number",
            fact.line,
        )
        event = _event("AggregationEvent", fact.assigned_at, "other", "in_progress") | {
            "action": "OBSERVE",
            "parentID": self._address("goods", fact.order),
            "childQuantityList": [self._mass("lot", each["number"], each["mass_gram"]) for each in taken],
        }
        await self._write(fact.merchant, event)

    async def record_shipped_parcel(self, fact: ParcelShipped) -> None:
        """A carrier took the packed goods."""
        await self._see(fact.merchant, fact.references, fact.handed_over_at, "shipping", "in_transit")

    async def record_signed_parcel(self, fact: ParcelSigned) -> None:
        """They have come to whoever signed."""
        await self._see(fact.merchant, fact.references, fact.signed_at, "receiving", "in_progress")

    async def record_returned_parcel(self, fact: ParcelReturned) -> None:
        """They are back."""
        await self._see(fact.merchant, fact.references, fact.returned_at, "receiving", "returned")

    async def record_waiting_pickup(self, fact: PickupPrepared) -> None:
        """They wait at a station."""
        found = await row(
            "SELECT p.township, p.ready_at FROM order_pickup p JOIN customer_order o ON o.id = p.order_id"
            " WHERE o.number = $1 AND p.ready_at IS NOT NULL",
            fact.order,
        )
        if found is not None:
            event = _event("ObjectEvent", found["ready_at"], "arriving", "in_progress") | {
                "action": "OBSERVE",
                "epcList": [self._address("goods", fact.order)],
                "readPoint": {"id": self._address("place", found["township"])},
            }
            await self._write(fact.merchant, event)

    async def record_received_order(self, fact: OrderReceived) -> None:
        """The buyer has taken them. What was never packed, a voucher or a stay, is no goods."""
        merchant = await scalar(_OF_GOODS, fact.order)
        if merchant is not None:
            await self._see(merchant, (fact.order,), fact.received_at, "accepting", "in_progress")

    async def record_returned_goods(self, fact: CaseMoved) -> None:
        """The merchant has so many pieces back. Money that goes back is no event of goods."""
        pieces = await scalar(
            "SELECT c.quantity FROM after_sales_case c JOIN after_sales_event e ON e.case_id = c.id"
            " WHERE c.number = $1 AND e.event = 'take_back' AND e.state = $2 AND e.happened_at = $3",
            fact.case,
            fact.state,
            fact.moved_at,
        )
        if pieces is not None:
            event = _event("ObjectEvent", fact.moved_at, "receiving", "returned") | {
                "action": "OBSERVE",
                "quantityList": [{"epcClass": self._address("goods", fact.order), "quantity": pieces}],
            }
            await self._write(fact.merchant, event)

    async def record_earned_order(self, fact: OrderEarned) -> None:
        """They are sold for good."""
        if await scalar(_OF_GOODS, fact.order) is not None:
            await self._see(fact.merchant, (fact.order,), fact.earned_at, "retail_selling", "retail_sold")

    async def record_stored_lot(self, fact: LotStored) -> None:
        """A lot has come into a cold room."""
        room = {"id": self._address("cold-room", fact.room)}
        event = self._of_lot(fact.lot, fact.stored_at, "storing", "in_progress")
        await self._write(fact.merchant, event | {"readPoint": room, "bizLocation": room})

    async def record_removed_lot(self, fact: LotRemoved) -> None:
        """It has left it."""
        event = self._of_lot(fact.lot, fact.removed_at, "departing", "in_progress")
        await self._write(fact.merchant, event | {"readPoint": {"id": self._address("cold-room", fact.room)}})

    async def record_cold_day(self, fact: ColdDayEnded) -> None:
        """How cold lots stood on a day: one event of each stay, with what each device read meanwhile.

        What was told before of the room and the day, and holds no more, is declared wrong (domain reference 3.1).
        """
        room = self._address("cold-room", fact.room)
        events = [
            self._of_lot(stay.lot, stay.until, "sensor_reporting", "in_progress")
            | {
                "readPoint": {"id": room},
                "sensorElementList": [self._sensor(*each) for each in stay.by_device()],
            }
            for stay in await stays_of_day(fact.room, fact.day)
        ]
        ids = await self._write(fact.merchant, *events)
        told = [(event["quantityList"][0]["epcClass"], called) for event, called in zip(events, ids, strict=True)]
        for old in await rows(_TOLD_OF_ROOM, fact.merchant, room, *bounds_of(fact.day), ids):
            instead = [called for lot, called in told if lot == old["lot"]]
            why = Declaration(reason="incorrect_data" if instead else "did_not_occur", corrective_event_ids=instead)
            await Declarations(self.clock).declare(fact.merchant, old["event_id"], why, "")

    def _sensor(self, device: str, read: list[DayReading]) -> dict[str, Any]:
        """What one device read: between which moments, and of each kind the least, the most and the mean.

        The raw data are named by how many they are: more of them are another event, even if they say the same.
        """
        count = sum(each.readings for each in read)
        return {
            "sensorMetadata": {
                "startTime": _moment(min(each.first_at for each in read)),
                "endTime": _moment(max(each.last_at for each in read)),
                "deviceID": self._address("device", device),
                "rawData": self._address("readings", f"{device}-{count}"),
            },
            "sensorReport": [
                dict(zip(("type", "uom"), _MEASURES[each.kind], strict=True))
                | {
                    "minValue": each.lowest_milli / 1000,
                    "maxValue": each.highest_milli / 1000,
                    "meanValue": each.mean_milli / 1000,
                }
                | ({"exception": "ALARM_CONDITION"} if each.is_out else {})
                for each in read
            ],
        }

    async def record_samples(self, fact: LotSampled) -> None:
        """Some of a lot went to a laboratory."""
        event = _event("ObjectEvent", fact.sampled_at, "sampling", "in_progress") | {
            "action": "OBSERVE",
            "certificationInfo": self._address("inspection", fact.inspection),
            "quantityList": [self._mass("lot", fact.lot, fact.mass_gram)],
        }
        await self._write(fact.merchant, event)

    async def record_judgement(self, fact: InspectionJudged) -> None:
        """The laboratory has reported."""
        disposition = "conformant" if fact.passed else "non_conformant"
        event = self._of_lot(fact.lot, fact.judged_at, "inspecting", disposition)
        await self._write(fact.merchant, event | {"certificationInfo": self._address("inspection", fact.inspection)})

    async def record_hold(self, fact: LotHeld) -> None:
        """Nothing may be taken from a lot, for whatever reason; the state lasts until it is unset."""
        event = self._of_lot(fact.lot, fact.held_at, "holding", "non_sellable_other")
        await self._write(fact.merchant, event | {"persistentDisposition": {"set": ["unavailable"]}})

    async def record_release(self, fact: LotReleased) -> None:
        """It may be taken from again."""
        event = self._of_lot(fact.lot, fact.released_at, "storing", "sellable_not_accessible")
        await self._write(fact.merchant, event | {"persistentDisposition": {"unset": ["unavailable"]}})

    async def record_recall(self, fact: LotRecalled) -> None:
        """It is called back, for good."""
        event = self._of_lot(fact.lot, fact.recalled_at, "holding", "recalled")
        await self._write(fact.merchant, event | {"persistentDisposition": {"set": ["recalled"]}})

    def _of_lot(self, lot: str, at: datetime, step: str, disposition: str) -> dict[str, Any]:
        return _event("ObjectEvent", at, step, disposition) | {
            "action": "OBSERVE",
            "quantityList": [{"epcClass": self._address("lot", lot)}],
        }

    async def _see(self, merchant: str, orders: tuple[str, ...], at: datetime, step: str, disposition: str) -> None:
        event = _event("ObjectEvent", at, step, disposition) | {
            "action": "OBSERVE",
            "epcList": [self._address("goods", order) for order in sorted(orders)],
        }
        await self._write(merchant, event)

    def _made(self, kind: str, number: str, at: datetime, lot: str, gram: int) -> dict[str, Any]:
        return _event("TransformationEvent", at, "commissioning", "active") | {
            "transformationID": self._address("run" if kind == "run" else "sealing", number),
            "outputQuantityList": [self._mass("lot", lot, gram)],
        }

    def _address(self, kind: str, number: str) -> str:
        return f"{self.base}/trace/{kind}/{quote(number, safe='')}"

    def _mass(self, kind: str, number: str, gram: int) -> dict[str, Any]:
        """So many kilograms of something."""
        return {"epcClass": self._address(kind, number), "quantity": gram / 1000, "uom": "KGM"}

    async def _write(self, merchant: str, *events: Event) -> list[str]:
        """One row each, in one statement; the same event again changes nothing. Answers their ids."""
        ids = [event_id(event) for event in events]
        said = [
            Said(event_id=called, digest=called, step=event["bizStep"], disposition=event["disposition"], body=event)
            for event, called in zip(events, ids, strict=True)
        ]
        await write(said, Saying(source=EventSource.HOUSE, merchant=merchant, at=self.clock()))
        return ids


async def _made_known(lot: str) -> dict[str, str]:
    """What is known of a lot from when it was made: its number, its days of harvest, best before."""
    found = await row("SELECT harvest_from, harvest_until, best_before FROM lot WHERE number = $1", lot)
    assert found is not None
    days = {
        "harvestStartDate": found["harvest_from"],
        "harvestEndDate": found["harvest_until"],
        "bestBeforeDate": found["best_before"],
    }
    return {"cbvmda:lotNumber": lot} | {f"cbvmda:{name}": day.isoformat() for name, day in days.items() if day}


def _event(kind: str, at: datetime, step: str, disposition: str) -> dict[str, Any]:
    """What every event says: what, when (in China's time, to the millisecond), why."""
    return {
        "type": kind,
        "eventTime": _moment(at),
        "eventTimeZoneOffset": "+08:00",
        "bizStep": step,
        "disposition": disposition,
    }


def _moment(at: datetime) -> str:
    return at.astimezone(CHINA).isoformat(timespec="milliseconds")


_MEASURES = {ReadingKind.TEMPERATURE: ("Temperature", "CEL"), ReadingKind.HUMIDITY: ("RelativeHumidity", "P1")}
"""What it is called, and the unit's code of UN/CEFACT Recommendation 20."""

# What is told of a room and a day besides the events given and holds still.
_TOLD_OF_ROOM = """
SELECT e.event_id, e.body -> 'quantityList' -> 0 ->> 'epcClass' AS lot FROM epcis_event e
 WHERE e.body -> 'readPoint' ->> 'id' = $2 AND e.event_time > $3 AND e.event_time <= $4 AND e.merchant = $1
   AND e.source = 'house' AND e.biz_step = 'sensor_reporting' AND NOT e.is_declaration AND e.event_id <> ALL ($5)
   AND NOT EXISTS (SELECT 1 FROM epcis_event d WHERE d.event_id = e.event_id AND d.merchant = e.merchant
                      AND d.source = e.source AND d.is_declaration)
 ORDER BY e.id
"""
# Whose goods an order is, when it is one of goods.
_OF_GOODS = "SELECT merchant FROM customer_order WHERE number = $1 AND packed_at IS NOT NULL"
