"""What time does to orders."""

from orders.after_sales import AfterSales
from orders.groups.service import Groups
from orders.labels import LostLabels
from orders.life import OrderLife
from orders.pickups import Pickups
from orders.receipts import Receipts
from orders.vouchers import Vouchers


async def pass_after_sales_windows(life: OrderLife) -> int:
    """Orders whose after-sales window has passed become earned; answers how many."""
    return await life.earn_due()


async def receive_of_itself(receipts: Receipts) -> int:
    """Shipped orders that nobody has confirmed in time are received; answers how many."""
    return await receipts.receive_due()


async def pass_case_deadlines(after_sales: AfterSales) -> int:
    """After-sales cases whose deadline has passed go on as the rules say; answers how many."""
    return await after_sales.lapse_due()


async def ask_wechat_about_receipts(receipts: Receipts) -> int:
    """Orders that WeChat holds for received are received; answers how many."""
    return await receipts.ask_wechat()


async def look_after_pickups(pickups: Pickups) -> int:
    """Buyers are reminded of parcels at a station, and what nobody fetches goes back; answers how many."""
    return await pickups.remind_due() + await pickups.lapse_due()


async def expire_vouchers(vouchers: Vouchers) -> int:
    """Vouchers whose days are over end as their product says; answers how many orders had some."""
    return await vouchers.expire_due()


async def look_after_groups(groups: Groups) -> int:
    """Groups whose time is over are judged, and orders of those that have failed are given back; answers how many."""
    return await groups.decide_due() + await groups.undo_failed()


async def find_lost_labels(lost: LostLabels) -> int:
    """Ask for waybills of which nobody has heard whether they were printed; answers how many."""
    return await lost.find_due()
