"""What this room refuses."""

from kit.errors import Conflict, Invalid, NotFound, Unavailable


class PicturePurposeUnknown(Invalid):
    """There is no such purpose, or not for this kind of uploader."""

    code = "picture_purpose_unknown"
    title = "图片用途有误"
    title_en = "The purpose of the picture is not known"


class PictureQuotaUsed(Conflict):
    """The uploader has handed in as many pictures today as one may."""

    code = "picture_quota_used"
    title = "今日上传图片已达上限"
    title_en = "The day's quota of pictures is used up"


class PictureNotUsable(Invalid):
    """A picture is unknown, somebody else's, for another purpose, in use elsewhere, or was refused."""

    code = "picture_not_usable"
    title = "图片不可用，请重新上传"
    title_en = "A picture cannot be used; upload it again"


class PictureNotFound(NotFound):
    """There is no such picture, or it is not for the caller's eyes."""

    code = "picture_not_found"
    title = "图片不存在"
    title_en = "No such picture"


class ContentDecided(Conflict):
    """What was to be decided has been decided already, or waits for nobody."""

    code = "content_decided"
    title = "该内容已处理"
    title_en = "This content has been decided already"


class StorageUnavailable(Unavailable):
    """The object storage does not answer."""

    code = "storage_unavailable"
    title = "图片存储暂不可用，请稍后再试"
    title_en = "The storage of pictures is temporarily unavailable"


class ContentNotFound(NotFound):
    """There is no such text or picture to decide on."""

    code = "content_not_found"
    title = "内容不存在"
    title_en = "No such content"


class TextInvalid(Invalid):
    """A text is empty or longer than it may be."""

    code = "text_invalid"
    title = "文字内容为空或过长"
    title_en = "The text is empty or too long"


class KeywordInvalid(Invalid):
    """A word for the filter has 2 to 40 letters or characters."""

    code = "keyword_invalid"
    title = "关键词应为 2 至 40 字"
    title_en = "A word for the filter has 2 to 40 characters"
