"""Transfers to people (商家转账, API of 2025): asked for, agreed to by the payee on the phone, then done or over.

An account of transfers is not kept: of money that is missing a fault tells (``NOT_ENOUGH``).
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw

from scripts.wechat_sandbox.errors import PayError, parameter_error, rule_error
from scripts.wechat_sandbox.moments import rfc3339, utc_now
from scripts.wechat_sandbox.notices import NoticeDesk
from scripts.wechat_sandbox.pay import PayDesk, present
from scripts.wechat_sandbox.pay_schemas import Appid, Mchid, NotifyUrl, Openid, Strict
from scripts.wechat_sandbox.records import random_digits
from scripts.wechat_sandbox.state import Book
from scripts.wechat_sandbox.transport import Call
from scripts.wechat_sandbox.world import World

LEAST_FEN, NAME_FROM_FEN, NAME_NEEDED_FROM_FEN, MOST_FEN = 10, 30, 200_000, 2_000_000
CONFIRM_SECONDS = 86_400
REPORTS = {
    "1000": ("活动名称", "奖励说明"),
    "1002": ("补贴类型",),
    "1005": ("岗位类型", "报酬说明"),
    "1009": ("采购商品名称",),
    "1011": ("赔付原因",),
}
"""What is reported of a scene, every one of it."""

State = Literal["ACCEPTED", "WAIT_USER_CONFIRM", "TRANSFERING", "SUCCESS", "FAIL", "CANCELLED"]


class ReportInfo(Strict):
    """One line of the report."""

    info_type: Annotated[str, Meta(min_length=1, max_length=15)]
    info_content: Annotated[str, Meta(min_length=1, max_length=32)]


class CreateTransfer(Strict):
    """``POST /v3/fund-app/mch-transfer/transfer-bills``."""

    appid: Appid
    out_bill_no: Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{1,32}$")]
    transfer_scene_id: Annotated[str, Meta(min_length=1, max_length=36)]
    openid: Openid
    transfer_amount: Annotated[int, Meta(ge=1)]
    transfer_remark: Annotated[str, Meta(min_length=1, max_length=32)]
    transfer_scene_report_infos: Annotated[list[ReportInfo], Meta(min_length=1, max_length=10)]
    user_name: Annotated[str, Meta(min_length=1, max_length=1024)] | UnsetType = UNSET
    notify_url: NotifyUrl | UnsetType = UNSET
    user_recv_perception: Annotated[str, Meta(min_length=1, max_length=32)] | UnsetType = UNSET
    sub_mchid: Mchid | UnsetType = UNSET


class QueryTransfer(Strict):
    """``GET .../out-bill-no/{out_bill_no}``; the sub-merchant in the partner's form."""

    sub_mchid: Mchid | UnsetType = UNSET


class TransferRecord(msgspec.Struct, kw_only=True):
    """One transfer. ``name`` is what the merchant says that the payee is called."""

    out_bill_no: str
    transfer_bill_no: str
    sub_mchid: str
    openid: str
    amount: int
    remark: str
    name: str
    notify_url: str
    package: str
    fingerprint: str
    state: State
    failure: str = ""
    created_at: datetime
    moved_at: datetime


class Confirmed(Strict):
    """``POST /sandbox/transfers/confirm``: what the phone does. Who does not agree lets it lapse at once."""

    mch_id: str
    app_id: str
    package: str
    sub_mch_id: str = ""
    agrees: bool = True


