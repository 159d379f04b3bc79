"""What this room refuses."""

from kit.errors import Conflict, Invalid, NotFound


class ReviewNotFound(NotFound):
    """There is no such review, or it is not the caller's."""

    code = "review_not_found"
    title = "评价不存在"
    title_en = "No such review"


class NothingToReview(NotFound):
    """The line is not the caller's, or has not been received."""

    code = "nothing_to_review"
    title = "没有可评价的商品"
    title_en = "There is nothing of yours to review"


class AlreadyReviewed(Conflict):
    """The line has its review, the review its follow-up, or the review its answer: each there is once."""

    code = "already_reviewed"
    title = "已经评价或回复过"
    title_en = "This has been said already"


class ReviewWindowPassed(Conflict):
    """The time in which one may review, or add to a review, is over."""

    code = "review_window_passed"
    title = "评价期已过"
    title_en = "The time for reviewing is over"


class ReviewEmpty(Invalid):
    """A follow-up without a word and without a picture."""

    code = "review_empty"
    title = "请填写文字或上传图片"
    title_en = "Write something or add a picture"


class ReviewNotMovable(Conflict):
    """The review is in a state in which this cannot be done to it."""

    code = "review_not_movable"
    title = "评价当前状态不允许此操作"
    title_en = "Not possible in the review's present state"
