"""Profit sharing of WeChat Pay v3 in partner mode (wechat reference 2.5): receivers, splits, unfreezing, returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import httpx
import msgspec

from integrations.wechat_pay.configuration import WeChatPayConfiguration
from integrations.wechat_pay.signatures import encrypt_field
from integrations.wechat_pay.translation import read_reply
from integrations.wechat_pay.transport import SignedClient
from kit.clock import Clock, utc_now
from payments.ports import GatewayRefused, OutcomeUnknown
from payments.sharing.ports import ReturnOrder, ReturnResult, ShareState, SplitOrder, SplitResult

_BASE = "/v3/profitsharing"
_UNKNOWN_NUMBER = frozenset({"RESOURCE_NOT_EXISTS", "ORDER_NOT_EXIST", "RECORD_NOT_EXIST"})
_DESCRIPTION = "平台服务费"
_RETURNS = {"PROCESSING": ShareState.PENDING, "SUCCESS": ShareState.SUCCESS, "FAILED": ShareState.CLOSED}


class _Receiver(msgspec.Struct):
    account: str
    amount: int
    result: str = "PENDING"
    fail_reason: str = ""


class _Split(msgspec.Struct):
    out_order_no: str
    order_id: str
    state: str
    receivers: list[_Receiver] = []


class _Return(msgspec.Struct):
    out_return_no: str
    return_id: str
    amount: int
    result: str
    fail_reason: str = ""


@dataclass(frozen=True)
class WeChatProfitSharing:
    """Implements ``payments.sharing.ports.SharingChannel``. The receiver is a merchant number with its full name."""

    configuration: WeChatPayConfiguration
    account: str
    name: str
    http: httpx.AsyncClient
    clock: Clock = utc_now

    @property
    def is_offered(self) -> bool:
        """In partner mode alone: in direct mode all money lands at one merchant, and there is nobody to split with."""
        return self.configuration.mode == "partner" and bool(self.name)

    @property
    def receiver(self) -> str:
        """The merchant number that gets the shares."""
        return self.account

    @property
    def _client(self) -> SignedClient:
        return SignedClient(self.configuration, self.http, self.clock)

    async def register_receiver(self, sub_mchid: str) -> None:
        """Make the receiver known; its name travels under WeChat's key."""
        await self._post(
            "/receivers/add",
            {
                "sub_mchid": sub_mchid,
                "appid": self.configuration.appid,
                "type": "MERCHANT_ID",
                "account": self.account,
                "name": encrypt_field(self.configuration.ring.newest().key, self.name),
                "relation_type": "SERVICE_PROVIDER",
            },
        )

    async def split(self, order: SplitOrder) -> SplitResult:
        """Split and unfreeze the rest at once; of nothing, unfreeze alone."""
        body: dict[str, object] = {
            "sub_mchid": order.sub_mchid,
            "transaction_id": order.transaction_id,
            "out_order_no": order.number,
        }
        if not order.amount_fen:
            return _split(
                await self._post("/orders/unfreeze", body | {"description": "解冻全部剩余资金"}), self.account
            )
        share = {
            "type": "MERCHANT_ID",
            "account": self.account,
            "amount": order.amount_fen,
            "description": _DESCRIPTION,
        }
        body |= {"appid": self.configuration.appid, "receivers": [share], "unfreeze_unsplit": True}
        return _split(await self._post("/orders", body), self.account)

    async def query_split(self, order: SplitOrder) -> SplitResult | None:
        """The split by our number."""
        query = {"sub_mchid": order.sub_mchid, "transaction_id": order.transaction_id}
        found = await self._get(f"/orders/{quote(order.number, safe='')}?{urlencode(query)}")
        return _split(found, self.account) if found is not None else None

    async def return_share(self, order: ReturnOrder) -> ReturnResult:
        """Have the receiver give back."""
        body = {
            "sub_mchid": order.sub_mchid,
            "out_order_no": order.split_number,
            "out_return_no": order.number,
            "return_mchid": self.account,
            "amount": order.amount_fen,
            "description": "退款退回平台服务费",
        }
        return _return(await self._post("/return-orders", body))

    async def query_return(self, order: ReturnOrder) -> ReturnResult | None:
        """The return by our number."""
        query = {"sub_mchid": order.sub_mchid, "out_order_no": order.split_number}
        found = await self._get(f"/return-orders/{quote(order.number, safe='')}?{urlencode(query)}")
        return _return(found) if found is not None else None

    async def _post(self, target: str, body: Mapping[str, object]) -> bytes:
        return (await self._client.call("POST", _BASE + target, msgspec.json.encode(body))).body

    async def _get(self, target: str) -> bytes | None:
        try:
            return (await self._client.call("GET", _BASE + target)).body
        except GatewayRefused as refusal:
            if refusal.code in _UNKNOWN_NUMBER:
                return None
            raise


def _split(raw: bytes, account: str) -> SplitResult:
    """FINISHED is no success: what counts is our receiver's own result; an unfreezing has none."""
    reply = read_reply(raw, _Split)
    ours = next((each for each in reply.receivers if each.account == account), None)
    try:
        state = ShareState(ours.result) if ours else ShareState.SUCCESS
    except ValueError as error:
        raise OutcomeUnknown(f"a signed reply names an unknown result: {error}") from None
    return SplitResult(
        number=reply.out_order_no,
        order_id=reply.order_id,
        state=state if reply.state == "FINISHED" else ShareState.PENDING,
        amount_fen=ours.amount if ours else 0,
        failure=ours.fail_reason if ours else "",
    )


def _return(raw: bytes) -> ReturnResult:
    reply = read_reply(raw, _Return)
    if reply.result not in _RETURNS:
        raise OutcomeUnknown(f"a signed reply names an unknown result: {reply.result[:20]}")
    return ReturnResult(
        number=reply.out_return_no,
        return_id=reply.return_id,
        state=_RETURNS[reply.result],
        amount_fen=reply.amount,
        failure=reply.fail_reason,
    )
