"""What a room showed at each place in its pictures: the card explained, at the price that it then had.

The rule is the client's too (``public_pages/live_rooms/assets/card_at.js``, docs/live-cards.md): a card is shown by the
viewer's picture, a sale is made by the server's time.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from kit.database import rows


class CardEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A product goes up or down, or its price in the room changes, at a place in the pictures.

    A price that is over tells the SKU's own.
    """

    kind: Literal["pin", "unpin", "price"]
    code: str
    offset_ms: int
    title: str | None = None
    price_fen: int | None = None


class ShownCard(msgspec.Struct, frozen=True):
    """The card in a picture."""

    code: str
    title: str
    price_fen: int


# Of what begins and ends at one place, the end comes first; what is shown for no time is not shown.
_TIMELINE = """
SELECT kind, code, offset_ms, title, price_fen FROM (
    SELECT 0 AS rank, id, 'unpin' AS kind, code, end_offset_ms AS offset_ms, NULL AS title, NULL AS price_fen
      FROM live_pin WHERE session_id = $1 AND end_offset_ms > offset_ms
    UNION ALL
    SELECT 1, id, 'price', code, end_offset_ms, NULL, list_price_fen
      FROM live_room_price WHERE session_id = $1 AND end_offset_ms > offset_ms
    UNION ALL
    SELECT 2, id, 'price', code, offset_ms, NULL, price_fen
      FROM live_room_price WHERE session_id = $1 AND (end_offset_ms IS NULL OR end_offset_ms > offset_ms)
    UNION ALL
    SELECT 3, id, 'pin', code, offset_ms, title, price_fen
      FROM live_pin WHERE session_id = $1 AND (end_offset_ms IS NULL OR end_offset_ms > offset_ms)) e
 ORDER BY offset_ms, rank, id"""


async def timeline(session_id: int) -> tuple[CardEvent, ...]:
    """Everything that changed the card of a session, in the order of its pictures. One query."""
    return tuple(CardEvent(**event) for event in await rows(_TIMELINE, session_id))


def card_at(events: Sequence[CardEvent], offset_ms: int) -> ShownCard | None:
    """The card in the picture at a place; None when nothing is explained there. Pure.

    Events count from their own place on, in the order of their places; those of one place in the order given.
    """
    card: ShownCard | None = None
    for event in sorted(events, key=lambda each: each.offset_ms):
        if event.offset_ms > offset_ms:
            break
        if event.kind == "pin":
            card = ShownCard(event.code, event.title or "", event.price_fen or 0)
        elif card is None or card.code != event.code:
            continue
        elif event.kind == "unpin":
            card = None
        else:
            card = ShownCard(card.code, card.title, event.price_fen or card.price_fen)
    return card
