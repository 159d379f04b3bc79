"""The postings of money that belongs to no line: freight, settlement, commission, late money, referrals."""

from collections.abc import Mapping

from ledger.chart import (
    BANK,
    BOUGHT_AT_SCALE,
    CHANNEL_FEES,
    CLEARING,
    HOST,
    HOUSEHOLD,
    LATE_MONEY,
    LOGISTICS,
    MERCHANT,
    PLATFORM_FEE,
    SUPPLIER,
    State,
)
from ledger.service import Entry
from poverty_alleviation.terms import ScaleIncome
from referrals.service import SOURCE_PREFIX


def scale_entries(intake: str, merchant: str, amount_fen: int, whose: ScaleIncome) -> list[Entry]:
    """A delivery bought with the merchant's own cash, and whose income that is."""
    code = SUPPLIER if whose.household is None else HOUSEHOLD
    owner = whose.household or whose.supplier
    return [
        Entry(BOUGHT_AT_SCALE, merchant, amount_fen, subject=intake),
        Entry(code, owner, -amount_fen, State.PAID, whose.category, intake, whose.rule, contribution=intake),
    ]


def freight_entries(order: str, merchant: str, channel: str, amount_fen: int) -> list[Entry]:
    """Freight that came, or with a negative amount went back."""
    return [
        Entry(CLEARING, channel, amount_fen, subject=order),
        Entry(LOGISTICS, merchant, -amount_fen, subject=order),
    ]


def settled_entries(reference: str, channel: str, gross_fen: int, fee_fen: int) -> list[Entry]:
    """What a channel has settled leaves 1101 for the bank and the fees; a refund is negative."""
    return [
        Entry(CLEARING, channel, -gross_fen, subject=reference),
        Entry(BANK, channel, gross_fen - fee_fen, subject=reference),
        Entry(CHANNEL_FEES, channel, fee_fen, subject=reference),
    ]


def commission_entries(order: str, merchant: str, *, paid_fen: int, owed_fen: int) -> list[Entry]:
    """The county's commission leaves what the merchant is due, paid at the channel or owed; negative comes back."""
    return [
        Entry(MERCHANT, merchant, paid_fen + owed_fen, State.EARNED, subject=order),
        Entry(PLATFORM_FEE, merchant, -paid_fen, State.PAID, subject=order),
        Entry(PLATFORM_FEE, merchant, -owed_fen, State.EARNED, subject=order),
    ]


def late_entries(order: str, merchant: str, channel: str, amount_fen: int) -> list[Entry]:
    """Money without an order is owed to its payer."""
    return [
        Entry(CLEARING, channel, amount_fen, subject=order),
        Entry(LATE_MONEY, merchant, -amount_fen, subject=order),
    ]


def referral_entries(order: str, merchant: str, referrer: str, fen: int) -> list[Entry]:
    """A part of what the merchant's split brings the county is a referrer's; negative when it is not any more."""
    return [
        Entry(PLATFORM_FEE, merchant, fen, State.EARNED, subject=order),
        Entry(HOST, f"{SOURCE_PREFIX}{referrer}", -fen, State.EARNED, subject=order),
    ]


def payout_entries(payout: str, referrer: str, fen: int, offsets: Mapping[str, int]) -> list[Entry]:
    """The county has paid a referrer ``fen``; what it had overpaid on other codes of the person has come off that."""
    owner = f"{SOURCE_PREFIX}{referrer}"
    entries = [
        Entry(HOST, owner, fen, State.EARNED, subject=payout),
        Entry(HOST, owner, -fen, State.PAID, subject=payout),
    ]
    for code, taken_fen in sorted(offsets.items()):
        entries += [
            Entry(HOST, owner, taken_fen, State.EARNED, subject=payout),
            Entry(HOST, f"{SOURCE_PREFIX}{code}", -taken_fen, State.EARNED, subject=payout),
        ]
    return entries
