"""The wire of payment bills."""

from datetime import date

from api_kit.schemas import Input, View
from payments.queries import AbnormalRefund, BillDifference, HeldPayment


class BillDay(Input):
    """A day in China."""

    day: date


class ImportedBillView(View):
    """``settled`` lines agree with our payments now; ``differences`` are listed by the day."""

    day: date
    settled: int
    differences: int


class DifferencesView(View):
    """Whatever the bill of the day and our rows do not agree on. Empty is the goal."""

    day: date
    differences: list[BillDifference]


class HeldPaymentsView(View):
    """The payments on hold, at most 200. Empty is the goal."""

    payments: list[HeldPayment]


class AbnormalRefundsView(View):
    """The refunds that need a person, at most 200. Empty is the goal."""

    refunds: list[AbnormalRefund]
