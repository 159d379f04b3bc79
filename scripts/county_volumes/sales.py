"""What is sold in a month: orders of another channel by file, packed by waves, sent, received, refunded, earned.

Orders of WeChat need WeChat's own word of each payment; those of other channels come by file, as the county gets them.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from kit.clock import Clock, china_day
from kit.database import rows
from kit.encryption import FieldCipher
from orders.channels.files import RefundRow, SaleRow, Source
from orders.channels.models import SalesChannel
from orders.channels.refunds import ChannelRefunds
from orders.channels.sales import ChannelSales
from orders.fulfilment import Fulfilment
from orders.life import OrderLife
from orders.parcels import Shipping
from orders.receipts import Receipts
from orders.waves.service import PackingWaves
from scripts.county_volumes.people import Seller
from scripts.county_volumes.plan import BY, ORDERS_OF_MERCHANT, chance_of, refunds_of
from traceability.lots import Lots

CARRIER_OF_ALL = "SELECT code FROM carrier WHERE is_active ORDER BY code LIMIT 1"


@dataclass(frozen=True)
class Market:
    """The services that orders go through, and the carrier that takes them."""

    life: OrderLife
    receipts: Receipts
    cipher: FieldCipher
    carrier: str


@dataclass(frozen=True)
class Sales:
    """The sales of one month, which began at a moment."""

    market: Market
    month: int
    begun: datetime

    async def sell(self, seller: Seller, *, is_refund_late: bool) -> None:
        """A file of orders, one wave for all of them, a parcel for each, and the month's refund if it has one.

        One that is late is given back when the household has been paid (:mod:`scripts.county_volumes.incomes`).
        """
        sold = self._rows(seller)
        channel = ChannelSales(self.market.life.stock, self.market.life, self.market.cipher)
        await channel.take(self._source(seller, "orders"), sold)
        await self._send(seller)
        if refunds_of(self.month, seller.serial) and not is_refund_late:
            await self._refund(seller, sold[0])

    async def finish(self, now: datetime) -> date:
        """Whatever was sent is received of itself, and earned when its window has passed, if it has; answers when."""
        receipts = replace(self.market.receipts, clock=self._at(days=27))
        while await receipts.receive_due(500):
            pass
        earned = min(self.begun + timedelta(days=36), now)
        life = replace(self.market.life, clock=lambda: earned)
        while await life.earn_due(500):
            pass
        return china_day(earned)

    def _rows(self, seller: Seller) -> list[SaleRow]:
        chance = chance_of("orders", self.month, seller.serial)
        told = []
        for serial in range(ORDERS_OF_MERCHANT):
            pieces = chance.choice((1, 1, 2, 3))
            told.append(
                SaleRow(
                    row=serial + 2,
                    external=f"DEMO{self.month + 1:02d}{seller.serial + 1:02d}{serial + 1:03d}",
                    sku=seller.sku,
                    quantity=pieces,
                    paid_fen=pieces * seller.price_fen - chance.choice((0, 0, 100)),
                    freight_fen=chance.choice((0, 600)),
                    discount_fen=0,
                    paid_at=self.begun + timedelta(days=3, hours=serial * 20),
                    recipient="示例收货人",
                    phone=f"199000{chance.randrange(100_000):05d}",
                    address="云南省德宏州陇川县章凤镇示例路 1 号",
                    region="533124",
                )
            )
        return told

    async def _send(self, seller: Seller) -> None:
        packed = self._at(days=15)
        waves = PackingWaves(Fulfilment(Lots(packed), self.market.cipher, packed), packed)
        wave = await waves.propose(seller.merchant, None, BY)
        await waves.pack(seller.merchant, wave, BY)
        shipping = Shipping(self.market.cipher, self._at(days=15, hours=2))
        found = await rows(
            "SELECT number FROM customer_order WHERE merchant = $1 AND state = 'packed' ORDER BY id", seller.merchant
        )
        for serial, order in enumerate(found):
            waybill = f"DEMO{self.month + 1:02d}{seller.serial + 1:02d}{serial + 1:04d}"
            await shipping.ship(seller.merchant, order["number"], self.market.carrier, waybill, BY)

    async def _refund(self, seller: Seller, sale: SaleRow) -> None:
        """One piece of the month's first order goes back after it has arrived."""
        told = RefundRow(
            row=2,
            external=sale.external,
            refund=f"{sale.external}R",
            sku=sale.sku,
            quantity=1,
            amount_fen=None,
            freight_fen=0,
            refunded_at=self.begun + timedelta(days=18),
        )
        await ChannelRefunds(self.market.life.stock).take(self._source(seller, "refunds"), [told])

    def _source(self, seller: Seller, what: str) -> Source:
        digest = hashlib.sha256(f"{what}|{self.month}|{seller.serial}".encode()).digest()
        return Source(seller.merchant, SalesChannel.DOUYIN, digest, BY)

    def _at(self, **span: float) -> Clock:
        moment = self.begun + timedelta(**span)
        return lambda: moment
