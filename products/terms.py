"""The windows of receipt and after-sales that a sale policy grants, in seconds."""

from collections.abc import Iterable
from typing import Annotated

import msgspec

HOUR_S = 3600
DAY_S = 24 * HOUR_S
MAX_WINDOW_S = 90 * DAY_S

Window = Annotated[int, msgspec.Meta(ge=1, le=MAX_WINDOW_S)]


class AfterSalesTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long each side may take. A dated row of the sale policy holds them, an order keeps its copy.

    What stands here is what a new row says unless its document says otherwise (domain reference 5: seven days
    without a reason, bad fruit within 24 to 48 hours of signing; WeChat's own receipt after ten days, wechat
    reference 2.7).
    """

    cancel_s: Window = DAY_S  # the seller on a cancellation before packing; then the buyer has the money back
    decide_s: Window = 2 * DAY_S  # the seller on a claim; then it is granted
    answer_s: Window = 2 * DAY_S  # the buyer on an offer of a part; then the case is closed
    escalate_s: Window = 3 * DAY_S  # the buyer after a refusal; then the refusal stands
    county_s: Window = 7 * DAY_S  # the county on an escalated refusal; then the claim is granted
    return_s: Window = 7 * DAY_S  # the buyer to hand in the parcel; then the case is closed
    inspect_s: Window = 7 * DAY_S  # the seller to confirm the parcel; then the money goes back
    exchange_s: Window = 3 * DAY_S  # the seller to ship the replacement; then the money goes back
    replaced_s: Window = 10 * DAY_S  # the buyer to confirm the replacement; then it is confirmed
    bad_fruit_s: Window = 2 * DAY_S  # the buyer, from signing, to claim bad fruit
    no_reason_s: Window = 7 * DAY_S  # the buyer, from signing, to send back without a reason
    receipt_s: Window = 10 * DAY_S  # from shipment to automatic receipt
    delivered_s: Window = 7 * DAY_S  # from delivery to automatic receipt
    extension_s: Window = 3 * DAY_S  # what the buyer may add to it, once
    remind_s: Window = DAY_S  # between two reminders to ship
    pickup_s: Window = 7 * DAY_S  # the buyer to fetch a parcel at the station; then it goes back
    pickup_remind_s: Window = 4 * DAY_S  # from its arrival there to the one reminder


_SELLERS = frozenset({"cancel_s", "decide_s", "county_s", "inspect_s", "exchange_s", "remind_s"})


def merged_terms(terms: Iterable[AfterSalesTerms]) -> AfterSalesTerms:
    """The terms of an order with several products: each window as the buyer's best product has it."""
    several = list(terms)
    return AfterSalesTerms(
        **{
            name: (min if name in _SELLERS else max)(getattr(each, name) for each in several)
            for name in AfterSalesTerms.__struct_fields__
        }
    )
