"""Reads of splits."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from kit.database import Row, row, rows
from kit.paging import read_cursor, write_cursor
from payments.errors import SplitUnknown

STUCK_AFTER = timedelta(days=1)


class ReturnView(msgspec.Struct, frozen=True, kw_only=True):
    """What a refund took back of a share; one of state ``owed`` the receiver owes to the payee, but for ``kept_fen``.

    ``owed_again_fen`` the payee owes again, because the refund has failed for good.
    """

    number: str
    state: str
    returned_fen: int
    waived_fen: int
    owed_again_fen: int
    kept_fen: int
    failure: str | None
    requested_at: datetime
    finished_at: datetime | None


class SplitView(msgspec.Struct, frozen=True, kw_only=True):
    """A split as the county and its payee see it. Amounts are fen.

    ``due_fen`` is the agreed share, ``split_fen`` what has gone to the receiver so far, ``owed_fen`` what the payee
    still owes of it, ``receiver_owes_fen`` what the receiver could not give back any more. ``is_stuck``: unfinished
    for a day, a return that had to be tried again, or owed by either.
    """

    number: str
    order: str
    merchant: str
    state: str
    due_fen: int
    split_fen: int
    owed_fen: int
    returned_fen: int
    receiver_owes_fen: int
    failure: str | None
    is_stuck: bool
    owner: str | None
    note: str
    planned_at: datetime
    finished_at: datetime | None
    returns: list[ReturnView]


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


_SPLITS = """
SELECT * FROM (SELECT s.id, s.number, p.reference AS "order", p.payee AS merchant, s.state, s.due_fen,
       CASE s.state WHEN 'split' THEN s.amount_fen ELSE 0 END AS split_fen,
       CASE WHEN s.finished_at IS NULL THEN 0 ELSE s.owed_fen - COALESCE(b.waived_fen, 0) END AS owed_fen,
       COALESCE(b.returned_fen, 0) AS returned_fen, COALESCE(b.receiver_owes_fen, 0) AS receiver_owes_fen, s.failure,
       (s.finished_at IS NULL AND s.planned_at < $1) OR COALESCE(b.is_stuck, false)
       OR s.finished_at IS NOT NULL AND s.owed_fen > COALESCE(b.waived_fen, 0) AS is_stuck,
       s.owner, s.note, s.planned_at, s.finished_at, COALESCE(b.returns, '[]') AS returns
  FROM payment_split s JOIN payment p ON p.id = s.payment_id
  LEFT JOIN LATERAL (
       SELECT sum(amount_fen) FILTER (WHERE state = 'returned')::bigint AS returned_fen,
              sum(waived_fen - owed_again_fen) FILTER (WHERE state IN ('returned', 'owed'))::bigint AS waived_fen,
              sum(amount_fen - kept_fen) FILTER (WHERE state = 'owed')::bigint AS receiver_owes_fen,
              bool_or(state = 'owed' AND amount_fen > kept_fen
                  OR finished_at IS NULL AND (attempt > 1 OR requested_at < $1)) AS is_stuck,
              json_agg(json_build_object('number', number, 'state', state, 'returned_fen', amount_fen,
                  'waived_fen', waived_fen, 'owed_again_fen', owed_again_fen, 'kept_fen', kept_fen,
                  'failure', failure, 'requested_at', requested_at, 'finished_at',
                  finished_at) ORDER BY id)::text AS returns
         FROM payment_split_return WHERE split_id = s.id) b ON true) AS splits
"""


async def splits(
    now: datetime, merchant: str | None, state: str | None, *, only_stuck: bool, cursor: str | None, limit: int
) -> tuple[list[SplitView], str | None]:
    """Splits, oldest first, and the cursor of the next page. One statement."""
    found = await rows(
        _SPLITS + " WHERE id > $2 AND ($3::text IS NULL OR merchant = $3) AND ($4::text IS NULL OR state = $4)"
        " AND (is_stuck OR NOT $5) ORDER BY id LIMIT $6",
        now - STUCK_AFTER,
        read_cursor(cursor, _Key).id if cursor else 0,
        merchant,
        state,
        only_stuck,
        limit + 1,
    )
    return [_view(r) for r in found[:limit]], write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


async def split_of(number: str, now: datetime) -> SplitView:
    """One split. Raises :class:`SplitUnknown`."""
    found = await row(_SPLITS + " WHERE number = $2", now - STUCK_AFTER, number)
    if found is None:
        raise SplitUnknown()
    return _view(found)


def _view(found: Row) -> SplitView:
    members = {name: found[name] for name in SplitView.__struct_fields__ if name != "returns"}
    return SplitView(**members, returns=msgspec.json.decode(found["returns"], type=list[ReturnView]))
