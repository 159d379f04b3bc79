"""From a request to a signed answer: journal, faults, authorisation, the operation, the signature."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw

from scripts.wechat_sandbox.bills import BillDesk
from scripts.wechat_sandbox.combined import CombineDesk
from scripts.wechat_sandbox.complaints import ComplaintDesk
from scripts.wechat_sandbox.errors import PayError, parameter_error
from scripts.wechat_sandbox.faults import Answer, BadReply, CallFault, Hang, Slow
from scripts.wechat_sandbox.moments import rfc3339
from scripts.wechat_sandbox.notices import STALE_SECONDS
from scripts.wechat_sandbox.pay import PayDesk
from scripts.wechat_sandbox.refunds import RefundDesk
from scripts.wechat_sandbox.sharing import SharingDesk
from scripts.wechat_sandbox.transfers import TransferDesk
from scripts.wechat_sandbox.transport import (
    UPLOAD_TARGET,
    Call,
    NonceMemory,
    authorise,
    cut_connection,
    new_request_id,
    reply_key,
    signed_headers,
)
from scripts.wechat_sandbox.world import World

Perform = Callable[[Call], dict[str, Any] | bytes | None]


@dataclass(frozen=True)
class Operation:
    """One endpoint of Pay v3. ``is_signed`` is false for files: bills and pictures."""

    name: str
    method: str
    path: re.Pattern[str]
    perform: Perform
    is_signed: bool = True


@dataclass(frozen=True)
class Outcome:
    """What an operation came to, before it is signed."""

    status: int
    body: bytes
    number: int = 0
    code: str = ""
    is_signed: bool = True
    content_type: str = "application/json; charset=utf-8"


def certificates_of(world: World) -> Perform:
    """``GET /v3/certificates``: wrapped certificates, or 404 for a merchant of the public-key mode."""

    def perform(_call: Call) -> dict[str, Any]:
        if world.conditions.signing_mode == "public_key":
            raise PayError(404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请使用微信支付公钥", number=268512771)
        return {
            "data": [
                {
                    "serial_no": certificate.serial,
                    "effective_time": rfc3339(certificate.effective_at),
                    "expire_time": rfc3339(certificate.expires_at),
                    "encrypt_certificate": world.keys.encrypt(certificate.certificate_pem.encode(), "certificate"),
                }
                for certificate in world.keys.certificates()
            ]
        }

    return perform


def list_operations(
    world: World,
    pay: PayDesk,
    combined: CombineDesk,
    refunds: RefundDesk,
    bills: BillDesk,
    complaints: ComplaintDesk,
    sharing: SharingDesk,
    transfers: TransferDesk,
) -> tuple[Operation, ...]:
    """Every endpoint of Pay v3 that this sandbox has."""

    def operation(name: str, method: str, path: str, perform: Perform, *, is_signed: bool = True) -> Operation:
        return Operation(name, method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), perform, is_signed)

    direct, partner = "/v3/pay/transactions", "/v3/pay/partner/transactions"
    combine = "/v3/combine-transactions"
    numbered = combine + "/out-trade-no/{combine_out_trade_no}"
    share = "/v3/profitsharing"
    refund, complaint = "/v3/refund/domestic/refunds", "/v3/merchant-service/complaints-v2"
    both = [
        each
        for base in (direct, partner)
        for each in (
            operation("pay.query", "GET", base + "/out-trade-no/{out_trade_no}", pay.query_by_number),
            operation("pay.query", "GET", base + "/id/{transaction_id}", pay.query_by_transaction),
            operation("pay.close", "POST", base + "/out-trade-no/{out_trade_no}/close", pay.close),
        )
    ]
    paying = "/v3/fund-app/mch-transfer"
    transferring = [
        each
        for base in (f"{paying}/transfer-bills", f"{paying}/partner/transfer-bills")
        for each in (
            operation("transfer.create", "POST", base, transfers.create),
            operation("transfer.query", "GET", base + "/out-bill-no/{out_bill_no}", transfers.query),
        )
    ]
    return (
        operation("pay.prepay", "POST", direct + "/jsapi", pay.prepay_direct),
        operation("pay.prepay", "POST", partner + "/jsapi", pay.prepay_partner),
        *both,
        operation("combine.prepay", "POST", combine + "/jsapi", combined.prepay),
        operation("combine.query", "GET", numbered, combined.query),
        operation("combine.close", "POST", numbered + "/close", combined.close),
        operation("refund.create", "POST", refund, refunds.create),
        operation("refund.abnormal", "POST", refund + "/{refund_id}/apply-abnormal-refund", refunds.apply_abnormal),
        operation("refund.query", "GET", refund + "/{out_refund_no}", refunds.query),
        operation("bill.trade", "GET", "/v3/bill/tradebill", bills.trade),
        operation("bill.fund_flow", "GET", "/v3/bill/fundflowbill", bills.fund_flow),
        operation("bill.sub_fund_flow", "GET", "/v3/bill/sub-merchant-fundflowbill", bills.sub_merchant_fund_flow),
        operation("bill.download", "GET", "/v3/billdownload/file", bills.download, is_signed=False),
        operation("complaint.list", "GET", complaint, complaints.list_complaints),
        operation("complaint.show", "GET", complaint + "/{complaint_id}", complaints.show),
        operation("complaint.history", "GET", complaint + "/{complaint_id}/negotiation-historys", complaints.history),
        operation("complaint.respond", "POST", complaint + "/{complaint_id}/response", complaints.respond),
        operation("complaint.complete", "POST", complaint + "/{complaint_id}/complete", complaints.complete),
        operation("complaint.upload", "POST", UPLOAD_TARGET, complaints.upload),
        operation(
            "complaint.picture", "GET", "/v3/merchant-service/images/{media_id}", complaints.picture, is_signed=False
        ),
        operation("share.receiver", "POST", share + "/receivers/add", sharing.add_receiver),
        operation("share.split", "POST", share + "/orders", sharing.split),
        operation("share.unfreeze", "POST", share + "/orders/unfreeze", sharing.unfreeze),
        operation("share.query", "GET", share + "/orders/{out_order_no}", sharing.query),
        operation("share.return", "POST", share + "/return-orders", sharing.give_back),
        operation("share.query_return", "GET", share + "/return-orders/{out_return_no}", sharing.query_return),
        operation("share.amounts", "GET", share + "/transactions/{transaction_id}/amounts", sharing.amounts),
        *transferring,
        operation("certificates", "GET", "/v3/certificates", certificates_of(world)),
    )


_NUMBERS = ("out_trade_no", "combine_out_trade_no", "out_bill_no")
"""What an order or a transfer is called by."""


class PayApi:
    """The host api.mch.weixin.qq.com."""

    def __init__(self, world: World, operations: tuple[Operation, ...]) -> None:
        self._world = world
        self._operations = operations
        self._nonces = NonceMemory()

    def mount(self, app: Sanic[Any, Any]) -> None:
        """Take every path under ``/v3``."""
        app.add_route(self.answer, "/v3/<rest:path>", methods=["GET", "POST", "PUT", "DELETE", "PATCH"], name="pay_v3")

    async def answer(self, request: Request, rest: str) -> HTTPResponse:
        """Answer one call, or misbehave as ordered."""
        began = time.monotonic()
        call, operation = self._read(request)
        name = operation.name if operation else "unknown"
        number = self._number_of(call)
        fault = self._world.faults.take_call(name, number)
        outcome = await self._run(operation, call, fault)
        request_id = new_request_id(outcome.number if outcome else 0)
        self._world.journal.write(
            "call",
            name,
            out_trade_no=number,
            status=outcome.status if outcome else 0,
            code=outcome.code if outcome else "NO_ANSWER",
            request_id=request_id,
            fault=type(fault).__name__.lower() if fault else "",
            note=f"{call.method} {call.target.partition('?')[0]}",
            elapsed_ms=int((time.monotonic() - began) * 1000),
        )
        if outcome is None:
            return _cut(request)
        headers = {"Request-ID": request_id} | self._signature(outcome, call, fault)
        return raw(outcome.body, status=outcome.status, headers=headers, content_type=outcome.content_type)

    async def _run(self, operation: Operation | None, call: Call, fault: CallFault | None) -> Outcome | None:
        """The outcome, or None when the connection is to be cut without an answer."""
        if isinstance(fault, Slow):
            await self._world.timers.pause(fault.seconds)
        if isinstance(fault, Answer) and fault.when == "before":
            return _ordered(fault)
        if isinstance(fault, Hang) and fault.when == "before":
            await self._world.timers.pause(fault.seconds)
            return None
        outcome = self._perform(operation, call)
        if isinstance(fault, Answer):
            return _ordered(fault)
        if isinstance(fault, Hang):
            await self._world.timers.pause(fault.seconds)
            return None
        return outcome

    def _perform(self, operation: Operation | None, call: Call) -> Outcome:
        try:
            authorise(self._world, self._nonces, call)
            if operation is None:
                raise PayError(404, "RESOURCE_NOT_EXISTS", "请求的资源不存在", number=268512771)
            with self._world.store.transaction():
                result = operation.perform(call)
        except PayError as error:
            return Outcome(error.status, error.body(), number=error.number, code=error.code)
        if result is None:
            return Outcome(204, b"")
        if isinstance(result, bytes):
            return Outcome(200, result, is_signed=operation.is_signed, content_type="application/octet-stream")
        return Outcome(200, msgspec.json.encode(result), is_signed=operation.is_signed)

    def _signature(self, outcome: Outcome, call: Call, fault: CallFault | None) -> dict[str, str]:
        if not outcome.is_signed:
            return {}
        key = reply_key(self._world, call.headers)
        if isinstance(fault, BadReply):
            if fault.flavour == "unsigned":
                return {}
            if fault.flavour == "other_key":
                key = self._world.keys.stranger()
            return signed_headers(key, outcome.body, age_seconds=STALE_SECONDS if fault.flavour == "stale" else 0)
        return signed_headers(key, outcome.body)

    def _read(self, request: Request) -> tuple[Call, Operation | None]:
        target = request.raw_url.decode("latin-1")
        path, _, query_text = target.partition("?")
        pairs = parse_qsl(query_text, keep_blank_values=True)
        call = Call(
            method=request.method,
            target=target,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.body,
            base_url=f"{request.scheme}://{request.host}",
            path_arguments={},
            query=dict(pairs),
        )
        for operation in self._operations:
            match = operation.path.fullmatch(path)
            if match and operation.method == request.method:
                arguments = {name: unquote(value) for name, value in match.groupdict().items()}
                if len(pairs) != len(call.query):
                    return call, replace(operation, perform=_refuse_repeated_query)
                return replace(call, path_arguments=arguments), operation
        return call, None

    def _number_of(self, call: Call) -> str:
        """The order that a call is about, for fault rules and the journal; read leniently.

        Before any check.
        """
        named = call.path_arguments
        number = next((named[each] for each in _NUMBERS if each in named), "")
        if number:
            return number
        transaction_id = call.path_arguments.get("transaction_id", "")
        refund = self._world.refunds.get(call.path_arguments.get("out_refund_no", ""))
        if refund is not None:
            return refund.out_trade_no
        try:
            body = msgspec.json.decode(call.body) if call.body else {}
        except (msgspec.DecodeError, UnicodeDecodeError):
            body = {}
        if isinstance(body, dict):
            for name in _NUMBERS:
                if isinstance(body.get(name), str):
                    return str(body[name])
            transaction_id = transaction_id or str(body.get("transaction_id", ""))
        return self._world.orders_by_transaction_id.get(transaction_id, "")


def _refuse_repeated_query(_call: Call) -> None:
    raise parameter_error("", "a query parameter is given twice", location="query")


def _ordered(fault: Answer) -> Outcome:
    body = msgspec.json.encode({"code": fault.code, "message": fault.message})
    return Outcome(fault.status, body, number=268435462, code=fault.code)


def _cut(request: Request) -> HTTPResponse:
    """Close the connection under the answer."""
    cut_connection(request)
    return raw(b"", status=500)
