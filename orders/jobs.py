"""What time does to orders."""

from orders.life import OrderLife


async def pass_after_sales_windows(life: OrderLife) -> int:
    """Orders whose after-sales window has passed become earned; answers how many."""
    return await life.earn_due()
