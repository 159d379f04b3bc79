"""Whether what was entered holds: volumes, stock, mass, money and the chain. Nothing is taken on trust."""

from collections.abc import Mapping
from hashlib import sha256

from county.stations import station_uses
from county.training.figures import training_figures
from kit.clock import china_day, utc_now
from kit.database import rows, scalar
from ledger.queries import unbalanced_journals, verify_chain
from places.villages import coverage
from poverty_alleviation.reconciliation import reconciliation
from poverty_alleviation.vault import household_rights
from products.queries import stock_differences
from scripts.county_volumes.occasions import OCCASIONS
from scripts.county_volumes.plan import BY, LOTS, MONTHS, ORDERS, RECOGNISED, REFUNDS, REGISTERED
from scripts.county_volumes.project import PROJECT
from scripts.county_volumes.schooling import SCHOOLING
from traceability.plots.queries import yields_above_norm

_VOLUMES = """
SELECT (SELECT count(*) FROM merchant) AS merchants, (SELECT count(*) FROM supplier) AS farm_households,
       (SELECT count(*) FROM lot WHERE made_by = $1) AS lots,
       (SELECT count(*) FROM customer_order WHERE channel IS NOT NULL) AS orders,
       (SELECT count(*) FROM channel_refund) AS refunds,
       (SELECT count(*) FROM inspection WHERE requested_by = $1) AS inspections,
       (SELECT count(*) FROM live_session WHERE title LIKE '示例直播第%' AND ended_at IS NOT NULL) AS live_sessions,
       (SELECT count(*) FROM coupon_campaign WHERE merchant IS NULL) AS campaigns,
       (SELECT count(*) FROM cold_room) AS cold_rooms,
       (SELECT coalesce(sum(budget_fen), 0)::bigint FROM fund_line WHERE recorded_by = $1) AS fund_fen,
       (SELECT count(*) FROM meeting WHERE recorded_by = $1) AS meetings,
       (SELECT count(*) FROM disclosure_item WHERE recorded_by = $1) AS disclosure_items,
       (SELECT count(*) FROM disclosure_complaint WHERE recorded_by = $1) AS disclosure_complaints,
       (SELECT count(*) FROM training_class WHERE recorded_by = $1) AS training_classes,
       (SELECT count(DISTINCT person_id) FROM site_employment WHERE valid_until IS NULL) AS staff,
       (SELECT count(*) FROM recognised_product WHERE revoked_at IS NULL) AS recognised_products,
       (SELECT count(*) FROM ledger_period WHERE state = 'closed') AS months_signed
"""
_OF_HOUSEHOLDS = """
SELECT count(*) FILTER (WHERE kind = 'enterprise') AS demonstration_enterprises,
       count(*) FILTER (WHERE kind = 'household') AS demonstration_households,
       (SELECT count(*) FROM household_status WHERE status = 'registered' AND valid_until IS NULL) AS registered,
       (SELECT count(*) FROM clawback WHERE state = 'approved') AS clawbacks
  FROM demonstration WHERE state = 'approved'
"""
# Lots whose contributions are not their input, or of which lines and runs took something else than is bound.
_MASS = """
SELECT l.number FROM lot l
 WHERE l.sealed_at IS NOT NULL
   AND (l.bound_gram <> (SELECT coalesce(sum(b.mass_gram), 0) FROM line_lot b WHERE b.lot_id = l.id)
                      + (SELECT coalesce(sum(p.mass_gram), 0) FROM process_input p WHERE p.lot_id = l.id)
        OR l.kind <> 'processed'
           AND l.input_gram <> (SELECT coalesce(sum(c.mass_gram), 0) FROM lot_contribution c WHERE c.lot_id = l.id))
 ORDER BY l.number LIMIT 20
"""
# What two seeds of one day have in common: everything but drawn numbers and moments.
_TOLD = (
    "SELECT i.client_id, s.name, i.mass_gram, i.grade, i.unit_price_fen, i.mode, i.amount_fen FROM intake i"
    " JOIN supplier s ON s.id = i.supplier_id WHERE i.taken_by = $1 ORDER BY 1",
    "SELECT out_batch_no, kind, input_gram, bound_gram, best_before FROM lot WHERE made_by = $1 ORDER BY 1",
    "SELECT c.external_number, o.state, o.goods_fen, o.amount_fen, l.quantity, l.net_fen, l.freight_fen, l.mass_gram"
    " FROM channel_order c JOIN customer_order o ON o.id = c.order_id JOIN order_line l ON l.order_id = o.id"
    " WHERE $1 <> '' ORDER BY 1",
    "SELECT c.external_number, t.out_batch_no, b.mass_gram FROM line_lot b JOIN lot t ON t.id = b.lot_id"
    " JOIN order_line l ON l.reference = b.line JOIN channel_order c ON c.order_id = l.order_id"
    " WHERE $1 <> '' ORDER BY 1, 2",
    "SELECT external_number, quantity, amount_fen FROM channel_refund WHERE $1 <> '' ORDER BY 1, 2",
    "SELECT j.source_type, j.period, a.code, coalesce(m.name, s.name, a.owner) AS owner, a.state, a.category,"
    " count(*), sum(p.amount_fen)::bigint AS fen FROM ledger_posting p JOIN ledger_journal j ON j.id = p.journal_id"
    " JOIN ledger_account a ON a.id = p.account_id LEFT JOIN merchant m ON m.number = a.owner"
    " LEFT JOIN supplier s ON s.number = a.owner WHERE $1 <> '' AND a.code NOT IN ('2105', '2109')"
    " GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6",
    "SELECT period, state FROM ledger_period WHERE $1 <> '' ORDER BY 1",
    "SELECT c.title, c.kind, c.track, c.begins_on, a.is_satisfied, f.step, f.has_shop, f.has_sold, f.has_job,"
    " f.monthly_sales_fen, count(*) FROM training_class c JOIN training_attendance a ON a.training_class_id = c.id"
    " LEFT JOIN training_follow_up f ON f.attendance_id = a.id WHERE c.recorded_by = $1"
    " GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
    "SELECT s.web_address, s.opened_on, s.first_order, s.first_paid_on, (SELECT count(*) FROM incubatee_milestone m"
    " JOIN incubatee i ON i.id = m.incubatee_id WHERE i.person_id = s.person_id) FROM incubated_shop s"
    " WHERE s.recorded_by = $1 ORDER BY 1",
    "SELECT document, site, post, valid_from FROM site_employment WHERE recorded_by = $1 ORDER BY 1",
)


