"""Why a story is not taken, or not shown."""

from kit.errors import Conflict, Invalid, NotFound


class StoryUnknown(NotFound):
    """No story with this number."""

    code = "story_unknown"
    title = "故事不存在"
    title_en = "No such story"


class StoryStands(Conflict):
    """The story cannot go there from where it stands, or is no draft any more."""

    code = "story_stands"
    title = "故事当前状态不允许此操作"
    title_en = "The story does not allow this now"


class StoryNotJudged(Conflict):
    """The text waits for a person, or was refused."""

    code = "story_not_judged"
    title = "故事文字尚未审核通过"
    title_en = "The text of the story has not passed"


class StoryTextRefused(Invalid):
    """It says what no story may say: ``reasons`` of word, number and name, and which ``words`` of the list."""

    code = "story_text_refused"
    title = "故事文字含有不得公开的内容"
    title_en = "The text says what may not be told in public"
