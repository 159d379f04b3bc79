"""The wire of a live room."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from api_kit.schemas import Input, View
from content.pictures import PictureView
from live.evidence.returning import Fetch
from live.listing import Phase
from live.shop.cards import Card
from live.shop.coupons import CouponCard
from live.shop.timeline import CardEvent


class RoomsQuery(Input):
    """Which rooms: on air, coming, or a replay, one that is being prepared too. Default: all of them."""

    state: Literal["on_air", "coming", "replay"] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class RoomLineView(View):
    """A room in the list; ``replay_ms`` is how long its replay is, ``replay_cover`` the path of a picture of it.

    In the state ``ended`` its replay is being prepared.
    """

    number: str
    title: str
    merchant: str
    state: str
    phase: Phase
    planned_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    viewers: int
    cover: PictureView | None
    replay_cover: str | None
    notice: str
    replay_ms: int | None


class RoomsView(View):
    """Rooms: on air, then what is coming, the soonest first, then replays, the latest first."""

    sessions: list[RoomLineView]
    next_cursor: str | None


class RoomMessageView(View):
    """One event of the feed."""

    offset: int
    kind: str
    payload: dict[str, Any]
    at: datetime


class ChapterView(View):
    """A product while it was explained; offsets in ms of the replay.

    ``clip`` is the path of its own playlist (HLS), there as soon as the host has un-pinned it.
    """

    code: str
    title: str
    price_fen: int
    offset_ms: int
    end_offset_ms: int | None
    clip: str | None


class RungView(View):
    """The same pictures at 480 lines and 0.8 Mbit/s, for slow lines."""

    flv_url: str
    hls_url: str


class PlaybackView(View):
    """Signed addresses, good until ``expires_at``. ``flv_url`` comes first and is there only on air, ``rung`` while a
    smaller rendition is made.

    ``source`` is ``county``, or ``cloud`` for those whom the county's line cannot carry besides.
    """

    flv_url: str | None
    hls_url: str
    expires_at: datetime
    source: str
    rung: RungView | None


class MerchantTokenView(View):
    """The token for goods of one merchant of a room that several share."""

    merchant: str
    attribution: str


class FetchRefusalView(View):
    """Why an old replay is not fetched back: who asks is not logged in, has had the own share of the day, or the day's
    number is used up; or it is not open to viewers now.
    """

    code: Fetch
    text: str


class ReplayAwayView(View):
    """The pictures lie in cold storage. When they are fetched back (``is_returning``), the room is asked for again
    ``retry_after_s`` seconds later; else ``refusal`` says why not, in a code and in words.
    """

    is_returning: bool
    retry_after_s: int | None
    refusal: FetchRefusalView | None


class RoomView(View):
    """One room before, during and after: follow the feed from ``epoch`` and ``offset``.

    ``attribution`` is handed to checkout so that the purchase counts for this room; in a room that several merchants
    share, each line takes that of its card's merchant from ``attributions``. ``timeline`` has what changes the
    card, by its place in the pictures, of which there have been ``media_ms`` at ``server_time`` (docs/live-cards.md).
    ``viewer_pass`` is handed to the feed: a client keeps it for as long as it stays. ``slow_mode_s`` seconds lie
    between two messages of a viewer. ``starts_in_ms`` is there in the phase before alone, ``playback`` from the first
    picture on: on air the broadcast, after it the replay, at one address. An old one may lie in cold storage: then
    ``replay_away`` is there instead, and it is fetched back when somebody opens it who is logged in.
    ``reminded``: the caller is told when it begins.
    """

    number: str
    title: str
    merchant: str
    state: str
    phase: Phase
    planned_at: datetime
    starts_in_ms: int | None
    started_at: datetime | None
    ended_at: datetime | None
    epoch: str
    offset: int
    viewers: int
    pinned: str | None
    likes: int
    slow_mode_s: int
    comments_closed: bool
    shelf: list[Card]
    coupons: list[CouponCard]
    announcement: str | None
    messages: list[RoomMessageView]
    chapters: list[ChapterView]
    timeline: list[CardEvent]
    media_ms: int
    playback: PlaybackView | None
    replay_away: ReplayAwayView | None
    attribution: str
    attributions: list[MerchantTokenView]
    cover: PictureView | None
    notice: str
    reminded: bool
    viewer_pass: str
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
    viewer_pass: Annotated[str, msgspec.Meta(max_length=120)] | None = None


class Liked(Input):
    """What a client says on the feed's socket, at most once a second: how often its viewer has liked since."""

    likes: Annotated[int, msgspec.Meta(ge=1, le=1000)]
