"""Payouts by WeChat transfer: whose account it may be, sending a run, and what became of each."""

from accounts.actors import Auditor, PovertyOfficer
from api_kit.doors import IdempotencyKey, Made
from console_api import door
from console_api.transfers.schemas import TransfersView, WalletEntered, WalletInput, WalletsView
from poverty_alleviation.register.wallets import Wallets, wallet_cards
from poverty_alleviation.transfers.service import Transfers, transfers_of


async def _wallet_entered(code: str) -> WalletEntered:
    return WalletEntered(code)


@door.post("/poverty/households/<code:str>/wallets", answer=_wallet_entered)
async def enter_wallet(
    actor: PovertyOfficer, code: str, body: WalletInput, key: IdempotencyKey, wallets: Wallets
) -> Made:
    """登记微信收款：成年成员本人的微信，须有本人书面同意；一户一个，一个微信只为一户。"""
    return Made(await wallets.enter(code, body.member, body.consumer, body.document, actor.caller))


@door.get("/poverty/households/<code:str>/wallets")
async def list_wallets(actor: PovertyOfficer | Auditor, code: str) -> WalletsView:
    """微信收款登记及其终止；不显示微信用户编号。"""
    return WalletsView(await wallet_cards(code))


@door.put("/poverty/households/<code:str>/wallets/<wallet:str>/end", status=204)
async def end_wallet(actor: PovertyOfficer, code: str, wallet: str, wallets: Wallets) -> None:
    """终止微信收款登记；已发起的转账不受影响。"""
    await wallets.end(code, wallet, actor.caller)


@door.put("/poverty/payout-runs/<number:str>/sending")
async def send_payout_run(actor: PovertyOfficer, number: str, transfers: Transfers) -> TransfersView:
    """发起已批准批次的微信转账（批准后一日内一次）；先留访问记录，收款人须在一日内于微信确认。"""
    await transfers.send(actor, number)
    return TransfersView(await transfers_of(number))


@door.get("/poverty/payout-runs/<number:str>/transfers")
async def list_payout_transfers(actor: PovertyOfficer | Auditor, number: str) -> TransfersView:
    """一个批次的微信转账及其状态：待确认、已到账，或失败（失败的重新列入应付）。"""
    return TransfersView(await transfers_of(number))
