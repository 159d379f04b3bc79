"""What time does: the one table of timed jobs. Each is a plain async function of a room, safe to run twice at once.

Celery only hurries them up. A job claims rows in the database, so a lost queue costs one period and nothing else.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

import accounts.jobs
import content.jobs
import county.alarms
import county.complaints.jobs
import county.own_records
import kit.idempotency
import ledger.jobs
import live.own_records
import live.replays.jobs
import logistics.jobs
import merchants.jobs
import messages.inbox
import messages.outgoing
import orders.jobs
import orders.own_records
import payments.jobs
import payments.own_records
import products.jobs
import promotions.jobs
import settlements.jobs
import traceability.storage.days
from content.evidence.forgetting import drop_forgotten, drop_never_stored
from content.stories.service import take_down_expired
from county.training.papers import forget_unclaimed_class_papers
from kit.clock import utc_now
from live.roster.papers import forget_unclaimed_papers
from orders.queries import pictures_in_orders
from poverty_alleviation.reserves.terms import Reserves
from server.bootstrap import Bootstrap
from server.outages import in_one_line, is_outage
from server.own_records import WITH_THEIR_OWNER
from server.tallies import JOB_RUNS, SPACE_DIFFERENCES

log = structlog.get_logger("jobs")

FAST = "fast"
MEDIA = "media"


@dataclass(frozen=True)
class Job:
    """One timed job: it runs every ``period_s`` seconds on its queue and answers how many things it moved."""

    name: str
    period_s: float
    run: Callable[[Bootstrap], Awaitable[int]]
    queue: str = FAST


def _kept(built: Bootstrap) -> timedelta:
    """How long records of trades are kept."""
    return timedelta(days=built.settings.own_data.trade_retention_days)


def _live_kept(built: Bootstrap) -> timedelta:
    """How long what was said in a live room is kept."""
    return timedelta(days=built.settings.own_data.live_retention_days)


async def _count_space(built: Bootstrap) -> int:
    differs = await built.live.storage.count()
    if differs:
        await built.tallies.count(SPACE_DIFFERENCES)
    return int(differs)


async def _clear_unclaimed_papers(built: Bootstrap) -> int:
    forgotten = await forget_unclaimed_papers() + await forget_unclaimed_class_papers()
    return forgotten + await drop_never_stored(built.storage)


JOBS: tuple[Job, ...] = (
    Job("payments.query_pending", 2, lambda b: payments.jobs.query_pending_payments(b.mall.payments)),
    Job("payments.close_expired", 2, lambda b: payments.jobs.close_expired_payments(b.mall.payments)),
    Job("payments.send_refunds", 1, lambda b: payments.jobs.send_refunds(b.mall.refunds)),
    Job("payments.query_refunds", 5, lambda b: payments.jobs.query_refunds(b.mall.refunds)),
    Job("payments.send_splits", 5, lambda b: payments.jobs.send_splits(b.mall.sharing)),
    Job("payments.send_returns", 2, lambda b: payments.jobs.send_returns(b.mall.returns)),
    Job("payments.import_bills", 3600, lambda b: payments.jobs.import_bills(b.mall.bills)),
    Job("payments.import_fund_bills", 3600, lambda b: payments.jobs.import_fund_bills(b.mall.fund_bills)),
    Job(
        "payments.collect_differences",
        300,
        lambda b: payments.jobs.collect_differences(b.mall.fund_bills, b.mall.differences),
    ),
    Job("payments.compare_bills", 300, lambda b: payments.jobs.compare_bills(b.mall.bills)),
    Job("orders.pass_after_sales_windows", 1, lambda b: orders.jobs.pass_after_sales_windows(b.mall.order_life)),
    Job("products.end_due_offers", 1, lambda b: b.mall.offers.end_due()),
    Job("promotions.expire_coupons", 60, lambda b: promotions.jobs.expire_coupons(b.mall.coupons)),
    Job("orders.receive_of_itself", 2, lambda b: orders.jobs.receive_of_itself(b.mall.receipts)),
    Job("orders.ask_wechat_about_receipts", 5, lambda b: orders.jobs.ask_wechat_about_receipts(b.mall.receipts)),
    Job("orders.pass_case_deadlines", 2, lambda b: orders.jobs.pass_case_deadlines(b.mall.after_sales)),
    Job("orders.look_after_groups", 1, lambda b: orders.jobs.look_after_groups(b.mall.groups)),
    Job("logistics.look_after_parcels", 10, lambda b: logistics.jobs.look_after_parcels(b.mall.tracking)),
    Job("orders.find_lost_labels", 30, lambda b: orders.jobs.find_lost_labels(b.mall.lost_labels)),
    Job("logistics.cancel_labels", 30, lambda b: logistics.jobs.cancel_labels(b.mall.label_cancellations)),
    Job("logistics.tell_wechat", 10, lambda b: logistics.jobs.tell_wechat(b.mall.reporter)),
    Job("orders.expire_vouchers", 60, lambda b: orders.jobs.expire_vouchers(b.mall.vouchers)),
    Job("orders.look_after_pickups", 30, lambda b: orders.jobs.look_after_pickups(b.mall.pickups)),
    Job("ledger.seal_journals", 2, lambda b: ledger.jobs.seal_journals(b.ledger.sealer)),
    Job("poverty_alleviation.look_for_alarms", 600, lambda b: county.alarms.all_alarms().look_when_due()),
    Job("poverty_alleviation.release_reserves", 3600, lambda b: Reserves().release_due()),
    Job("poverty_alleviation.look_for_matches", 3600, lambda b: b.ledger.matches.look()),
    Job("poverty_alleviation.look_after_exports", 5, lambda b: b.ledger.export_making.look_after()),
    Job("ledger.anchor_days", 3600, lambda b: ledger.jobs.anchor_days(b.ledger.anchors)),
    Job("traceability.tell_cold_days", 600, lambda b: traceability.storage.days.tell_days(utc_now())),
    Job("live.make_archive_file", 5, lambda b: live.replays.jobs.make_archive_file(b.live.archive), MEDIA),
    Job("live.make_clip_file", 2, lambda b: live.replays.jobs.make_clip_file(b.live.archive), MEDIA),
    Job("live.seal_evidence", 30, lambda b: b.live.evidence.seal_due(), MEDIA),
    Job("live.check_evidence", 10, lambda b: b.live.evidence.check_asked(), MEDIA),
    Job("live.move_cold", 5, lambda b: b.live.cold_tier.move_due(), MEDIA),
    Job("live.count_space", 3600, _count_space, MEDIA),
    Job("live.free_space", 60, lambda b: b.live.storage.free(), MEDIA),
    Job("live.delete_due_evidence", 3600, lambda b: b.live.evidence.delete_due(), MEDIA),
    Job("live.forget_presence", 3600, lambda b: live.replays.jobs.forget_presence()),
    Job("live.close_room_prices", 1, lambda b: b.live.room_prices.close_due()),
    Job("live.cancel_missed", 600, lambda b: b.live.sessions.cancel_missed()),
    Job(
        "settlements.issue_monthly_statements",
        3600,
        lambda b: settlements.jobs.issue_monthly_statements(b.mall.statements),
    ),
    Job("complaints.fetch", 60, lambda b: county.complaints.jobs.fetch_complaints(b.ledger.complaint_channel)),
    Job(
        "complaints.fetch_pictures",
        10,
        lambda b: county.complaints.jobs.fetch_complaint_pictures(b.ledger.complaint_pictures),
    ),
    Job("complaints.send", 5, lambda b: county.complaints.jobs.send_complaint_messages(b.ledger.complaint_channel)),
    Job("poverty_alleviation.work_transfers", 10, lambda b: b.ledger.transfers.work_due()),
    Job("merchants.expire_papers", 3600, lambda b: merchants.jobs.expire_papers(b.mall.papers)),
    Job("content.check_texts", 1, lambda b: content.jobs.check_texts(b.checks)),
    Job("content.check_pictures", 2, lambda b: content.jobs.check_pictures(b.checks)),
    Job("messages.send_due", 1, lambda b: b.outgoing.send_due()),
    Job("messages.give_up", 60, lambda b: b.outgoing.give_up()),
    Job("messages.forget_old_messages", 3600, lambda b: messages.outgoing.forget_old_messages(utc_now())),
    Job("notifications.note_expiring_orders", 30, lambda b: b.mall.notifications.note_expiring_orders()),
    Job("notifications.note_ending_coupons", 600, lambda b: b.mall.notifications.note_ending_coupons()),
    Job("messages.forget_old_events", 3600, lambda b: messages.inbox.forget_old_events(utc_now())),
    Job(
        "content.collect_pictures", 600, lambda b: content.jobs.collect_pictures(b.pictures, pictures_in_orders), MEDIA
    ),
    Job("content.forget_old_texts", 3600, lambda b: content.jobs.forget_texts(utc_now() - _kept(b), WITH_THEIR_OWNER)),
    Job("live.forget_old_chat", 3600, lambda b: live.own_records.forget_chat(utc_now() - _live_kept(b))),
    Job("products.count_sales", 60, lambda b: products.jobs.count_sales()),
    Job("products.keep_search_in_step", 60, lambda b: products.jobs.keep_search_in_step()),
    Job("accounts.forget_old_sessions", 3600, lambda b: accounts.jobs.forget_old_sessions()),
    Job("accounts.verify_access_log", 300, lambda b: accounts.jobs.verify_access_log()),
    Job("accounts.erase_closed_accounts", 10, lambda b: accounts.jobs.erase_closed_accounts(b.closures)),
    Job("county.forget_old_complaints", 3600, lambda b: county.own_records.forget_complaints(utc_now() - _kept(b))),
    Job("orders.forget_old_deliveries", 3600, lambda b: orders.own_records.forget_deliveries(utc_now() - _kept(b))),
    Job("payments.forget_old_notices", 3600, lambda b: payments.own_records.forget_notices(utc_now() - _kept(b))),
    Job("poverty_alleviation.erase_households", 600, lambda b: b.ledger.erasing.erase_approved()),
    Job("county.erase_project_persons", 600, lambda b: b.ledger.person_retention.erase_approved()),
    Job("county.erase_hosts", 600, lambda b: b.ledger.host_retention.erase_approved()),
    Job("content.take_down_expired_stories", 60, lambda b: take_down_expired(utc_now())),
    Job("content.drop_forgotten_evidence", 600, lambda b: drop_forgotten(b.storage), MEDIA),
    Job("content.clear_unclaimed_papers", 3600, _clear_unclaimed_papers, MEDIA),
    Job("server.reseal_fields", 60, lambda b: b.resealing.run(), MEDIA),
    Job("kit.forget_old_claims", 3600, lambda b: kit.idempotency.forget_old_claims(utc_now())),
)


async def run_job(job: Job, built: Bootstrap) -> None:
    """One run, logged and counted, whatever comes of it: the next one begins anew from the rows.

    A server that is away costs a warning of one line; a fault is logged with its traceback.
    """
    try:
        moved = await job.run(built)
    except Exception as error:
        if is_outage(error):
            outcome = "unavailable"
            log.warning("job_unavailable", job=job.name, cause=in_one_line(error))
        else:
            outcome = "failed"
            log.error("job_failed", job=job.name, exc_info=error)
    else:
        outcome = "done"
        if moved:
            log.info("job_done", job=job.name, count=moved)
    await built.tallies.count(JOB_RUNS, job.name, outcome)
