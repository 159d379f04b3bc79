"""What this room needs from the world: carriers, and WeChat's shipping information service."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from logistics.models import ParcelState


class TrackStep(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a carrier says happened."""

    happened_at: datetime
    text: str
    place: str = ""


class Tracks(msgspec.Struct, frozen=True, kw_only=True):
    """What a carrier says of a waybill. ``state`` is None when it says nothing that moves the parcel.

    ``is_over``: the carrier expects nothing more.
    """

    state: ParcelState | None
    steps: tuple[TrackStep, ...]
    is_over: bool = False


class Waybill(msgspec.Struct, frozen=True, kw_only=True):
    """Whose tracks are asked for: the carrier as Kuaidi100 calls it, the number, and a phone's last digits or ''."""

    carrier: str
    number: str
    phone_tail: str
    handed_over_at: datetime


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends or receives."""

    name: str
    phone: str
    address: str


class LabelOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An electronic waybill that is wanted. The same ``parcel`` again gets the same waybill."""

    parcel: str
    carrier: str
    partner_id: str
    partner_key: str
    sender: Party
    receiver: Party
    goods: str
    pieces: int


class Label(msgspec.Struct, frozen=True):
    """A printed waybill: its number, where its picture is, and the carrier's own order number or ''."""

    waybill: str
    url: str
    carrier_order: str = ""


class LabelCancel(msgspec.Struct, frozen=True, kw_only=True):
    """A printed waybill that will not be used."""

    carrier: str
    waybill: str
    carrier_order: str
    partner_id: str
    partner_key: str


class PushedTracks(msgspec.Struct, frozen=True, kw_only=True):
    """Tracks that a carrier sent of itself, verified."""

    carrier: str
    number: str
    tracks: Tracks


class CarrierService(Protocol):
    """Tracks and waybills of all carriers. Every call may raise :class:`logistics.errors.CarrierAway`."""

    async def subscribe(self, waybill: Waybill) -> None:
        """Ask for tracks to be pushed. Repeating it changes nothing. A service that never pushes does nothing."""
        ...

    async def tracks(self, waybill: Waybill) -> Tracks:
        """What is known now; no steps when the carrier has not heard of the waybill yet."""
        ...

    async def print_label(self, order: LabelOrder) -> Label:
        """An electronic waybill. Raises :class:`logistics.errors.LabelRefused`."""
        ...

    async def cancel_label(self, label: LabelCancel) -> None:
        """Take a waybill back before the carrier has the parcel. Raises :class:`logistics.errors.LabelRefused`."""
        ...

    def read_push(self, form: Mapping[str, str]) -> PushedTracks:
        """A push, verified. Raises :class:`logistics.errors.TracksForged`. Pure."""
        ...


class ReportedParcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel as WeChat is told of it. ``phone_tail`` are the last digits that the mask leaves visible."""

    carrier: str
    waybill: str
    goods: str
    phone_tail: str


class ShippingNews(msgspec.Struct, frozen=True, kw_only=True):
    """All that WeChat is to know of the shipping of one payment, from the first parcel to the last so far.

    What is not sent by express (``logistics_type`` 1) has one parcel without carrier and waybill.
    """

    logistics_type: int
    transaction_id: str
    payer_openid: str
    parcels: tuple[ReportedParcel, ...]
    is_split: bool
    is_complete: bool
    told_at: datetime


class Answer(msgspec.Struct, frozen=True):
    """WeChat's ``errcode`` (0 is success) and ``errmsg``."""

    code: int
    message: str


class WeChatSilent(Exception):
    """WeChat did not answer, or could not be read; whether it has taken the news is not known."""


class ShippingInformation(Protocol):
    """WeChat's shipping information service (wechat reference 2.7). Every call may raise :class:`WeChatSilent`."""

    async def tell_shipped(self, news: ShippingNews) -> Answer:
        """Upload what was shipped."""
        ...

    async def tell_combined(self, combination: str, parts: Sequence[ShippingNews]) -> Answer:
        """Upload what was shipped of parts of a combined payment, in one call: all of it is taken, or nothing."""
        ...

    async def tell_presale(self, transaction_id: str, promised_at: datetime) -> Answer:
        """The goods of a payment are a pre-sale that is sent until a moment (15 to 330 days ahead)."""
        ...

    async def tell_arrived(self, transaction_id: str, arrived_at: datetime) -> Answer:
        """Let WeChat remind the buyer to confirm."""
        ...
