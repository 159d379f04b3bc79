"""A viewer opens a product of the room."""

from live.boards.clicks import Clicks
from miniapp_api import door
from miniapp_api.live_boards.schemas import ProductOpened


@door.put("/live/sessions/<number:str>/shelf/<code:str>/opening", public=True, status=204)
async def open_product(number: str, code: str, body: ProductOpened, clicks: Clicks) -> None:
    """观众打开了一件本场商品：每位观众每件商品只计一次，仅在直播中计数。"""
    await clicks.opened(number, code, body.viewer_pass)
