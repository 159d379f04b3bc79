"""Purchases that look odd: told by order numbers alone, judged by who looks after it."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from kit.database import rows

MOST_TOLD = 50
"""Order numbers of one finding."""


class OwnPurchases(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant's own people bought of it in a month."""

    merchant: str
    month: str
    orders: list[str]


class SharedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Several buyers of one merchant in a month, all at one address or device; ``place`` is a hash of its mark."""

    merchant: str
    month: str
    place: str
    buyers: int
    orders: list[str]


_MONTH = "to_char(o.paid_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')"
_NUMBERS = f"(array_agg(o.number ORDER BY o.number))[1:{MOST_TOLD}]"


async def own_purchases(consumers: Mapping[str, str], since: datetime) -> list[OwnPurchases]:
    """Orders paid since a moment by whoever stands for the merchant (consumer's number by merchant)."""
    found = await rows(
        f"SELECT o.merchant, {_MONTH} AS month, {_NUMBERS} AS orders FROM customer_order o"
        " JOIN unnest($1::text[], $2::text[]) AS own(merchant, consumer) ON own.merchant = o.merchant"
        " AND own.consumer = o.consumer WHERE o.paid_at >= $3 GROUP BY 1, 2 ORDER BY 1, 2",
        list(consumers),
        list(consumers.values()),
        since,
    )
    return [msgspec.convert(each, OwnPurchases) for each in found]


async def shared_addresses(since: datetime, buyers: int) -> list[SharedPlace]:
    """Addresses to which so many buyers or more had one merchant's goods sent, month by month.

    Buyers of another channel are one buyer here: that platform knows who they are, and masks where they live.
    """
    return await _shared("address_mark", since, buyers)


async def shared_devices(since: datetime, buyers: int) -> list[SharedPlace]:
    """Devices, as well as they can be told, from which so many buyers or more bought of one merchant in a month."""
    return await _shared("device_mark", since, buyers)


async def _shared(mark: str, since: datetime, buyers: int) -> list[SharedPlace]:
    found = await rows(
        f"SELECT o.merchant, {_MONTH} AS month, encode(sha256(o.{mark}), 'hex') AS place,"
        f" count(DISTINCT o.consumer) AS buyers, {_NUMBERS} AS orders FROM customer_order o"
        f" WHERE o.paid_at >= $1 AND o.{mark} IS NOT NULL GROUP BY o.merchant, 2, o.{mark}"
        " HAVING count(DISTINCT o.consumer) >= $2 ORDER BY 1, 2, 3",
        since,
        buyers,
    )
    return [msgspec.convert(each, SharedPlace) for each in found]
