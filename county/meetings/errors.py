"""Why a meeting is refused."""

from kit.errors import Conflict, Invalid


class RhythmTaken(Conflict):
    """Another rhythm of this kind begins on this day."""

    code = "meeting_rhythm_taken"
    title = "该日已有同类会议的周期"
    title_en = "A rhythm begins on this day already"


class RhythmInvalid(Invalid):
    """A rhythm begins long before the project: every period since would be missed, and no row can be taken back."""

    code = "meeting_rhythm_invalid"
    title = "周期起始日过早"
    title_en = "The rhythm begins too early"


class MeetingInvalid(Invalid):
    """A meeting is entered after it was held."""

    code = "meeting_invalid"
    title = "会议日期不能晚于今天"
    title_en = "The meeting has not been held"
