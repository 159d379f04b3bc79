"""What has happened to parcels. References and lines are opaque."""

from datetime import datetime
from typing import ClassVar

from kit.facts import Fact


class ParcelShipped(Fact, frozen=True, kw_only=True):
    """The carrier has taken a parcel."""

    topic: ClassVar[str] = "logistics.parcel_shipped"
    parcel: str
    merchant: str
    carrier: str
    waybill: str
    references: tuple[str, ...]
    handed_over_at: datetime


class ParcelSigned(Fact, frozen=True, kw_only=True):
    """The carrier says that the receiver has signed. ``arrived`` are the references of which no parcel is under way."""

    topic: ClassVar[str] = "logistics.parcel_signed"
    parcel: str
    merchant: str
    references: tuple[str, ...]
    arrived: tuple[str, ...]
    signed_at: datetime


class ParcelReturned(Fact, frozen=True, kw_only=True):
    """The parcel has gone back to its sender."""

    topic: ClassVar[str] = "logistics.parcel_returned"
    parcel: str
    merchant: str
    references: tuple[str, ...]
    returned_at: datetime


class ParcelLost(Fact, frozen=True, kw_only=True):
    """The carrier says that something is wrong with the parcel; it may still be found."""

    topic: ClassVar[str] = "logistics.parcel_lost"
    parcel: str
    merchant: str
    references: tuple[str, ...]
    lost_at: datetime
