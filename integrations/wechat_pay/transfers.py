"""Transfers to people's WeChat accounts, API of 2025 (wechat reference 2.6): asked, agreed to by the payee, reported.

In direct mode the configured merchant pays, in partner mode the sub-merchant whose goods they were. Nothing that is
sent says why somebody is paid but for the scene, which the payer has from WeChat, and its report. [Unconfirmed]: that a
repeated request answers its package again; of the partner's form anything but its address and ``sub_mchid``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

import httpx
import msgspec

from integrations.wechat_pay.configuration import WeChatPayConfiguration
from integrations.wechat_pay.notices import open_notice
from integrations.wechat_pay.signatures import encrypt_field
from integrations.wechat_pay.translation import read_reply
from integrations.wechat_pay.transport import SignedClient
from integrations.wechat_pay.wire import AwareMoment
from kit.clock import Clock, utc_now
from payments.ports import GatewayRefused, NoticeUnreadable, OutcomeUnknown
from poverty_alleviation.ports import ConfirmingAccount, TransferLimits, TransferNews, TransferOrder, TransferResult

_DIRECT = "/v3/fund-app/mch-transfer/transfer-bills"
_PARTNER = "/v3/fund-app/mch-transfer/partner/transfer-bills"
_FINISHED = "MCHTRANSFER.BILL.FINISHED"
_UNKNOWN_NUMBER = frozenset({"NOT_FOUND", "RESOURCE_NOT_EXISTS", "RECORD_NOT_EXIST"})
_REMARK = "货款"
_NEWS = {
    "ACCEPTED": TransferNews.PENDING,
    "PROCESSING": TransferNews.PENDING,
    "WAIT_USER_CONFIRM": TransferNews.UNCONFIRMED,
    "TRANSFERING": TransferNews.PENDING,
    "CANCELING": TransferNews.PENDING,
    "SUCCESS": TransferNews.SUCCEEDED,
    "FAIL": TransferNews.FAILED,
    "CANCELLED": TransferNews.FAILED,
}


@dataclass(frozen=True)
class TransferScene:
    """For what the merchant may transfer, and what it reports with each: ``report`` is type and content.

    WeChat takes no name below ``name_from_fen``, and demands one from a sum that is the county's to know: so every sum
    from there on has it, and WeChat refuses an account that is somebody else's. Amounts are fen, all configuration.
    """

    scene: str
    report: tuple[tuple[str, str], ...]
    limits: TransferLimits
    name_from_fen: int


class _Bill(msgspec.Struct):
    out_bill_no: str
    transfer_bill_no: str
    state: str
    package_info: str = ""
    fail_reason: str = ""
    transfer_amount: int | None = None
    create_time: AwareMoment | None = None
    update_time: AwareMoment | None = None


class _Finished(msgspec.Struct):
    out_bill_no: str


@dataclass(frozen=True)
class WeChatTransfers:
    """Implements ``poverty_alleviation.ports.TransferChannel``. ``notify_url`` is where notices of ends go."""

    configuration: WeChatPayConfiguration
    scene: TransferScene
    notify_url: str
    http: httpx.AsyncClient
    clock: Clock = utc_now

    def is_offered(self, payer: str) -> bool:
        """With a scene; in partner mode for a sub-merchant: the goods' money is theirs and not ours to pay with."""
        return bool(self.scene.scene) and (bool(payer) or not self._is_partner)

    @property
    def limits(self) -> TransferLimits:
        """Of one transfer."""
        return self.scene.limits

    def confirming(self, payer: str) -> ConfirmingAccount:
        """What ``wx.requestMerchantTransfer`` names."""
        sub_mchid = payer if self._is_partner else ""
        return ConfirmingAccount(self.configuration.mchid, sub_mchid, self.configuration.appid)

    @property
    def _is_partner(self) -> bool:
        return self.configuration.mode == "partner"

    @property
    def _client(self) -> SignedClient:
        return SignedClient(self.configuration, self.http, self.clock)

    async def transfer(self, order: TransferOrder) -> TransferResult:
        """Ask for a transfer; the payee's name travels under WeChat's key."""
        body: dict[str, object] = {
            "appid": self.configuration.appid,
            "out_bill_no": order.number,
            "transfer_scene_id": self.scene.scene,
            "openid": order.openid,
            "transfer_amount": order.amount_fen,
            "transfer_remark": _REMARK,
            "notify_url": self.notify_url,
            "transfer_scene_report_infos": [
                {"info_type": kind, "info_content": content} for kind, content in self.scene.report
            ],
        }
        if self._is_partner:
            body["sub_mchid"] = order.payer
        if order.amount_fen >= self.scene.name_from_fen:
            body["user_name"] = encrypt_field(self.configuration.ring.newest().key, order.name)
        reply = await self._client.call("POST", _PARTNER if self._is_partner else _DIRECT, msgspec.json.encode(body))
        return _result(reply.body, order.amount_fen)

    async def query(self, number: str, payer: str) -> TransferResult | None:
        """The transfer by our number."""
        target = f"{_PARTNER if self._is_partner else _DIRECT}/out-bill-no/{quote(number, safe='')}"
        if self._is_partner:
            target += f"?{urlencode({'sub_mchid': payer})}"
        try:
            reply = await self._client.call("GET", target)
        except GatewayRefused as refusal:
            if refusal.code in _UNKNOWN_NUMBER:
                return None
            raise OutcomeUnknown(f"the question was refused: {refusal.code}") from None
        return _result(reply.body, None)

    def read_notice(self, headers: Mapping[str, str], raw: bytes) -> str | None:
        """The number of a verified notice; None for another event."""
        envelope, plain = open_notice(self.configuration, headers, raw, now=self.clock())
        if envelope.event_type != _FINISHED:
            return None
        try:
            return msgspec.json.decode(plain, type=_Finished).out_bill_no
        except msgspec.MsgspecError as error:
            raise NoticeUnreadable(f"{type(error).__name__}: {error}") from None


def _result(raw: bytes, asked_fen: int | None) -> TransferResult:
    """A reply to a request says no amount: it is the one that was asked for."""
    found = read_reply(raw, _Bill)
    news, amount = _NEWS.get(found.state), found.transfer_amount if asked_fen is None else asked_fen
    if news is None or amount is None or not found.transfer_bill_no:
        raise OutcomeUnknown(f"a signed reply names an unknown state: {found.state[:20]}")
    moved_at: datetime | None = found.update_time or found.create_time
    return TransferResult(
        number=found.out_bill_no,
        bill=found.transfer_bill_no,
        news=news,
        amount_fen=amount,
        package=found.package_info,
        failure=found.fail_reason,
        moved_at=moved_at,
    )
