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
