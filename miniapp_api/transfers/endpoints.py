"""Money for whoever is logged in: the phone agrees to it with ``wx.requestMerchantTransfer``."""

from accounts.actors import Consumer
from miniapp_api import door
from miniapp_api.transfers.schemas import WaitingTransfers
from poverty_alleviation.transfers.service import Transfers


@door.get("/transfers")
async def list_waiting_transfers(actor: Consumer, transfers: Transfers) -> WaitingTransfers:
    """待我确认的收款：发起后一日内在微信确认，逾期退回。"""
    return WaitingTransfers(await transfers.waiting_for(actor))
