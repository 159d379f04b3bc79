"""The data board of a session. Every figure has its rows: audience by the minute, the shelf's clicks, order lines.

* viewers: different ones while on air (``live_audience_minute``, the newest minute's count); peak: the most at once.
* dwell: minutes that were watched (the sum of each minute's viewers) over the different viewers, in seconds. A minute
  counts its most viewers, so it is an upper bound.
* clicks: different viewers who opened the product while on air (``live_product_clicks``).
* orders, buyers, pieces, paid, refunded: paid lines whose source is the room (``order_line``), also of the replay.
* conversion: buyers over the different people who watched while on air or bought; who did both is one, by the room's
  name of them, so it is one at most. Who watched without being logged in and bought later on counts as two. None
  when the names are forgotten. Recognised share: of what is left after refunds, what was of products that bore
  the recognition when they were bought. Both in basis points, none where nothing can be divided by.
"""

from datetime import datetime

import msgspec

from kit.database import row, scalar
from live.errors import SessionNotFound
from live.media.keys import LiveKeys
from orders.quotes import HOSTED
from orders.sources import MinuteSales, buyers_at, sales_at, sales_by_minute
from products.queries import sku_offers

BASIS_POINTS = 10_000


class ProductLine(msgspec.Struct, frozen=True, kw_only=True):
    """One SKU of the shelf, or that was sold. ``explained_ms`` is how long it was pinned, in the pictures."""

    sku: str
    title: str
    spec: str
    clicks: int
    explained_ms: int
    orders: int
    buyers: int
    pieces: int
    paid_fen: int
    refunded_fen: int
    recognised_fen: int


class MinuteLine(msgspec.Struct, frozen=True):
    """A point of the curve: the most viewers at once, what was ordered, and what was pinned in this minute."""

    minute: datetime
    viewers: int
    paid_fen: int
    pinned: list[str]


class BoardPin(msgspec.Struct, frozen=True, kw_only=True):
    """What was explained, from when to when."""

    code: str
    title: str
    pinned_at: datetime
    unpinned_at: datetime | None
    offset_ms: int
    end_offset_ms: int | None


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """What a session came to. ``conversion_bp``: buyers over different people who watched on air or bought."""

    number: str
    title: str
    host: str
    merchant: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    viewers: int
    peak_viewers: int
    dwell_s: int | None
    likes: int
    messages: int
    orders: int
    buyers: int
    pieces: int
    paid_fen: int
    refunded_fen: int
    conversion_bp: int | None
    recognised_fen: int
    recognised_share_bp: int | None
    products: list[ProductLine]
    pins: list[BoardPin]
    curve: list[MinuteLine]


class _Minute(msgspec.Struct, frozen=True):
    minute: datetime
    viewers: int


class _Shelved(msgspec.Struct, frozen=True):
    code: str
    viewers: int


_ROOM = """
SELECT s.id, s.number, s.title, s.host, s.merchant, s.state, s.started_at, s.ended_at,
  s.chat_forgotten_at IS NOT NULL AS is_forgotten, coalesce(t.likes, 0) AS likes,
  (SELECT count(*) FROM live_feed_message m WHERE m.session_id = s.id AND m.kind = 'chat') AS messages,
  (SELECT coalesce(max(a.distinct_viewers), 0) FROM live_audience_minute a WHERE a.session_id = s.id) AS viewers,
  (SELECT coalesce(json_agg(json_build_object('minute', a.minute, 'viewers', a.viewers) ORDER BY a.minute), '[]')
    FROM live_audience_minute a WHERE a.session_id = s.id)::text AS minutes,
  (SELECT coalesce(json_agg(p ORDER BY p.id), '[]') FROM live_pin p WHERE p.session_id = s.id)::text AS pins,
  (SELECT coalesce(json_agg(json_build_object('code', i.code, 'viewers', coalesce(c.viewers, 0))
      ORDER BY i.position), '[]') FROM live_shelf_item i LEFT JOIN live_product_clicks c
      ON c.session_id = i.session_id AND c.code = i.code WHERE i.session_id = s.id)::text AS shelf
FROM live_session s LEFT JOIN live_talk t ON t.session_id = s.id WHERE s.number = $1"""


