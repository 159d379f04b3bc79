"""What this room refuses."""

from kit.errors import NotFound, Unavailable


class ScanCodeUnknown(NotFound):
    """There is no such code, it was retired, or it is not the caller's."""

    code = "scan_code_unknown"
    title = "二维码无效或已停用"
    title_en = "The code is unknown or retired"


class CodePictureUnavailable(Unavailable):
    """WeChat does not draw the mini-program code now."""

    code = "code_picture_unavailable"
    title = "小程序码暂时无法生成，请稍后再试"
    title_en = "The mini-program code cannot be drawn now"
