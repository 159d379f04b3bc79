"""What time does with the catalogue."""

from kit.database import execute, scalar, transaction
from products.search import index_again


async def count_sales() -> int:
    """Bring the sales by which lists are sorted up to date; answers how many products have sold since."""
    async with transaction():
        # The lock of the triggers that write the same rows.
        await scalar("SELECT pg_advisory_xact_lock(hashtextextended('products.catalogue_entry', 0))")
        return await execute(
            "UPDATE catalogue_entry e SET sold = k.sold FROM (SELECT product_id, sum(sold)::bigint AS sold FROM sku"
            " GROUP BY product_id) k WHERE k.product_id = e.product_id AND e.sold <> k.sold"
        )


async def keep_search_in_step() -> int:
    """Products that are called otherwise by now, because their merchant, category or township is."""
    return await index_again()
