"""When a household's time is over, and what stands against its erasure."""

from datetime import date, timedelta

import msgspec

from kit.database import row, rows
from poverty_alleviation.errors import HouseholdUnknown
from poverty_alleviation.models import ASSISTED
from poverty_alleviation.retention.models import OF_HOUSEHOLDS, ErasureGround, RetentionClass

_ASSISTED = ", ".join(f"'{status}'" for status in ASSISTED)

# The last day on which somebody supplied for the household or something was booked for it; NULL: it has never traded.
# $1 is today.
_LAST_TRADE = """greatest(
    (SELECT max(greatest(l.valid_from, coalesce(l.valid_until, $1::date))) FROM supplier_link l
      WHERE l.household_id = h.id),
    (SELECT max((j.occurred_at AT TIME ZONE 'Asia/Shanghai')::date) FROM ledger_account a
       JOIN ledger_posting p ON p.account_id = a.id JOIN ledger_journal j ON j.id = p.journal_id
      WHERE a.owner = h.code))"""
# The last day on which anything was decided about the household, traded, or seen.
_LAST_MATTER = f"""greatest(
    (h.entered_at AT TIME ZONE 'Asia/Shanghai')::date,
    (SELECT max(greatest(s.valid_from, s.valid_until)) FROM household_status s WHERE s.household_id = h.id),
    (SELECT max(v.visited_on) FROM household_visit v WHERE v.household_id = h.id),
    {_LAST_TRADE})"""
_IS_ASSISTED = (
    "EXISTS (SELECT 1 FROM household_status s WHERE s.household_id = h.id AND s.status IN"
    f" ({_ASSISTED}) AND daterange(s.valid_from, s.valid_until) @> $1::date)"
)
_OBSTACLES = {
    "erased": "h.erased_at IS NOT NULL",
    "assisted": _IS_ASSISTED,
    "held": "EXISTS (SELECT 1 FROM household_hold d WHERE d.household_id = h.id AND d.released_at IS NULL)",
    "linked": "EXISTS (SELECT 1 FROM supplier_link l WHERE l.household_id = h.id"
    " AND (l.valid_until IS NULL OR l.valid_until > $1::date))",
    "owed": "EXISTS (SELECT 1 FROM ledger_account a JOIN ledger_posting p ON p.account_id = a.id WHERE a.owner = h.code"
    " AND a.code = '2101' AND a.state IN ('accrued', 'earned') GROUP BY a.id HAVING sum(p.amount_fen) <> 0)",
    "disputed": "EXISTS (SELECT 1 FROM income_dispute d WHERE d.household_id = h.id AND d.closed_at IS NULL)",
    "being_paid": "EXISTS (SELECT 1 FROM payout_line y WHERE y.household_id = h.id AND y.ended_at IS NULL)",
    "claimed": "EXISTS (SELECT 1 FROM clawback c WHERE c.household_id = h.id AND (c.state = 'proposed' OR c.state ="
    " 'approved' AND c.amount_fen > (SELECT coalesce(sum(f.amount_fen), 0) FROM clawback_offset f"
    " WHERE f.clawback_id = c.id)))",
    "changing": "EXISTS (SELECT 1 FROM household_change c WHERE c.state = 'proposed'"
    " AND (c.household_id = h.id OR c.other = h.code))",
    "unread_sheet": "EXISTS (SELECT 1 FROM statement_sheet e JOIN household_statement t ON t.id = e.statement_id"
    " WHERE t.household_id = h.id AND e.decided_at IS NULL)",
    "under_agreement": "EXISTS (SELECT 1 FROM household_agreement g WHERE g.household_id = h.id"
    " AND (g.valid_until IS NULL OR g.valid_until > $1::date))",
}
"""By name, as SQL of a household h: what stands against an erasure whatever it is for."""


class DueHousehold(msgspec.Struct, frozen=True):
    """A household whose time is over, and since when nothing has happened to it."""

    household: str
    last_matter: date


async def kept_days(today: date) -> int | None:
    """For how long a household is kept after its last matter: the longest of its classes, whose file it is.

    None as long as a class has no rule: then nothing is due.
    """
    found = await terms_on(today)
    return max(found[kept] for kept in OF_HOUSEHOLDS) if found.keys() >= OF_HOUSEHOLDS else None


async def terms_on(today: date) -> dict[RetentionClass, int]:
    """For how many days each class is kept that has a rule."""
    found = await rows(
        "SELECT DISTINCT ON (kept) kept, days FROM retention_rule WHERE valid_from <= $1::date"
        " ORDER BY kept, valid_from DESC, id DESC",
        today,
    )
    return {RetentionClass(each["kept"]): each["days"] for each in found}


async def obstacles(code: str, ground: ErasureGround, today: date, trade_days: int) -> list[str]:
    """What stands against erasing a household now; nothing when it is empty. The caller holds the vault's rights.

    ``early``: its time is not over. ``trade_records``: it has asked for it within the term that records of trades are
    kept for (e-commerce law, article 31); who has never traded is erased at once. Raises :class:`HouseholdUnknown`.
    """
    asked = ", ".join(f"{sql} AS {name}" for name, sql in _OBSTACLES.items())
    last = f"{_LAST_MATTER} AS last_matter, {_LAST_TRADE} AS last_trade"
    found = await row(f"SELECT {last}, {asked} FROM household h WHERE h.code = $2", today, code)
    if found is None:
        raise HouseholdUnknown(household=code)
    standing = [name for name in _OBSTACLES if found[name]]
    if ground is ErasureGround.RETENTION:
        days = await kept_days(today)
        if days is None or found["last_matter"] + timedelta(days=days) > today:
            standing.append("early")
    elif found["last_trade"] and found["last_trade"] + timedelta(days=trade_days) > today:
        standing.append("trade_records")
    return standing


async def due_households(today: date, limit: int) -> list[DueHousehold]:
    """Households whose time is over and against whose erasure nothing stands, in the order they were entered."""
    days = await kept_days(today)
    if days is None:
        return []
    against = " OR ".join(_OBSTACLES.values())
    found = await rows(
        f"SELECT h.code AS household, {_LAST_MATTER} AS last_matter FROM household h WHERE NOT ({against})"
        f" AND {_LAST_MATTER} <= $1::date - $2::int AND NOT EXISTS (SELECT 1 FROM household_erasure e"
        " WHERE e.household_id = h.id AND e.state IN ('proposed', 'approved')) ORDER BY h.id LIMIT $3",
        today,
        days,
        limit,
    )
    return [msgspec.convert(each, DueHousehold) for each in found]
