"""Pictures that staff hands in, and the few people who may look at private or waiting ones."""

from sanic.response import HTTPResponse, raw

from accounts.actors import CountyOfficer, Host, MerchantClerk, StationKeeper
from accounts.service import AccessLogs
from api_kit.uploads import MAX_UPLOAD_BYTES, Upload
from console_api import door
from console_api.content.schemas import PurposeQuery
from content.pictures import Pictures, TakenPicture
from kit.imaging import CONTENT_TYPE

_HEADERS = {
    "content-security-policy": "default-src 'none'; sandbox",
    "content-disposition": 'inline; filename="picture.jpg"',
    "cache-control": "no-store",
}


@door.post("/pictures", max_body_bytes=MAX_UPLOAD_BYTES)
async def upload_staff_picture(
    actor: MerchantClerk | Host | StationKeeper | CountyOfficer, upload: Upload, pictures: Pictures
) -> TakenPicture:
    """上传图片（字段 file 与 purpose）：重新编码、去除位置等信息。

    purpose 为 product（商品）、shop（店铺，须人工审核）、live（直播封面）、page（页面）、after_sales、complaint、
    licence 或 identity（证照，不公开）。同一图片重复上传得到同一编号。
    """
    return await pictures.take(upload.content, actor.caller, upload.texts.get("purpose", ""))


@door.get("/pictures/<number:str>/file")
async def show_picture_file(
    actor: CountyOfficer | MerchantClerk, number: str, query: PurposeQuery, pictures: Pictures, logs: AccessLogs
) -> HTTPResponse:
    """查看未公开的图片（证照、待审核内容）：县级商务干部可看全部，商户人员只看自己上传的；每次查看都留记录。"""
    content = await pictures.file(number, actor.caller if isinstance(actor, MerchantClerk) else None)
    await logs.record(actor, query.purpose, f"picture:{number}", ["picture"])
    return raw(content, content_type=CONTENT_TYPE, headers=_HEADERS)
