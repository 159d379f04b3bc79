"""The wire of transfers that wait for their payee."""

from api_kit.schemas import View
from poverty_alleviation.transfers.service import WaitingTransfer


class WaitingTransfers(View):
    """What the phone can agree to now, oldest first."""

    transfers: list[WaitingTransfer]
