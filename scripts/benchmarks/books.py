"""The county whose books are benchmarked: households, lots, promises, and what happens to each order line."""

from datetime import date, datetime, timedelta

import msgspec

from kit.clock import CHINA
from kit.database import connection, execute
from orders.events import OrderEarned, OrderPacked, OrderPaid, PaidLine

MERCHANTS = 40
TOWNSHIPS = 12
MONTHS = 3


class Size(msgspec.Struct, frozen=True):
    """How much there is. ``first_month`` is the first day of the first of three months, ``window`` lines are timed."""

    lines: int
    households: int
    lots: int
    window: int
    first_month: date


_NUMBERS = "generate_series(0, $1::int - 1) AS n"
_ENTER = (
    "INSERT INTO household.household (code, name_cipher, township, village, entered_by, entered_at)"
    f" SELECT '示例H' || n, '示例', 'T' || n % {TOWNSHIPS}, 'V' || n % 60, 'staff:bench', $2 FROM {_NUMBERS}",
    "INSERT INTO household.household_status (household_id, status, valid_from, document, recorded_by, recorded_at)"
    " SELECT id, 'registered', '2020-01-01', '示例文件', 'staff:bench', $2 FROM household.household"
    " WHERE id > $1::int * 0",
    "INSERT INTO supplier (number, name, kind, township, entered_by, entered_at)"
    f" SELECT 'S' || n, '示例供货人', 'farmer', 'T' || n % {TOWNSHIPS}, 'staff:bench', $2"
    " FROM generate_series(0, 2 * $1::int - 1) AS n",
    "INSERT INTO household.supplier_link (supplier, household_id, valid_from, document, linked_by, linked_at)"
    " SELECT 'S' || substr(code, 4), id, '2020-01-01', '示例文件', 'staff:bench', $2 FROM household.household"
    " WHERE id > $1::int * 0",
)
_PROMISE = (
    "INSERT INTO benefit_contract (number, state, template, merchant, document, valid_from, made_by, made_at,"
    " decided_by, decided_at, decision_note) SELECT 'C' || n, 'approved', 'centre_station_household', 'M' || n,"
    f" '示例合同', '2020-01-01', 'staff:bench', $2, 'staff:second', $2, '' FROM {_NUMBERS}",
    "INSERT INTO benefit_rule (code, version, contract_id, state, mechanism, kind, rate, scope, category, recognition,"
    " valid_from, made_by, made_at, decided_by, decided_at, decision_note) SELECT 'R' || c.id || k.kind, 1, c.id,"
    " 'approved', k.mechanism, k.kind, k.rate, k.scope, k.category, 'order_completed', '2020-01-01', 'staff:bench', $2,"
    " 'staff:second', $2, '' FROM benefit_contract c, (VALUES"
    " ('consignment', 'per_unit', 1200, 'all_suppliers', 'production'),"
    " ('return', 'pct_net', 200, 'registered_only', 'transfer'))"
    " AS k (mechanism, kind, rate, scope, category) WHERE c.id > $1::int * 0",
)
# Every lot is of its merchant's one product, of two households' and one other supplier's goods, and large enough.
_LOTS = (
    "INSERT INTO lot (number, kind, product, merchant, input_gram, bound_gram, made_by, made_at, sealed_by, sealed_at,"
    f" unit, in_batch_no, out_batch_no) SELECT 'L' || n, 'intake', 'P' || n % {MERCHANTS}, 'M' || n % {MERCHANTS},"
    f" 60000000, 0, 'staff:bench', $2, 'staff:bench', $2, 'gram', '', '' FROM {_NUMBERS}",
    "INSERT INTO intake (number, supplier_id, merchant, product, mass_gram, grade, unit_price_fen, amount_fen, mode,"
    " evidence, weighed_at, taken_by, township, site, client_id, received_at)"
    " SELECT 'I' || l.id || '-' || k.place, s.id, l.merchant, l.product, k.gram, '一级', 1200, k.gram * 12 / 10,"
    " 'consignment', '', $2, 'staff:bench', 'T', '', l.number || k.place, $2 FROM lot l CROSS JOIN (VALUES"
    " (0, 25000000), (1, 20000000), (2, 15000000)) AS k (place, gram) JOIN supplier s ON s.number = 'S' || CASE k.place"
    " WHEN 0 THEN l.id * 2 % $1::int WHEN 1 THEN (l.id * 2 + 1) % $1::int ELSE $1::int + l.id % $1::int END",
    "INSERT INTO lot_contribution (lot_id, intake_id, supplier_id, mass_gram) SELECT l.id, i.id, i.supplier_id,"
    " i.mass_gram FROM intake i JOIN lot l ON l.id = split_part(substr(i.number, 2), '-', 1)::bigint"
    " WHERE $2::timestamptz IS NOT NULL AND $1::int > 0",
    "INSERT INTO line_lot (line, lot_id, quantity, mass_gram, bound_at) SELECT 'O' || n || '-1', l.id, 3, 1500, $2"
    f" FROM {_NUMBERS} JOIN lot l ON l.number = 'L' || (n % $3::int)",
)


