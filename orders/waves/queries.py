"""Waves as they stand: one SQL statement each."""

from datetime import datetime

import msgspec

from kit.database import rows
from kit.paging import MAX_PAGE, read_cursor, write_cursor
from orders.errors import WaveUnknown


class WaveTake(msgspec.Struct, frozen=True):
    """Pieces to be taken from a lot."""

    lot: str
    pieces: int


class WaveLine(msgspec.Struct, frozen=True):
    """A line to be picked. Without ``lots`` it ships all the same; ``is_unattributed`` says that it has."""

    line: str
    title: str
    spec: str
    pieces: int
    is_unattributed: bool
    lots: list[WaveTake]


class WaveOrderCard(msgspec.Struct, frozen=True):
    """An order of a wave: it waits, was packed, or was refused with the code of the reason and left the wave."""

    order: str
    packed_at: datetime | None
    refused_code: str | None
    lines: list[WaveLine]


class WaveCard(msgspec.Struct, frozen=True):
    """A wave, oldest order first. ``confirmed_at`` is the first scan of its number."""

    number: str
    made_at: datetime
    confirmed_at: datetime | None
    orders: list[WaveOrderCard]


class WaveSummary(msgspec.Struct, frozen=True):
    """A wave in a list: how many orders it has, and how many of them still wait for the scan."""

    number: str
    made_at: datetime
    confirmed_at: datetime | None
    orders: int
    waiting: int


async def waves(merchant: str, cursor: str | None, limit: int) -> tuple[list[WaveSummary], str | None]:
    """The waves of a merchant, newest first, ``limit`` (at most 100) a page."""
    before = read_cursor(cursor, tuple[int])[0] if cursor else 2**63 - 1
    limit = min(limit, MAX_PAGE)
    found = await rows(
        "SELECT v.id, v.number, v.made_at, v.confirmed_at, c.orders, c.waiting FROM packing_wave v,"
        " LATERAL (SELECT count(*) AS orders, count(*) FILTER (WHERE w.packed_at IS NULL AND w.refused_code IS NULL)"
        " AS waiting FROM packing_wave_order w WHERE w.wave_id = v.id) c"
        " WHERE v.merchant = $1 AND v.id < $2 ORDER BY v.id DESC LIMIT $3",
        merchant,
        before,
        limit + 1,
    )
    following = write_cursor(found[limit - 1]["id"]) if len(found) > limit else None
    return [msgspec.convert(each, WaveSummary) for each in found[:limit]], following


async def wave_card(merchant: str, number: str) -> WaveCard:
    """One wave of a merchant with what is proposed for it. Raises :class:`WaveUnknown`."""
    found = await rows(
        "SELECT v.made_at, v.confirmed_at, o.number AS order, w.packed_at, w.refused_code,"
        " jsonb_agg(jsonb_build_object("
        "'line', l.reference, 'title', l.title, 'spec', l.spec, 'pieces', l.quantity - l.refunded_quantity,"
        " 'is_unattributed', l.unattributed_since IS NOT NULL, 'lots', (SELECT coalesce(jsonb_agg(jsonb_build_object("
        "'lot', t.lot, 'pieces', t.quantity) ORDER BY t.id), '[]') FROM packing_wave_lot t"
        " WHERE t.wave_order_id = w.id AND t.line = l.reference)) ORDER BY l.position)::text AS lines"
        " FROM packing_wave v JOIN packing_wave_order w ON w.wave_id = v.id JOIN customer_order o ON o.id = w.order_id"
        " JOIN order_line l ON l.order_id = o.id WHERE v.number = $1 AND v.merchant = $2"
        " GROUP BY v.id, w.id, o.id ORDER BY o.id",
        number,
        merchant,
    )
    if not found:
        raise WaveUnknown()
    orders = [
        WaveOrderCard(
            order=each["order"],
            packed_at=each["packed_at"],
            refused_code=each["refused_code"],
            lines=msgspec.json.decode(each["lines"], type=list[WaveLine]),
        )
        for each in found
    ]
    return WaveCard(number, found[0]["made_at"], found[0]["confirmed_at"], orders)
