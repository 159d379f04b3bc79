"""The wire of a live room."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from api_kit.schemas import Input, View
from live.shop.cards import Card


class RoomsQuery(Input):
    """Which rooms: on air, coming, or kept as a replay. Default: all of them."""

    state: Literal["on_air", "coming", "replay"] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class RoomLineView(View):
    """A room in the list."""

    number: str
    title: str
    merchant: str
    state: str
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    viewers: int


class RoomsView(View):
    """Rooms: on air, then what is coming, the soonest first, then replays, the latest first."""

    sessions: list[RoomLineView]


class RoomMessageView(View):
    """One event of the feed."""

    offset: int
    kind: str
    payload: dict[str, Any]
    at: datetime


class ChapterView(View):
    """A product while it was explained; offsets in ms of the replay."""

    code: str
    title: str
    price_fen: int
    offset_ms: int
    end_offset_ms: int | None


class PlaybackView(View):
    """Signed addresses, good until ``expires_at``. ``flv_url`` comes first and is there only on air.

    ``source`` is ``county``, or ``cloud`` for those whom the county's line cannot carry besides.
    """

    flv_url: str | None
    hls_url: str
    expires_at: datetime
    source: str


class RoomView(View):
    """One room before, during and after: follow the feed from ``epoch`` and ``offset``.

    ``attribution`` is handed to checkout so that the purchase counts for this room.
    """

    number: str
    title: str
    merchant: str
    state: str
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    epoch: str
    offset: int
    viewers: int
    pinned: str | None
    shelf: list[Card]
    messages: list[RoomMessageView]
    chapters: list[ChapterView]
    playback: PlaybackView | None
    attribution: str
    server_time: datetime


class PostMessage(Input):
    """A chat message. ``client_key`` is the client's own number of it: sent twice, it is one message."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
    client_key: Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]{1,64}$(?!\n)")]


class PostedMessageView(View):
    """Where the message stands in the feed."""

    offset: int


class FeedQuery(Input):
    """Where the viewer stands; without both there is a snapshot first."""

    epoch: Annotated[str, msgspec.Meta(max_length=26)] | None = None
    offset: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