async def _guards(word: str) -> None:
    for guard in (
        "lot_contribution {} TRIGGER lot_contribution_before_seal",
        "benefit_contract {} TRIGGER benefit_contract_begins_drafted",
        "benefit_rule {} TRIGGER benefit_rule_begins_proposed",
    ):
        await connection().execute_script(f"ALTER TABLE {guard.format(word)}")


async def enter(size: Size) -> None:
    """By SQL, lots sealed from the start; nothing of this is measured."""
    at = datetime(2020, 1, 1, tzinfo=CHINA)
    await _guards("DISABLE")
    for each in _ENTER:
        await execute(each, size.households, at)
    for each in _PROMISE:
        await execute(each, MERCHANTS, at)
    await execute(_LOTS[0], size.lots, at)
    await execute(_LOTS[1], size.households, at)
    await execute(_LOTS[2], 1, at)
    await execute(_LOTS[3], size.lines, at, size.lots)
    await _guards("ENABLE")
    await connection().execute_script("ANALYZE household.supplier_link, lot, lot_contribution, intake, line_lot")


def paid_at(size: Size, serial: int) -> datetime:
    """Lines come in the order of their days, a third of them in each month."""
    of_month = -(-size.lines // MONTHS)
    month, place = divmod(serial, of_month)
    first = size.first_month
    for _ in range(month):
        first = (first + timedelta(days=32)).replace(day=1)
    return datetime(first.year, first.month, 1, 12, tzinfo=CHINA) + timedelta(days=place * 27 // of_month)


def facts_of(size: Size, serials: range) -> tuple[list[OrderPaid], list[OrderPacked], list[OrderEarned]]:
    """What happens to some lines: three jars of the worked vector each (domain reference 2.5), one line an order."""
    paid, packed, earned = [], [], []
    for serial in serials:
        order, merchant, at = f"O{serial}", f"M{serial % size.lots % MERCHANTS}", paid_at(size, serial)
        line = PaidLine(
            line=f"{order}-1", sku="S", product=merchant.replace("M", "P"), source="live:L1", title="示例红糖 500 g",
            quantity=3, gross_fen=11_970, discount_fen=1_000, net_fen=10_970, host_commission_bp=800, mass_gram=500,
        )  # fmt: skip
        paid.append(
            OrderPaid(order=order, merchant=merchant, consumer="C1", source="live:L1", channel="wechat_miniprogram",
                      amount_fen=10_970, freight_fen=0, paid_at=at, lines=(line,))
        )  # fmt: skip
        packed.append(OrderPacked(order=order, merchant=merchant, lines=(line.line,), packed_at=at))
        earned.append(OrderEarned(order=order, merchant=merchant, lines=(line.line,), earned_at=at))
    return paid, packed, earned
