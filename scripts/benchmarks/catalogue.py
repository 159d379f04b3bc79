"""Whether lists grow with the catalogue: the same lists with 1,000 and with 100,000 products, without the cache.

``scripts/bench catalogue`` asks in one process, one list after another, and prints the 99th percentiles and their
ratio.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

from tortoise.context import TortoiseContext

from kit.database import connection, execute, scalar
from products.listing import Sort, Wanted, product_cards
from products.search import GENERATION
from scripts.benchmarks.county import build_county
from scripts.local_stack.stack import LocalStack
from server.database import tortoise_config
from server.settings import DatabaseSettings

SIZES = (1_000, 100_000)
GOAL = 1.3
CALLS = 400
WANTED = {
    "newest": Wanted(),
    "cheapest": Wanted(sort=Sort.PRICE_UP),
    "best selling": Wanted(sort=Sort.SALES),
    "one township": Wanted(township="533124101"),
    "one category, in stock": Wanted(category="goods", in_stock=True),
    "second page": Wanted(sort=Sort.PRICE_DOWN),
    "a word that fits 30 %": Wanted(text="红糖"),
}

_COLUMNS = (
    "merchant_id, township_id, category_id, title, subtitle, description, image, pictures, axes, return_policy,"
    " sale_policy, host_commission_bp, freight_template, state, drafted_at, drafted_by"
)
_GROW = (
    f"INSERT INTO product (code, listed_at, {_COLUMNS}) SELECT p.code || 'X' || n,"
    f" p.listed_at - n * interval '1 second', {_COLUMNS} FROM product p, generate_series(1, $1::int) n"
    " WHERE p.code NOT LIKE '%X%'",
    "INSERT INTO sku (code, product_id, position, spec, options, price_fen, mass_gram, active, available, reserved,"
    " sold, set_aside) SELECT 'K' || p.id || 'X', p.id, 0, '一', '[]', 100 + p.id % 9973, 1, true, 5, 0, 0, 0"
    " FROM product p"
    " WHERE NOT EXISTS (SELECT 1 FROM sku WHERE product_id = p.id)",
    "INSERT INTO catalogue_entry (product_id, holds_from, holds_until, listed, listed_at, township, category_id,"
    " price_from_fen, in_stock, on_offer, sold)"
    " SELECT p.id, '-infinity', 'infinity', true, p.listed_at, p.township_id, p.category_id, s.price_fen, true, false,"
    " p.id % 1009 FROM product p"
    " JOIN sku s ON s.product_id = p.id AND s.position = 0"
    " WHERE NOT EXISTS (SELECT 1 FROM catalogue_entry WHERE product_id = p.id)",
    "TRUNCATE search_entry",
    "INSERT INTO search_entry (product_id, source, title, words) SELECT p.id, '', k.title, array_to_tsvector(ARRAY["
    f" '~' || p.id / {GENERATION}, 'x' || p.id] || k.words) FROM product p CROSS JOIN LATERAL (SELECT"
    " CASE WHEN p.id % 10 < 3 THEN '古法红糖' ELSE '高山绿茶' END,"
    " CASE WHEN p.id % 10 < 3 THEN ARRAY['红', '糖', '红糖'] ELSE ARRAY['绿', '茶', '绿茶'] END) k (title, words)",
)


def main() -> None:
    """Run it on a throw-away PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="longchuan-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        stack = LocalStack(Path(folder, "state"), ("postgres",), usual_ports=False)
        try:
            stack.prepare()
            stack.start_first()
            stack.migrate()
            asyncio.run(_run(stack.environment["MIGRATE_DATABASE_URL"]))
        finally:
            stack.destroy()


async def _run(url: str) -> None:
    async with TortoiseContext() as context:
        await context.init(config=tortoise_config(DatabaseSettings(url=url, pool_max=4, statement_timeout_ms=120_000)))
        await build_county()
        found: dict[str, list[float]] = {name: [] for name in WANTED}
        for size in SIZES:
            await _grow(size)
            for name, wanted in WANTED.items():
                found[name].append(await _p99(wanted, second=name == "second page"))
        print("\n".join(report(found)))
        await context.close_connections()


async def _grow(size: int) -> None:
    """More products by SQL, their entries too: the triggers would do the same one by one."""
    copies = size // await scalar("SELECT count(*)::int FROM product") - 1
    await connection().execute_script("ALTER TABLE product DISABLE TRIGGER USER; ALTER TABLE sku DISABLE TRIGGER USER")
    await execute(_GROW[0], copies)
    for statement in _GROW[1:]:
        await execute(statement)
    await connection().execute_script("ALTER TABLE product ENABLE TRIGGER USER; ALTER TABLE sku ENABLE TRIGGER USER")
    await connection().execute_script("VACUUM ANALYZE")


async def _p99(wanted: Wanted, second: bool) -> float:
    cursor = (await product_cards(None, 20, wanted))[1] if second else None
    spent = []
    for _ in range(CALLS):
        began = time.perf_counter()
        cards, _ = await product_cards(cursor, 20, wanted)
        spent.append((time.perf_counter() - began) * 1000)
        assert len(cards) == 20
    return quantiles(spent, n=100, method="inclusive")[98]


def report(found: dict[str, Sequence[float]] | dict[str, list[float]]) -> list[str]:
    """One line per list: both percentiles in milliseconds and whether the goal is met."""
    lines = []
    for name, (small, large) in found.items():
        verdict = "met" if large <= GOAL * small else "NOT met"
        lines.append(
            f"{name:<26}p99 {small:6.2f} ms -> {large:6.2f} ms  ratio {large / small:.2f}  goal {GOAL}  {verdict}"
        )
    return lines


if __name__ == "__main__":
    main()
