"""Waybills of many orders at once: all of a file or nothing of it, and the same file again changes nothing."""

from collections.abc import Sequence

import msgspec

from kit.database import transaction
from kit.errors import DomainError
from orders.errors import WaybillsRefused
from orders.parcels import Shipping

MAX_ROWS = 200
"""Orders in one file: they are locked together, and all of them wait for the last one."""


class WaybillRow(msgspec.Struct, frozen=True, kw_only=True):
    """One order's waybill; ``row`` is where it stands in the file."""

    row: int
    order: str
    carrier: str
    waybill: str


async def ship_all(shipping: Shipping, merchant: str, found: Sequence[WaybillRow], actor: str) -> int:
    """Send each order as one parcel with its waybill; answers how many orders the file names.

    A row whose order went out with this very waybill is no news, so a file may come again and a longer one may hold
    the rows of a shorter one. Raises WaybillsRefused with every row that is wrong, and then nothing was sent.
    """
    wrong = [{"row": each.row, "detail": "同一订单在文件中重复出现"} for each in _repeated(found)]
    async with transaction():
        # In the order of their numbers, as everybody locks orders.
        for each in sorted(found, key=lambda row: row.order):
            try:
                async with transaction():
                    await shipping.ship(merchant, each.order, each.carrier, each.waybill, actor)
            except DomainError as refusal:
                wrong.append({"row": each.row, "detail": refusal.title})
        if wrong:
            raise WaybillsRefused(rows=sorted(wrong, key=lambda told: int(str(told["row"]))))
    return len(found)


def _repeated(found: Sequence[WaybillRow]) -> list[WaybillRow]:
    seen: set[str] = set()
    return [each for each in found if each.order in seen or seen.add(each.order)]  # type: ignore[func-returns-value]
