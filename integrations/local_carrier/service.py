"""Implements ``logistics.ports.CarrierService`` without a carrier: where a parcel is follows from its waybill and age.

A waybill that ends in 7 is lost for good, one in 8 returned, every other one signed; each stage takes ``stage_s``
seconds. Settings refuse it in production.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from kit.clock import Clock, utc_now
from logistics.errors import TracksForged
from logistics.models import ParcelState
from logistics.ports import Label, LabelCancel, LabelOrder, PushedTracks, Tracks, TrackStep, Waybill

_START = ((ParcelState.IN_TRANSIT, "示例网点已揽收"), (ParcelState.IN_TRANSIT, "快件已到达示例转运中心"))
_ENDS = {
    "7": ((ParcelState.LOST, "快件异常，正在核实"),),
    "8": ((ParcelState.IN_TRANSIT, "收件人拒收"), (ParcelState.RETURNED, "快件已退回寄件人")),
}
_ARRIVES = ((ParcelState.DELIVERED, "快件正在派送"), (ParcelState.SIGNED, "快件已签收"))


@dataclass(frozen=True)
class LocalCarrier:
    """A carrier of our own making."""

    stage_s: float = 60
    clock: Clock = utc_now

    async def subscribe(self, waybill: Waybill) -> None:
        """It never pushes."""

    async def tracks(self, waybill: Waybill) -> Tracks:
        """The stages that are over."""
        stages = _START + _ENDS.get(waybill.number[-1:], _ARRIVES)
        over = int((self.clock() - waybill.handed_over_at).total_seconds() // self.stage_s)
        steps = tuple(
            TrackStep(happened_at=waybill.handed_over_at + timedelta(seconds=self.stage_s * (n + 1)), text=text)
            for n, (_, text) in enumerate(stages[:over])
        )
        state = stages[len(steps) - 1][0] if steps else None
        return Tracks(state=state, steps=steps, is_over=len(steps) == len(stages))

    async def print_label(self, order: LabelOrder) -> Label:
        """A number that follows from the parcel's, and a picture of it."""
        number = "LC" + str(int(sha256(order.parcel.encode()).hexdigest(), 16))[:12] + "0"
        picture = f'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="60"><text y="40">{number}</text></svg>'
        return Label(number, "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode())

    async def cancel_label(self, label: LabelCancel) -> None:
        """It keeps no waybills, so there is nothing to take back."""

    def read_push(self, form: Mapping[str, str]) -> PushedTracks:
        """Whatever claims to be a push of this carrier is not."""
        raise TracksForged()
