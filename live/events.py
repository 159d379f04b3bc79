"""What has happened in live rooms."""

from datetime import datetime
from typing import ClassVar

from kit.facts import Fact


class SessionStarted(Fact, frozen=True, kw_only=True):
    """The first picture of a session has been let in; once, however often its host comes back."""

    topic: ClassVar[str] = "live.session_started"
    session: str
    title: str
    started_at: datetime
