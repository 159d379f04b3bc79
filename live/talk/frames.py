"""What a room tells its sockets, as it stands on the wire."""

from datetime import datetime

import msgspec

from live.queries import Message, RoomView
from live.shop.cards import Card, cards_of
from live.shop.coupons import CouponCard, coupon_cards


class RoomStateView(msgspec.Struct, frozen=True):
    """The last value of everything that is not an event. ``pinned`` is a code of the shelf."""

    state: str
    viewers: int
    pinned: str | None
    shelf: tuple[Card, ...]
    coupons: tuple[CouponCard, ...]
    announcement: str | None
    likes: int
    slow_mode_s: int
    comments_closed: bool


class Frame(msgspec.Struct, frozen=True, tag_field="type", tag="frame", rename={"from_": "from"}, omit_defaults=True):
    """What happened after ``from`` up to ``to``; ``state`` is there when it has changed."""

    epoch: str
    from_: int
    to: int
    messages: tuple[Message, ...]
    state: RoomStateView | None = None


class Snapshot(msgspec.Struct, frozen=True, tag_field="type", tag="snapshot"):
    """The room at ``offset`` and its last messages; everything before is history.

    ``media_ms`` is how much picture there has been at ``server_time``.
    """

    number: str
    title: str
    epoch: str
    offset: int
    messages: tuple[Message, ...]
    state: RoomStateView
    media_ms: int
    server_time: datetime


async def room_state(view: RoomView, now: datetime | None = None) -> RoomStateView:
    """The last values of a room, with the cards of its shelf as they are at a moment."""
    found = await cards_of(view.on_show, view.number, now, view.unproved)
    return RoomStateView(
        view.state.value,
        view.viewers,
        view.pinned.code if view.pinned else None,
        tuple(found[code] for code in view.on_show if code in found),
        await coupon_cards(view.number, view.coupons),
        view.announcement,
        view.likes,
        view.slow_mode_s,
        view.comments_closed,
    )
