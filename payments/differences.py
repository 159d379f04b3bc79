"""Differences of both bills as items: each has an owner, a note, a history, and an end with a reason.

An item begins when a bill and our rows do not agree and ends of itself when they do. A person may also close it, with
the reason why it stays as it is. What stands behind an item is found by its key; nothing is copied that could move.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

import msgspec

from accounts.queries import is_county_officer
from kit.clock import Clock, utc_now
from kit.database import Row, execute, row, rows, transaction
from kit.numbers import public_number
from kit.paging import read_cursor, write_cursor
from payments.errors import DifferenceNotMovable, DifferenceUnknown, OwnerUnknown
from payments.models import DIFFERENCE_TRANSITIONS, DifferenceState
from payments.ports import PaymentGateway

_DAY = "({} AT TIME ZONE 'Asia/Shanghai')::date"

# Everything that does not agree now: lines of both bills, money of ours that a bill does not know once it is there, and
# an account whose balance does not follow from the day before. $1 is the channel, $2 our own merchant number.
_CURRENT = f"""
SELECT 'trade:' || l.id AS key, 'trade' AS bill, b.day, COALESCE(l.sub_mchid, l.mchid) AS account,
       l.difference AS reason, l.payment_number, l.refund_number, l.transaction_id, l.gross_fen AS amount_fen
  FROM payment_bill_line l JOIN payment_bill b ON b.id = l.bill_id WHERE l.difference IS NOT NULL AND b.channel = $1
UNION ALL
SELECT 'fund:' || l.id, 'fund', b.day, b.account, l.difference, '', '', l.transaction_id, l.amount_fen
  FROM payment_fund_line l JOIN payment_fund_bill b ON b.id = l.bill_id
 WHERE l.difference IS NOT NULL AND b.channel = $1
UNION ALL
SELECT 'opening:' || b.id, 'fund', b.day, b.account, 'balance', '', '', '', b.opening_fen - before.closing_fen
  FROM payment_fund_bill b, LATERAL (SELECT closing_fen FROM payment_fund_bill o WHERE o.channel = b.channel
    AND o.account = b.account AND o.day < b.day AND o.closing_fen IS NOT NULL ORDER BY o.day DESC LIMIT 1) before
 WHERE b.channel = $1 AND b.opening_fen <> before.closing_fen
UNION ALL
SELECT 'missing:' || p.number, 'trade', b.day, COALESCE(p.sub_mchid, $2), 'missing_in_bill', p.number, '',
       p.transaction_id, p.captured_fen
  FROM payment p JOIN payment_bill b ON b.channel = p.channel AND b.day = {_DAY.format("p.captured_at")}
 WHERE p.channel = $1 AND p.transaction_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM payment_bill_line l
   WHERE l.transaction_id = p.transaction_id AND l.kind = 'capture')
UNION ALL
SELECT 'missing:' || r.number, 'trade', b.day, COALESCE(p.sub_mchid, $2), 'missing_in_bill', p.number, r.number,
       p.transaction_id, r.amount_fen
  FROM payment_refund r JOIN payment p ON p.id = r.payment_id
  JOIN payment_bill b ON b.channel = p.channel AND b.day = {_DAY.format("r.finished_at")}
 WHERE p.channel = $1 AND r.state = 'succeeded'
   AND NOT EXISTS (SELECT 1 FROM payment_bill_line l WHERE l.refund_number = r.number)
UNION ALL
SELECT 'unfunded:' || p.number, 'fund', b.day, b.account, 'missing_in_bill', p.number, '', p.transaction_id,
       p.captured_fen
  FROM payment p JOIN payment_fund_bill b ON b.channel = p.channel AND b.day = {_DAY.format("p.captured_at")}
   AND b.account = COALESCE(p.sub_mchid, $2)
 WHERE p.channel = $1 AND p.transaction_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM payment_fund_line l
   WHERE l.transaction_id = p.transaction_id AND l.business = '交易')
"""


class DifferenceStep(msgspec.Struct, frozen=True):
    """One step of an item."""

    state: str
    at: datetime
    by: str
    owner: str | None
    note: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """An item: what does not agree, whose it is, and everything that was done about it. Amounts are fen."""

    number: str
    bill: str
    day: date
    account: str
    reason: str
    payment_number: str
    refund_number: str
    transaction_id: str
    amount_fen: int
    state: str
    owner: str | None
    seen_at: datetime
    steps: list[DifferenceStep]


class _Key(msgspec.Struct, array_like=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


_ITEM = """
SELECT i.id, i.number, i.bill, i.day, i.account, i.reason, i.payment_number, i.refund_number, i.transaction_id,
       i.amount_fen, i.state, i.owner, i.seen_at,
       (SELECT jsonb_agg(jsonb_build_object('state', s.state, 'at', s.at, 'by', s.by, 'owner', s.owner, 'note', s.note)
               ORDER BY s.id) FROM bill_difference_step s WHERE s.item_id = i.id)::text AS steps
  FROM bill_difference i
