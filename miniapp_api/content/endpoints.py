"""Pictures that consumers hand in."""

from accounts.actors import Consumer
from api_kit.uploads import MAX_UPLOAD_BYTES, Upload
from content.pictures import Pictures, TakenPicture
from miniapp_api import door


@door.post("/pictures", max_body_bytes=MAX_UPLOAD_BYTES)
async def upload_picture(actor: Consumer, upload: Upload, pictures: Pictures) -> TakenPicture:
    """上传图片（wx.uploadFile，字段 file 与 purpose）：重新编码、去除位置等信息，审核通过后方可展示。

    purpose 为 review（评价）、after_sales（售后凭证）、complaint（投诉）、licence 或 identity（证照，不公开）。
    同一图片重复上传得到同一编号。一日内未使用的图片会被清理。
    """
    return await pictures.take(upload.content, actor.caller, upload.texts.get("purpose", ""), actor.openid)
