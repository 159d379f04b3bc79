"""What hosts are promised for what was bought in their rooms, net of refunds, beside what the books have booked.

The commission of a line is what is left of its goods money times the basis points that were copied when it was
placed, rounded down. The books divide a line when it is packed with its lots (2104, owner: the room), so until then,
and for goods without a lot, ``booked_fen`` is less than the promise; ``open_fen`` is the difference.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime

import msgspec

from kit.database import Row, row, rows
from ledger.chart import HOST, State
from ledger.queries import standing_of
from live.errors import CommissionsTooMany, SessionNotFound
from orders.quotes import HOSTED
from orders.sources import CommissionLine, SourceCommission, commission_lines_at, commissions_at

MAX_SESSIONS = 1000
PAGE = 500


class SessionCommission(msgspec.Struct, frozen=True, kw_only=True):
    """One session. Money in fen; ``earned_fen`` is the part of ``commission_fen`` whose orders are earned."""

    number: str
    title: str
    host: str
    merchant: str
    started_at: datetime
    paid_fen: int
    refunded_fen: int
    commission_fen: int
    earned_fen: int
    booked_fen: int
    booked_earned_fen: int
    booked_paid_fen: int
    open_fen: int


_EARNED = (State.EARNED, State.PAID, State.CONFIRMED)
_PAID = (State.PAID, State.CONFIRMED)


async def commissions_of(first_day: date, last_day: date, host: str | None) -> list[SessionCommission]:
    """Sessions that began in China on these days, of one host or of all, in the order of their beginning.

    Raises :class:`CommissionsTooMany` above ``MAX_SESSIONS``: a list that is cut would have wrong sums. Three queries.
    """
    found = await _sessions(first_day, last_day, host, None, MAX_SESSIONS + 1)
    if len(found) > MAX_SESSIONS:
        raise CommissionsTooMany(most=MAX_SESSIONS)
    return await _lines(found)


async def all_commissions(first_day: date, last_day: date, host: str | None) -> AsyncIterator[SessionCommission]:
    """The same for a file, however many they are. Three queries for each ``PAGE``."""
    after: Row | None = None
    while True:
        found = await _sessions(first_day, last_day, host, after, PAGE)
        for line in await _lines(found):
            yield line
        if len(found) < PAGE:
            return
        after = found[-1]


async def _sessions(first_day: date, last_day: date, host: str | None, after: Row | None, limit: int) -> list[Row]:
    return await rows(
        "SELECT id, number, title, host, merchant, started_at FROM live_session"
        " WHERE (started_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN $1 AND $2"
        " AND ($3::text IS NULL OR host = $3) AND ($5::timestamptz IS NULL OR (started_at, id) > ($5, $6::bigint))"
        " ORDER BY started_at, id LIMIT $4",
        first_day,
        last_day,
        host,
        limit,
        after["started_at"] if after else None,
        after["id"] if after else None,
    )


async def _lines(found: list[Row]) -> list[SessionCommission]:
    sources = [HOSTED + each["number"] for each in found]
    promised, booked = await commissions_at(sources), await standing_of(HOST, sources)
    return [
        _line(each, promised.get(HOSTED + each["number"]), booked.get(HOSTED + each["number"], {})) for each in found
    ]


async def commission_of(number: str, host: str | None) -> tuple[SessionCommission, list[CommissionLine]]:
    """One session with its lines. Four queries. Raises ``SessionNotFound``, also of another host and before the air."""
    found = await row(
        "SELECT id, number, title, host, merchant, started_at FROM live_session WHERE number = $1"
        " AND started_at IS NOT NULL",
        number,
    )
    if found is None or host not in (None, found["host"]):
        raise SessionNotFound(number=number)
    source = HOSTED + number
    promised, booked = await commissions_at([source]), await standing_of(HOST, [source])
    return _line(found, promised.get(source), booked.get(source, {})), await commission_lines_at(source)


def _line(session: Row, promised: SourceCommission | None, booked: Mapping[str, int]) -> SessionCommission:
    commission_fen = promised.commission_fen if promised else 0
    booked_fen = sum(booked.values())
    return SessionCommission(
        **{name: value for name, value in session.items() if name != "id"},
        paid_fen=promised.paid_fen if promised else 0,
        refunded_fen=promised.refunded_fen if promised else 0,
        commission_fen=commission_fen,
        earned_fen=promised.earned_fen if promised else 0,
        booked_fen=booked_fen,
        booked_earned_fen=sum(booked.get(state, 0) for state in _EARNED),
        booked_paid_fen=sum(booked.get(state, 0) for state in _PAID),
        open_fen=commission_fen - booked_fen,
    )
