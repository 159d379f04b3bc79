"""What this room refuses."""

from kit.errors import Invalid, NotFound, Unavailable


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


class SheetTooLarge(Invalid):
    """A sheet has a limit of labels, copies counted; ``most`` is the limit."""

    code = "sheet_too_large"
    title = "一次打印的标签过多"
    title_en = "Too many labels for one sheet"
