"""What else might be wanted: bought together, near in kind or place, liked by all. Knows products, no person."""

from collections.abc import Sequence
from datetime import datetime

from kit.clock import china_day, utc_now
from kit.database import rows
from products.listing import CARD, SHELF, ProductCard, card_of
from products.queries import ON_SALE
from products.selling import HOLDS, IN_STOCK

PAGE = 12
_LOOKED_AT = 500
"""Co-purchases are counted among the newest so many reservations; older ones say little and cost as much."""

_RELATED = f"""
WITH seed AS (SELECT id, category_id, township_id FROM product WHERE code = ANY($3::text[])),
together AS (
  SELECT s.product_id, 1000 + count(*) AS score
    FROM (SELECT r.reference FROM stock_reservation r JOIN sku k ON k.id = r.sku_id
           WHERE k.product_id IN (SELECT id FROM seed) AND r.state = 'sold'
           ORDER BY r.id DESC LIMIT {_LOOKED_AT}) b
    JOIN stock_reservation o ON o.reference = b.reference AND o.state = 'sold'
    JOIN sku s ON s.id = o.sku_id GROUP BY s.product_id ORDER BY score DESC LIMIT 40),
alike AS (
  SELECT n.product_id, 100 AS score FROM (SELECT DISTINCT category_id FROM seed) c CROSS JOIN LATERAL (
      SELECT product_id FROM catalogue_entry e WHERE {HOLDS} AND category_id = c.category_id
       ORDER BY listed_at DESC, product_id DESC LIMIT 30) n),
near AS (
  SELECT n.product_id, 10 AS score FROM (SELECT DISTINCT township_id FROM seed) t CROSS JOIN LATERAL (
      SELECT product_id FROM catalogue_entry e WHERE {HOLDS} AND township = t.township_id
       ORDER BY listed_at DESC, product_id DESC LIMIT 30) n),
liked AS (
  SELECT product_id, 1 AS score FROM catalogue_entry e WHERE {HOLDS} ORDER BY sold DESC, product_id DESC LIMIT 30),
scored AS (
  SELECT product_id, sum(score) AS score
    FROM (SELECT * FROM together UNION ALL SELECT * FROM alike UNION ALL SELECT * FROM near
          UNION ALL SELECT * FROM liked) x
   WHERE product_id NOT IN (SELECT id FROM seed) GROUP BY product_id ORDER BY 2 DESC, 1 DESC LIMIT 60)
SELECT {CARD} FROM {SHELF} JOIN scored z ON z.product_id = e.product_id
 WHERE {HOLDS} AND {IN_STOCK} AND {ON_SALE} ORDER BY z.score DESC, e.sold DESC, e.product_id DESC LIMIT {PAGE}"""

_POPULAR = f"""
SELECT {CARD} FROM {SHELF}
 WHERE {HOLDS} AND {IN_STOCK} AND {ON_SALE} ORDER BY e.sold DESC, e.product_id DESC LIMIT {PAGE}"""


async def related_to(products: Sequence[str], now: datetime | None = None) -> list[ProductCard]:
    """Products that go with these: bought in one order with them, of their category, of their township, liked by all.

    One query. A code that nobody knows adds nothing.
    """
    moment = now or utc_now()
    return [card_of(r) for r in await rows(_RELATED, china_day(moment), moment, list(products))]


async def popular(now: datetime | None = None) -> list[ProductCard]:
    """What sells best. One query."""
    moment = now or utc_now()
    return [card_of(r) for r in await rows(_POPULAR, china_day(moment), moment)]
