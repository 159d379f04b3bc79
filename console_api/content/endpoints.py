"""Pictures that staff hands in, and the few people who may look at private or waiting ones."""

from sanic.response import HTTPResponse

from accounts.actors import Auditor, CountyOfficer, Host, MerchantClerk, PovertyOfficer, StationKeeper
from accounts.service import AccessLogs
from api_kit.downloads import private_picture
from api_kit.uploads import MAX_UPLOAD_BYTES, Upload
from console_api import door
from console_api.content.schemas import (
    DecisionInput,
    KeywordListView,
    PurposeQuery,
    WaitingListView,
    WaitingQuery,
)
from content.errors import PictureNotFound
from content.pictures import Pictures, TakenPicture
from content.texts import Texts, keywords
from content.waiting import waiting_content


@door.post("/pictures", max_body_bytes=MAX_UPLOAD_BYTES)
async def upload_staff_picture(
    actor: MerchantClerk | Host | StationKeeper | CountyOfficer | PovertyOfficer, upload: Upload, pictures: Pictures
) -> TakenPicture:
    """上传图片（字段 file 与 purpose）：重新编码、去除位置等信息。

    purpose 为 product（商品）、shop（店铺，须人工审核）、live（直播封面）、page（页面）、after_sales、complaint、
    complaint_reply（微信支付投诉回复，须人工审核，不公开）、story（人物故事，须人工审核）、
    licence 或 identity（证照，不公开）。
    同一图片重复上传得到同一编号。
    """
    return await pictures.take(upload.content, actor.caller, upload.texts.get("purpose", ""))


@door.get("/pictures/<number:str>/file")
async def show_picture_file(
    actor: CountyOfficer | MerchantClerk, number: str, query: PurposeQuery, pictures: Pictures, logs: AccessLogs
) -> HTTPResponse:
    """查看未公开的图片（证照、待审核内容）：县级商务干部可看全部，商户人员只看自己上传的；每次查看都留记录。"""
    content = await pictures.file(number, actor.caller if isinstance(actor, MerchantClerk) else None)
    await logs.record(actor, query.purpose, f"picture:{number}", ["picture"])
    return private_picture(content)


@door.get("/content-checks")
async def list_waiting_content(actor: CountyOfficer, query: WaitingQuery) -> WaitingListView:
    """待人工审核的文字与图片，先到先审。"""
    return WaitingListView(*await waiting_content(query.cursor, query.limit))


@door.put("/content-checks/<number:str>/decision")
async def decide_content(
    actor: CountyOfficer, number: str, body: DecisionInput, pictures: Pictures, texts: Texts
) -> None:
    """人工审核：通过或不通过，须写明理由；不通过的可以改判通过。"""
    try:
        await pictures.decide(number, body.passed, actor.caller, body.reason)
    except PictureNotFound:
        await texts.decide(number, body.passed, actor.caller, body.reason)


@door.get("/content-keywords")
async def list_keywords(actor: CountyOfficer | Auditor) -> KeywordListView:
    """敏感词：含有这些词的文字一律转人工审核。"""
    return KeywordListView(await keywords())


@door.put("/content-keywords/<word:str>")
async def add_keyword(actor: CountyOfficer, word: str, texts: Texts) -> None:
    """增加敏感词，即时生效。"""
    await texts.add_keyword(word, actor.caller)


@door.delete("/content-keywords/<word:str>")
async def remove_keyword(actor: CountyOfficer, word: str, texts: Texts) -> None:
    """删除敏感词，即时生效。"""
    await texts.remove_keyword(word)
