"""Why nobody is entered in a story, no consent is taken, and nothing shown."""

from kit.errors import Conflict, Invalid, NotFound


class StorySubjectInvalid(Invalid):
    """A story is about one product or one supplier that the writer may write about."""

    code = "story_subject_invalid"
    title = "故事须对应一个本人可写的商品或供货人"
    title_en = "A story is about one product or one supplier within reach"


class StoryPersonUnknown(NotFound):
    """No member of a household today, no farmer, or nobody in a story, under this number."""

    code = "story_person_unknown"
    title = "故事中的人物不存在"
    title_en = "No such person"


class StoryPersonEntered(Conflict):
    """The person is in the story already."""

    code = "story_person_entered"
    title = "该人物已登记"
    title_en = "The person is in the story already"


class StoryConsentInvalid(Invalid):
    """``reason``: days, guardian, minor, naming or surname."""

    code = "story_consent_invalid"
    title = "同意书内容有误"
    title_en = "The consent does not hold as it is written"


class StoryConsentUnknown(NotFound):
    """No consent with this number."""

    code = "story_consent_unknown"
    title = "同意书不存在"
    title_en = "No such consent"


class StoryConsentMissing(Conflict):
    """``persons``: who has not agreed to this use, or whose paper has not been photographed; all when it is empty."""

    code = "story_consent_missing"
    title = "有人尚未同意此用途，或同意书照片未上传"
    title_en = "Somebody has not agreed to this use, or the paper is not on file"
