"""A flash sale: one hot SKU against a thousand of them, refusals against static answers, and every piece accounted for.

``scripts/bench flash``. The hot SKU is sold under a flash offer; another offer with few pieces is sold out by a
thousand connections at once; then everybody goes on asking for it.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

import msgspec
from tortoise.context import TortoiseContext

from kit.clock import utc_now
from kit.database import row, scalar
from products.offers import Offers, OfferTerms
from products.queries import stock_differences
from scripts.benchmarks.county import BY, Shelf
from scripts.benchmarks.load import Round, drive, get
from scripts.benchmarks.loads import order_requests
from server.database import tortoise_config
from server.settings import DatabaseSettings

FLASH_FEN = 990
PLENTY, FEW = 800_000, 2_000
CROWD = 1_000
HOT_GOAL, REFUSAL_GOAL = 0.8, 0.5


class Sale(msgspec.Struct, frozen=True):
    """The two offers: one that lasts, one that is gone soon."""

    lasting: str
    scarce: str
    offer: str


@dataclass
class Measured:
    """Rates of each round, by load."""

    spread: list[Round]
    hot: list[Round]
    static: list[Round]
    refusals: list[Round]


async def open_sale(shelf: Shelf) -> Sale:
    """Two offers of two SKUs, in a database that is connected."""
    now = utc_now()

    async def offer(sku: str, pieces: int) -> str:
        terms = OfferTerms(price_fen=FLASH_FEN, pieces=pieces, starts_at=now, ends_at=now + timedelta(hours=3))
        return await Offers().open(sku, terms, BY)

    lasting, scarce = shelf.skus[0], shelf.skus[1]
    await offer(lasting, PLENTY)
    return Sale(lasting=lasting, scarce=scarce, offer=await offer(scarce, FEW))


async def measure(port: int, shelf: Shelf, sale: Sale, options: argparse.Namespace, rounds: int) -> Measured:
    """The hot SKU and the thousand take turns; the scarce one is sold out; refusals and static answers take turns."""
    flash = msgspec.structs.replace(shelf, prices_fen=dict.fromkeys((sale.lasting, sale.scarce), FLASH_FEN))
    spread = order_requests("/v1/miniapp/orders", [[(sku, 1)] for sku in shelf.skus[2:]], shelf)
    hot = order_requests("/v1/miniapp/orders", [[(sale.lasting, 1)]], flash)
    scarce = order_requests("/v1/miniapp/orders", [[(sale.scarce, 1)]], flash)
    each = options.seconds / rounds

    async def once(following: Callable[[], bytes]) -> Round:
        return await drive(port, following, options.connections, each)

    found = Measured([], [], [], [])
    for following in (spread, hot):
        await once(following)
    for _ in range(rounds):
        found.spread.append(await once(spread))
        found.hot.append(await once(hot))
    crowd = await drive(port, scarce, CROWD, 0.0)
    while not crowd.refused:
        crowd = await drive(port, scarce, options.connections, 1.0)
    size = (await once(scarce)).body_bytes
    static = get(f"/yardstick/static/{size}")
    for _ in range(rounds):
        found.static.append(await once(lambda: static))
        found.refusals.append(await once(scarce))
    return found


async def account(url: str, sale: Sale) -> list[str]:
    """What became of the scarce offer's pieces, and whether every count agrees with every other."""
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(DatabaseSettings(url=url)))
        taken = await scalar(
            "SELECT sum(quantity) FROM stock_reservation r JOIN flash_offer f ON f.id = r.offer_id"
            " WHERE f.number = $1 AND r.state <> 'released'",
            sale.offer,
        )
        left = await row(
            "SELECT sum(available)::bigint AS pieces, count(*) FILTER (WHERE available > 0) AS buckets"
            " FROM flash_bucket b JOIN flash_offer f ON f.id = b.offer_id WHERE f.number = $1",
            sale.offer,
        )
        differences = await stock_differences()
        await context.close_connections()
    assert left is not None
    return [
        f"sold out: {taken:,} of {FEW:,} pieces taken, {taken - FEW if taken > FEW else 0} oversold,"
        f" {left['pieces']} stranded in {left['buckets']} buckets",
        f"differences between stock, reservations, offers and buckets: {len(differences)}",
    ]


def summary(found: Measured) -> list[str]:
    """The rates and the two ratios, each the median over the rounds."""

    def rate(rounds: list[Round]) -> float:
        return median(r.rate for r in rounds)

    def refusals(r: Round) -> float:
        return r.refused / r.seconds

    hot = median(a.rate / b.rate for a, b in zip(found.hot, found.spread, strict=True))
    refused = median(refusals(a) / b.rate for a, b in zip(found.refusals, found.static, strict=True))
    went_through = sum(len(r.latencies_ms) - r.refused for r in found.refusals)
    return [
        f"order, 1 line of 998 SKUs            {rate(found.spread):8.0f} /s",
        f"order, 1 line of one SKU on offer    {rate(found.hot):8.0f} /s",
        f"static body of the refusal's size    {rate(found.static):8.0f} /s",
        f"refusals after the sell-out          {median(refusals(r) for r in found.refusals):8.0f} /s",
        f"orders placed after the sell-out     {went_through:8d}",
        _verdict("hot / spread", hot, HOT_GOAL),
        _verdict("refusals / static", refused, REFUSAL_GOAL),
    ]


def _verdict(title: str, reached: float, goal: float) -> str:
    return f"{title:<32}goal {goal:.2f}  measured {reached:.3f}  {'met' if reached >= goal else 'NOT met'}"
