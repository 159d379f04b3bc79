"""What of the dirty set is given back of a month that two persons have signed."""

from datetime import datetime
from hashlib import sha256

from kit.database import row
from orders.channels.files import RefundRow, Source
from orders.channels.models import SalesChannel
from orders.channels.refunds import ChannelRefunds
from products.stock import Stock

# The newest order of another channel that was earned in a signed month and of which nothing has gone back.
_SIGNED_SALE = """
SELECT c.merchant, c.external_number AS external, l.sku
  FROM ledger_journal j JOIN ledger_period m ON m.period = j.period AND m.state = 'closed'
  JOIN order_line l ON l.reference = j.source_id JOIN channel_order c ON c.order_id = l.order_id
 WHERE j.source_type = 'orders.order_earned' AND NOT EXISTS (SELECT 1 FROM channel_refund r WHERE r.line_id = l.id)
 ORDER BY c.external_number DESC LIMIT 1
"""


async def refund_after_close(by: str, now: datetime) -> None:
    """One piece of such a sale goes back, by a file of its channel; nothing where no sale is signed for."""
    found = await row(_SIGNED_SALE)
    if found is None:
        return
    told = RefundRow(
        row=2, external=found["external"], refund=f"{found['external']}C", sku=found["sku"], quantity=1,
        amount_fen=None, freight_fen=0, refunded_at=now,
    )  # fmt: skip
    source = Source(found["merchant"], SalesChannel.DOUYIN, sha256(b"refund after close").digest(), by)
    await ChannelRefunds(Stock()).take(source, [told])