class TransferDesk:
    """The endpoints under ``/v3/fund-app/mch-transfer`` and the payee's phone."""

    def __init__(self, world: World, notices: NoticeDesk, pay: PayDesk) -> None:
        self._world = world
        self._notices = notices
        self._pay = pay
        self._book: Book[TransferRecord] = Book(world.store, "transfers", TransferRecord)

    def mount(self, app: Sanic[Any, Any]) -> None:
        """The payee's side."""
        app.add_route(self.confirm, "/sandbox/transfers/confirm", methods=["POST"], name="sandbox_transfers_confirm")
        app.add_route(self.list_all, "/sandbox/transfers", methods=["GET"], name="sandbox_transfers")

    def create(self, call: Call) -> dict[str, Any]:
        """``POST .../transfer-bills``; the number may be repeated with the same request."""
        body = call.decode(CreateTransfer)
        self._pay.check_merchant(body.appid, self._world.settings.mchid)
        if self._sub_mchid(body.sub_mchid, call):
            self._pay.sub_merchant(present(body.sub_mchid))
        name = self._name(body, call)
        # Sealed anew each time, so what it says is compared.
        said = msgspec.structs.replace(body, user_name=name or UNSET)
        fingerprint = msgspec.json.encode(said, order="sorted").decode()
        known = self._book.get(body.out_bill_no)
        if known is not None:
            if known.fingerprint != fingerprint:
                raise PayError(400, "ALREADY_EXISTS", "商户单号已存在，且请求参数与首次请求不一致")
            self._lapse(known)
            return self._answer(known)
        self._check(body)
        person = self._world.people.get(body.openid)
        if person is None:
            raise parameter_error("/openid", "is nobody's in this appid")
        now = utc_now()
        record = TransferRecord(
            out_bill_no=body.out_bill_no,
            transfer_bill_no="1330" + random_digits(26),
            sub_mchid=present(body.sub_mchid),
            openid=body.openid,
            amount=body.transfer_amount,
            remark=body.transfer_remark,
            name=name,
            notify_url=present(body.notify_url),
            package="mm_affairs_" + random_digits(40),
            fingerprint=fingerprint,
            state="WAIT_USER_CONFIRM",
            created_at=now,
            moved_at=now,
        )
        if name and person.real_name and name != person.real_name:
            record.state, record.failure = "FAIL", "NAME_NOT_CORRECT"
        self._book.put(record.out_bill_no, record)
        return self._answer(record)

    def query(self, call: Call) -> dict[str, Any]:
        """``GET .../out-bill-no/{out_bill_no}``: the package is not told again."""
        payer = self._sub_mchid(call.decode_query(QueryTransfer).sub_mchid, call)
        found = self._book.get(call.path_arguments["out_bill_no"])
        if found is None or found.sub_mchid != payer:
            raise PayError(404, "NOT_FOUND", "记录不存在", number=268512771)
        self._lapse(found)
        return {
            "mch_id": self._world.settings.mchid,
            "out_bill_no": found.out_bill_no,
            "transfer_bill_no": found.transfer_bill_no,
            "appid": self._world.settings.appid,
            "state": found.state,
            "transfer_amount": found.amount,
            "transfer_remark": found.remark,
            "openid": found.openid,
            "create_time": rfc3339(found.created_at),
            "update_time": rfc3339(found.moved_at),
            **({"fail_reason": found.failure} if found.failure else {}),
        }

    async def confirm(self, request: Request) -> HTTPResponse:
        """The payee agrees, or does not; the notice of the end goes out."""
        told = msgspec.json.decode(request.body, type=Confirmed)
        self._pay.check_merchant(told.app_id, told.mch_id)
        named = (told.package, told.sub_mch_id)
        found = next((each for each in self._book if (each.package, each.sub_mchid) == named), None)
        if found is None:
            return raw(b"no such package", status=404)
        self._lapse(found)
        if found.state != "WAIT_USER_CONFIRM":
            return raw(found.state.encode(), status=409)
        if told.agrees:
            self._move(found, "SUCCESS", "")
        else:
            self._move(found, "FAIL", "OVERDUE_CLOSE")
        return raw(msgspec.json.encode({"state": found.state}), content_type="application/json")

    async def list_all(self, request: Request) -> HTTPResponse:
        """Every transfer, in the order of the numbers."""
        return raw(msgspec.json.encode({"transfers": list(self._book)}), content_type="application/json")

    def _sub_mchid(self, told: str | UnsetType, call: Call) -> str:
        """The sub-merchant of the partner's form, which the other does not take."""
        if ("/partner/" in call.target) != (told is not UNSET):
            raise parameter_error("/sub_mchid", "belongs to the partner's form, and to no other")
        return present(told)

    def _check(self, body: CreateTransfer) -> None:
        wanted = REPORTS.get(body.transfer_scene_id)
        if wanted is None:
            raise PayError(403, "NO_AUTH", "商户未获得该转账场景")
        if tuple(each.info_type for each in body.transfer_scene_report_infos) != wanted:
            raise PayError(400, "PARAM_ERROR", "未传入完整且对应的转账场景报备信息")
        if not LEAST_FEN <= body.transfer_amount <= MOST_FEN:
            raise rule_error("转账金额超出限制")
        if body.user_name is UNSET and body.transfer_amount >= NAME_NEEDED_FROM_FEN:
            raise parameter_error("/user_name", "is required from 2,000 yuan on")
        if body.user_name is not UNSET and body.transfer_amount < NAME_FROM_FEN:
            raise parameter_error("/user_name", "is not taken below 0.30 yuan")

    def _name(self, body: CreateTransfer, call: Call) -> str:
        if body.user_name is UNSET:
            return ""
        if call.headers.get("wechatpay-serial", "") != self._world.keys.public_key_id:
            raise parameter_error("Wechatpay-Serial", "must name the key of the encrypted name", location="header")
        try:
            return self._world.keys.open_for_wechat(present(body.user_name))
        except ValueError as error:
            raise parameter_error("/user_name", "does not decrypt") from error

    def _answer(self, record: TransferRecord) -> dict[str, Any]:
        return {
            "out_bill_no": record.out_bill_no,
            "transfer_bill_no": record.transfer_bill_no,
            "create_time": rfc3339(record.created_at),
            "state": record.state,
            **({"package_info": record.package} if record.state == "WAIT_USER_CONFIRM" else {}),
            **({"fail_reason": record.failure} if record.failure else {}),
        }

    def _lapse(self, record: TransferRecord) -> None:
        """Nobody has agreed within a day."""
        waited = (utc_now() - record.created_at).total_seconds()
        if record.state == "WAIT_USER_CONFIRM" and waited >= self._world.scaled(CONFIRM_SECONDS):
            self._move(record, "FAIL", "OVERDUE_CLOSE")

    def _move(self, record: TransferRecord, state: State, failure: str) -> None:
        record.state, record.failure, record.moved_at = state, failure, utc_now()
        with self._world.store.transaction():
            self._book.put(record.out_bill_no, record)
            if record.notify_url:
                self._notices.announce(
                    event_type="MCHTRANSFER.BILL.FINISHED",
                    original_type="mch_payment",
                    summary="商家转账单据终态通知",
                    url=record.notify_url,
                    out_trade_no=record.out_bill_no,
                    resource={
                        "out_bill_no": record.out_bill_no,
                        "transfer_bill_no": record.transfer_bill_no,
                        "state": record.state,
                        "mch_id": self._world.settings.mchid,
                        "transfer_amount": record.amount,
                        "openid": record.openid,
                        "create_time": rfc3339(record.created_at),
                        "update_time": rfc3339(record.moved_at),
                    },
                )
