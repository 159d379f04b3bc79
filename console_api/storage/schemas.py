"""The wire of cold rooms, devices, readings and placements."""

from typing import Annotated

import msgspec

from api_kit.schemas import Input, View
from console_api.traceability.schemas import Cursor, Limit, Moment, Number, Text
from traceability.storage.queries import ColdRoomCard, EpisodeCard, PlacementCard, ReadingCard
from traceability.storage.rooms import LIMIT_MILLI

CelsiusMilli = Annotated[int, msgspec.Meta(ge=-LIMIT_MILLI, le=LIMIT_MILLI)]
PercentMilli = Annotated[int, msgspec.Meta(ge=0, le=LIMIT_MILLI)]


class ColdRoomInput(Input):
    """What a room is to keep, in thousandths of a degree Celsius and of a percent. ``site`` is a site's code."""

    name: Text
    min_celsius_milli: CelsiusMilli
    max_celsius_milli: CelsiusMilli
    min_humidity_milli: PercentMilli | None = None
    max_humidity_milli: PercentMilli | None = None
    site: Annotated[str, msgspec.Meta(max_length=24, pattern=r"^[A-Za-z0-9-]*$(?!\n)")] = ""


class SensorDeviceInput(Input):
    """A device's name."""

    name: Text


class PlacementInput(Input):
    """Into which room a lot has come, and when."""

    room: Number
    placed_at: Moment


class RemovalInput(Input):
    """When a lot left its room."""

    removed_at: Moment


class StorageQuery(Input):
    """Which page."""

    cursor: Cursor | None = None
    limit: Limit = 20


class EpisodesQuery(Input):
    """Which times out of range; ``going_on`` leaves out those that have ended."""

    going_on: bool = False
    cursor: Cursor | None = None
    limit: Limit = 20


class ColdRoomOpenedView(View):
    """The number of a room that was entered."""

    room: str


class SensorDeviceView(View):
    """The number of a device that was entered."""

    device: str


class SensorKeyView(View):
    """A device's new key, 64 hexadecimal digits; it is never told again."""

    device: str
    key: str


class ColdRoomsView(View):
    """A page of cold rooms, newest first."""

    rooms: list[ColdRoomCard]
    next_cursor: str | None


class ReadingsView(View):
    """A page of readings, newest first."""

    readings: list[ReadingCard]
    next_cursor: str | None


class EpisodesView(View):
    """A page of times out of range, newest first."""

    episodes: list[EpisodeCard]
    next_cursor: str | None


class PlacementsView(View):
    """Where a lot stood, oldest first."""

    placements: list[PlacementCard]
