"""The wire of WeChat accounts that households are paid to, and of the transfers of a run."""

from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from poverty_alleviation.register.wallets import WalletCard
from poverty_alleviation.transfers.service import TransferCard


class WalletInput(Input):
    """A member's own account as a buyer, by the number that the mini-program shows, and the paper that consents."""

    member: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[A-Z0-9]+$(?!\n)")]
    consumer: Annotated[str, msgspec.Meta(min_length=1, max_length=24, pattern=r"^[A-Z0-9]+$(?!\n)")]
    document: Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PLAIN)]


class WalletEntered(View):
    """The code alone: the answer is kept under its Idempotency-Key, outside the register."""

    code: str


class WalletsView(View):
    """The WeChat accounts that a household has or had."""

    wallets: list[WalletCard]


class TransfersView(View):
    """The transfers of a run, by position."""

    transfers: list[TransferCard]
