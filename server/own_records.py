"""Who knows what about a consumer: the one table of rooms that tell and erase it, and of every column that names one.

``tests/architecture`` demands that each column of these names stands here.
"""

import accounts.own_records
import content.own_records
import county.own_records
import kit.own_records
import live.own_records
import logistics.own_records
import merchants.own_records
import messages.own_records
import orders.own_records
import payments.own_records
import promotions.own_records
import referrals.own_records
import reviews.own_records
from kit.belongings import Part
from kit.encryption import FieldCipher
from logistics.addresses import AddressBook

NAMING_COLUMNS = frozenset(
    {"consumer", "consumer_id", "owner", "buyer", "openid", "payer_openid", "uploader", "author", "caller", "applicant",
     "actor", "written_by", "entered_by", "sender", "subject", "identity"}
)  # fmt: skip
"""How columns are called that may hold a consumer's number, caller or WeChat identity."""

NAMED: dict[str, str] = {
    # Told in the export and, where the law does not keep it, erased: column -> the room's part.
    "account_session.consumer_id": "accounts",
    "account_closure.consumer": "accounts",
    "account_closure.identity": "accounts",
    "access_log.subject": "accounts",
    "consumer_account.openid": "accounts",
    "consumer_consent.consumer": "accounts",
    "data_export.consumer": "accounts",
    "content_text.openid": "content",
    "picture.openid": "content",
    "picture.uploader": "content",
    "message_consent.openid": "messages",
    "pushed_event.sender": "messages",
    "subscribe_message.openid": "messages",
    "pushed_event.subject": "messages",
    "complaint.consumer": "county",
    "delivery_address.owner": "logistics",
    "shipping_report.payer_openid": "logistics",
    "coupon.owner": "promotions",
    "referrer.consumer": "referrals",
    "payment.payer_openid": "payments",
    "cart_line.consumer": "orders",
    "customer_order.consumer": "orders",
    "invoice_request.consumer": "orders",
    "trade.consumer": "orders",
    "review.consumer": "reviews",
    "live_feed_message.author": "live",
    "live_restriction.author": "live",
    "live_report.consumer": "live",
    "live_reminder.consumer": "live",
    "live_share_code.caller": "live",
    "merchant.applicant": "merchants",
    "idempotency_claim.caller": "kit",
    "outbox_message.subject": "kit",
}

NOT_TOLD: dict[str, str] = {
    # Neither told nor erased: column -> why.
    "access_alarm.actor": "staff",
    "access_log.actor": "who looked; a consumer looks at the own data alone",
    "after_sales_event.actor": "a step of a case that is told; stays under the number as a trade record",
    "bill_difference.owner": "staff",
    "bill_difference_step.owner": "staff",
    "payment_split.owner": "staff",
    "merchant_commission.entered_by": "staff",
    "complaint.owner": "staff",
    "complaint_clock.entered_by": "staff",
    "parcel_event.actor": "staff and carriers",
    "redemption_failure.actor": "staff at a station",
    "redemption_failure.subject": "an order that is told",
    "content_text.subject": "what the text belongs to, not whose it is",
    "exemption_rule.entered_by": "staff",
    "flash_buyer.buyer": "pieces of orders that are told; stays under the number as a trade record",
    "household.entered_by": "staff",
    "invoice_window.entered_by": "staff",
    "category_requirement.entered_by": "staff",
    "ledger_account.owner": "merchants, hosts, households, and referrers under the code that they are told with",
    "ledger_posting.subject": "lines of orders that are told; stays under their references",
    "legal_person.entered_by": "the merchant's file, kept by e-commerce law, article 27; names no more than the number",
    "live_session_ban.actor": "staff",
    "merchant.entered_by": "the merchant's file; the applicant is told",
    "merchant_paper.subject": "what a licence says about the merchant",
    "order_event.actor": "a step of an order that is told; stays under the number as a trade record",
    "picture.owner": "what shows the picture, not whose it is",
    "public_story.subject": "a product or a supplier",
    "public_story.written_by": "staff",
    "review_addition.written_by": "an addition to a review that is told; stays under the number",
    "stock_reservation.buyer": "pieces of orders that are told; stays under the number as a trade record",
    "story_person.entered_by": "staff",
    "supplier.entered_by": "staff",
}

WITH_THEIR_OWNER = ("case", "gift", "chat", "story")
"""Kinds of held text that go with what they belong to: orders.forget_old_deliveries and live.forget_old_chat see to it,
and whoever takes a story down.

Every other kind goes when it was judged long enough ago (content.forget_old_texts), so none stays for ever.
"""


def parts_of(cipher: FieldCipher, book: AddressBook) -> tuple[Part, ...]:
    """Every room that knows something about a consumer, in the order in which it is told and erased."""
    return (
        accounts.own_records.part(cipher),
        logistics.own_records.part(book),
        orders.own_records.part(cipher),
        payments.own_records.PART,
        promotions.own_records.PART,
        referrals.own_records.PART,
        reviews.own_records.PART,
        content.own_records.PART,
        county.own_records.part(cipher),
        live.own_records.PART,
        merchants.own_records.PART,
        messages.own_records.PART,
        # Last: until then a request in flight may still have left an answer.
        kit.own_records.PART,
    )
