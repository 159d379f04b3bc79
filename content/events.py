"""What has happened in this room."""

from datetime import datetime
from typing import ClassVar

from kit.facts import Fact


class PictureJudged(Fact, frozen=True, kw_only=True):
    """A picture that was held may be shown (``passed``) or was refused. ``owner`` is empty before it is attached."""

    topic: ClassVar[str] = "content.picture_judged"
    number: str
    owner: str
    passed: bool
    judged_at: datetime


class TextJudged(Fact, frozen=True, kw_only=True):
    """A text that was held may be shown (``passed``) or was refused. ``subject`` is what it belongs to."""

    topic: ClassVar[str] = "content.text_judged"
    subject: str
    passed: bool
    judged_at: datetime
