"""WeChat Pay v3 as the payment channel of the mini-program, in partner mode or in direct mode."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import quote, urlencode

import httpx
import msgspec

from integrations.wechat_pay.bills import parse_trade_bill
from integrations.wechat_pay.configuration import WeChatPayConfiguration
from integrations.wechat_pay.fund_bills import parse_fund_bill
from integrations.wechat_pay.notices import read_notice
from integrations.wechat_pay.signatures import (
    PlatformKey,
    ResourceRejected,
    decrypt_field,
    decrypt_resource,
    open_sealed,
    sign,
    verify,
)
from integrations.wechat_pay.texts import clean_text
from integrations.wechat_pay.translation import (
    parts_of,
    read_reply,
    refund_of_reply,
    transaction_of,
)
from integrations.wechat_pay.transport import SignedClient
from integrations.wechat_pay.wire import (
    BillReply,
    CertificatesReply,
    CombinationReply,
    PrepayReply,
    RefundReply,
    SealedBillsReply,
    TransactionReply,
)
from kit.clock import Clock, utc_now
from payments.ports import (
    BillInvalid,
    CashierParameters,
    FundBill,
    GatewayRefused,
    Notice,
    OutcomeUnknown,
    PrepayOrder,
    RefundOrder,
    RefundResult,
    TradeBill,
    Transaction,
)

MAX_DESCRIPTION_CHARS = 127
MAX_REASON_CHARS = 80
COMBINED = "/v3/combine-transactions"

_UNKNOWN_NUMBER = frozenset({"ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS", "ORDERNOTEXIST"})
_NO_BILL = "NO_STATEMENT_EXIST"


@dataclass(frozen=True)
class WeChatPayGateway:
    """Implements ``payments.ports.PaymentGateway``. Close ``http`` when the process ends."""

    configuration: WeChatPayConfiguration
    http: httpx.AsyncClient
    clock: Clock = utc_now

    @property
    def channel(self) -> str:
        """The sales channel all payments of this gateway belong to."""
        return "wechat_miniprogram"

    @property
    def appid(self) -> str:
        """The mini-program."""
        return self.configuration.appid

    @property
    def mchid(self) -> str:
        """The merchant number that signs."""
        return self.configuration.mchid

    @property
    def needs_sub_mchid(self) -> bool:
        """Whether this is partner mode."""
        return self.configuration.mode == "partner"

    @property
    def most_parts(self) -> int:
        """Sub-orders of one combination (wechat reference 2.3b)."""
        return self.configuration.most_parts

    @property
    def _client(self) -> SignedClient:
        return SignedClient(self.configuration, self.http, self.clock)

    def _path(self, rest: str) -> str:
        return "/v3/pay/partner/transactions" + rest if self.needs_sub_mchid else "/v3/pay/transactions" + rest

    def _parties(self, sub_mchid: str | None) -> dict[str, str]:
        """Who is paid, as query and close want it. Raises ValueError when the payee does not fit the mode."""
        if self.needs_sub_mchid != (sub_mchid is not None):
            raise ValueError(f"a sub_mchid and {self.configuration.mode} mode do not go together")
        if sub_mchid is not None:
            return {"sp_mchid": self.mchid, "sub_mchid": sub_mchid}
        return {"mchid": self.mchid}

    async def open_prepay(self, order: PrepayOrder) -> str:
        """Open the payment; repeats with the same order are harmless and give a fresh ``prepay_id``."""
        app, payer = ("sp_appid", "sp_openid") if self.needs_sub_mchid else ("appid", "openid")
        body = {
            app: self.appid,
            **self._parties(order.sub_mchid),
            "description": _description(order),
            "out_trade_no": order.number,
            "time_expire": _rfc3339(order.expires_at),
            "notify_url": self.configuration.notify_url,
            "amount": {"total": order.amount_fen, "currency": "CNY"},
            "payer": {payer: order.payer_openid},
            "settle_info": _settlement(order),
        }
        reply = await self._client.call("POST", self._path("/jsapi"), _encode(body))
        return read_reply(reply.body, PrepayReply).prepay_id

    async def open_combination(self, number: str, parts: Sequence[PrepayOrder]) -> str:
        """Open the sub-orders of one payer together; repeats with the same parts are harmless."""
        body = {
            "combine_appid": self.appid,
            "combine_mchid": self.mchid,
            "combine_out_trade_no": number,
            "sub_orders": [self._sub_order(part) for part in parts],
            "combine_payer_info": {"openid": parts[0].payer_openid},
            "time_expire": _rfc3339(parts[0].expires_at),
            "notify_url": self.configuration.notify_url,
        }
        reply = await self._client.call("POST", f"{COMBINED}/jsapi", _encode(body))
        return read_reply(reply.body, PrepayReply).prepay_id

    def _sub_order(self, part: PrepayOrder) -> dict[str, object]:
        body = {
            "mchid": self.mchid,
            "sub_mchid": part.sub_mchid,
            "out_trade_no": part.number,
            "description": _description(part),
            "attach": part.number,
            "amount": {"total_amount": part.amount_fen, "currency": "CNY"},
            "settle_info": _settlement(part),
        }
        return {name: value for name, value in body.items() if value is not None}

    def pay_sign(self, prepay_id: str) -> CashierParameters:
        """Sign ``appId, timeStamp, nonceStr, package`` with the merchant's key."""
        stamp, nonce = str(int(self.clock().timestamp())), secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        message = f"{self.appid}\n{stamp}\n{nonce}\n{package}\n".encode()
        return CashierParameters(
            time_stamp=stamp,
            nonce_str=nonce,
            package=package,
            sign_type="RSA",
            pay_sign=sign(self.configuration.private_key, message),
        )

    async def query(self, number: str, sub_mchid: str | None) -> Transaction | None:
        """The payment by our number."""
        target = self._path(f"/out-trade-no/{quote(number, safe='')}?{urlencode(self._parties(sub_mchid))}")
        try:
            reply = await self._client.call("GET", target)
        except GatewayRefused as refusal:
            if refusal.code in _UNKNOWN_NUMBER:
                return None
            raise
        return _as_transaction(reply.body)

    async def query_combination(self, number: str) -> list[Transaction]:
        """The sub-orders by the combination's number."""
        try:
            reply = await self._client.call("GET", f"{COMBINED}/out-trade-no/{quote(number, safe='')}")
        except GatewayRefused as refusal:
            if refusal.code in _UNKNOWN_NUMBER:
                return []
            raise
        try:
            return parts_of(read_reply(reply.body, CombinationReply))
        except ValueError as error:
            raise OutcomeUnknown(f"a signed reply names an unknown state: {error}") from None

    async def close_combination(self, number: str, parts: Mapping[str, str]) -> None:
        """Close sub-orders; a combination WeChat has never heard of counts as closed."""
        body = {
            "combine_appid": self.appid,
            "sub_orders": [
                {"mchid": self.mchid, "out_trade_no": part, "sub_mchid": sub_mchid} for part, sub_mchid in parts.items()
            ],
        }
        await self._close(f"{COMBINED}/out-trade-no/{quote(number, safe='')}/close", _encode(body))

    async def close(self, number: str, sub_mchid: str | None) -> None:
        """Close the payment; a number WeChat has never heard of counts as closed."""
        target = self._path(f"/out-trade-no/{quote(number, safe='')}/close")
        await self._close(target, _encode(self._parties(sub_mchid)))

    async def _close(self, target: str, body: bytes) -> None:
        try:
            await self._client.call("POST", target, body)
        except GatewayRefused as refusal:
            if refusal.code not in (*_UNKNOWN_NUMBER, "ORDER_CLOSED"):
                raise

    async def refund(self, order: RefundOrder) -> RefundResult:
        """Ask for a refund; repeating the same number never pays back twice."""
        if self.needs_sub_mchid != (order.sub_mchid is not None):
            raise ValueError(f"a sub_mchid and {self.configuration.mode} mode do not go together")
        body = {
            "transaction_id": order.transaction_id,
            "out_refund_no": order.number,
            "reason": clean_text(order.reason, max_chars=MAX_REASON_CHARS) or None,
            "notify_url": self.configuration.notify_url,
            "amount": {
                "refund": order.amount_fen,
                "total": order.total_fen,
                "currency": "CNY",
            },
            "sub_mchid": order.sub_mchid,
        }
        reply = await self._client.call("POST", "/v3/refund/domestic/refunds", _encode(body))
        return _as_refund(reply.body, self.mchid, order.sub_mchid)

    async def query_refund(self, number: str, sub_mchid: str | None) -> RefundResult | None:
        """The refund by our number."""
        query = f"?{urlencode({'sub_mchid': sub_mchid})}" if sub_mchid else ""
        try:
            reply = await self._client.call("GET", f"/v3/refund/domestic/refunds/{quote(number, safe='')}{query}")
        except GatewayRefused as refusal:
            if refusal.code in _UNKNOWN_NUMBER:
                return None
            raise
        return _as_refund(reply.body, self.mchid, sub_mchid)

    async def trade_bill(self, day: date) -> TradeBill | None:
        """Fetch, check and parse the bill of type ALL; the parser runs in a thread."""
        query = urlencode({"bill_date": day.isoformat(), "bill_type": "ALL"})
        try:
            reply = await self._client.call("GET", f"/v3/bill/tradebill?{query}")
        except GatewayRefused as refusal:
            if refusal.code == _NO_BILL:
                return None
            raise
        bill = read_reply(reply.body, BillReply)
        if bill.hash_type != "SHA1":
            raise BillInvalid(f"the hash type {bill.hash_type[:20]!r} is not SHA1")
        raw = await self._client.download(bill.download_url, sha1_hex=bill.hash_value)
        return await asyncio.to_thread(parse_trade_bill, day, raw, sha1=bill.hash_value.lower())

    async def fund_bill(self, day: date, sub_mchid: str | None) -> FundBill | None:
        """Fetch, open, check and parse a basic account's movements; the parser runs in a thread.

        A sub-merchant's file is sealed (AEAD_AES_256_GCM) with a key that is sealed for our certificate.
        """
        query = {"bill_date": day.isoformat(), "account_type": "BASIC"}
        try:
            if sub_mchid is None:
                raw, sha1 = await self._own_fund_bill(query)
            else:
                query |= {"sub_mchid": sub_mchid, "algorithm": "AEAD_AES_256_GCM"}
                raw, sha1 = await self._sealed_fund_bill(query)
        except GatewayRefused as refusal:
            if refusal.code == _NO_BILL:
                return None
            raise
        return await asyncio.to_thread(parse_fund_bill, day, sub_mchid or self.mchid, raw, sha1=sha1)

    async def _own_fund_bill(self, query: dict[str, str]) -> tuple[bytes, str]:
        reply = await self._client.call("GET", f"/v3/bill/fundflowbill?{urlencode(query)}")
        bill = read_reply(reply.body, BillReply)
        if bill.hash_type != "SHA1":
            raise BillInvalid(f"the hash type {bill.hash_type[:20]!r} is not SHA1")
        return await self._client.download(bill.download_url, sha1_hex=bill.hash_value), bill.hash_value.lower()

    async def _sealed_fund_bill(self, query: dict[str, str]) -> tuple[bytes, str]:
        """The parts of a sub-merchant's bill; the stated hash is that of the sealed file [unconfirmed]."""
        reply = await self._client.call("GET", f"/v3/bill/sub-merchant-fundflowbill?{urlencode(query)}")
        parts = read_reply(reply.body, SealedBillsReply).download_bill_list
        if len(parts) != 1 or parts[0].hash_type != "SHA1":
            raise BillInvalid("the bill is not one file with a SHA1")
        sealed = await self._client.download(parts[0].download_url, sha1_hex=parts[0].hash_value)
        try:
            key = decrypt_field(self.configuration.private_key, parts[0].encrypt_key).encode()
            raw = open_sealed(key, nonce=parts[0].nonce, sealed=sealed)
        except (ResourceRejected, ValueError):
            raise BillInvalid("the bill does not decrypt") from None
        return raw, parts[0].hash_value.lower()

    def read_notice(self, headers: Mapping[str, str], raw: bytes) -> Notice:
        """Verify, then decrypt; see ``notices``."""
        return read_notice(self.configuration, headers, raw, now=self.clock())

    async def refresh_certificates(self) -> int:
        """Learn the platform certificates (certificate mode only, by timer); answers how many are known now.

        The list is sealed with the APIv3 key, and the answer must be signed by one of the keys in it or in
        the ring.
        """
        config = self.configuration
        target = "/v3/certificates"
        client = self._client
        reply = await client.send("GET", config.bases[0], target, b"")
        if reply.status_code != 200:
            raise OutcomeUnknown(f"GET {target}: status {reply.status_code}")
        found = [
            PlatformKey.from_certificate(
                decrypt_resource(
                    config.apiv3_key,
                    nonce=entry.encrypt_certificate.nonce,
                    ciphertext=entry.encrypt_certificate.ciphertext,
                    associated_data=entry.encrypt_certificate.associated_data,
                )
            )
            for entry in read_reply(reply.content, CertificatesReply).data
        ]
        trial = type(config.ring)(dict(config.ring.keys))
        for key in found:
            trial.add(key)
        headers = {name.lower(): value for name, value in reply.headers.items()}
        verify(trial, headers, reply.content, now=self.clock(), is_notice=False)
        for key in found:
            config.ring.add(key)
        return len(config.ring.keys)


def _description(order: PrepayOrder) -> str:
    return clean_text(order.description, max_chars=MAX_DESCRIPTION_CHARS) or order.number


def _settlement(order: PrepayOrder) -> dict[str, bool] | None:
    """Whether the money stays frozen until it is split (wechat reference 2.5)."""
    return {"profit_sharing": True} if order.to_share else None


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _encode(body: Mapping[str, object]) -> bytes:
    """Compact JSON without nulls: the bytes that are signed are the bytes that are sent."""
    return msgspec.json.encode({name: value for name, value in body.items() if value is not None})


def _as_transaction(raw: bytes) -> Transaction:
    try:
        return transaction_of(read_reply(raw, TransactionReply))
    except ValueError as error:
        raise OutcomeUnknown(f"a signed reply names an unknown state: {error}") from None


def _as_refund(raw: bytes, mchid: str, sub_mchid: str | None) -> RefundResult:
    try:
        return refund_of_reply(read_reply(raw, RefundReply), mchid, sub_mchid)
    except ValueError as error:
        raise OutcomeUnknown(f"a signed reply names an unknown state: {error}") from None
