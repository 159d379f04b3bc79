"""Reactions to facts of lower rooms: each is an event of the house."""

from epcis.records import OwnEvents
from logistics.events import ParcelReturned, ParcelShipped, ParcelSigned
from orders.events import OrderEarned, OrderPacked
from traceability.events import IntakeAccepted, LotWasSealed, ProcessRunFinished


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
