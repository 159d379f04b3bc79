"""What is on offer now and soon."""

from miniapp_api import door
from miniapp_api.offers.schemas import OffersView
from products.offers import open_offers


@door.get("/offers", public=True)
async def list_open_offers() -> OffersView:
    """进行中和即将开始的限时价。"""
    return OffersView(await open_offers())
