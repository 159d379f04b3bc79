"""Consumer complaints 2.0 of WeChat Pay: list, detail, negotiation history, reply, pictures, completion, notice.

Members of the wire beyond the outline in wechat reference 2.3b are [unconfirmed]; unknown ones are ignored.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, urlencode

import httpx
import msgspec

from county.complaints.ports import NegotiationStep, PictureNotHad, SeenComplaint
from integrations.wechat_pay.configuration import WeChatPayConfiguration
from integrations.wechat_pay.notices import open_notice
from integrations.wechat_pay.signatures import ResourceRejected, decrypt_field
from integrations.wechat_pay.texts import clean_text
from integrations.wechat_pay.translation import read_reply
from integrations.wechat_pay.transport import FileNotTaken, SignedClient
from integrations.wechat_pay.wire import AwareMoment
from kit.clock import Clock, utc_now
from payments.ports import NoticeUnreadable, OutcomeUnknown

_BASE = "/v3/merchant-service/complaints-v2"
_IMAGES = "/v3/merchant-service/images/upload"
PAGE = 50
MAX_REPLY_CHARS = 200
MAX_PICTURE_BYTES = 10 << 20
PICTURE_BUDGET_S = 30.0


class _Order(msgspec.Struct):
    out_trade_no: str = ""
    amount: int = 0


class _Media(msgspec.Struct):
    """``media_type`` is USER_COMPLAINT_IMAGE or OPERATION_IMAGE: pictures both."""

    media_url: list[str] | str = []

    def urls(self) -> list[str]:
        """Documented as a list; told as one text by some."""
        return [self.media_url] if isinstance(self.media_url, str) else self.media_url


class _Complaint(msgspec.Struct):
    complaint_id: str
    complaint_time: AwareMoment
    complaint_detail: str
    complaint_state: str
    complainted_mchid: str = ""
    payer_phone: str = ""
    problem_type: str = "OTHERS"
    user_complaint_times: int = 1
    complaint_order_info: list[_Order] = []
    complaint_media_list: list[_Media] | None = None


class _Page(msgspec.Struct):
    total_count: int
    data: list[_Complaint] = []


class _Step(msgspec.Struct):
    operator: str = ""
    operate_time: AwareMoment | None = None
    operate_type: str = ""
    operate_details: str = ""


class _History(msgspec.Struct):
    data: list[_Step] = []


class _Uploaded(msgspec.Struct):
    media_id: str


class _Resource(msgspec.Struct):
    complaint_id: str


@dataclass(frozen=True)
class WeChatPayComplaints:
    """Implements ``county.complaints.ports.ComplaintDesk``."""

    configuration: WeChatPayConfiguration
    http: httpx.AsyncClient
    clock: Clock = utc_now

    @property
    def _client(self) -> SignedClient:
        return SignedClient(self.configuration, self.http, self.clock)

    async def complaints(self, first_day: date, last_day: date, offset: int) -> tuple[list[SeenComplaint], int]:
        """A page of the complaints of some days, and how many there are."""
        query = urlencode(
            {
                "limit": PAGE,
                "offset": offset,
                "begin_date": first_day.isoformat(),
                "end_date": last_day.isoformat(),
            }
        )
        reply = await self._client.call("GET", f"{_BASE}?{query}")
        page = read_reply(reply.body, _Page)
        return [self._seen(each) for each in page.data], page.total_count

    async def complaint(self, complaint_id: str) -> SeenComplaint:
        """One complaint."""
        reply = await self._client.call("GET", f"{_BASE}/{quote(complaint_id, safe='')}")
        return self._seen(read_reply(reply.body, _Complaint))

    async def picture(self, address: str) -> bytes:
        """The bytes of a picture, by a signed request to WeChat Pay alone, whatever address was told."""
        try:
            async with asyncio.timeout(PICTURE_BUDGET_S):
                return await self._client.fetch(address, max_bytes=MAX_PICTURE_BYTES)
        except FileNotTaken as error:
            raise PictureNotHad(str(error)) from None
        except TimeoutError:
            raise OutcomeUnknown("the picture took too long") from None

    async def history(self, complaint_id: str) -> list[NegotiationStep]:
        """What both sides have said."""
        target = f"{_BASE}/{quote(complaint_id, safe='')}/negotiation-historys?{urlencode({'limit': 100, 'offset': 0})}"
        reply = await self._client.call("GET", target)
        return [
            NegotiationStep(step.operator, step.operate_type, step.operate_details, step.operate_time)
            for step in read_reply(reply.body, _History).data
        ]

    async def upload(self, picture: bytes, content_type: str) -> str:
        """Hand in a picture for a reply."""
        name = f"reply.{content_type.rpartition('/')[2]}"
        reply = await self._client.upload(_IMAGES, name, picture, content_type)
        return read_reply(reply.body, _Uploaded).media_id

    async def reply(self, complaint_id: str, mchid: str, text: str, pictures: Sequence[str]) -> None:
        """Say something to the buyer."""
        body: dict[str, object] = {"complainted_mchid": mchid, "response_content": self.worded(text)}
        if pictures:
            body["response_images"] = list(pictures)
        await self._client.call("POST", f"{_BASE}/{quote(complaint_id, safe='')}/response", msgspec.json.encode(body))

    def worded(self, text: str) -> str:
        """A reply as WeChat Pay takes it."""
        return clean_text(text, max_chars=MAX_REPLY_CHARS)

    async def complete(self, complaint_id: str, mchid: str) -> None:
        """Say that it is dealt with; repeating it is harmless."""
        body = msgspec.json.encode({"complainted_mchid": mchid})
        await self._client.call("POST", f"{_BASE}/{quote(complaint_id, safe='')}/complete", body)

    def read_notice(self, headers: Mapping[str, str], raw: bytes) -> str | None:
        """The complaint of a verified notice; None for another event."""
        envelope, plain = open_notice(self.configuration, headers, raw, now=self.clock())
        if not envelope.event_type.startswith("COMPLAINT."):
            return None
        try:
            return msgspec.json.decode(plain, type=_Resource).complaint_id
        except msgspec.MsgspecError as error:
            raise NoticeUnreadable(f"{type(error).__name__}: {error}") from None

    def _seen(self, told: _Complaint) -> SeenComplaint:
        order = told.complaint_order_info[0] if told.complaint_order_info else _Order()
        return SeenComplaint(
            complaint_id=told.complaint_id,
            complained_at=told.complaint_time,
            detail=told.complaint_detail,
            state=told.complaint_state,
            problem=told.problem_type,
            mchid=told.complainted_mchid or self.configuration.mchid,
            payment_number=order.out_trade_no,
            amount_fen=order.amount,
            phone=self._phone(told.payer_phone),
            times=told.user_complaint_times,
            pictures=tuple(url for media in told.complaint_media_list or () for url in media.urls()),
        )

    def _phone(self, sealed: str) -> str:
        """The phone number; one that does not open is left out rather than the whole complaint."""
        try:
            return decrypt_field(self.configuration.private_key, sealed) if sealed else ""
        except ResourceRejected:
            return ""
