"""Reactions to facts of lower rooms: each is an event of the house."""

from epcis.records import OwnEvents
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


async def on_intake_accepted(fact: IntakeAccepted, events: OwnEvents) -> None:
    """Goods came in."""
    await events.record_intake(fact)


async def on_lot_was_sealed(fact: LotWasSealed, events: OwnEvents) -> None:
    """A lot was made of them."""
    await events.record_sealed_lot(fact)


async def on_process_run_finished(fact: ProcessRunFinished, events: OwnEvents) -> None:
    """A lot was made of lots."""
    await events.record_run(fact)


async def on_order_packed(fact: OrderPacked, events: OwnEvents) -> None:
    """Goods were packed."""
    await events.record_packed_order(fact)


async def on_parcel_shipped(fact: ParcelShipped, events: OwnEvents) -> None:
    """They left."""
    await events.record_shipped_parcel(fact)


async def on_parcel_signed(fact: ParcelSigned, events: OwnEvents) -> None:
    """They arrived."""
    await events.record_signed_parcel(fact)


async def on_parcel_returned(fact: ParcelReturned, events: OwnEvents) -> None:
    """They came back."""
    await events.record_returned_parcel(fact)


async def on_order_earned(fact: OrderEarned, events: OwnEvents) -> None:
    """They are sold."""
    await events.record_earned_order(fact)


async def on_lots_assigned(fact: LotsAssigned, events: OwnEvents) -> None:
    """It became known later what is in them."""
    await events.record_late_lots(fact)


async def on_pickup_prepared(fact: PickupPrepared, events: OwnEvents) -> None:
    """They wait at a station."""
    await events.record_waiting_pickup(fact)


async def on_order_received(fact: OrderReceived, events: OwnEvents) -> None:
    """The buyer has them."""
    await events.record_received_order(fact)


async def on_case_moved(fact: CaseMoved, events: OwnEvents) -> None:
    """Some may have come back."""
    await events.record_returned_goods(fact)


async def on_lot_stored(fact: LotStored, events: OwnEvents) -> None:
    """A lot stands in a cold room."""
    await events.record_stored_lot(fact)


async def on_lot_removed(fact: LotRemoved, events: OwnEvents) -> None:
    """It has left it."""
    await events.record_removed_lot(fact)


async def on_cold_day_ended(fact: ColdDayEnded, events: OwnEvents) -> None:
    """How cold lots stood is known of a day."""
    await events.record_cold_day(fact)


async def on_lot_sampled(fact: LotSampled, events: OwnEvents) -> None:
    """Some of a lot went to a laboratory."""
    await events.record_samples(fact)


async def on_inspection_judged(fact: InspectionJudged, events: OwnEvents) -> None:
    """It has reported."""
    await events.record_judgement(fact)


async def on_lot_held(fact: LotHeld, events: OwnEvents) -> None:
    """Nothing leaves a lot."""
    await events.record_hold(fact)


async def on_lot_released(fact: LotReleased, events: OwnEvents) -> None:
    """It may leave again."""
    await events.record_release(fact)


async def on_lot_recalled(fact: LotRecalled, events: OwnEvents) -> None:
    """It has to come back."""
    await events.record_recall(fact)
