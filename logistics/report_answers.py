"""What each of WeChat's answers to a report means (wechat reference 2.7). One table, so that none is forgotten."""

from datetime import timedelta
from enum import StrEnum


class Verdict(StrEnum):
    """What becomes of a report."""

    TOLD = "told"
    AGAIN = "again"
    FOR_A_PERSON = "for_a_person"


AGAIN_AFTER = tuple(timedelta(seconds=s) for s in (60, 120, 300, 600, 1800, 3600))
"""Pauses between attempts; the last one goes on."""

MAX_ATTEMPTS = 40
"""About a day and a half; goods are to be reported within 48 hours, so a person still has time."""

_AGAIN = frozenset({
    -1,  # busy
    10060001,  # no such payment: WeChat's order appears about a minute after the payment
    10060012, 10060019,  # system error
    10060028,  # not shipped yet: the report of the shipping is on its way
    268485216,  # upload_time is not later than the last one, which another attempt's is
    40001, 40014, 42001,  # the token was refused twice; the next attempt has another one
    44990, 45009, 45011,  # too frequent, quota
})  # fmt: skip
_TOLD = frozenset({
    0,
    10060002,  # shipped completely already
    10060023,  # nothing new: an attempt whose answer was lost had come through
    10060030,  # the reminder to confirm was used: the same
})  # fmt: skip
_PERSON = frozenset({
    10060003,  # the one new shipping was used
    10060004,  # not in a state to be shipped, for example refunded in full
    10060005, 10060006, 10060007,  # way of delivery
    10060008, 10060009,  # description of the goods missing, too long
    10060011, 10060013, 10060014, 10060020, 10060024, 10060025, 10060026, 10060029,
    10060031,  # another payer
    10060032,  # express alone
    10060035,
    268485194, 268485195, 268485196, 268485197,  # key of the order
    268485224, 268485226, 268485227, 268485228, 268485253,
    268546000, 268546001, 268546002,
    40164, 47001, 48001,  # address not allowed, body not readable, no right to the interface
})  # fmt: skip
KNOWN = _AGAIN | _TOLD | _PERSON


def verdict_on(code: int, attempts: int, *, is_first_word: bool) -> Verdict:
    """What becomes of a report after its ``attempts``-th attempt was answered with ``code``.

    ``is_first_word``: WeChat has been told nothing of this payment yet. Then "shipped completely already" is our own
    lost answer or the work of a person at WeChat's console; later it means that news was refused, for a person to see.
    A code that nobody has documented is tried again, and then for a person.
    """
    if code == 10060002 and not is_first_word:
        return Verdict.FOR_A_PERSON
    if code in _TOLD:
        return Verdict.TOLD
    if code in _PERSON or attempts >= MAX_ATTEMPTS:
        return Verdict.FOR_A_PERSON
    return Verdict.AGAIN


def pause_after(attempts: int) -> timedelta:
    """How long to wait after the ``attempts``-th attempt."""
    return AGAIN_AFTER[min(max(attempts, 1), len(AGAIN_AFTER)) - 1]
