"""Consumer complaints 2.0: buyers complain by the control API, the merchant reads, replies and completes, signed."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw

from scripts.wechat_sandbox.errors import PayError, describe_validation, parameter_error
from scripts.wechat_sandbox.moments import CHINA, rfc3339, utc_now
from scripts.wechat_sandbox.notices import NoticeDesk
from scripts.wechat_sandbox.pay_schemas import Mchid, Strict
from scripts.wechat_sandbox.records import random_digits
from scripts.wechat_sandbox.state import Book
from scripts.wechat_sandbox.transport import Call, read_parts
from scripts.wechat_sandbox.world import World

MAX_PAGE = 50
MAX_MEDIA_BYTES = 2 << 20
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"BM")


class Said(msgspec.Struct, kw_only=True):
    """One entry of the negotiation history."""

    operator: str
    kind: str
    text: str
    at: datetime
    images: list[str] = []


class Media(msgspec.Struct, kw_only=True):
    """A picture that the merchant handed in."""

    media_id: str
    content: bytes


class FileMeta(Strict):
    """What is said, signed, of a file."""

    filename: Annotated[str, Meta(pattern=r"(?i)^[^/\\]{1,100}\.(jpg|jpeg|bmp|png)$")]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class ComplaintRecord(msgspec.Struct, kw_only=True):
    """One complaint of a buyer about one order."""

    complaint_id: str
    out_trade_no: str
    transaction_id: str
    account: str
    amount: int
    detail: str
    phone: str
    problem: str
    at: datetime
    times: int = 1
    state: Literal["PENDING", "PROCESSING", "PROCESSED"] = "PENDING"
    said: list[Said] = []
    pictures: dict[str, bytes] = {}


class ListQuery(Strict):
    """``GET /v3/merchant-service/complaints-v2``."""

    begin_date: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    end_date: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    limit: Annotated[str, Meta(pattern=r"^[0-9]{1,2}$")] = "10"
    offset: Annotated[str, Meta(pattern=r"^[0-9]{1,6}$")] = "0"


class HistoryQuery(Strict):
    """``GET .../negotiation-historys``."""

    limit: Annotated[str, Meta(pattern=r"^[0-9]{1,3}$")] = "100"
    offset: Annotated[str, Meta(pattern=r"^[0-9]{1,6}$")] = "0"


class Response(Strict):
    """``POST .../response``."""

    complainted_mchid: Mchid
    response_content: Annotated[str, Meta(min_length=1, max_length=200)]
    response_images: Annotated[list[str], Meta(min_length=1, max_length=4)] | UnsetType = UNSET


class Completion(Strict):
    """``POST .../complete``."""

    complainted_mchid: Mchid


class Raised(Strict):
    """``POST /sandbox/complaints``: a buyer complains, or complains again about the same order."""

    out_trade_no: str
    detail: str
    phone: str = "19900000001"
    problem: Literal["REFUND", "SERVICE_NOT_WORK", "OTHERS"] = "OTHERS"
    notify_url: str = ""
    pictures: list[bytes] = []


class ComplaintDesk:
    """The complaint endpoints and the buyer's side of them."""

    def __init__(self, world: World, notices: NoticeDesk) -> None:
        self._world = world
        self._notices = notices
        self._book: Book[ComplaintRecord] = Book(world.store, "complaints", ComplaintRecord)
        self._media: Book[Media] = Book(world.store, "complaint_media", Media)

    def mount(self, app: Sanic[Any, Any]) -> None:
        """The buyer's side."""
        app.add_route(self.complain, "/sandbox/complaints", methods=["POST"], name="sandbox_complaints")

    async def complain(self, request: Request) -> HTTPResponse:
        """A buyer complains; the notice goes out when an address is given."""
        told = msgspec.json.decode(request.body, type=Raised)
        order = self._world.orders.get(told.out_trade_no)
        if order is None or order.success_at is None:
            return raw(b"the order is not paid", status=409)
        with self._world.store.transaction():
            found = next((each for each in self._book if each.out_trade_no == told.out_trade_no), None)
            if found is None:
                found = ComplaintRecord(
                    complaint_id="200" + random_digits(25),
                    out_trade_no=order.out_trade_no,
                    transaction_id=order.transaction_id,
                    account=order.account,
                    amount=order.total,
                    detail=told.detail,
                    phone=told.phone,
                    problem=told.problem,
                    at=utc_now(),
                )
            else:
                found.times, found.state, found.detail = found.times + 1, "PENDING", told.detail
            found.pictures |= {random_digits(20): content for content in told.pictures}
            found.said.append(Said(operator="投诉人", kind="USER_CREATE_COMPLAINT", text=told.detail, at=utc_now()))
            self._book.put(found.complaint_id, found)
            if told.notify_url:
                self._notices.announce(
                    event_type="COMPLAINT.CREATE",
                    original_type="complaint",
                    summary="产生新投诉",
                    url=told.notify_url,
                    out_trade_no=order.out_trade_no,
                    resource={"complaint_id": found.complaint_id, "action_type": "CREATE_COMPLAINT"},
                )
        return raw(msgspec.json.encode(found), content_type="application/json")

    def list_complaints(self, call: Call) -> dict[str, Any]:
        """``GET /v3/merchant-service/complaints-v2``."""
        query = call.decode_query(ListQuery)
        days = (query.begin_date, query.end_date)
        found = sorted(
            (each for each in self._book if days[0] <= each.at.astimezone(CHINA).date().isoformat() <= days[1]),
            key=lambda each: each.at,
        )
        begin, limit = int(query.offset), min(int(query.limit), MAX_PAGE)
        page = [self._view(each, call) for each in found[begin : begin + limit]]
        return {"data": page, "limit": limit, "offset": begin, "total_count": len(found)}

    def show(self, call: Call) -> dict[str, Any]:
        """``GET /v3/merchant-service/complaints-v2/{complaint_id}``."""
        return self._view(self._find(call), call)

    def picture(self, call: Call) -> bytes:
        """``GET /v3/merchant-service/images/{media_id}``: the bytes as they were sent, without a signature."""
        media = call.path_arguments["media_id"]
        handed_in = self._media.get(media)
        if handed_in is not None:
            return handed_in.content
        found = next((each.pictures[media] for each in self._book if media in each.pictures), None)
        if found is None:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "图片不存在", number=268512771)
        return found

    def upload(self, call: Call) -> dict[str, Any]:
        """``POST /v3/merchant-service/images/upload``: the description is signed and tells the file's SHA-256."""
        parts = read_parts(call)
        if set(parts) != {"meta", "file"}:
            raise parameter_error("", "must have the parts meta and file")
        try:
            meta = msgspec.json.decode(parts["meta"], type=FileMeta)
        except msgspec.ValidationError as error:
            raise describe_validation(error) from error
        content = parts["file"]
        if sha256(content).hexdigest() != meta.sha256:
            raise parameter_error("/sha256", "is not that of the file")
        if not content.startswith(_PICTURES):
            raise parameter_error("/file", "is no picture")
        if len(content) > MAX_MEDIA_BYTES:
            raise parameter_error("/file", "is larger than 2 MB")
        media = Media(media_id=random_digits(24), content=content)
        self._media.put(media.media_id, media)
        return {"media_id": media.media_id}

    def history(self, call: Call) -> dict[str, Any]:
        """``GET .../negotiation-historys``, newest first."""
        query = call.decode_query(HistoryQuery)
        said = list(reversed(self._find(call).said))
        begin, limit = int(query.offset), int(query.limit)
        data = [
            {
                "log_id": f"{len(said) - n:020d}",
                "operator": each.operator,
                "operate_time": rfc3339(each.at),
                "operate_type": each.kind,
                "operate_details": each.text,
                "image_list": [f"{call.base_url}/v3/merchant-service/images/{media}" for media in each.images],
            }
            for n, each in enumerate(said)
        ]
        return {"data": data[begin : begin + limit], "limit": limit, "offset": begin, "total_count": len(said)}

    def respond(self, call: Call) -> None:
        """``POST .../response``: every call adds an entry, also a repeated one."""
        body = call.decode(Response)
        found = self._open(call, body.complainted_mchid)
        images = [] if body.response_images is UNSET else body.response_images
        if any(self._media.get(media) is None for media in images):
            raise parameter_error("/response_images", "names a picture that was not handed in")
        found.state = "PROCESSING"
        found.said.append(
            Said(operator="商户", kind="MERCHANT_RESPONSE", text=body.response_content, at=utc_now(), images=images)
        )
        self._book.put(found.complaint_id, found)

    def complete(self, call: Call) -> None:
        """``POST .../complete``."""
        found = self._open(call, call.decode(Completion).complainted_mchid)
        found.state = "PROCESSED"
        found.said.append(Said(operator="商户", kind="MERCHANT_CONFIRM_COMPLETE", text="", at=utc_now()))
        self._book.put(found.complaint_id, found)

    def _find(self, call: Call) -> ComplaintRecord:
        found = self._book.get(call.path_arguments["complaint_id"])
        if found is None:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "投诉单不存在", number=268512771)
        return found

    def _open(self, call: Call, mchid: str) -> ComplaintRecord:
        found = self._find(call)
        if found.account != mchid:
            raise PayError(403, "NO_AUTH", "被诉商户号与投诉单不符")
        return found

    def _view(self, found: ComplaintRecord, call: Call) -> dict[str, Any]:
        return {
            "complaint_id": found.complaint_id,
            "complaint_time": rfc3339(found.at),
            "complaint_detail": found.detail,
            "complaint_state": found.state,
            "complainted_mchid": found.account,
            "payer_phone": self._world.keys.seal_for_merchant(found.phone),
            "problem_type": found.problem,
            "user_complaint_times": found.times,
            "complaint_order_info": [
                {
                    "transaction_id": found.transaction_id,
                    "out_trade_no": found.out_trade_no,
                    "amount": found.amount,
                }
            ],
            "complaint_media_list": [
                {
                    "media_type": "USER_COMPLAINT_IMAGE",
                    "media_url": [f"{call.base_url}/v3/merchant-service/images/{media}" for media in found.pictures],
                }
            ]
            if found.pictures
            else [],
        }
