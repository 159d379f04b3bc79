"""What codes have brought into a room."""

from datetime import datetime
from typing import Any

import msgspec

from kit.database import row
from live.errors import SessionNotFound


class PlaceFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A place's code and what it has brought."""

    code: str
    note: str
    made_at: datetime
    opens: int
    viewers: int
    orders: int
    pieces: int


class ViewerFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What all viewers' codes of a session have brought together; whose they are is told to nobody."""

    codes: int
    opens: int
    viewers: int
    orders: int
    pieces: int


class ShareFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Places, the newest first, and viewers as one."""

    places: list[PlaceFigures]
    viewers: ViewerFigures


_FIGURES = """
SELECT coalesce(json_agg(json_build_object('code', c.code, 'note', c.note, 'made_at', c.made_at, 'opens', c.opens,
    'viewers', c.viewers, 'orders', c.orders, 'pieces', c.pieces) ORDER BY c.id DESC)
    FILTER (WHERE c.kind = 'place'), '[]')::text AS places,
  json_build_object('codes', count(*) FILTER (WHERE c.kind = 'viewer'),
    'opens', coalesce(sum(c.opens) FILTER (WHERE c.kind = 'viewer'), 0),
    'viewers', coalesce(sum(c.viewers) FILTER (WHERE c.kind = 'viewer'), 0),
    'orders', coalesce(sum(c.orders) FILTER (WHERE c.kind = 'viewer'), 0),
    'pieces', coalesce(sum(c.pieces) FILTER (WHERE c.kind = 'viewer'), 0))::text AS viewers
FROM live_session s LEFT JOIN live_share_code c ON c.session_id = s.id
WHERE s.number = $1 AND ($2::text IS NULL OR s.host = $2) GROUP BY s.id
"""


async def share_figures(number: str, host: str | None) -> ShareFigures:
    """The figures of a session; of an own one for a host. One statement. Raises ``SessionNotFound``."""
    found: dict[str, Any] | None = await row(_FIGURES, number, host)
    if found is None:
        raise SessionNotFound(number=number)
    return ShareFigures(
        places=msgspec.json.decode(found["places"], type=list[PlaceFigures]),
        viewers=msgspec.json.decode(found["viewers"], type=ViewerFigures),
    )
