"""Implements ``logistics.ports.CarrierService`` with Kuaidi100 (api.kuaidi100.com, "实时快递查询", "快递信息推送",
"电子面单", "电子面单取消"): ``poll/query.do``, ``poll``, ``label/order``. Addresses come from the settings.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, TypeVar

import httpx
import msgspec

from integrations.kuaidi100.signatures import label_signature, push_is_genuine, query_signature
from kit.clock import CHINA
from logistics.errors import CarrierAway, LabelRefused, TracksForged
from logistics.models import ParcelState
from logistics.ports import Label, LabelCancel, LabelOrder, Party, PushedTracks, Tracks, TrackStep, Waybill

TIMEOUT_S = 8.0
MAX_PUSH_CHARS = 200_000
MAX_STEPS = 200
_TAKEN, _TAKEN_BEFORE, _NOTHING_KNOWN = "200", "501", "500"

# The carrier's state, by the first digit of Kuaidi100's: 0 on the way, 1 collected, 2 in trouble, 3 signed, 4 sent back
# and signed for, 5 at the door, 6 on the way back, 7 handed to another carrier, 8 and 10 to 13 customs, 14 refused.
STATES = {
    "0": ParcelState.IN_TRANSIT,
    "1": ParcelState.IN_TRANSIT,
    "2": ParcelState.LOST,
    "3": ParcelState.SIGNED,
    "4": ParcelState.RETURNED,
    "5": ParcelState.DELIVERED,
    "6": ParcelState.IN_TRANSIT,
    "7": ParcelState.IN_TRANSIT,
    "8": ParcelState.IN_TRANSIT,
    "10": ParcelState.IN_TRANSIT,
    "11": ParcelState.IN_TRANSIT,
    "12": ParcelState.IN_TRANSIT,
    "13": ParcelState.IN_TRANSIT,
    "14": ParcelState.IN_TRANSIT,
}

ReplyT = TypeVar("ReplyT", bound=msgspec.Struct)


class _Step(msgspec.Struct):
    time: str
    context: str = ""
    area: str | None = msgspec.field(name="areaName", default=None)


class _Result(msgspec.Struct, rename={"return_code": "returnCode", "is_signed": "ischeck"}):
    """The answer of a query, and the ``lastResult`` of a push."""

    com: str = ""
    nu: str = ""
    state: str = ""
    status: str = ""
    is_signed: str = "0"
    data: list[_Step] = []
    return_code: str = ""
    message: str = ""


class _Push(msgspec.Struct, rename={"last": "lastResult"}):
    last: _Result
    status: str = ""


class _Taken(msgspec.Struct, rename={"return_code": "returnCode"}):
    return_code: str = ""
    message: str = ""


class _LabelData(msgspec.Struct):
    kuaidinum: str = ""
    label: str = ""
    carrier_order: Annotated[str, msgspec.Meta(max_length=100)] | None = msgspec.field(
        name="kdComOrderNum", default=None
    )


class _LabelReply(msgspec.Struct):
    code: int = 0
    message: str = ""
    data: _LabelData | None = None


class _Said(msgspec.Struct):
    """The answer of a cancelling: nothing but the verdict is read of it."""

    code: int = 0
    message: str = ""


@dataclass(frozen=True)
class Kuaidi100:
    """Tracks and waybills. ``salt`` signs what they push to ``callback_url``."""

    customer: str
    key: str = field(repr=False)
    secret: str = field(repr=False)
    salt: str = field(repr=False)
    callback_url: str
    poll_base: str
    api_base: str
    http: httpx.AsyncClient

    async def subscribe(self, waybill: Waybill) -> None:
        """Have tracks pushed from now on; a subscription that stands already is as good."""
        param = {
            "company": waybill.carrier,
            "number": waybill.number,
            "key": self.key,
            "parameters": {
                "callbackurl": self.callback_url,
                "salt": self.salt,
                "phone": waybill.phone_tail,
                "resultv2": "1",
            },
        }
        form = {"schema": "json", "param": _json(param)}
        reply = await self._post(self.poll_base + "/poll", form, _Taken)
        if reply.return_code not in (_TAKEN, _TAKEN_BEFORE):
            raise CarrierAway(detail=f"poll: {reply.return_code} {reply.message}"[:200])

    async def tracks(self, waybill: Waybill) -> Tracks:
        """What is known now."""
        param = _json({"com": waybill.carrier, "num": waybill.number, "phone": waybill.phone_tail, "resultv2": "1"})
        sign = query_signature(param, self.key, self.customer)
        form = {"customer": self.customer, "sign": sign, "param": param}
        reply = await self._post(self.poll_base + "/poll/query.do", form, _Result)
        if reply.return_code == _NOTHING_KNOWN:
            return Tracks(state=None, steps=())
        if reply.status != _TAKEN:
            raise CarrierAway(detail=f"query.do: {reply.return_code or reply.status} {reply.message}"[:200])
        return _tracks(reply)

    async def print_label(self, order: LabelOrder) -> Label:
        """An electronic waybill as a picture."""
        param = _json(
            {
                "printType": "IMAGE",
                "kuaidicom": order.carrier,
                "partnerId": order.partner_id,
                "partnerKey": order.partner_key,
                "orderId": order.parcel,
                "recMan": _party(order.receiver),
                "sendMan": _party(order.sender),
                "cargo": order.goods,
                "count": order.pieces,
                "payType": "SHIPPER",
            }
        )
        reply = await self._label("order", param, _LabelReply)
        if reply.code != 200 or reply.data is None or not reply.data.kuaidinum:
            raise LabelRefused(reason=reply.message[:120], code=reply.code)
        return Label(reply.data.kuaidinum, reply.data.label, reply.data.carrier_order or "")

    async def cancel_label(self, label: LabelCancel) -> None:
        """``method=cancel``. ``orderId`` is the carrier's own number, required when printing answered with one."""
        param = _json(
            {
                "partnerId": label.partner_id,
                "partnerKey": label.partner_key,
                "kuaidicom": label.carrier,
                "kuaidinum": label.waybill,
                "orderId": label.carrier_order,
                "reason": "包裹已拆包或改用其他运单",
            }
        )
        reply = await self._label("cancel", param, _Said)
        if reply.code != 200:
            raise LabelRefused(reason=reply.message[:120], code=reply.code)

    def read_push(self, form: Mapping[str, str]) -> PushedTracks:
        """A push: ``param`` as it came is what was signed."""
        param = form.get("param", "")
        if len(param) > MAX_PUSH_CHARS or not push_is_genuine(param, self.salt, form.get("sign", "")):
            raise TracksForged()
        try:
            push = msgspec.json.decode(param, type=_Push)
            tracks = _tracks(push.last)
        except (msgspec.MsgspecError, ValueError):
            raise TracksForged(detail="the push cannot be read") from None
        return PushedTracks(carrier=push.last.com, number=push.last.nu, tracks=tracks)

    async def _label(self, method: str, param: str, kind: type[ReplyT]) -> ReplyT:
        """A signed call about a waybill."""
        moment = str(int(time.time() * 1000))
        sign = label_signature(param, moment, self.key, self.secret)
        form = {"method": method, "key": self.key, "sign": sign, "t": moment, "param": param}
        return await self._post(self.api_base + "/label/order", form, kind)

    async def _post(self, url: str, form: dict[str, str], kind: type[ReplyT]) -> ReplyT:
        try:
            reply = await self.http.post(url, data=form, timeout=TIMEOUT_S, follow_redirects=False)
        except httpx.HTTPError as error:
            raise CarrierAway(detail=type(error).__name__) from None
        if reply.status_code != 200:
            raise CarrierAway(detail=f"status {reply.status_code}")
        try:
            return msgspec.json.decode(reply.content, type=kind, strict=False)
        except msgspec.MsgspecError:
            raise CarrierAway(detail="the answer cannot be read") from None


def _json(param: Mapping[str, object]) -> str:
    return msgspec.json.encode(param).decode()


def _party(party: Party) -> dict[str, str]:
    return {"name": party.name, "mobile": party.phone, "printAddr": party.address}


def _tracks(result: _Result) -> Tracks:
    """Steps in the carrier's local time, which is China's. With ``resultv2`` a state may have four digits."""
    steps = tuple(
        TrackStep(
            happened_at=datetime.strptime(step.time, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA),
            text=step.context.replace("\0", ""),
            place=(step.area or "").replace("\0", ""),
        )
        for step in result.data[:MAX_STEPS]
    )
    state = result.state if result.state in STATES else result.state[:1]
    return Tracks(state=STATES.get(state) if steps else None, steps=steps, is_over=result.is_signed == "1")