async def fingerprint() -> str:
    """A SHA-256 of what was delivered, sold, refunded and booked, without drawn numbers and moments."""
    found = sha256()
    for told in _TOLD:
        for each in await rows(told, BY):
            found.update(repr(tuple(each.values())).encode())
    return found.hexdigest()


async def volumes() -> dict[str, int]:
    """How much there is of what."""
    (found,) = await rows(_VOLUMES, BY)
    async with household_rights():
        (shown,) = await rows(_OF_HOUSEHOLDS)
    today = china_day(utc_now())
    *_, whole = await coverage(today)
    used = [each for each in await station_uses(today, 1) if each.last_used_on is not None]
    return {
        **found,
        **shown,
        "stations_used": len(used),
        **await _schooling(),
        "poor_villages": whole.poor,
        "poor_villages_with_point": whole.poor_with_service,
    }


async def _schooling() -> dict[str, int]:
    """What the county reads of training, by the names of the plan; nothing counts as nothing."""
    read = {each.code: each.value or 0 for each in await training_figures()}
    return {
        "person_times": read["T07"],
        "skilled_person_times": read["T08"],
        "satisfied_answers": read["T09"],
        "incubated": read["T10"],
        "incubated_shops": read["T11"],
        "staff_assisted": read["T12"],
        "whole_archives": read["R06"],
    }


def missing(found: Mapping[str, int]) -> list[str]:
    """What a run that was broken off has left undone, each in one line."""
    planned = {"lots": LOTS, "orders": ORDERS, "refunds": REFUNDS, "inspections": MONTHS, "registered": REGISTERED}
    # Twelve times thirty days are eleven months that are over and the present one, at least.
    planned |= {
        "recognised_products": RECOGNISED,
        "clawbacks": 1,
        "months_signed": MONTHS - 1,
        **OCCASIONS,
        **PROJECT,
        **SCHOOLING,
    }
    return [f"{found[name]} of {wanted} {name}: begin anew" for name, wanted in planned.items() if found[name] < wanted]


async def faults(years: range) -> list[str]:
    """What does not hold, each in one line; nothing of a household is in it."""
    found = []
    if not (await reconciliation()).is_exact:
        found.append("the books do not agree with the orders to the fen")
    if unbalanced := await unbalanced_journals():
        found.append(f"{unbalanced} journals are not balanced")
    found += [f"the chain of {each.period} is broken" for each in await verify_chain() if each.broken_at is not None]
    found += [f"stock differs: {each}" for each in await stock_differences()]
    found += [f"mass of lot {each['number']} differs" for each in await rows(_MASS)]
    for year in years:
        found += [f"plot {each.plot} is above its norm" for each in await yields_above_norm(year)]
    if waiting := await scalar("SELECT count(*) FROM outbox_message WHERE delivered_at IS NULL"):
        found.append(f"{waiting} facts are not delivered")
    return found
