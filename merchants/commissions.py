"""What share of its sales a merchant has agreed to leave to the county, by dated terms.

Placing an order copies the share in force (``products.queries.sku_offers``); later terms move no order.
"""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from tortoise.exceptions import IntegrityError

from kit.clock import Clock, china_day, utc_now
from kit.database import rows, transaction
from merchants.errors import CommissionDayTaken, CommissionNotOffered, CommissionTooHigh
from merchants.models import MerchantCommission
from merchants.service import find


class CommissionTerms(msgspec.Struct, frozen=True):
    """Terms of one merchant from a day on, in basis points of the goods' net money."""

    valid_from: date
    basis_points: int
    source_document: str
    entered_at: datetime
    entered_by: str


async def commission_terms(merchant: str) -> list[CommissionTerms]:
    """All terms of a merchant, the newest first. One statement."""
    found = await rows(
        "SELECT c.valid_from, c.basis_points, c.source_document, c.entered_at, c.entered_by FROM merchant_commission c"
        " JOIN merchant m ON m.id = c.merchant_id WHERE m.number = $1 ORDER BY c.valid_from DESC LIMIT 200",
        merchant,
    )
    return [CommissionTerms(**r) for r in found]


@dataclass(frozen=True)
class CommissionDesk:
    """The county's hand on the terms. ``is_offered``: shares can be split at all; ``limit_bp``: how much of a sale."""

    is_offered: bool
    limit_bp: int
    clock: Clock = utc_now

    async def agree(self, merchant: str, valid_from: date, basis_points: int, source_document: str, by: str) -> None:
        """New terms from a day on.

        Raises :class:`CommissionNotOffered`, :class:`CommissionTooHigh`, :class:`CommissionDayTaken`, MerchantUnknown.
        """
        if not self.is_offered:
            raise CommissionNotOffered()
        if basis_points > self.limit_bp:
            raise CommissionTooHigh(limit_bp=self.limit_bp)
        if valid_from < china_day(self.clock()):
            raise CommissionDayTaken()
        try:
            async with transaction():
                await MerchantCommission.create(
                    merchant_id=(await find(merchant)).id,
                    valid_from=valid_from,
                    basis_points=basis_points,
                    source_document=source_document,
                    entered_at=self.clock(),
                    entered_by=by,
                )
        except IntegrityError:
            raise CommissionDayTaken() from None