async def board_of(keys: LiveKeys, number: str, host: str | None) -> Board:
    """The board of a session. Six queries at most. Raises ``SessionNotFound``, also for another host's."""
    found = await row(_ROOM, number)
    if found is None or host not in (None, found["host"]):
        raise SessionNotFound(number=number)
    minutes = msgspec.json.decode(found.pop("minutes"), type=list[_Minute])
    pins = msgspec.json.decode(found.pop("pins"), type=list[BoardPin])
    clicks = {s.code: s.viewers for s in msgspec.json.decode(found.pop("shelf"), type=list[_Shelved])}
    whole, sold = await sales_at(HOSTED + number)
    by_sku = {each.sku: each for each in sold}
    titles = {pin.code: pin.title for pin in pins}
    explained: dict[str, int] = {}
    for pin in pins:
        until = pin.end_offset_ms if pin.end_offset_ms is not None else pin.offset_ms
        explained[pin.code] = explained.get(pin.code, 0) + until - pin.offset_ms
    products = []
    shown = list(dict.fromkeys([*clicks, *explained, *(each.sku or "" for each in sold)]))
    unsold = await sku_offers([sku for sku in shown if sku not in by_sku]) if len(shown) > len(by_sku) else {}
    for sku in shown:
        sales, offer = by_sku.get(sku), unsold.get(sku)
        products.append(
            ProductLine(
                sku=sku,
                title=sales.title if sales else titles.get(sku, offer.title if offer else ""),
                spec=sales.spec if sales else offer.spec if offer else "",
                clicks=clicks.get(sku, 0),
                explained_ms=explained.get(sku, 0),
                orders=sales.orders if sales else 0,
                buyers=sales.buyers if sales else 0,
                pieces=sales.pieces if sales else 0,
                paid_fen=sales.paid_fen if sales else 0,
                refunded_fen=sales.refunded_fen if sales else 0,
                recognised_fen=sales.recognised_fen if sales else 0,
            )
        )
    session, is_forgotten = found.pop("id"), found.pop("is_forgotten")
    left_fen = whole.paid_fen - whole.refunded_fen
    return Board(
        **found,
        peak_viewers=max((each.viewers for each in minutes), default=0),
        dwell_s=sum(each.viewers for each in minutes) * 60 // found["viewers"] if found["viewers"] else None,
        orders=whole.orders,
        buyers=whole.buyers,
        pieces=whole.pieces,
        paid_fen=whole.paid_fen,
        refunded_fen=whole.refunded_fen,
        conversion_bp=None if is_forgotten else await _conversion(keys, session, number, found["viewers"]),
        recognised_fen=whole.recognised_fen,
        recognised_share_bp=whole.recognised_fen * BASIS_POINTS // left_fen if left_fen else None,
        products=products,
        pins=pins,
        curve=_curve(minutes, pins, await sales_by_minute(HOSTED + number)),
    )


async def _conversion(keys: LiveKeys, session: int, number: str, viewers: int) -> int | None:
    buyers = [keys.viewer_name(number, f"consumer:{each}") for each in await buyers_at(HOSTED + number)]
    watched = buyers and await scalar(
        "SELECT count(*) FROM live_viewer WHERE session_id = $1 AND viewer = ANY($2::text[])", session, buyers
    )
    people = viewers + len(buyers) - (watched or 0)
    return len(buyers) * BASIS_POINTS // people if people else None


def _curve(minutes: list[_Minute], pins: list[BoardPin], sales: list[MinuteSales]) -> list[MinuteLine]:
    """One point for each minute in which somebody watched, something was pinned, or what was paid for was ordered."""
    viewers = {each.minute: each.viewers for each in minutes}
    paid = {each.minute: each.paid_fen for each in sales}
    pinned: dict[datetime, list[str]] = {}
    for pin in pins:
        pinned.setdefault(pin.pinned_at.replace(second=0, microsecond=0), []).append(pin.code)
    return [
        MinuteLine(minute, viewers.get(minute, 0), paid.get(minute, 0), pinned.get(minute, []))
        for minute in sorted(viewers.keys() | paid.keys() | pinned.keys())
    ]
