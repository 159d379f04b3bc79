"""What does not look right (domain reference 2.6 and 6.4): one function each, all of them in :data:`DETECTORS`;
those of the county's own affairs stand in ``county.alarms``.

A detector reads and never writes. What it finds has a ``key``, which says about what it is and stays the same while it
is open, and facts: codes, numbers and sums, never a name. The same facts are raised once for ever.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from kit.clock import CHINA
from kit.database import rows
from merchants.queries import applicants
from orders.oddities import SharedPlace, own_purchases, shared_addresses, shared_devices
from poverty_alleviation.income.models import SheetKind
from poverty_alleviation.lineage.descent import standing
from poverty_alleviation.models import ASSISTED
from poverty_alleviation.register.accounts import OWN_ACCOUNT
from poverty_alleviation.reserves.queries import overdrawn_reserves
from traceability.oddities import doubled_deliveries, empty_lots, namesake_suppliers, prices_above, silent_devices
from traceability.plots.queries import yields_above_norm


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a rule found."""

    rule: str
    key: str
    facts: dict[str, Any]


Numbers = Mapping[str, int]
Detector = Callable[[date, Numbers], Awaitable[list[Finding]]]


def _begins(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)


async def shared_accounts(today: date, numbers: Numbers) -> list[Finding]:
    """One bank account to which several households are paid."""
    found = await rows(
        "SELECT encode(sha256(a.number_index), 'hex') AS key, array_agg(DISTINCT h.code ORDER BY h.code) AS households"
        " FROM household_account a JOIN household h ON h.id = a.household_id"
        " WHERE daterange(a.valid_from, a.valid_until) @> $1::date GROUP BY a.number_index"
        " HAVING count(DISTINCT h.id) >= $2",
        today,
        numbers["shared_account_households"],
    )
    return [Finding(rule="shared_account", key=each["key"], facts={"households": each["households"]}) for each in found]


async def shared_phones(today: date, numbers: Numbers) -> list[Finding]:
    """One phone in several households."""
    found = await rows(
        "SELECT encode(sha256(m.phone_index), 'hex') AS key, array_agg(DISTINCT h.code ORDER BY h.code) AS households"
        " FROM household_member m JOIN household h ON h.id = m.household_id WHERE m.phone_index IS NOT NULL"
        " AND daterange(m.valid_from, m.valid_until) @> $1::date GROUP BY m.phone_index"
        " HAVING count(DISTINCT h.id) >= $2",
        today,
        numbers["shared_phone_households"],
    )
    return [Finding(rule="shared_phone", key=each["key"], facts={"households": each["households"]}) for each in found]


async def third_person_accounts(today: date, numbers: Numbers) -> list[Finding]:
    """A household is paid to somebody who is no relative, or no longer belongs to it."""
    found = await rows(
        "SELECT a.code, h.code AS household, a.holder_relation AS relation FROM household_account a"
        " JOIN household h ON h.id = a.household_id WHERE daterange(a.valid_from, a.valid_until) @> $1::date"
        f" AND (a.holder_relation = 'other' OR NOT {OWN_ACCOUNT.format(day='$1::date')}) ORDER BY a.code",
        today,
    )
    return [
        Finding(
            rule="third_person_payout",
            key=each["code"],
            facts={"household": each["household"], "account": each["code"], "relation": each["relation"]},
        )
        for each in found
    ]


async def proofs_twice(today: date, numbers: Numbers) -> list[Finding]:
    """One signed paper by which several households are said to have confirmed."""
    found = await rows(
        "SELECT encode(sha256(convert_to(c.kind || '|' || c.evidence, 'UTF8')), 'hex') AS key,"
        " array_agg(DISTINCT a.owner ORDER BY a.owner) AS households,"
        " array_agg(DISTINCT c.source_id ORDER BY c.source_id) AS sources FROM income_confirmation c"
        " JOIN ledger_journal j ON j.source_type = 'poverty_alleviation.confirmation'"
        " AND j.source_id = c.source_type || ':' || c.source_id AND j.step = c.step"
        " JOIN ledger_posting p ON p.journal_id = j.id JOIN ledger_account a ON a.id = p.account_id AND a.code = '2101'"
        " GROUP BY c.kind, c.evidence HAVING count(DISTINCT a.owner) >= $1",
        numbers["same_proof_households"],
    )
    return [
        Finding(
            rule="proof_twice",
            key=each["key"],
            facts={"households": each["households"], "sources": each["sources"]},
        )
        for each in found
    ]


