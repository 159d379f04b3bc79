"""How much there is of what, and when: everything follows from the numbers here, so two runs tell the same."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from unittest.mock import patch

import kit.numbers

BY = "demo-volumes"

MERCHANTS = 20
"""Besides the six of the demo county: 26."""
FARMERS = 216
"""Besides its 24: 240 farm households, of which 72 are registered (its 12, and 60 here)."""
REGISTERED_OF_18 = 5
REGISTERED = 72
RECOGNISED = 7
"""All of the demo county."""
LOTS = 900
ORDERS = 3_600
REFUNDS = 210
MONTHS = 12
"""Months of 30 days, and as many inspections."""

ORDERS_OF_MERCHANT = ORDERS // MONTHS // MERCHANTS
INTAKES_OF_LOT = 3
PIECE_GRAM = 500
STOCK = 2_000
HOURS_OF_READINGS = 30 * 24


def lots_of(month: int, merchant: int) -> int:
    """75 lots a month: three of everybody, and a fourth of 15 merchants in turn."""
    return 3 + ((merchant + 15 * month) % MERCHANTS < LOTS // MONTHS - 3 * MERCHANTS)


def refunds_of(month: int, merchant: int) -> int:
    """17 and 18 refunds a month in turn, one of a merchant at most."""
    return int((merchant + 7 * month) % MERCHANTS < REFUNDS // MONTHS + month % 2)


def chance_of(*what: object) -> random.Random:
    """The dice of one thing, whatever was thrown before."""
    return random.Random("533124|" + "|".join(str(each) for each in what))


@contextmanager
def numbers_drawn_alike() -> Iterator[None]:
    """Public numbers come of dice, too: a fen that is left over falls by the suppliers' numbers."""
    with patch.object(kit.numbers, "secrets", SimpleNamespace(randbits=chance_of("numbers").getrandbits)):
        yield


def month_begins(month: int, now: datetime) -> datetime:
    """When a month began; the last one ends with the present day."""
    return now - timedelta(days=30 * (MONTHS - month) + 1)