"""


def _item(found: Row) -> Difference:
    members = {name: found[name] for name in Difference.__struct_fields__ if name != "steps"}
    return Difference(**members, steps=msgspec.json.decode(found["steps"], type=list[DifferenceStep]))


async def difference(number: str) -> Difference:
    """One item. Raises :class:`DifferenceUnknown`."""
    found = await row(_ITEM + " WHERE i.number = $1", number)
    if found is None:
        raise DifferenceUnknown()
    return _item(found)


async def differences(
    state: str | None, owner: str | None, cursor: str | None, limit: int
) -> tuple[list[Difference], str | None]:
    """Items of a state and of an owner, oldest first, and the cursor of the next page."""
    after = read_cursor(cursor, _Key).id if cursor else 0
    found = await rows(
        _ITEM + " WHERE i.id > $1 AND ($2::text IS NULL OR i.state = $2) AND ($3::text IS NULL OR i.owner = $3)"
        " ORDER BY i.id LIMIT $4",
        after,
        state,
        owner,
        limit + 1,
    )
    return [_item(r) for r in found[:limit]], write_cursor(found[limit - 1]["id"]) if len(found) > limit else None


@dataclass(frozen=True)
class Differences:
    """Keeps the items in step with the bills, and what people do about them. ``by`` is the caller held to it."""

    gateway: PaymentGateway
    clock: Clock = utc_now

    async def collect(self) -> int:
        """New items for what does not agree, an end for what agrees now; answers how many changed."""
        async with transaction():
            await execute("SELECT pg_advisory_xact_lock(hashtextextended('bill_difference', 0))")
            current = await rows(_CURRENT, self.gateway.channel, self.gateway.mchid)
            known = {each["key"]: each for each in await rows("SELECT id, key, state FROM bill_difference")}
            keys = {each["key"] for each in current}
            changed = 0
            for each in current:
                item = known.get(each["key"])
                if item is None:
                    await self._begin(each)
                elif item["state"] == DifferenceState.RESOLVED:
                    await self._move(item["id"], DifferenceState.OPEN, "bills", None, "")
                else:
                    continue
                changed += 1
            for key, item in known.items():
                if key not in keys and item["state"] in (DifferenceState.OPEN, DifferenceState.ASSIGNED):
                    await self._move(item["id"], DifferenceState.RESOLVED, "bills", None, "")
                    changed += 1
        return changed

    async def assign(self, number: str, owner: str, note: str, by: str) -> None:
        """Give an item to a county officer, by the staff number.

        Raises :class:`DifferenceUnknown`, :class:`DifferenceNotMovable`, :class:`OwnerUnknown`.
        """
        if not await is_county_officer(owner):
            raise OwnerUnknown()
        async with transaction():
            await self._move(await self._find(number), DifferenceState.ASSIGNED, by, owner, note)

    async def close(self, number: str, reason: str, by: str) -> None:
        """End an item that stays as it is, with the reason. Raises :class:`DifferenceUnknown`,
        :class:`DifferenceNotMovable` for one that nobody has taken up or that has ended."""
        async with transaction():
            await self._move(await self._find(number), DifferenceState.CLOSED, by, None, reason)

    async def _find(self, number: str) -> int:
        found = await row("SELECT id FROM bill_difference WHERE number = $1 FOR UPDATE", number)
        if found is None:
            raise DifferenceUnknown()
        return int(found["id"])

    async def _begin(self, found: Row) -> None:
        now = self.clock()
        created = await row(
            "INSERT INTO bill_difference (number, key, bill, day, account, reason, payment_number, refund_number,"
            " transaction_id, amount_fen, state, seen_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', $11) RETURNING id",
            public_number(now, "BD"),
            *(found[name] for name in ("key", "bill", "day", "account", "reason", "payment_number", "refund_number")),
            found["transaction_id"] or "",
            found["amount_fen"],
            now,
        )
        assert created is not None
        await self._step(created["id"], DifferenceState.OPEN, "bills", None, "")

    async def _move(self, item: int, to: DifferenceState, by: str, owner: str | None, note: str) -> None:
        sources = [state.value for state, targets in DIFFERENCE_TRANSITIONS.items() if to in targets]
        moved = await rows(
            "UPDATE bill_difference SET state = $2, owner = COALESCE($3, owner) WHERE id = $1 AND state = ANY($4)"
            " RETURNING id",
            item,
            to.value,
            owner,
            sources,
        )
        if not moved:
            raise DifferenceNotMovable(to=to.value)
        await self._step(item, to, by, owner, note)

    async def _step(self, item: int, state: DifferenceState, by: str, owner: str | None, note: str) -> None:
        await execute(
            "INSERT INTO bill_difference_step (item_id, state, at, by, owner, note) VALUES ($1, $2, $3, $4, $5, $6)",
            item,
            state.value,
            self.clock(),
            by,
            owner,
            note,
        )