async def doubled(today: date, numbers: Numbers) -> list[Finding]:
    """One delivery claimed twice."""
    return [
        Finding(
            rule="delivery_twice",
            key=each.intakes[0],
            facts={"supplier": each.supplier, "intakes": each.intakes},
        )
        for each in await doubled_deliveries()
    ]


async def dear_deliveries(today: date, numbers: Numbers) -> list[Finding]:
    """A price far above the market's: a subsidy that looks like a sale."""
    listed = await rows("SELECT product, fen_per_kg, valid_from FROM market_price ORDER BY product, valid_from")
    found = await prices_above(
        [each["product"] for each in listed],
        [each["fen_per_kg"] * numbers["price_above_market_bp"] // 10_000 for each in listed],
        [each["valid_from"] for each in listed],
    )
    return [
        Finding(
            rule="price_above_market",
            key=each.intake,
            facts={
                "intake": each.intake,
                "supplier": each.supplier,
                "merchant": each.merchant,
                "product": each.product,
                "unit_price_fen": each.unit_price_fen,
            },
        )
        for each in found
    ]


async def lots_of_nobody(today: date, numbers: Numbers) -> list[Finding]:
    """A lot without contributions: whoever bought from it carried nobody."""
    before = _begins(today - timedelta(days=numbers["empty_lot_days"]))
    return [
        Finding(
            rule="lot_without_contributions",
            key=each.lot,
            facts={"lot": each.lot, "merchant": each.merchant, "product": each.product},
        )
        for each in await empty_lots(before)
    ]


async def silent(today: date, numbers: Numbers) -> list[Finding]:
    """Goods stand in a cold room and nobody knows how cold: whatever a page shows of it is not the whole."""
    found = await silent_devices(_begins(today) - timedelta(hours=numbers["silent_device_hours"]))
    return [Finding(rule="device_silent", key=each.device, facts=msgspec.structs.asdict(each)) for each in found]


async def namesakes(today: date, numbers: Numbers) -> list[Finding]:
    """Suppliers that may be one person or one firm."""
    return [
        Finding(
            rule="related_suppliers",
            key=each.suppliers[0],
            facts={"township": each.township, "suppliers": each.suppliers},
        )
        for each in await namesake_suppliers()
    ]


async def refunds_after_close(today: date, numbers: Numbers) -> list[Finding]:
    """A sale that stands in a signed month's figures and was given back in a later one."""
    found = await rows(
        "SELECT DISTINCT j.source_id AS refund, p.subject AS line, e.period AS sold, j.period AS returned"
        " FROM ledger_journal j JOIN ledger_posting p ON p.journal_id = j.id JOIN ledger_account a"
        " ON a.id = p.account_id AND a.code = '9101' AND a.state = 'earned'"
        " JOIN ledger_posting q ON q.subject = p.subject JOIN ledger_journal e ON e.id = q.journal_id"
        " AND e.source_type = 'orders.order_earned' JOIN ledger_period m ON m.period = e.period"
        " AND m.state = 'closed' WHERE j.source_type = 'orders.line_refunded' AND j.period > e.period ORDER BY 1"
    )
    return [Finding(rule="refund_after_close", key=each["refund"], facts=each) for each in found]


async def carried_for_little(today: date, numbers: Numbers) -> list[Finding]:
    """A household that counts as carried in the last quarter and received next to nothing.

    What was booked later for a closed month of that quarter belongs to it, too.
    """
    first = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    began = (first - timedelta(days=80)).replace(day=1)
    found = await rows(
        "SELECT coalesce(s.code, a.owner) AS household,"
        " coalesce(-sum(p.amount_fen) FILTER (WHERE a.code = '2101'), 0)::bigint"
        " AS income_paid_fen, coalesce(-sum(p.amount_fen) FILTER (WHERE a.code = '9101'), 0)::bigint"
        " AS attributed_sales_fen FROM ledger_journal j JOIN ledger_posting p ON p.journal_id = j.id"
        " JOIN ledger_account a ON a.id = p.account_id AND ((a.code = '9101' AND a.state = 'earned')"
        " OR (a.code = '2101' AND a.state IN ('paid', 'confirmed'))) LEFT JOIN household h ON h.code = a.owner"
        f" LEFT JOIN {standing('$4::date - 1')} AS s ON s.id = h.id"
        " WHERE j.period >= $1 AND (j.period < $2 OR j.corrects_period >= $1 AND j.corrects_period < $2)"
        " GROUP BY 1 HAVING bool_or(p.amount_fen <> 0)"
        " AND coalesce(-sum(p.amount_fen) FILTER (WHERE a.code = '2101'), 0) < $3"
        " AND (sum(p.amount_fen) FILTER (WHERE a.code = '9101') <> 0 OR sum(p.amount_fen) FILTER"
        " (WHERE a.code = '2101') <> 0) ORDER BY 1",
        f"{began.year}-{began.month:02}",
        f"{first.year}-{first.month:02}",
        numbers["carried_floor_fen"],
        first,
    )
    quarter = f"{began.year}-Q{(began.month + 2) // 3}"
    return [
        Finding(rule="carried_below_floor", key=f"{each['household']} {quarter}", facts={**each, "quarter": quarter})
        for each in found
    ]


async def status_ended(today: date, numbers: Numbers) -> list[Finding]:
    """A household whose support ended within a month that it has figures in, or late ones of; other than by merging."""
    found = await rows(
        "SELECT h.code AS household, s.valid_until AS ended_on FROM household_status s"
        " JOIN household h ON h.id = s.household_id WHERE s.status = ANY($1) AND s.valid_until <= $2"
        " AND extract(day FROM s.valid_until) > 1 AND h.merged_on IS DISTINCT FROM s.valid_until"
        " AND NOT EXISTS (SELECT 1 FROM household_status n"
        " WHERE n.household_id = h.id AND n.status = ANY($1) AND n.valid_from = s.valid_until)"
        " AND EXISTS (SELECT 1 FROM ledger_account a JOIN ledger_posting p ON p.account_id = a.id"
        " JOIN ledger_journal j ON j.id = p.journal_id"
        " AND to_char(s.valid_until, 'YYYY-MM') IN (j.period, j.corrects_period)"
        " WHERE a.owner = h.code AND a.code IN ('2101', '9101')) ORDER BY 1, 2",
        [str(status) for status in ASSISTED],
        today,
    )
    return [
        Finding(rule="status_ended_mid_period", key=f"{each['household']} {each['ended_on']}", facts=each)
        for each in found
    ]


async def yields(today: date, numbers: Numbers) -> list[Finding]:
    """More than a plot can bear: goods of somebody else's under a household's name."""
    found = [each for year in (today.year - 1, today.year) for each in await yields_above_norm(year)]
    return [
        Finding(rule="yield_above_norm", key=f"{each.plot} {each.year}", facts=msgspec.structs.asdict(each))
        for each in found
    ]


async def monitored_without_help(today: date, numbers: Numbers) -> list[Finding]:
    """A household that was found to be at risk, and for which nothing was done in time (domain reference 2.1)."""
    found = await rows(
        "SELECT h.code AS household, s.valid_from AS monitored_from FROM household_status s"
        " JOIN household h ON h.id = s.household_id WHERE s.status = 'monitored' AND s.valid_from + $2::int < $1::date"
        " AND coalesce(s.valid_until > s.valid_from + $2::int, true) AND NOT EXISTS (SELECT 1 FROM help_measure m"
        " WHERE m.household_id = h.id AND m.valid_from <= s.valid_from + $2::int"
        " AND coalesce(m.valid_until > s.valid_from, true)) ORDER BY 1, 2",
        today,
        numbers["measure_within_days"],
    )
    return [
        Finding(rule="monitored_without_help", key=f"{each['household']} {each['monitored_from']}", facts=each)
        for each in found
    ]


async def risk_cleared_soon(today: date, numbers: Numbers) -> list[Finding]:
    """A risk that help is said to have removed sooner than help usually can (domain reference 2.1)."""
    found = await rows(
        "SELECT h.code AS household, s.valid_from AS monitored_from, s.valid_until AS cleared_on,"
        " array_agg(m.number ORDER BY m.id)::text[] AS measures FROM household_status s"
        " JOIN household h ON h.id = s.household_id"
        " JOIN household_status n ON n.household_id = h.id AND n.status = 'risk_cleared'"
        " AND n.valid_from = s.valid_until"
        " JOIN help_measure m ON m.household_id = h.id"
        " AND daterange(m.valid_from, m.valid_until) && daterange(s.valid_from, s.valid_until)"
        " WHERE s.status = 'monitored' AND s.valid_until <= $1::date AND s.valid_until - s.valid_from <= $2::int"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2",
        today,
        numbers["risk_cleared_within_days"],
    )
    return [
        Finding(rule="risk_cleared_soon", key=f"{each['household']} {each['cleared_on']}", facts=each) for each in found
    ]


_APPROVED = (
    "SELECT s.number AS sheet, s.payer, s.period, i.number, i.reference, i.household_id, i.amount_fen"
    " FROM income_sheet s JOIN income_line i ON i.sheet_id = s.id WHERE s.kind = $1 AND s.state = 'approved'"
    " AND NOT EXISTS (SELECT 1 FROM correction c WHERE c.kind = 'period_income' AND c.target = i.number"
    " AND c.state = 'approved')"
)


async def idle_wages(today: date, numbers: Numbers) -> list[Finding]:
    """A wage for a month of which the newest record says that nothing was worked."""
    found = await rows(
        f"SELECT l.sheet, l.payer, l.period, array_agg(l.number ORDER BY l.number) AS lines FROM ({_APPROVED}) AS l"
        " WHERE coalesce((SELECT t.half_days + t.pieces FROM attendance t JOIN household_agreement a"
        " ON a.id = t.agreement_id WHERE a.number = l.reference AND t.period = l.period ORDER BY t.id DESC LIMIT 1), 0)"
        " = 0 GROUP BY 1, 2, 3 ORDER BY 1",
        SheetKind.WAGE,
    )
    return [Finding(rule="wage_without_attendance", key=each["sheet"], facts=each) for each in found]


async def equal_dividends(today: date, numbers: Numbers) -> list[Finding]:
    """A dividend that gives everybody the same: shares that were handed out alike, to share out help as if earned."""
    found = await rows(
        "SELECT sheet, payer, period, count(*) AS households, max(fen)::bigint AS amount_fen FROM (SELECT l.sheet,"
        f" l.payer, l.period, l.household_id, sum(l.amount_fen) AS fen FROM ({_APPROVED}) AS l GROUP BY 1, 2, 3, 4)"
        # The largest remainder gives some a fen more.
        " AS h GROUP BY 1, 2, 3 HAVING count(*) >= $2 AND max(fen) - min(fen) <= 1 ORDER BY 1",
        SheetKind.DIVIDEND,
        numbers["equal_dividend_households"],
    )
    return [Finding(rule="equal_dividend", key=each["sheet"], facts=each) for each in found]


async def reserves_overdrawn(today: date, numbers: Numbers) -> list[Finding]:
    """A merchant owes its reserve: refunds after payouts have taken more than was held back or is there without what is
    only claimed."""
    return [
        Finding(rule="reserve_overdrawn", key=each.merchant, facts=msgspec.structs.asdict(each))
        for each in await overdrawn_reserves()
    ]


async def bought_by_own_people(today: date, numbers: Numbers) -> list[Finding]:
    """Whoever stands for a merchant buys its goods: sales that carry nobody."""
    found = await own_purchases(await applicants(), _last_month(today))
    return [
        Finding(rule="buyer_is_staff", key=f"{each.merchant} {each.month}", facts=msgspec.structs.asdict(each))
        for each in found
    ]


async def bought_to_one_address(today: date, numbers: Numbers) -> list[Finding]:
    """Many buyers and one door: sales that were made up."""
    found = await shared_addresses(_last_month(today), numbers["same_address_buyers"])
    return [_place("shared_address", each) for each in found]


async def bought_on_one_device(today: date, numbers: Numbers) -> list[Finding]:
    """Many buyers and one phone, as well as it can be told (decision 0056)."""
    found = await shared_devices(_last_month(today), numbers["same_device_buyers"])
    return [_place("shared_device", each) for each in found]


def _place(rule: str, each: SharedPlace) -> Finding:
    facts = {"merchant": each.merchant, "month": each.month, "buyers": each.buyers, "orders": each.orders}
    return Finding(rule=rule, key=f"{each.merchant} {each.month} {each.place}", facts=facts)


def _last_month(today: date) -> datetime:
    """Its first moment. Whole months, so that what was found of one stays the same."""
    return _begins((today.replace(day=1) - timedelta(days=1)).replace(day=1))


DETECTORS: tuple[Detector, ...] = (
    shared_accounts,
    shared_phones,
    third_person_accounts,
    proofs_twice,
    doubled,
    dear_deliveries,
    lots_of_nobody,
    silent,
    namesakes,
    refunds_after_close,
    carried_for_little,
    status_ended,
    yields,
    monitored_without_help,
    risk_cleared_soon,
    idle_wages,
    equal_dividends,
    reserves_overdrawn,
    bought_by_own_people,
    bought_to_one_address,
    bought_on_one_device,
)
"""The office's own. The caller holds the household's rights."""
