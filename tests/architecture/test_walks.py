"""Every table of transitions is walked by a test that meets each of its states with each event, or with each target."""

import re

from server.database import ROOT
from tests.architecture.test_laws import ROOMS

WALKS = {
    "accounts/own_data_models.py CLOSURE": "own_data/test_export_and_closure.py"
    " test_every_act_in_every_state_goes_where_the_table_says",
    "content/models.py PICTURE": "content/test_pictures.py test_every_pair_of_states_moves_as_the_table_says",
    "content/models.py TEXT": "content/test_checks.py test_every_pair_of_states_of_a_text",
    "content/stories/models.py STORY": "poverty_alleviation/test_stories.py"
    " test_every_step_of_a_story_in_every_state_goes_where_the_table_says",
    "county/complaints/models.py COMPLAINT": "county/test_complaints.py"
    " test_every_pair_of_states_moves_as_the_table_says",
    "county/complaints/models.py UTTERANCE": "county/test_complaints.py"
    " test_every_word_for_wechat_meets_every_answer_as_the_table_says",
    "county/disclosure/models.py DISCLOSURE": "county/test_disclosure.py"
    " test_every_end_in_every_state_goes_where_the_table_says",
    "county/funds/models.py FUND": "county/test_funds.py test_every_decision_in_every_state_goes_where_the_table_says",
    "ledger/models.py PERIOD": "poverty_alleviation/test_month_close.py"
    " test_every_pair_of_states_of_a_month_moves_as_the_table_says",
    "live/evidence/models.py BUNDLE": "live/test_evidence.py"
    " test_every_pair_of_states_of_a_bundle_moves_as_the_table_says",
    "live/evidence/models.py COPY": "live/test_cold.py test_every_pair_of_states_of_a_copy_moves_as_the_table_says",
    "live/roster/models.py BLACKLISTING": "live/test_roster.py"
    " test_every_decision_in_every_state_goes_where_the_table_says",
    "live/studios/models.py BOOKING": "live/test_studios.py"
    " test_every_step_of_a_booking_in_every_state_goes_where_the_table_says",
    "live/models.py ": "live/test_session_states.py test_every_act_in_every_state",
    "live/reports/models.py REPORT": "live/test_reports.py test_every_act_in_every_state_goes_where_the_table_says",
    "logistics/models.py PARCEL": "logistics/test_parcels.py"
    " test_every_state_meets_every_word_of_a_carrier_as_the_table_says",
    "logistics/models.py REPORT": "logistics/test_reports.py"
    " test_every_state_meets_news_and_a_persons_word_as_the_table_says",
    "merchants/models.py ": "merchants/test_merchants.py test_every_pair_of_states_moves_exactly_as_the_table_says",
    "merchants/models.py PAPER": "merchants/test_papers.py"
    " test_every_pair_of_states_moves_as_the_table_says_and_leaves_its_review",
    "messages/models.py MESSAGE": "notifications/test_notifications.py"
    " test_every_message_state_meets_every_event_as_the_table_says",
    "orders/cases/models.py CASE": "orders/test_case_steps.py"
    " test_every_event_in_every_state_goes_where_the_table_says",
    "orders/groups/models.py GROUP": "orders/test_groups.py test_every_group_state_meets_every_event_as_the_table_says",
    "orders/handovers/models.py PICKUP": "orders/test_pickups.py test_a_parcel_takes_no_step_that_is_not_in_its_table",
    "orders/handovers/models.py VOUCHER": "orders/test_vouchers.py"
    " test_a_voucher_takes_no_step_that_is_not_in_its_table",
    "orders/invoices/models.py INVOICE": "orders/test_invoices.py"
    " test_every_step_in_every_state_goes_where_the_table_says",
    "orders/models.py ORDER": "orders/test_states.py"
    " test_every_pair_of_states_moves_as_the_table_says_and_leaves_its_event",
    "payments/models.py DIFFERENCE": "payments/test_fund_bills.py test_every_pair_of_states_moves_as_the_table_says",
    "payments/models.py PAYMENT": "payments/test_payments_room.py test_only_listed_transitions_happen",
    "payments/models.py REFUND": "payments/test_payments_room.py"
    " test_every_refund_state_meets_all_news_as_the_table_says",
    "payments/sharing/models.py RETURN": "payments/test_sharing_states.py"
    " test_every_return_state_meets_all_news_as_the_table_says",
    "payments/sharing/models.py SPLIT": "payments/test_sharing_states.py"
    " test_every_split_state_meets_all_news_as_the_table_says",
    "poverty_alleviation/confirming/models.py DISPUTE": "poverty_alleviation/test_disputes.py"
    " test_every_pair_of_states_of_a_dispute_moves_as_the_table_says",
    "poverty_alleviation/confirming/models.py SHEET": "poverty_alleviation/test_confirming.py"
    " test_every_pair_of_states_of_a_sheet_moves_as_the_table_says",
    "poverty_alleviation/corrections/models.py CORRECTION": "poverty_alleviation/test_corrections.py"
    " test_every_pair_of_states_of_a_correction_moves_as_the_table_says",
    "poverty_alleviation/exports/models.py EXPORT": "poverty_alleviation/test_exports.py"
    " test_every_pair_of_states_of_an_export_moves_as_the_table_says",
    "poverty_alleviation/help/models.py DEMONSTRATION": "poverty_alleviation/test_demonstrations.py"
    " test_every_decision_in_every_state_goes_where_the_table_says",
    "poverty_alleviation/help/models.py NEED": "poverty_alleviation/test_help.py"
    " test_every_pair_of_states_of_a_need_moves_as_the_table_says",
    "poverty_alleviation/income/models.py SHEET": "poverty_alleviation/test_period_income.py"
    " test_every_decision_in_every_state_of_a_sheet_goes_where_the_table_says",
    "poverty_alleviation/lineage/models.py CHANGE": "poverty_alleviation/test_lineage_decisions.py"
    " test_every_decision_in_every_state_of_a_change_goes_where_the_table_says",
    "poverty_alleviation/matching/models.py MATCH": "poverty_alleviation/test_matching.py"
    " test_every_decision_in_every_state_of_a_proposal_goes_where_the_table_says",
    "poverty_alleviation/models.py CONTRACT": "poverty_alleviation/test_contracts.py"
    " test_every_act_in_every_state_of_a_contract_goes_where_the_table_says",
    "poverty_alleviation/models.py RULE": "poverty_alleviation/test_contracts.py"
    " test_every_decision_in_every_state_of_a_rule_goes_where_the_table_says",
    "poverty_alleviation/office/models.py ALARM": "poverty_alleviation/test_alarms.py"
    " test_every_pair_of_states_of_an_alarm_moves_as_the_table_says",
    "poverty_alleviation/payout_runs/models.py LINE": "poverty_alleviation/test_payout_runs.py"
    " test_every_pair_of_states_of_a_line_moves_as_the_table_says",
    "poverty_alleviation/payout_runs/models.py RUN": "poverty_alleviation/test_payout_runs.py"
    " test_every_pair_of_states_of_a_run_moves_as_the_table_says",
    "poverty_alleviation/reserves/models.py CLAWBACK": "poverty_alleviation/test_reserves.py"
    " test_every_pair_of_states_of_a_claim_moves_as_the_table_says",
    "poverty_alleviation/shares/models.py SHARE": "poverty_alleviation/test_assisted_shares.py"
    " test_every_decision_in_every_state_goes_where_the_table_says",
    "poverty_alleviation/transfers/models.py TRANSFER": "poverty_alleviation/test_transfer_terms.py"
    " test_every_state_of_a_transfer_meets_every_word_of_the_channel_as_the_table_says",
    "poverty_alleviation/retention/models.py ERASURE": "poverty_alleviation/test_retention.py"
    " test_every_decision_in_every_state_goes_where_the_table_says",
    "products/catalogue_models.py CERTIFICATE": "products/test_gates.py"
    " test_every_pair_of_certificate_states_moves_as_the_table_says",
    "products/models.py ": "products/test_catalogue.py test_every_pair_of_states_moves_exactly_as_the_table_says",
    "products/models.py RESERVATION": "products/test_stock.py"
    " test_every_reservation_state_meets_every_move_as_the_table_says",
    "products/recognition/models.py RECOGNITION": "products/test_recognition.py"
    " test_every_pair_of_states_of_a_case_moves_as_the_table_says",
    "products/offer_models.py OFFER": "products/test_offers.py"
    " test_every_offer_state_meets_every_end_as_the_table_says",
    "promotions/models.py CAMPAIGN": "promotions/test_coupons.py test_every_step_outside_the_tables_is_refused",
    "promotions/models.py COUPON": "promotions/test_coupons.py"
    " test_every_act_on_a_coupon_in_every_state_goes_where_the_table_says",
    "referrals/models.py SHARE": "referrals/test_shares.py test_every_step_of_a_share_goes_where_the_table_says",
    "reviews/models.py REVIEW": "reviews/test_reviews.py test_every_move_outside_the_table_is_refused",
    "traceability/quality/models.py INSPECTION": "traceability/test_quality.py"
    " test_every_pair_of_inspection_states_moves_as_the_table_says",
}
"""Module and table, and the test that walks it."""

_TABLE = re.compile(r"^(?:([A-Z]+)_)?(?:TRANSITIONS|STEPS)\b", re.MULTILINE)


def test_every_table_of_transitions_has_a_walk() -> None:
    """Fails for a new table that nobody has entered, and for a walk that is gone: tried."""
    found = {
        f"{path.relative_to(ROOT)} {name[1] or ''}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*models.py")
        for name in _TABLE.finditer(path.read_text())
    }
    assert found == set(WALKS)
    missing = []
    for table, walk in WALKS.items():
        file, test = walk.split(" ")
        if f"def {test}(" not in (ROOT / "tests" / file).read_text():
            missing.append((table, walk))
    assert missing == []
