"""The wire of keeping order in a live room."""

from typing import Annotated

import msgspec

from api_kit.schemas import PLAIN, Input, View
from live.talk.queries import ChatLine, LoggedStep

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PLAIN)]


class TalkPageQuery(Input):
    """A page of a room's record."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class ReasonInput(Input):
    """Why; the record keeps it."""

    reason: Reason


class MuteInput(Input):
    """For how many minutes from now, and why."""

    minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)]
    reason: Reason


class TalkRulesInput(Input):
    """Seconds between two messages of one viewer (0: the usual pace), whether nobody may write, and why."""

    slow_mode_s: Annotated[int, msgspec.Meta(ge=0, le=60)]
    comments_closed: bool
    reason: Reason


class ChatLinesView(View):
    """Messages, the newest first."""

    messages: list[ChatLine]
    next_cursor: str | None


class ModerationLogView(View):
    """What was done, the newest first."""

    steps: list[LoggedStep]
    next_cursor: str | None
